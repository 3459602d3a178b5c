/** The breaker as a behaviour: the statechart of machine.ts, its answers and its edges carried out. Every edge is a decision and a row of the record. */
import type { BreakerParams } from '../../../config/engine/gateway.js';
import { dataHooks, machine, type ActorContext, type Behaviour } from '../../../runtime/index.js';
import type { StoreWrite } from '../../engine/io.js';
import { decide } from '../../journal/decide.js';
import type { BreakerEdge } from '../../risk/messages.js';
import type { BreakerPermit, BreakerQuestion, BreakerResult } from '../messages.js';
import { breakerKey, breakerMachine, openMs, type BreakerContext, type BreakerEvent, type BreakerInput, type BreakerRestored } from './machine.js';

interface EffectArgs {
  readonly context: BreakerContext;
  /** Of the action, as machine.ts declares them. */
  readonly params: unknown;
}
type Context = ActorContext<BreakerEvent>;
/** No instrument's decision. */
const NO_SYMBOL = -1;
const NO_SEQ = -1;

const effects = {
  answer({ context, params }: EffectArgs, ctx: Context): void {
    const { allowed, probe } = params as { readonly allowed: boolean; readonly probe: boolean };
    const permit: BreakerPermit = allowed ? { allowed, probe } : { allowed, reason: `breaker of ${context.input.product} ${context.input.class} is ${context.state}: ${context.cause}` };
    ctx.reply(permit);
  },
  announce({ context }: EffectArgs, ctx: Context): void {
    const { input, state, previous, cause, opened } = context;
    const data = { breaker: input.class, product: input.product, from: previous, to: state, cause, openMs: state === 'open' ? openMs(context) : 0, opened };
    decide(ctx, 'control', NO_SYMBOL, NO_SEQ, data);
    const left = { state, opened, untilUs: ctx.nowUs() + data.openMs * 1000, cause };
    const write: StoreWrite = { rows: [
      { table: 'breakers', key: `${input.run}/${ctx.nextId()}`, row: { ...data, atUs: ctx.nowUs() } },
      { table: 'snapshots', key: breakerKey(input), row: left },
    ] };
    ctx.effect('store.write', write);
    // Half-open, what opens may be the probe: when nothing is open, nobody else would ever make one.
    const edge: BreakerEdge = { type: 'breaker', product: input.product, class: input.class, open: state === 'open' };
    for (const path of input.listeners) ctx.send(ctx.ref<BreakerEdge>(path), edge);
  },
};

export function breakerBehaviour(params: BreakerParams): Behaviour<unknown, BreakerQuestion | BreakerResult | BreakerRestored, BreakerInput> {
  type Inner = Behaviour<unknown, BreakerEvent, { params: BreakerParams; input: BreakerInput; nowUs: number }>;
  const inner: Inner = machine(breakerMachine, { effects, version: 1 });
  return {
    name: 'breaker',
    version: 1,
    init(ctx, input) {
      const left = restoredOf(input.recovered);
      // Who is told of it stands further down the tree.
      if (left !== null) ctx.startTimer('restored', 0, left);
      return inner.init(ctx as Context, { params, input, nowUs: ctx.nowUs() });
    },
    step: (state, message, ctx) => inner.step(state, { ...message, nowUs: ctx.nowUs() }, ctx as Context),
    stop: (state, ctx, reason) => inner.stop?.(state, ctx as Context, reason),
    ...dataHooks(inner as never),
  };
}

/** One that was half-open may let a probe through at once. */
function restoredOf(row: unknown): BreakerRestored | null {
  const { state, opened, untilUs, cause } = (typeof row === 'object' && row !== null ? row : {}) as Readonly<Record<string, unknown>>;
  if ((state !== 'open' && state !== 'halfOpen') || typeof opened !== 'number' || !Number.isSafeInteger(opened) || opened < 1 || typeof untilUs !== 'number' || typeof cause !== 'string') return null;
  return { type: 'breaker.restored', opened, untilUs: state === 'open' ? untilUs : 0, cause };
}
