/**
 * The statecharts of an order and of a conditional (algo) order of USD-M. What is known stands in context and is changed by every event in
 * one place (knowledge.ts); all transitions on it are eventless, so that the same knowledge is the same state whatever the order in which
 * it came. Time is `nowMs`, stamped on every event by the behaviour.
 *
 * Three regions: the order's life; the questions that are asked about it while something is in doubt; its withdrawal.
 */
import { assign, setup } from 'xstate';
import type { OrdersParams } from '../../config/engine/orders.js';
import type { CallStep } from './answers.js';
import { begin, needsAsk, owedLots, react, stateOf, unconfirmed, wantsCancel, type Knowledge, type OrderEvent } from './knowledge.js';
import type { OrderRecord, OrderState } from './messages.js';
import type { WireInstrument } from './wire.js';

/** Where an order stands in the tree, and what it is an order of. */
export interface OrderSurroundings {
  readonly instrument: WireInstrument;
  readonly managerPath: string;
  readonly gatewayPath: string;
}

export interface OrderContext {
  readonly around: OrderSurroundings;
  readonly params: OrdersParams;
  readonly known: Knowledge;
  readonly nowMs: number;
}

export type Stamped = OrderEvent & { readonly nowMs: number };

export interface OrderMachineInput {
  readonly params: OrdersParams;
  readonly record: OrderRecord;
  readonly nowMs: number;
  readonly around: OrderSurroundings;
}

const is = (state: OrderState) => ({ type: 'is' as const, params: { state } });
const enter = (state: OrderState) => ({ type: 'announce' as const, params: { state } });
/** From any state of the life to the one that is known, in one step. */
const onwards = (...states: readonly OrderState[]) => states.map((state) => ({ guard: is(state), target: state }));

const base = setup({
  types: {} as { context: OrderContext; events: Stamped; input: OrderMachineInput },
  guards: {
    is: ({ context }, { state }: { readonly state: OrderState }) => stateOf(context.known.record) === state,
    needsAsk: ({ context }) => needsAsk(context.known),
    needsNoAsk: ({ context }) => !needsAsk(context.known),
    onlyOwed: ({ context }) => onlyOwed(context.known),
    unconfirmed: ({ context }) => unconfirmed(context.known),
    confirmed: ({ context }) => !unconfirmed(context.known),
    answered: ({ context }) => context.known.asking === 0,
    hasNextStep: ({ context }) => context.known.asking === 0 && needsAsk(context.known) && context.known.step !== 'order',
    wantsCancel: ({ context }) => wantsCancel(context.known),
    quiet: ({ context: { known } }) => !needsAsk(known) && !known.undead,
    cancelAnswered: ({ context }) => context.known.withdrawing === 0,
  },
  actions: {
    take: assign(({ context, event }) => ({ nowMs: event.nowMs, known: react(context.known, event, event.nowMs, context.params) })),
    beginAsking: assign(({ context: { known } }) => ({ known: { ...known, calls: known.calls + 1, asking: known.calls + 1, fills: [] } })),
    beginWithdrawing: assign(({ context: { known } }) => ({ known: { ...known, calls: known.calls + 1, withdrawing: known.calls + 1, fills: [] } })),
    placeUnanswered: assign(({ context, event }) => silent(context, event, 'place', 0)),
    askUnanswered: assign(({ context, event }) => silent(context, event, context.known.step, context.known.asking)),
    cancelUnanswered: assign(({ context, event }) => silent(context, event, 'cancel', context.known.withdrawing)),
    wantCheck: assign(({ context: { known } }) => ({ known: { ...known, check: true, fills: [] } })),
    // Effects: carried out by the behaviour (order.ts).
    announce: (_args, _params: { readonly state: OrderState }) => {},
    tellFills: () => {},
    place: () => {},
    ask: () => {},
    withdraw: () => {},
    lingered: () => {},
  },
  delays: {
    outcome: ({ context }) => context.params.outcomeTimeoutMs,
    grace: ({ context }) => context.params.fillGraceMs,
    confirm: ({ context }) => context.params.confirmMs,
    linger: ({ context }) => context.params.lingerMs,
    pause: ({ context: { params, known } }) => Math.min(params.longestAskPauseMs, params.askPauseMs * (1 << Math.min(20, known.fruitless))),
    withdrawPause: ({ context: { params } }) => params.askPauseMs,
  },
});

/** Fills are all that is missing, and the stream may still bring them. */
const onlyOwed = (known: Knowledge): boolean => !known.check && (known.record.doubt === null || known.record.end !== null) && owedLots(known.record) > 0;

