/** The gate that the account asks before anything is opened. It knows of no exits: those always pass. */
import type { RiskParams } from '../../config/engine/index.js';
import type { ActorContext, Behaviour } from '../../runtime/index.js';
import type { VenueProduct } from '../engine/io.js';
import { venueProductOf } from '../gateway/decode/index.js';
import { decide } from '../journal/decide.js';
import { ORDERS_TOPIC } from '../orders/messages.js';
import { TRUTH_TOPIC } from '../truth/messages.js';
import { type Circumstances, closedFor, judge } from './gate.js';
import type { RiskAnswer, RiskInput, RiskMessage, RiskStatus } from './messages.js';

export interface RiskState extends Circumstances {
  readonly asked: number;
  /** How often each guard has refused. */
  readonly refused: ReadonlyMap<string, number>;
}

type Context = ActorContext<RiskMessage>;

/** How often prices are asked for within the time for which one is believed. */
const PRICES_AN_AGE = 6;

const withAll = <T>(set: ReadonlySet<T>, item: T, on: boolean): ReadonlySet<T> => {
  const copy = new Set(set);
  if (on) copy.add(item);
  else copy.delete(item);
  return copy;
};

export function riskBehaviour(params: RiskParams): Behaviour<RiskState, RiskMessage, RiskInput> {
  function askPrices({ kernelPath }: RiskInput, ctx: Context): void {
    if (kernelPath === undefined) return;
    ctx.send(ctx.ref<{ readonly type: 'prices' }>(kernelPath), { type: 'prices' });
    ctx.startTimer('prices', Math.ceil(params.priceMaxAgeMs / PRICES_AN_AGE), { type: 'risk.prices' });
  }

  /** A guard that closed or opened for everything: for the journal. */
  function edge(state: RiskState, ctx: Context, guard: string, on: boolean, detail: string): void {
    decide(ctx, 'control', -1, -1, { control: 'risk', guard, on, detail }, state.input.journalPath);
  }

  function blocked(state: RiskState, symbol: number, on: boolean, ctx: Context): RiskState {
    if (state.blocked.has(symbol) === on) return state;
    edge(state, ctx, 'unknown_order', on, String(symbol));
    return { ...state, blocked: withAll(state.blocked, symbol, on) };
  }

  function asked(state: RiskState, message: Extract<RiskMessage, { type: 'risk.ask' }>, ctx: Context): RiskState {
    const answer: RiskAnswer = judge(message, state, params, ctx.nowUs());
    ctx.reply(answer);
    const counted = { ...state, asked: state.asked + 1 };
    return answer.ok ? counted : { ...counted, refused: new Map(state.refused).set(answer.guard, (state.refused.get(answer.guard) ?? 0) + 1) };
  }

  function statusOf(state: RiskState, nowUs = 0): RiskStatus {
    const products = [...new Set(state.input.instruments.map(venueProductOf))].filter((product): product is VenueProduct => product !== undefined);
    const closed = products.map((product) => closedFor(state, product, nowUs)).filter((each) => each !== undefined);
    return {
      closed: [
        ...new Map(closed.map(({ guard, detail }) => [`${guard} ${detail}`, { guard, detail }])).values(),
        ...[...state.blocked].sort((a, b) => a - b).map((symbol) => ({ guard: 'unknown_order' as const, detail: `an order of ${state.input.instruments.find(({ index }) => index === symbol)?.symbol ?? symbol} is in doubt` })),
      ],
      limits: state.input.limits, asked: state.asked, refused: Object.fromEntries([...state.refused].sort(([a], [b]) => (a < b ? -1 : 1))),
      markTicks: Object.fromEntries([...state.prices].filter(([, { markTicks }]) => markTicks > 0).map(([symbol, { markTicks }]) => [symbol, markTicks])),
    };
  }

  return {
    name: 'risk',
    version: 1,
    init(ctx, input) {
      ctx.subscribe(TRUTH_TOPIC);
      ctx.subscribe(ORDERS_TOPIC);
      askPrices(input, ctx);
      return {
        input, paused: input.paused.on ? input.paused.reason : null, storeFailed: null, truths: new Map(), saidUs: new Map(), blocked: new Set(), breakers: new Set(), refusedKeys: new Map(), prices: new Map(), asked: 0, refused: new Map(),
      };
    },
    step(state, message, ctx) {
      switch (message.type) {
        case 'risk.ask':
          return asked(state, message, ctx);
        case 'truth.state':
          return { ...state, truths: new Map(state.truths).set(message.product, message), saidUs: new Map(state.saidUs).set(message.product, ctx.nowUs()) };
        case 'order.blocked':
          return blocked(state, message.symbol, message.on, ctx);
        case 'orders.unknown':
          return blocked(state, message.symbol, message.count > 0, ctx);
        case 'breaker': {
          const key = `${message.product} ${message.class}`;
          if (state.breakers.has(key) === message.open) return state;
          edge(state, ctx, 'breaker_open', message.open, key);
          return { ...state, breakers: withAll(state.breakers, key, message.open) };
        }
        case 'key': {
          const key = `${message.product} ${message.class}`;
          const was = state.refusedKeys.get(key);
          if (message.refused ? was !== undefined : was === undefined) return state;
          edge(state, ctx, 'key_refused', message.refused, `${key}: ${message.detail}`);
          const refusedKeys = new Map(state.refusedKeys);
          if (message.refused) refusedKeys.set(key, message.detail);
          else refusedKeys.delete(key);
          return { ...state, refusedKeys };
        }
        case 'price':
          return { ...state, prices: new Map(state.prices).set(message.symbol, message) };
        case 'risk.prices':
          askPrices(state.input, ctx);
          return state;
        case 'risk.pause': {
          const paused = message.on ? message.reason : null;
          if (paused === state.paused) return state;
          edge(state, ctx, 'operator_pause', message.on, message.reason);
          return { ...state, paused };
        }
        case 'store.failed':
          edge(state, ctx, 'store_failed', true, message.problem);
          return { ...state, storeFailed: message.problem };
        case 'risk.status':
          ctx.reply(statusOf(state, ctx.nowUs()));
          return state;
        case 'order.changed':
        case 'order.filled':
        case 'order.foreign':
          return state;
        default:
          return state;
      }
    },
    view: (state) => statusOf(state),
  };
}
