import { TRACE_KINDS, type TraceBatch, type WireTraceEvent } from '../../runtime/control/methods.js';
import { CliError } from '../cli/errors.js';
import { endsByCtrlC } from '../cli/interrupt.js';
import { printNote } from '../cli/output.js';
import { isoUs } from '../replay/time.js';
import { actorPath, type ProcessOptions, withProcess } from './client.js';

type TraceKind = (typeof TRACE_KINDS)[number];

export interface TraceOptions extends ProcessOptions {
  readonly kind?: readonly TraceKind[];
  /** Milliseconds. */
  readonly for?: number;
  readonly limit?: number;
  readonly last: number;
}

/** `faultline trace`: what an actor, and what is under it, does from now on; until Ctrl-C, or for so long, or for so many. */
export async function trace(actor: string | undefined, options: TraceOptions): Promise<void> {
  const filter = { ...(actor === undefined ? {} : { path: actorPath(actor) }), ...(options.kind === undefined ? {} : { kinds: [...options.kind] }) };
  await withProcess(options, async ({ client }) => {
    // A path that nobody has would stay silent for ever.
    if (filter.path !== undefined) await client.call('tree', { path: filter.path, depth: 0 });
    endsByCtrlC();
    let left = options.limit ?? Infinity;
    const show = (event: WireTraceEvent): void => {
      if (left <= 0) return;
      left -= 1;
      process.stdout.write(`${options.json === true ? JSON.stringify(event) : eventLine(event)}\n`);
    };
    const subscription = await client.subscribe(filter);
    if (options.last > 0) for (const event of (await client.call('trace', { ...filter, limit: Math.min(1000, options.last) })).events) show(event);
    let isOver = false;
    const stopAfter = options.for === undefined ? undefined : setTimeout(() => {
      isOver = true;
      void subscription.close();
    }, options.for);
    let lost = 0;
    for await (const batch of subscription) {
      lost += lostIn(batch, options.json === true);
      for (const event of batch.events) show(event);
      if (left <= 0) {
        isOver = true;
        break;
      }
    }
    clearTimeout(stopAfter);
    if (lost > 0) printNote(`-- ${lost} events were not shown: there were more than could be read in time; a filter (PATH, --kind) helps`);
    if (isOver) return;
    throw new CliError('notAnswering', `${client.process.name} ended, or hung up`, `what it says itself: faultline logs --process ${client.process.name}`);
  });
}

/** Says in between that a batch is not all there was. */
function lostIn({ dropped, missed, restarted }: TraceBatch, json: boolean): number {
  if (restarted === true && !json) printNote('-- the process has another tree now; events are counted from 0 again');
  return dropped + missed;
}

function eventLine({ seq, kind, path, cell, detail, atUs }: WireTraceEvent): string {
  return `${isoUs(atUs).replace('T', ' ').replace('Z', '')}  ${String(seq).padStart(8)}  ${kind.padEnd(10)} ${path ?? `cell ${cell}`}  ${detailText(kind, detail)}`;
}

const EXITS = ['normal', 'shutdown', 'killed', 'error'];

function detailText(kind: string, detail: number): string {
  switch (kind) {
    case 'start':
    case 'resume':
      return `incarnation ${detail}`;
    case 'exit':
      return EXITS[detail] ?? String(detail);
    case 'turn':
      return `turn ${detail}`;
    case 'backoff':
      return `for ${detail / 1000} ms`;
    case 'giveUp':
      return `after ${detail} restarts`;
    default:
      return String(detail);
  }
}

export function parseKinds(words: readonly string[]): readonly TraceKind[] {
  return words.map((word) => {
    const kind = TRACE_KINDS.find((one) => one === word);
    if (kind === undefined) throw new CliError('usage', `--kind '${word}' is no kind of event`, `one of: ${TRACE_KINDS.join('  ')}`);
    return kind;
  });
}