/** Nobody has answered in time, which is an answer: that nobody knows. */
function silent({ known, params }: OrderContext, { nowMs }: { readonly nowMs: number }, step: CallStep, call: number): Pick<OrderContext, 'known' | 'nowMs'> {
  return { nowMs, known: react(known, { type: 'answer', step, call, stampMs: 0, expiresMs: 0, told: { kind: 'unknown', reason: 'no outcome' } }, nowMs, params) };
}

const TAKE = { actions: ['take', 'tellFills'] } as const;
/** Every event is taken in the same way, whatever the state. */
const EVENTS = { flushed: TAKE, storeFailed: TAKE, report: TAKE, fills: TAKE, answer: TAKE, cancel: TAKE, verify: TAKE, giveUp: TAKE } satisfies Record<OrderEvent['type'], typeof TAKE>;

const inquiry = {
  initial: 'idle',
  states: {
    idle: {
      always: [{ guard: 'onlyOwed', target: 'grace' }, { guard: 'needsAsk', target: 'asking' }, { guard: 'unconfirmed', target: 'confirming' }],
    },
    /** The stream is given time to tell of the fills. */
    grace: {
      always: [{ guard: 'needsNoAsk', target: 'idle' }],
      after: { grace: 'asking' },
    },
    confirming: {
      always: [{ guard: 'needsAsk', target: 'idle' }, { guard: 'confirmed', target: 'idle' }],
      after: { confirm: { target: 'asking', actions: 'wantCheck' } },
    },
    asking: {
      entry: ['beginAsking', 'ask'],
      always: [{ guard: 'hasNextStep', target: 'asking', reenter: true }, { guard: 'answered', target: 'pausing' }],
      after: { outcome: { actions: 'askUnanswered' } },
    },
    pausing: {
      always: [{ guard: 'needsNoAsk', target: 'idle' }],
      after: { pause: 'asking' },
    },
  },
} as const;

const withdrawal = {
  initial: 'idle',
  states: {
    idle: { always: [{ guard: 'wantsCancel', target: 'asked' }] },
    asked: {
      entry: ['beginWithdrawing', 'withdraw'],
      always: [{ guard: 'cancelAnswered', target: 'pausing' }],
      after: { outcome: { actions: 'cancelUnanswered' } },
    },
    pausing: { after: { withdrawPause: 'idle' } },
  },
} as const;

/** An order that is over stays so; only fills that come late can make it one that was filled. */
const over = (state: OrderState) => ({
  entry: [enter(state)],
  always: state === 'filled' ? [] : onwards('filled'),
  after: { linger: [{ guard: 'quiet' as const, actions: 'lingered' as const }, { target: state, reenter: true }] },
});
const FINALS = { filled: over('filled'), canceled: over('canceled'), expired: over('expired'), rejected: over('rejected') };
const ENDS = ['filled', 'canceled', 'expired', 'rejected', 'collecting'] as const;

const stage = (state: OrderState, ...next: readonly OrderState[]) => ({ entry: [enter(state)], always: onwards(...next) });

/** An order's life. An algo order's has one state more, between waiting for its trigger and what it became. */
function life(service: 'order' | 'algo') {
  const triggered = service === 'algo' ? (['triggered'] as const) : [];
  return {
    initial: 'journalling' as const,
    states: {
      journalling: stage('journalling', ...ENDS, 'unknown', 'partiallyFilled', ...triggered, 'accepted', 'submitted'),
      submitted: {
        entry: [enter('submitted'), 'place' as const],
        always: onwards(...ENDS, 'unknown', 'partiallyFilled', ...triggered, 'accepted'),
        after: { outcome: { actions: 'placeUnanswered' as const } },
      },
      unknown: stage('unknown', ...ENDS, 'partiallyFilled', ...triggered, 'accepted'),
      accepted: stage('accepted', ...ENDS, 'unknown', 'partiallyFilled', ...triggered),
      ...(service === 'algo' ? { triggered: stage('triggered', ...ENDS, 'unknown', 'partiallyFilled') } : {}),
      partiallyFilled: stage('partiallyFilled', ...ENDS, 'unknown'),
      collecting: stage('collecting', 'filled', 'canceled', 'expired', 'rejected'),
      ...FINALS,
    },
  };
}

const machineOf = (id: string, service: 'order' | 'algo') => base.createMachine({
  id,
  type: 'parallel',
  context: ({ input }) => ({ params: input.params, around: input.around, known: begin(input.record), nowMs: input.nowMs }),
  on: EVENTS,
  states: { life: life(service), inquiry, withdrawal },
});

export const orderMachine = machineOf('order', 'order');
/** The order that it becomes is known here by the same name, and its fills are this one's. */
export const algoMachine = machineOf('algo-order', 'algo');
