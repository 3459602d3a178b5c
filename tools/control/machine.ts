import type { ChartModel, MachineReading, ProbeEvent } from '../../runtime/index.js';
import { transitionName } from '../charts/words.js';
import { printJson, printLine, table, toJson } from '../cli/output.js';
import { isoUs } from '../replay/time.js';
import { actorPath, type ProcessOptions, withProcess } from './client.js';

export interface MachineCommandOptions extends ProcessOptions {
  readonly lines: number;
  /** Ms between the two looks of one call. */
  readonly for?: number;
}

/** `faultline machine`: one actor as a state machine. The first look begins the probe; what happens until the second is told. */
export async function machineOf(actor: string, options: MachineCommandOptions): Promise<void> {
  const path = actorPath(actor);
  const seen = await withProcess(options, async ({ client }) => {
    const first = await client.call('machine', { path });
    if (options.for === undefined) return first;
    await new Promise((resolve) => setTimeout(resolve, options.for));
    return { ...(await client.call('machine', { path })), chart: first.chart };
  });
  if (options.json === true) printJson(seen);
  else printMachine(seen as unknown as MachineReading, options.lines);
}

function printMachine(seen: MachineReading, lines: number): void {
  const { path, behaviour, state, incarnation, kind, chart, value, status, context, counts, events, seen: all, unexamined, sinceUs } = seen;
  printLine(`${path}  ${behaviour === null ? 'supervisor' : `${behaviour.name}@${behaviour.version}`}  ${state}  incarnation ${incarnation}`);
  if (kind === 'supervisor') {
    printLine('a supervisor handles no messages of its own: faultline ps shows what is under it');
    return;
  }
  if (kind === 'machine') printLine(`state     ${JSON.stringify(value)}${status === 'active' ? '' : `  ${status}`}`);
  else printLine('no state machine: its state and its last messages');
  printLine(`${kind === 'machine' ? 'context ' : 'value   '}  ${toJson(context).replaceAll('\n', '\n          ')}`);
  printLine(`probed    since ${isoUs(sinceUs).slice(11, 23)}: ${all} event${all === 1 ? '' : 's'}${unexamined === 0 ? '' : `, ${unexamined} of them too many to look at`}`);
  const taken = Object.entries(counts).sort(([, a], [, b]) => b - a);
  if (chart !== null && taken.length > 0) printLine(`\n${table(['transition', 'taken'], taken.map(([place, count]) => [transitionText(chart, Number(place)), String(count)]), { align: 'lr' })}`);
  if (events.length === 0) return;
  printLine(`\n${table(['time', 'event', 'outcome', ''], events.slice(-lines).map((event) => [isoUs(event.atUs).slice(11, 23), event.type, event.outcome, outcomeText(event, chart)]))}`);
}

/** What an event did, or why it did nothing. */
export function outcomeText({ outcome, taken, candidates, before, after, changes, error }: ProbeEvent, chart: ChartModel | null): string {
  switch (outcome) {
    case 'start': return after === null ? '' : `begins in ${JSON.stringify(after)}`;
    case 'taken': return taken.map((place) => transitionText(chart, place)).join('; ');
    case 'refused': return candidates.length === 0
      ? `no active state names it (${JSON.stringify(before)})`
      : candidates.map(({ transition, guard, outcome: said }) => `${transitionText(chart, transition)}: ${guard ?? 'no guard'} ${said}`).join('; ');
    case 'forbidden': return 'the state forbids it';
    case 'deferred': return 'put off until the state changes';
    case 'aside': return 'not handed to the machine';
    case 'handled': return changes.map(({ path }) => path.join('.')).join(', ');
    case 'threw': return error ?? '';
    case 'unexamined': return JSON.stringify(before) === JSON.stringify(after) ? '' : `${JSON.stringify(before)} → ${JSON.stringify(after)}`;
  }
}

function transitionText(chart: ChartModel | null, place: number): string {
  return chart === null ? `transition ${place}` : transitionName(chart, place);
}
