import { type Behaviour, plainCopy, type Runtime, type UpgradeProblem, type UpgradeResult } from '../index.js';
import type { MethodAnswer } from './methods.js';
import { COPY, messageOf, Refusal } from './verb-support.js';

type Upgradable = Behaviour<unknown, never, never>;

/** Waits for a module that the process loads. */
export async function load(loading: Promise<unknown>, file: string): Promise<unknown> {
  try {
    return await loading;
  } catch (thrown) {
    throw new Refusal('invalidParams', `the module ${file} cannot be loaded: ${messageOf(thrown)}`, { problems: [`module: ${messageOf(thrown)}`] });
  }
}

/** The behaviours among the exports of a module; `default` may be one or a list of them. */
export function behavioursOf(module: unknown, file: string): readonly Upgradable[] {
  const exported = typeof module === 'object' && module !== null ? Object.values(module).flatMap((value: unknown) => (Array.isArray(value) ? (value as unknown[]) : [value])) : [];
  const behaviours = [...new Set(exported.filter(isBehaviour))];
  if (behaviours.length > 0) return behaviours;
  throw new Refusal('invalidParams', `the module ${file} exports no behaviour`, { problems: ['module: a behaviour has name, version, init and step'] });
}

/** All behaviours of a module, or for one actor the one it has; all or nothing. */
export function upgradeWith(runtime: Runtime, behaviours: readonly Upgradable[], path: string | undefined, dryRun: boolean): MethodAnswer<'upgrade'> {
  const chosen = path === undefined ? behaviours : [behaviourFor(runtime, behaviours, path)];
  const run = (behaviour: Upgradable, dry: boolean): UpgradeResult => runtime.upgrade(path ?? { behaviour: behaviour.name }, behaviour, { dryRun: dry });
  const tried = chosen.map((behaviour) => run(behaviour, true));
  const problems = tried.flatMap((answer) => (answer.ok ? [] : answer.problems));
  if (problems.length > 0) throw refused(problems);
  // No turn comes between the trial and this.
  const done = dryRun ? tried : chosen.map((behaviour) => run(behaviour, false));
  const failed = done.flatMap((answer) => (answer.ok ? [] : answer.problems));
  if (failed.length > 0) throw refused(failed);
  return {
    dryRun,
    upgraded: done.flatMap((answer) => (answer.ok ? answer.upgraded.map((one) => ({ ...one })) : [])),
    templates: done.flatMap((answer) => (answer.ok ? answer.templates : [])),
  };
}

function behaviourFor(runtime: Runtime, behaviours: readonly Upgradable[], path: string): Upgradable {
  const name = runtime.tree({ path, depth: 0, nodes: 1 })?.behaviour?.name;
  const found = behaviours.find((behaviour) => behaviour.name === name);
  // Without one of its name the runtime has the word: no such actor, no worker, another name.
  return found ?? behaviours[0]!;
}

function refused(problems: readonly UpgradeProblem[]): Refusal {
  const [first] = problems;
  const where = first !== undefined && 'path' in first ? ` (${first.path})` : '';
  const more = problems.length > 1 ? ` and ${problems.length - 1} more` : '';
  return new Refusal('refused', `the upgrade is refused: ${first?.kind ?? ''}${where}${more}; nothing has changed`, {
    reason: { kind: 'upgrade' }, problems: plainCopy(problems, COPY),
  });
}

function isBehaviour(value: unknown): value is Upgradable {
  if (typeof value !== 'object' || value === null) return false;
  const { name, version, init, step } = value as Partial<Record<keyof Upgradable, unknown>>;
  return typeof name === 'string' && typeof version === 'number' && typeof init === 'function' && typeof step === 'function';
}
