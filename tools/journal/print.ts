import type { JournalEntry, TurnInput } from '../../runtime/journal/entry.js';
import type { PositionedEntry } from '../../runtime/journal/port.js';
import { COPY_LIMITS, plainCopy } from '../../runtime/observe/inspect.js';
import { colours, printLine, table } from '../cli/output.js';
import type { JournalSummary } from './inspect.js';
import type { JournalVerdict } from './verify.js';

const MESSAGE_WIDTH = 100;
const EFFECTS_SHOWN = 20;

export function count(amount: number, one: string, many: string): string {
  return `${amount.toLocaleString('en-US')} ${amount === 1 ? one : many}`;
}

/** Bytes as a person reads them: 812 B, 3.4 MiB. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024;
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${units[unit]!}`;
}

export function stamp(us: number): string {
  return Number.isFinite(us) && Math.abs(us) <= 8.64e18 ? new Date(us / 1000).toISOString() : String(us);
}

export function printSummary(summary: JournalSummary): void {
  const { owner, entries, span, bytes } = summary;
  const { green, yellow } = colours();
  printLine(`folder     ${summary.folder}, format ${summary.format}, made ${stamp(summary.createdUs)}`);
  printLine(`owner      ${owner === null ? 'none: it was closed in good order' : owner.alive ? `process ${owner.pid}, ${green('running')}` : `process ${owner.pid}, ${yellow('gone without closing it')}`}`);
  printLine(`entries    ${entries.kept.toLocaleString('en-US')} kept (${entries.first} to ${entries.next - 1}), needed from ${summary.neededFrom}, in ${count(summary.batches, 'batch', 'batches')}`);
  printLine(`           ${Object.entries(entries.byKind).map(([kind, number]) => `${number.toLocaleString('en-US')} ${kind}`).join(', ')}`);
  if (span !== null) printLine(`time       ${stamp(span.fromUs)} to ${stamp(span.toUs)}`);
  printLine(`size       ${size(bytes.file)} on disk: log ${size(bytes.log)}, snapshots ${size(bytes.snapshots)}`);
  for (const [source, last] of Object.entries(summary.inputs)) printLine(`input      ${source}: ${last}`);
  if (summary.actors.length === 0) return;
  printLine();
  printLine(table(
    ['actor', 'behaviour', 'log', 'turns', 'life', 'snapshot', 'since', 'waiting', 'timers', 'in flight'],
    summary.actors.map((actor) => [
      actor.path, actor.behaviour === null ? '-' : `${actor.behaviour.name} ${actor.behaviour.version}`, actor.log ?? '-', actor.turns, actor.incarnation,
      actor.snapshot === null ? '-' : stamp(actor.snapshot.atUs), actor.entriesSinceSnapshot, actor.messagesWaiting, actor.timers.length, actor.effectsInFlight.length,
    ]),
    { align: 'lllrrlrrrr' },
  ));
  const inFlight = summary.actors.flatMap((actor) => actor.effectsInFlight);
  for (const { key, name } of inFlight.slice(0, EFFECTS_SHOWN)) printLine(`in flight  ${name}  ${key}`);
  if (inFlight.length > EFFECTS_SHOWN) printLine(`           and ${inFlight.length - EFFECTS_SHOWN} more`);
}

export function printVerdict({ ok, folder, entries, snapshots, bytes, problems, problemCount }: JournalVerdict): void {
  const { green, red } = colours();
  if (ok) {
    printLine(`${green('ok')}  ${folder}: ${count(entries, 'entry', 'entries')} and ${count(snapshots, 'snapshot', 'snapshots')} in ${size(bytes)} are good`);
    return;
  }
  printLine(`${red('not ok')}  ${folder}: ${count(problemCount, 'problem', 'problems')}, ${count(entries, 'entry', 'entries')} could be read`);
  for (const { where, problem } of problems) printLine(`        ${where}: ${problem}`);
  if (problemCount > problems.length) printLine(`        and ${problemCount - problems.length} more`);
  printLine('        nothing was changed; keep the folder, and restore a backup beside it (faultline journal backup makes them)');
}

/** An entry as bounded data that JSON can carry. */
export function plainEntry({ position, entry }: PositionedEntry): unknown {
  const { kind, ...rest } = entry;
  return plainCopy({ kind, position, ...rest }, { ...COPY_LIMITS, entries: 10_000, values: 100_000 });
}

export function printEntries(entries: readonly PositionedEntry[]): void {
  if (entries.length === 0) {
    printLine('no entries');
    return;
  }
  printLine(table(
    ['position', 'time', 'kind', 'actor', 'what'],
    entries.map(({ position, entry }) => [position, stamp(entry.atUs), entry.kind, entry.kind === 'release' ? '' : entry.actor, what(entry)]),
    { align: 'rllll' },
  ));
}

function what(entry: JournalEntry): string {
  switch (entry.kind) {
    case 'turn': return [`${entry.turn}`, entry.input === null ? entry.phase : inputText(entry.input), ...entry.ops.map(([op, ...rest]) => `${op} ${text(rest)}`)].join('; ');
    case 'failed': return `${entry.turn}; ${inputText(entry.input)}; ${entry.cause}`;
    case 'input': return `${entry.source} ${entry.seq}: ${text(entry.message)}`;
    case 'outcome': return `${entry.key} ${entry.status}${entry.message === undefined ? '' : `: ${text(entry.message)}`}`;
    case 'snapshot': return `after turn ${entry.turn}`;
    case 'release': return `everything before ${entry.upTo} is on disk`;
  }
}

function inputText(input: TurnInput): string {
  return input[0] === 'journal' ? `message ${input[1]}.${input[2]}` : `${input[0]} ${text(input.slice(1))}`;
}

function text(value: unknown): string {
  const whole = JSON.stringify(plainCopy(value));
  return whole.length <= MESSAGE_WIDTH ? whole : `${whole.slice(0, MESSAGE_WIDTH)}…`;
}
