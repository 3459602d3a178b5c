/**
 * The detector as a behaviour: the statechart of machine.ts stepped by the runtime's adapter, its effects carried out.
 *
 * Every message is stamped with the clock before it enters the chart, also those of its own timers, so that guards and
 * assignments stay pure. What a transition causes: a decision, a notice to the listeners, and where the baselines must
 * stand or move, a control to the kernel, due `baselineDistanceMs` of tape clock later.
 */
import type { DetectorParams } from '../../config/index.js';
import { dataHooks, machine, type ActorContext, type Behaviour } from '../../runtime/index.js';
import { decide } from '../journal/decide.js';
import type { StoreWrite } from '../engine/io.js';
import { KERNEL_PATH, type Decision } from '../journal/decision.js';
import { INDICATOR_NAMES, PAUSE_NAMES, type KernelControl, type LevelEdge } from '../market/messages.js';
import { detectorMachine, pausesOf, type DetectorContext, type MachineInput, type Move } from './machine.js';
import { memoryRow } from './rows.js';
import type { DetectorInput, DetectorMessage, DetectorNotice } from './messages.js';

interface EffectArgs {
  readonly context: DetectorContext;
  /** Of the action, as machine.ts declares them. */
  readonly params: unknown;
}
type Context = ActorContext<DetectorMessage>;

/** "volatility+obi", or "none". */
export function namesOf(bits: number, names: readonly string[]): string {
  const set = names.filter((_, bit) => (bits & (1 << bit)) !== 0);
  return set.length === 0 ? 'none' : set.join('+');
}

/** Where a first start, a restart of this actor, or a restart of the process begins (FORMULAS 4.4). */
export function startState(params: DetectorParams, input: DetectorInput, nowUs: number, restarted: boolean): MachineInput['startIn'] {
  const { memory } = input;
  if (restarted) return 'RECOVERY';
  if (memory === undefined || memory.state === 'SLEEP') return 'SLEEP';
  const fresh = nowUs - memory.savedAtUs <= params.restartGraceSeconds * 1e6;
  return fresh && memory.state === 'ACTIVE' ? 'ACTIVE' : 'RECOVERY';
}

/** In one sentence, why a transition happened; goes to the journal and to people. */
export function reasonOf(context: DetectorContext, { rule }: Move): string {
  const { levels, params } = context;
  const votes = `votes ${levels.votes} of ${levels.need} (${namesOf(levels.mask, INDICATOR_NAMES)})`;
  switch (rule) {
    case 'T1': return votes;
    case 'T2': return `${votes} kept ${params.confirmSeconds} s`;
    case 'T3': return `${votes} too few for ${params.fadeSeconds} s`;
    case 'T4': return `calm for ${params.recoveryConfirmSeconds} s`;
    case 'T5': return levels.triggered ? votes : 'violent range';
    case 'T6': return `calm and no exposure for ${params.settleSeconds} s`;
    case 'T7': return `event longer than ${params.eventLimitMinutes} min`;
    case 'T8': return 'shutdown';
    case 'debounce': return `more than ${params.maxTransitionsPerMinute} transitions in a minute`;
    case 'restart': return 'restarted';
  }
}

function toJournal(context: DetectorContext, ctx: Context, kind: Decision['kind'], data: Decision['data']): void {
  decide(ctx, kind, context.input.symbol, context.seq, data, context.input.journalPath);
}

function notify(context: DetectorContext, ctx: Context): void {
  const { input, state, seq } = context;
  const notice: DetectorNotice = { type: 'detector', symbol: input.symbol, state, pauses: pausesOf(context), seq, atUs: ctx.nowUs() };
  for (const path of input.listeners) ctx.send(ctx.ref<DetectorNotice>(path), notice);
}

function control(context: DetectorContext, ctx: Context, message: KernelControl): void {
  ctx.send(ctx.ref<KernelControl>(context.input.kernelPath ?? KERNEL_PATH), message);
  toJournal(context, ctx, 'control', {
    control: message.type, ...(message.type === 'freeze' ? { on: message.on } : {}), dueUs: message.dueUs,
  });
}

const REMEMBER_EVERY_MS = 60_000;
const REMEMBER = 'detector.remember';

