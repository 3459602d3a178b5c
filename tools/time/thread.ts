// The thread of one time machine: it opens a recording, plays it once, and answers until its port is closed.
import { parentPort, workerData } from 'node:worker_threads';
import { fromRunError } from '../runs/errors.js';
import { fromTapeError } from '../tape/errors.js';
import { type CalledOff, isCalledOff } from '../threads/called-off.js';
import { TimeError } from './errors.js';
import type { Machine } from './machine.js';
import { openRecording } from './source.js';
import type { TimeSource, TimeState } from './types.js';

/** What the thread is asked: a method of `Machine` by name, or to look for more of a recording that grows, or two runs' folders to compare. */
export interface ThreadRequest {
  readonly id: number;
  readonly method: ThreadMethod | 'follow' | 'diff';
  readonly args: readonly unknown[];
}
export type ThreadMethod = 'seek' | 'step' | 'tree' | 'inspect' | 'machine' | 'mailbox' | 'eventsOf' | 'digest' | 'decisions' | 'restarts' | 'marks' | 'causeOf';

export interface ThreadData {
  readonly source: TimeSource;
  readonly calledOff: CalledOff;
}

export interface ThreadFailure {
  readonly name: string;
  readonly message: string;
  readonly kind?: string;
  readonly fix?: string | undefined;
}

export type ThreadAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown; readonly state: TimeState }
  | { readonly id: number; readonly ok: false; readonly error: ThreadFailure; readonly state: TimeState }
  | { readonly state: TimeState }
  /** It cannot be opened. */
  | { readonly failed: ThreadFailure };

/** How long the first pass may go before who asks something is heard, and how often it says how far it has come. */
const STRETCH_MS = 25;
const TELL_MS = 100;

const port = parentPort!;
const { source, calledOff } = workerData as ThreadData;
const say = (answer: ThreadAnswer): void => port.postMessage(answer);

function failureOf(thrown: unknown): ThreadFailure {
  const error = fromRunError(thrown) ?? fromTapeError(thrown) ?? thrown;
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { kind, fix } = error as { readonly kind?: unknown; readonly fix?: unknown };
  return { name: error.name, message: error.message, ...(typeof kind === 'string' ? { kind } : {}), ...(typeof fix === 'string' ? { fix } : {}) };
}

async function begin(): Promise<Machine | undefined> {
  try {
    const recording = await openRecording(source);
    return new (await import('./machine.js')).Machine(recording);
  } catch (error) {
    say({ failed: failureOf(error) });
    return undefined;
  }
}

async function pass(machine: Machine): Promise<void> {
  let toldMs = -Infinity;
  for (let done = false; !done; ) {
    done = machine.advance(STRETCH_MS);
    if (performance.now() - toldMs > TELL_MS || done) {
      toldMs = performance.now();
      say({ state: machine.state });
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function answer(machine: Machine, { id, method, args }: ThreadRequest): Promise<void> {
  try {
    machine.checkWanted = () => {
      if (isCalledOff(calledOff, id)) throw new TimeError('cancelled', 'nobody waits for it any more');
    };
    machine.checkWanted();
    const value = method === 'follow' ? null : method === 'diff' ? (await import('../runs/compare.js')).diffRuns(String(args[0]), String(args[1])) : (machine[method] as (...given: unknown[]) => unknown).apply(machine, [...args]);
    say({ id, ok: true, value, state: machine.state });
  } catch (error) {
    say({ id, ok: false, error: failureOf(error), state: machine.state });
  }
}

const machine = await begin();
if (machine === undefined) {
  port.close();
} else {
  // One pass at a time: what is asked for while one is under way waits for it.
  let passing = pass(machine);
  port.on('message', (request: ThreadRequest) => {
    if (request.method !== 'follow') return void answer(machine, request);
    passing = passing.then(() => {
      machine.lookAgain();
      return pass(machine);
    }).then(() => answer(machine, request));
  });
}
