/**
 * The detector's statechart, FORMULAS 4.4 (T1-T8). Levels stand in context and every transition on them is eventless
 * (`always`), so that a run that sees each change of level once and a run that sees every repetition of it take the same
 * steps (HOTPATH 5). Time is `nowUs`, stamped on every event by the behaviour; durations are `after` delays.
 *
 * Inner states are timers made visible: an alert is `holding` or `fading`, ACTIVE `live` or `calming`, RECOVERY `idle`,
 * `rising` or `settling`. Leaving one cancels its timer, so a level that flickers starts its timer anew.
 */
import { assign, raise, setup } from 'xstate';
import type { DetectorParams } from '../../config/index.js';
import { Pause } from '../market/messages.js';
import type { DetectorInput, DetectorMessage, DetectorStateName } from './messages.js';

/** What the latest edge said. */
export interface Levels {
  readonly mask: number;
  readonly votes: number;
  readonly voters: number;
  readonly need: number;
  readonly triggered: boolean;
  readonly calm: boolean;
  readonly violent: boolean;
  /** Ticks; NaN before the first edge. */
  readonly price: number;
}

export interface DetectorContext {
  readonly params: DetectorParams;
  readonly input: DetectorInput;
  readonly startIn: 'SLEEP' | 'ACTIVE' | 'RECOVERY';
  readonly state: DetectorStateName;
  readonly previous: DetectorStateName;
  readonly enteredUs: number;
  readonly levels: Levels;
  /** What the kernel says now, and what of it is in force: reasons stay until they were quiet for `pauseHoldSeconds`. */
  readonly kernelPauses: number;
  readonly heldPauses: number;
  readonly actorPauses: number;
  readonly exposed: boolean;
  /** Seq of the latest message that carried one. */
  readonly seq: number;
  /** When the event began (left SLEEP, or last re-baselined). */
  readonly eventStartUs: number;
  /** The state has lasted `dwellSeconds`. */
  readonly dwelt: boolean;
  /** How RECOVERY is left for ACTIVE: at once (T5), or only after votes held this long. 0 = at once. */
  readonly reentryHoldMs: number;
  /** Times of the transitions of the last minute. */
  readonly recentUs: readonly number[];
}

export type TransitionRule = 'T1' | 'T2' | 'T3' | 'T4' | 'T5' | 'T6' | 'T7' | 'T8' | 'debounce' | 'restart';
export interface Move {
  readonly rule: TransitionRule;
  readonly to: DetectorStateName;
}

export interface MachineInput {
  readonly params: DetectorParams;
  readonly input: DetectorInput;
  readonly startIn: 'SLEEP' | 'ACTIVE' | 'RECOVERY';
  readonly eventStartUs: number;
  readonly actorPauses: number;
  readonly nowUs: number;
}

/**
 * Data with holes: nothing can be known to be calm, so the timers towards calm stop and start anew when the data is back.
 * Votes that are kept still count: where a hole takes them away, the kernel un-latches them, and the timers on them end.
 */
export const DATA_PAUSES = Pause.GAP | Pause.STALE;
const MINUTE_US = 60_000_000;

/** Pause bits in force. */
export const pausesOf = (context: DetectorContext): number => context.heldPauses | context.actorPauses;
const dataOk = (context: DetectorContext): boolean => (context.kernelPauses & DATA_PAUSES) === 0;
const triggered = (context: DetectorContext): boolean => context.levels.triggered;
const quiet = (context: DetectorContext): boolean => context.levels.calm && !context.levels.violent && dataOk(context);
const settled = (context: DetectorContext): boolean => quiet(context) && !context.exposed;
const confirmsReentry = (context: DetectorContext): boolean => context.reentryHoldMs > 0 && triggered(context);

type Stamped = { readonly nowUs?: number; readonly input?: { readonly nowUs: number } };
/** Every event carries the clock, the initial one in its input; see detector.ts. */
const stampOf = (event: unknown): number => (event as Stamped).nowUs ?? (event as Stamped).input?.nowUs ?? 0;

const NO_LEVELS: Levels = { mask: 0, votes: 0, voters: 0, need: 3, triggered: false, calm: true, violent: false, price: Number.NaN };

/** The two actions of every transition: the bookkeeping, then the announcement (an effect of the behaviour). */
const move = (rule: TransitionRule, to: DetectorStateName) => [
  { type: 'moved' as const, params: { rule, to } },
  { type: 'announceTransition' as const, params: { rule, to } },
];
const freeze = (on: boolean) => ({ type: 'freeze' as const, params: { on } });

/** Sent by the machine to itself when pause reasons have been quiet. */
interface LiftPauses {
  readonly type: 'pauses.lift';
}