/** Writes down what the next run is to know, and comes back for it in a minute. */
function remember(context: DetectorContext, ctx: Context): void {
  const { input: { recordKey, name }, state, previous, eventStartUs, actorPauses } = context;
  if (recordKey === undefined) return;
  const nowUs = ctx.nowUs();
  const rows = [
    memoryRow(recordKey, { state, savedAtUs: nowUs, eventStartUs, actorPauses }),
    ...(previous === state ? [] : [{ table: 'transitions' as const, key: `${recordKey} ${nowUs} ${previous}-${state}`, row: { actor: ctx.path, detector: name, from: previous, to: state, atUs: nowUs } }]),
  ];
  ctx.effect('store.write', { rows } satisfies StoreWrite);
}

const dueUs = (context: DetectorContext, ctx: Context): number => ctx.nowUs() + context.params.baselineDistanceMs * 1000;

const effects = {
  announceTransition({ context, params }: EffectArgs, ctx: Context): void {
    const move = params as Move;
    const { levels, previous, state } = context;
    toJournal(context, ctx, 'transition', {
      rule: move.rule, from: previous, to: state, reason: reasonOf(context, move), votes: levels.votes, need: levels.need, voters: levels.voters,
      indicators: namesOf(levels.mask, INDICATOR_NAMES), violent: levels.violent, exposed: context.exposed,
      pauses: namesOf(pausesOf(context), PAUSE_NAMES), priceTicks: levels.price,
    });
    notify(context, ctx);
    remember(context, ctx);
  },
  announcePauses({ context }: EffectArgs, ctx: Context): void {
    toJournal(context, ctx, 'pause', { pauses: namesOf(pausesOf(context), PAUSE_NAMES), state: context.state });
    notify(context, ctx);
  },
  freeze({ context, params }: EffectArgs, ctx: Context): void {
    const { on } = params as { readonly on: boolean };
    control(context, ctx, { type: 'freeze', symbol: context.input.symbol, on, dueUs: dueUs(context, ctx) });
  },
  rebaseline({ context }: EffectArgs, ctx: Context): void {
    control(context, ctx, { type: 'rebaseline', symbol: context.input.symbol, dueUs: dueUs(context, ctx) });
  },
  alertFlapping({ context }: EffectArgs, ctx: Context): void {
    toJournal(context, ctx, 'control', { alert: 'detector_flapping', symbol: context.input.name });
  },
};

/** As a spread, field by field: an edge is on the way from a frame to a decision, and a spread with a field more takes V8 a microsecond. */
function stampedLevel(edge: LevelEdge, nowUs: number): LevelEdge & { readonly nowUs: number } {
  const { type, symbol, seq, atUs, exchUs, mask, votes, voters, need, triggered, calm, violent, pauses, warm, features } = edge;
  return { type, symbol, seq, atUs, exchUs, mask, votes, voters, need, triggered, calm, violent, pauses, warm, features, nowUs };
}

/** The detector of one symbol. Its supervisor gives it `restart: 'transient'`: SHUTDOWN is a normal end. */
export function detectorBehaviour(params: DetectorParams): Behaviour<unknown, DetectorMessage, DetectorInput> {
  const inner: Behaviour<unknown, DetectorMessage, MachineInput> = machine(detectorMachine, { effects, version: 1 });
  return {
    name: 'detector',
    version: 1,
    init(ctx, input) {
      const nowUs = ctx.nowUs();
      const { memory } = input;
      const startIn = startState(params, input, nowUs, ctx.incarnation > 1);
      if (input.recordKey !== undefined) ctx.startTimer(REMEMBER, REMEMBER_EVERY_MS, { type: REMEMBER });
      return inner.init(ctx, {
        params, input, startIn, nowUs, actorPauses: memory?.actorPauses ?? 0, eventStartUs: startIn === 'SLEEP' ? 0 : (memory?.eventStartUs ?? nowUs),
      });
    },
    step(state, message, ctx) {
      if (message.type === REMEMBER) {
        const { context } = state as { readonly context: DetectorContext };
        remember({ ...context, previous: context.state }, ctx);
        ctx.startTimer(REMEMBER, REMEMBER_EVERY_MS, { type: REMEMBER });
        return state;
      }
      const nowUs = ctx.nowUs();
      const stamped: DetectorMessage & { readonly nowUs: number } = message.type === 'level' ? stampedLevel(message, nowUs) : { ...message, nowUs };
      return inner.step(state, stamped, ctx);
    },
    stop: (state, ctx, reason) => inner.stop?.(state, ctx, reason),
    ...dataHooks(inner as never),
  };
}
