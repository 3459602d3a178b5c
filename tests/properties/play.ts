import { type ChildSpec, dynamicSupervisor, partitionedSupervisor, supervisor, worker } from '../../runtime/index.js';
import type { Action, Plan, Script } from './script.js';
import { Violation, World } from './world.js';

/** Why a script failed. `rule` tells one kind of failure from another. */
export interface Failure {
  readonly rule: string;
  readonly message: string;
}

export const TWO_RUNS = 'two runs give one trace';

/** Plays a script twice, the second time only to compare. Null when everything held. */
export function play(script: Script): Failure | null {
  const first = playOnce(script);
  if (typeof first !== 'string') return first;
  const second = playOnce(script, false);
  if (typeof second !== 'string') return second;
  return first === second ? null : { rule: TWO_RUNS, message: `${TWO_RUNS}: ${difference(first, second)}` };
}

function playOnce(script: Script, looks = true): Failure | string {
  const world = new World({ seed: script.seed, looks });
  try {
    if (world.start(specOf(world, script.tree)).ok) for (const action of script.actions) act(world, action);
    world.finish();
    return world.digest();
  } catch (thrown) {
    if (thrown instanceof Violation) return { rule: thrown.rule, message: thrown.message };
    const { name, message, stack } = thrown as Error;
    return { rule: `the runtime throws nothing (${name})`, message: `the runtime throws nothing: ${message}\n${(stack ?? '').split('\n').slice(1, 6).join('\n')}` };
  }
}

/** The specification a plan stands for; `print.ts` writes the same as text. */
export function specOf(world: World, plan: Plan): ChildSpec {
  switch (plan.kind) {
    case 'worker': {
      const { kind: _kind, actor, mailbox, ...rest } = plan;
      const key = mailbox?.overflow === 'conflate' ? { conflateKey } : {};
      return worker({ ...rest, behaviour: world.actor(actor), ...(mailbox === undefined ? {} : { mailbox: { ...mailbox, ...key } }) } as never) as ChildSpec;
    }
    case 'supervisor': {
      const { kind: _kind, children, ...rest } = plan;
      return supervisor({ ...rest, children: children.map((child) => specOf(world, child)) });
    }
    case 'dynamic': {
      const { kind: _kind, ...rest } = plan;
      return dynamicSupervisor(rest);
    }
    case 'partitioned': {
      const { kind: _kind, partition, ...rest } = plan;
      const { id: _id, ...template } = specOf(world, { ...partition, id: 'each' });
      return partitionedSupervisor({ ...rest, partition: template as never });
    }
  }
}

export function conflateKey(message: { readonly n?: number }): number {
  return (message.n ?? 0) % 3;
}

function act(world: World, action: Action): void {
  switch (action.do) {
    case 'send': world.send(action.to, action.order, action.times); break;
    case 'ask': world.ask(action.to, action.order, action.ms); break;
    case 'crash': case 'kill': case 'poison': case 'monitor': case 'suspend': case 'resume': world[action.do](action.at); break;
    case 'terminateChild': case 'terminateByRef': case 'restartChild': case 'deleteChild': world[action.do](action.at, action.id); break;
    case 'startChild': world.startChild(action.at, specOf(world, action.child)); break;
    case 'exit': world.exit(action.at, action.kind); break;
    case 'reconfigure': world.reconfigure(action.at, { ...action.flags, ...(action.children === undefined ? {} : { children: action.children.map((child) => specOf(world, child)) }) }); break;
    case 'publish': world.publish(action.order); break;
    case 'broadcast': world.broadcast(action.group); break;
    case 'route': world.route(action.at, action.key, action.order); break;
    case 'upgrade': world.upgrade(action.at, action.actor, { ...(action.all === true ? { all: true } : {}), ...(action.dryRun === true ? { dryRun: true } : {}) }); break;
    case 'step': world.step(action.turns); break;
    case 'wait': world.wait(action.ms); break;
  }
}

function difference(first: string, second: string): string {
  const a = first.split(' ');
  const b = second.split(' ');
  for (let at = 1; at < Math.max(a.length, b.length); at++) if (a[at] !== b[at]) return `event ${at} is ${a[at] ?? 'missing'}, then ${b[at] ?? 'missing'}`;
  return 'the events are the same, the trace hashes differ';
}