export const detectorMachine = setup({
  types: {} as { context: DetectorContext; events: DetectorMessage | LiftPauses; input: MachineInput },
  guards: {
    startsActive: ({ context }) => context.startIn === 'ACTIVE',
    startsInRecovery: ({ context }) => context.startIn === 'RECOVERY',
    wakes: ({ context }) => triggered(context) && context.dwelt,
    dataMissing: ({ context }) => !triggered(context) && !dataOk(context),
    triggered: ({ context }) => triggered(context),
    notTriggered: ({ context }) => !triggered(context),
    dataBack: ({ context }) => dataOk(context),
    quiet: ({ context }) => quiet(context),
    notQuiet: ({ context }) => !quiet(context),
    reenters: ({ context }) =>
      context.reentryHoldMs === 0 && context.dwelt && (triggered(context) || (context.levels.violent && dataOk(context))),
    confirmsReentry: ({ context }) => confirmsReentry(context),
    losesReentry: ({ context }) => !confirmsReentry(context),
    settled: ({ context }) => settled(context),
    notSettled: ({ context }) => !settled(context),
    flapping: ({ context }) => context.recentUs.length > context.params.maxTransitionsPerMinute,
    addsPauses: ({ context, event }) => event.type === 'level' && (event.pauses & ~context.heldPauses) !== 0,
    changesPauses: ({ context, event }) => event.type === 'level' && event.pauses !== context.kernelPauses,
    liftsPauses: ({ context }) => context.heldPauses !== context.kernelPauses,
    changesActorPauses: ({ context, event }) =>
      event.type === 'pause' && (withBit(context.actorPauses, event.bit, event.on) | context.heldPauses) !== pausesOf(context),
  },
  actions: {
    takeLevels: assign(({ context, event }) => {
      if (event.type !== 'level') return {};
      const { mask, votes, voters, need, triggered, calm, violent, features } = event;
      return {
        seq: Math.max(event.seq, context.seq),
        kernelPauses: event.pauses,
        heldPauses: context.heldPauses | event.pauses,
        levels: { mask, votes, voters, need, triggered, calm, violent, price: features.price },
      };
    }),
    holdPauses: raise({ type: 'pauses.lift' }, { id: 'pauses.lift', delay: ({ context }) => context.params.pauseHoldSeconds * 1000 }),
    liftPauses: assign(({ context }) => ({ heldPauses: context.kernelPauses })),
    takePause: assign(({ context, event }) =>
      event.type === 'pause' ? { actorPauses: withBit(context.actorPauses, event.bit, event.on) } : {},
    ),
    takeExposure: assign(({ context, event }) =>
      event.type === 'exposure' ? { exposed: event.on, seq: Math.max(event.seq, context.seq) } : {},
    ),
    moved: assign(({ context, event }, { rule, to }: Move) => {
      const nowUs = stampOf(event);
      const recent = context.recentUs.filter((us) => us > nowUs - MINUTE_US);
      const starts = (context.state === 'SLEEP' && rule !== 'restart') || rule === 'T7' || context.eventStartUs === 0;
      return {
        previous: context.state,
        state: to,
        enteredUs: nowUs,
        dwelt: false,
        eventStartUs: to === 'SLEEP' ? 0 : starts ? nowUs : context.eventStartUs,
        reentryHoldMs: reentryHoldMs(rule, context.params),
        // A forced move starts the count anew, else one storm would force for ever.
        recentUs: rule === 'debounce' ? [] : rule === 'restart' ? recent : [...recent, nowUs],
      };
    }),
    dwelt: assign({ dwelt: true }),
    restartEvent: assign(({ context, event }) => ({ eventStartUs: stampOf(event), reentryHoldMs: reentryHoldMs('T7', context.params) })),
    // Effects: carried out by the behaviour (detector.ts).
    announceTransition: (_args, _move: Move) => {},
    announcePauses: () => {},
    freeze: (_args, _params: { readonly on: boolean }) => {},
    rebaseline: () => {},
    alertFlapping: () => {},
  },
  delays: {
    confirm: ({ context }) => context.params.confirmSeconds * 1000,
    fade: ({ context }) => context.params.fadeSeconds * 1000,
    recoveryConfirm: ({ context }) => context.params.recoveryConfirmSeconds * 1000,
    reentry: ({ context }) => context.reentryHoldMs,
    settle: ({ context }) => context.params.settleSeconds * 1000,
    dwell: ({ context }) => context.params.dwellSeconds * 1000,
    /** What is left of the event's longest duration, in whole ms. */
    eventLimit: ({ context, event }) =>
      Math.max(0, Math.ceil((context.eventStartUs - stampOf(event)) / 1000) + context.params.eventLimitMinutes * 60_000),
  },
}).createMachine({
  id: 'detector',
  context: ({ input }) => ({
    params: input.params,
    input: input.input,
    startIn: input.startIn,
    state: 'SLEEP',
    previous: 'SLEEP',
    enteredUs: 0,
    levels: NO_LEVELS,
    kernelPauses: 0,
    heldPauses: 0,
    actorPauses: input.actorPauses,
    exposed: false,
    seq: -1,
    eventStartUs: input.eventStartUs,
    dwelt: false,
    reentryHoldMs: 0,
    recentUs: [],
  }),
  on: {
    level: [
      { guard: 'addsPauses', actions: ['takeLevels', 'holdPauses', 'announcePauses'] },
      { guard: 'changesPauses', actions: ['takeLevels', 'holdPauses'] },
      { actions: 'takeLevels' },
    ],
    'pauses.lift': { guard: 'liftsPauses', actions: ['liftPauses', 'announcePauses'] },
    pause: [{ guard: 'changesActorPauses', actions: ['takePause', 'announcePauses'] }, { actions: 'takePause' }],
    exposure: { actions: 'takeExposure' },
    shutdown: { target: '.SHUTDOWN', actions: move('T8', 'SHUTDOWN') },
  },
  always: { guard: 'flapping', target: '.RECOVERY', reenter: true, actions: [...move('debounce', 'RECOVERY'), freeze(true), 'alertFlapping'] },
  initial: 'BOOT',
  states: {
    BOOT: {
      always: [
        { guard: 'startsActive', target: 'ACTIVE', actions: [...move('restart', 'ACTIVE'), freeze(true)] },
        { guard: 'startsInRecovery', target: 'RECOVERY', actions: [...move('restart', 'RECOVERY'), freeze(true)] },
        { target: 'SLEEP' },
      ],
    },
    SLEEP: {
      after: { dwell: { actions: 'dwelt' } },
      always: { guard: 'wakes', target: 'ALERT', actions: [...move('T1', 'ALERT'), freeze(true)] },
    },
    ALERT: {
      initial: 'holding',
      after: { eventLimit: { target: 'RECOVERY', actions: [...move('T7', 'RECOVERY'), 'rebaseline'] } },
      states: {
        holding: {
          always: [{ guard: 'dataMissing', target: 'waiting' }, { guard: 'notTriggered', target: 'fading' }],
          after: { confirm: { target: '#detector.ACTIVE', actions: move('T2', 'ACTIVE') } },
        },
        fading: {
          always: [{ guard: 'dataMissing', target: 'waiting' }, { guard: 'triggered', target: 'holding' }],
          after: { fade: { target: '#detector.SLEEP', actions: [...move('T3', 'SLEEP'), freeze(false)] } },
        },
        waiting: {
          always: [{ guard: 'triggered', target: 'holding' }, { guard: 'dataBack', target: 'fading' }],
        },
      },
    },
    ACTIVE: {
      initial: 'live',
      after: { eventLimit: { target: 'RECOVERY', actions: [...move('T7', 'RECOVERY'), 'rebaseline'] } },
      states: {
        live: { always: { guard: 'quiet', target: 'calming' } },
        calming: {
          always: { guard: 'notQuiet', target: 'live' },
          after: { recoveryConfirm: { target: '#detector.RECOVERY', actions: move('T4', 'RECOVERY') } },
        },
      },
    },
    RECOVERY: {
      initial: 'idle',
      after: {
        dwell: { actions: 'dwelt' },
        // Votes between calm and need would hold RECOVERY, and the frozen baseline, for ever.
        eventLimit: { target: 'RECOVERY', reenter: true, actions: ['restartEvent', 'rebaseline'] },
      },
      always: { guard: 'reenters', target: 'ACTIVE', actions: move('T5', 'ACTIVE') },
      states: {
        idle: {
          always: [{ guard: 'confirmsReentry', target: 'rising' }, { guard: 'settled', target: 'settling' }],
        },
        rising: {
          always: { guard: 'losesReentry', target: 'idle' },
          after: { reentry: { target: '#detector.ACTIVE', actions: move('T5', 'ACTIVE') } },
        },
        settling: {
          always: { guard: 'notSettled', target: 'idle' },
          after: { settle: { target: '#detector.SLEEP', actions: [...move('T6', 'SLEEP'), freeze(false)] } },
        },
      },
    },
    SHUTDOWN: { type: 'final' },
  },
});

function withBit(bits: number, bit: number, on: boolean): number {
  return on ? bits | bit : bits & ~bit;
}

/** After a forced RECOVERY or a restart, ACTIVE needs the votes as long as T2 asks; after a new baseline a little longer. */
function reentryHoldMs(rule: TransitionRule, params: DetectorParams): number {
  switch (rule) {
    case 'debounce':
    case 'restart':
      return params.confirmSeconds * 1000;
    case 'T7':
      return params.rebaselineHoldSeconds * 1000;
    default:
      return 0;
  }
}
