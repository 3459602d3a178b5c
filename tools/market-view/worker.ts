/** The thread of one market source: reads on between questions. */
import { existsSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { isCalledOff } from '../threads/called-off.js';
import type { MarketSource } from './market-source.js';
import type { MarketAnswer, MarketQuestion, MarketThreadData } from './protocol.js';
import { MarketQueryError } from './query-error.js';
import { readRun, readTape } from './records.js';

/** How long it reads before it looks for a question, and before it answers one. */
const READ_MS = 15;

if (parentPort === null) throw new Error('this is the program of a thread');
const port = parentPort;
const { target, mostBytes, calledOff } = workerData as MarketThreadData;
const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

let source: MarketSource | undefined;
let failure: string | undefined;
let reading = false;
try {
  // That it is not there is told without the trading system, which takes longer to load than most of what is asked.
  if (!existsSync(target.path)) (target.kind === 'tape' ? readTape : readRun)(target.path).close();
  const { MarketSource } = await import('./market-source.js');
  source = new MarketSource(target, mostBytes === undefined ? {} : { mostBytes });
} catch (error) {
  failure = reason(error);
}

/** Reads until nothing is left, a stretch at a time. */
function readOn(): void {
  if (reading || source === undefined) return;
  reading = true;
  const stretch = (): void => {
    reading = read() && source!.behind;
    if (reading) setImmediate(stretch);
  };
  setImmediate(stretch);
}

function read(): boolean {
  try {
    source!.read(READ_MS);
    return true;
  } catch (error) {
    failure = reason(error);
    return false;
  }
}

function answer(question: MarketQuestion): void {
  const { id } = question;
  if (isCalledOff(calledOff, id)) return;
  // A defect in reading is no reason to hide what was read before; that the source cannot be opened is.
  if (source === undefined) {
    port.postMessage({ id, ok: false, how: 'failed', message: failure ?? 'it cannot be read' } satisfies MarketAnswer);
    return;
  }
  if (!reading && failure === undefined) {
    read();
    if (source.behind) readOn();
  }
  try {
    if (question.ask === 'view') {
      const bytes = source.view(question.source, question.query);
      port.postMessage({ id, ok: true, value: bytes } satisfies MarketAnswer, [bytes.buffer]);
      return;
    }
    const value = question.ask === 'symbols' ? source.symbols(question.source) : source.tail(question.source, question.symbol);
    const told = failure === undefined ? value : { ...value, progress: { ...value.progress, state: 'stopped' as const, notes: [failure, ...value.progress.notes] } };
    port.postMessage({ id, ok: true, value: told } satisfies MarketAnswer);
  } catch (error) {
    port.postMessage({ id, ok: false, how: error instanceof MarketQueryError ? 'refused' : 'failed', message: reason(error) } satisfies MarketAnswer);
  }
}

port.on('message', answer);
readOn();
