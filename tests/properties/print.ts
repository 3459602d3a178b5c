import { type Failure, TWO_RUNS } from './play.js';
import type { Action, Plan, Script, WorkerPlan } from './script.js';

export interface PrintOptions {
  /** Where the test finds the runtime and this room; relative to a file in it. */
  readonly runtime?: string;
  readonly world?: string;
  /** Lines to run before the test, for example an import. */
  readonly before?: readonly string[];
  /** How the script can be had again. */
  readonly origin?: string;
}

/** A failing script as the source of a test: put into a file beside `world.ts` it runs, and fails as the script did. */
export function printTest(script: Script, failure: Failure, options: PrintOptions = {}): string {
  const uses = new Set<string>();
  const tree = printPlan(script.tree, '  ', uses);
  const actions = script.actions.map((action) => `  ${printAction(action, uses)}`);
  // This rule is about two runs.
  const twice = failure.rule === TWO_RUNS;
  return [
    ...(twice ? ["import assert from 'node:assert/strict';"] : []),
    "import { test } from 'node:test';",
    `import { ${[...uses].sort().join(', ')} } from '${options.runtime ?? '../../runtime/index.js'}';`,
    `import { World } from '${options.world ?? './world.js'}';`,
    ...(options.before ?? []),
    '',
    ...comment(failure.message),
    ...(options.origin === undefined ? [] : [`// ${options.origin}`]),
    `test(${quote(failure.rule)}, () => {`,
    ...(twice ? ['  const run = () => {'] : []),
    `  const world = new World({ seed: ${script.seed} });`,
    `  world.start(${tree});`,
    ...actions,
    '  world.finish();',
    ...(twice ? ['  return world.digest();', '  };', '  assert.equal(run(), run());'] : []),
    '});',
    '',
  ].join('\n');
}

function printPlan(plan: Plan, indent: string, uses: Set<string>): string {
  const inner = `${indent}  `;
  switch (plan.kind) {
    case 'worker': {
      uses.add('worker');
      return `worker({ id: ${quote(plan.id)}, ${workerFields(plan).join(', ')} })`;
    }
    case 'partitioned': {
      uses.add('partitionedSupervisor');
      const { kind: _kind, partition, ...rest } = plan;
      const each = partition.kind === 'worker' ? ["kind: 'worker'", ...workerFields(partition)] : entries(partition);
      return `partitionedSupervisor({ ${entries(rest).join(', ')}, partition: { ${each.join(', ')} } })`;
    }
    case 'dynamic': {
      uses.add('dynamicSupervisor');
      const { kind: _kind, ...rest } = plan;
      return `dynamicSupervisor({ ${entries(rest).join(', ')} })`;
    }
    case 'supervisor': {
      uses.add('supervisor');
      const { kind: _kind, children, ...rest } = plan;
      const lines = children.map((child) => `${inner}  ${printPlan(child, `${inner}  `, uses)},`);
      const list = lines.length === 0 ? '[]' : `[\n${lines.join('\n')}\n${inner}]`;
      return `supervisor({\n${inner}${entries(rest).join(', ')},\n${inner}children: ${list},\n${indent}})`;
    }
  }
}

function workerFields(plan: Omit<WorkerPlan, 'id'>): string[] {
  const { kind: _kind, id: _id, actor, mailbox, ...rest } = plan as WorkerPlan;
  const fields = [`behaviour: world.actor(${actor === undefined ? '' : literal(actor)})`, ...entries(rest)];
  if (mailbox !== undefined) fields.push(`mailbox: { ${[...entries(mailbox), ...(mailbox.overflow === 'conflate' ? ['conflateKey: ({ n = 0 }) => n % 3'] : [])].join(', ')} }`);
  return fields;
}

function printAction(action: Action, uses: Set<string>): string {
  switch (action.do) {
    case 'send': return `world.send(${quote(action.to)}, ${literal(action.order)}${action.times === undefined ? '' : `, ${action.times}`});`;
    case 'ask': return `world.ask(${quote(action.to)}, ${literal(action.order)}, ${action.ms});`;
    case 'crash': case 'kill': case 'poison': case 'monitor': case 'suspend': case 'resume': return `world.${action.do}(${quote(action.at)});`;
    case 'terminateChild': case 'terminateByRef': case 'restartChild': case 'deleteChild': return `world.${action.do}(${quote(action.at)}, ${quote(action.id)});`;
    case 'startChild': return `world.startChild(${quote(action.at)}, ${printPlan(action.child, '  ', uses)});`;
    case 'exit': return `world.exit(${quote(action.at)}, ${quote(action.kind)});`;
    case 'reconfigure': {
      const children = action.children?.map((child) => printPlan(child, '  ', uses)).join(', ');
      return `world.reconfigure(${quote(action.at)}, { ${[...entries(action.flags), ...(children === undefined ? [] : [`children: [${children}]`])].join(', ')} });`;
    }
    case 'publish': return `world.publish(${literal(action.order)});`;
    case 'broadcast': return `world.broadcast(${quote(action.group)});`;
    case 'route': return `world.route(${quote(action.at)}, ${action.key}, ${literal(action.order)});`;
    case 'upgrade': {
      const how = [...(action.all === true ? ['all: true'] : []), ...(action.dryRun === true ? ['dryRun: true'] : [])];
      return `world.upgrade(${[quote(action.at), ...(action.actor === undefined && how.length === 0 ? [] : [literal(action.actor ?? {})]), ...(how.length === 0 ? [] : [`{ ${how.join(', ')} }`])].join(', ')});`;
    }
    case 'step': return `world.step(${action.turns});`;
    case 'wait': return `world.wait(${action.ms});`;
  }
}

function entries(fields: object): string[] {
  return Object.entries(fields).filter(([, value]) => value !== undefined).map(([key, value]) => `${key}: ${literal(value)}`);
}

function literal(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  return typeof value === 'object' && value !== null ? `{ ${entries(value).join(', ')} }` : String(value);
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** What went wrong, in a few lines: a message may hold anything. */
function comment(text: string): string[] {
  return text.slice(0, 600).split(/\r\n|[\n\r\u2028\u2029]/).slice(0, 8).map((line) => `// ${line.slice(0, 160)}`);
}
