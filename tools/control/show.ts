import { printJson, printLine, table, toJson } from '../cli/output.js';
import { isoUs } from '../replay/time.js';
import { actorPath, type ProcessOptions, withProcess } from './client.js';
import { exitText } from './exit-text.js';

/** `faultline inspect`: everything the runtime knows of one actor. */
export async function inspect(actor: string, options: ProcessOptions): Promise<void> {
  const path = actorPath(actor);
  const seen = await withProcess(options, ({ client }) => client.call('inspect', { path }));
  if (options.json === true) {
    printJson(seen);
    return;
  }
  const { behaviour, state, incarnation, timers, watching, topics, names, value, spec } = seen;
  printLine(`${path}  ${behaviour === null ? 'supervisor' : `${behaviour.name}@${behaviour.version}`}  ${state}  incarnation ${incarnation}`);
  if (names.length > 0) printLine(`names     ${names.join('  ')}`);
  if (watching.length > 0) printLine(`watching  ${watching.join('  ')}`);
  if (topics.length > 0) printLine(`topics    ${topics.join('  ')}`);
  for (const { key, dueUs } of timers) printLine(`timer     ${key}  due ${isoUs(dueUs)}`);
  // The input may be long and is in --json.
  if (typeof spec === 'object' && spec !== null) printLine(`spec      ${JSON.stringify({ ...spec, input: undefined })}`);
  if (behaviour !== null && state !== 'stopped') printLine(`value     ${toJson(value).replaceAll('\n', '\n          ')}`);
}

/** `faultline deadletters`: counts by reason, and the last ones. */
export async function deadLetters(actor: string | undefined, options: ProcessOptions & { readonly lines: number }): Promise<void> {
  const path = actor === undefined ? {} : { path: actorPath(actor) };
  const seen = await withProcess(options, ({ client }) => client.call('deadLetters', { ...path, limit: Math.min(256, options.lines) }));
  if (options.json === true) {
    printJson(seen);
    return;
  }
  const counts = Object.entries(seen.byReason).filter(([, count]) => count > 0);
  printLine(`${seen.total} dead letter${seen.total === 1 ? '' : 's'}${counts.length === 0 ? '' : `: ${counts.map(([reason, count]) => `${reason} ${count}`).join(', ')}`}`);
  if (seen.letters.length === 0) return;
  const rows = seen.letters.map(({ atUs, reason, path: to, message, cause }) => [
    isoUs(atUs).slice(0, 23).replace('T', ' '), reason, to, brief(message), cause === undefined ? '' : exitText({ kind: 'error', cause }),
  ]);
  printLine(`\n${table(['time', 'reason', 'to', 'message', 'cause'], rows)}`);
}

/** `faultline timers`: armed timers, earliest first. */
export async function timers(actor: string | undefined, options: ProcessOptions & { readonly lines: number }): Promise<void> {
  const under = actor === undefined ? undefined : actorPath(actor);
  const seen = await withProcess(options, ({ client }) => client.call('timers', { ...(under === undefined ? {} : { path: under }), limit: Math.max(1, Math.min(1000, options.lines)) }));
  if (options.json === true) {
    printJson(seen);
    return;
  }
  const clock = `the process's clock says ${isoUs(seen.atUs)}`;
  if (under === undefined) printLine(`${armed(seen.total)}; ${clock}`);
  else printLine(`${armed(seen.timers.length)} under ${under}, of ${seen.total} in the process; ${clock}`);
  if (seen.timers.length === 0) return;
  const rows = seen.timers.map(({ path: of, key, dueUs }) => [isoUs(dueUs).slice(0, 23).replace('T', ' '), `${((dueUs - seen.atUs) / 1e6).toFixed(3)} s`, of, key]);
  printLine(`\n${table(['due', 'in', 'actor', 'key'], rows, { align: 'lrll' })}`);
}

const armed = (count: number): string => (count === 1 ? '1 timer is armed' : `${count} timers are armed`);

function brief(message: unknown): string {
  const text = JSON.stringify(message) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
