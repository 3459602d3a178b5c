import type { ActorContext, Behaviour } from '../../../runtime/types.js';
import { PATIENCE_MS } from '../script.js';
import { ACCOUNT_PATH } from './account.js';
import { NO_LINKS, numberFor, take, type Links } from './links.js';
import type { DeskOrder, ExchangeCall, Outcome, SlotMessage } from './messages.js';

interface OpenOrder extends DeskOrder {
  readonly status: 'reserving' | 'placing' | 'working' | 'cancelling';
  /** Which placement of the order is under way: 1, and one more each time the exchange said that it has none. */
  readonly attempt: number;
  /** How often the exchange was asked, or is to be, whether it is filled. */
  readonly polls: number;
}

export interface SlotState {
  readonly links: Links;
  readonly open: Readonly<Record<number, OpenOrder>>;
  readonly done: number;
  /** Effects of which it was not known whether they had happened. */
  readonly unknown: number;
}

const ASK_MS = 500;
const POLL_MS = 150;

type Context = ActorContext<SlotMessage>;

/** An order actor: reserves, places, follows and closes the orders it is given. What it does not know it asks the exchange. */
export const slot: Behaviour<SlotState, SlotMessage> = slotThat('asks');

/** @param onUnknown what it does about an effect that may or may not have happened; to send it again is wrong, and only there to be found out */
export function slotThat(onUnknown: 'asks' | 'sends again'): Behaviour<SlotState, SlotMessage> {
  return {
    name: 'sweep-slot',
    version: 1,
    init: () => ({ links: NO_LINKS, open: {}, done: 0, unknown: 0 }),
    step(state, message, ctx) {
      switch (message.type) {
        case 'place': {
          const { links, fresh } = take(state.links, message);
          if (!fresh) return { ...state, links };
          const { order, side, lots, ticks, cancelMs } = message;
          const opened: OpenOrder = { order, side, lots, ticks, cancelMs, status: 'reserving', attempt: 1, polls: 0 };
          reserve(ctx, opened);
          return withOrder({ ...state, links }, opened);
        }
        case 'reserved': {
          const open = state.open[message.order];
          if (open?.status !== 'reserving') return state;
          if (!message.result.ok) {
            reserve(ctx, open);
            return state;
          }
          return placed(ctx, state, open);
        }
        case 'impatient': {
          const open = state.open[message.order];
          if (open?.status === 'placing' && open.attempt === message.attempt) ctx.effect('query', call(open));
          return state;
        }
        case 'poll': {
          const open = state.open[message.order];
          if (open !== undefined) ctx.effect('query', call(open));
          return state;
        }
        case 'cancelDue': {
          const open = state.open[message.order];
          if (open?.status !== 'working') return state;
          ctx.effect('cancel', call(open));
          return withOrder(state, { ...open, status: 'cancelling' });
        }
        case 'report':
          return reported(ctx, state, message);
        case 'runtime.effect_unknown': {
          const open = state.open[message.payload.order];
          if (open !== undefined) ctx.effect(onUnknown === 'asks' ? 'query' : message.effect, call(open));
          return { ...state, unknown: state.unknown + 1 };
        }
      }
    },
    snapshot: (state) => state,
    restore: (data) => data as SlotState,
  };
}

/** The exchange said what it has. */
function reported(ctx: Context, state: SlotState, { order, status, attempt }: Extract<SlotMessage, { type: 'report' }>): SlotState {
  const open = state.open[order];
  if (open === undefined || open.attempt !== attempt) return state;
  switch (status) {
    case 'absent':
      // Only now is it certain that the placement never arrived: the exchange reads requests in order.
      return open.status === 'placing' ? placed(ctx, state, { ...open, attempt: open.attempt + 1 }) : state;
    case 'working': {
      ctx.cancelTimer(`impatient-${order}`);
      if (open.status === 'placing') {
        if (open.cancelMs === null) return polled(ctx, state, { ...open, status: 'working' });
        ctx.startTimer(`next-${order}`, open.cancelMs, { type: 'cancelDue', order });
        return withOrder(state, { ...open, status: 'working' });
      }
      if (open.status === 'cancelling') ctx.effect('cancel', call(open));
      else if (open.cancelMs === null) return polled(ctx, state, open);
      return state;
    }
    case 'filled':
    case 'cancelled':
      return closed(ctx, state, open, status);
  }
}

function placed(ctx: Context, state: SlotState, open: OpenOrder): SlotState {
  ctx.effect('place', call(open));
  ctx.startTimer(`impatient-${open.order}`, PATIENCE_MS, { type: 'impatient', order: open.order, attempt: open.attempt });
  return withOrder(state, { ...open, status: 'placing' });
}

function polled(ctx: Context, state: SlotState, open: OpenOrder): SlotState {
  const polls = open.polls + 1;
  ctx.startTimer(`next-${open.order}`, POLL_MS, { type: 'poll', order: open.order, polls });
  return withOrder(state, { ...open, polls });
}

function closed(ctx: Context, state: SlotState, open: OpenOrder, outcome: Outcome): SlotState {
  const { order, side, lots, ticks } = open;
  ctx.cancelTimer(`impatient-${order}`);
  ctx.cancelTimer(`next-${order}`);
  const toAccount = numberFor(state.links, ACCOUNT_PATH);
  const numbered = { from: ctx.path, no: toAccount.no, order };
  ctx.send(ctx.ref(ACCOUNT_PATH), outcome === 'filled' ? { ...numbered, type: 'fill', side, lots, ticks } : { ...numbered, type: 'release' });
  const toRouter = numberFor(toAccount.links, '/router');
  ctx.send(ctx.ref('/router'), { type: 'done', from: ctx.path, no: toRouter.no, order, outcome });
  const { [order]: _gone, ...rest } = state.open;
  return { ...state, links: toRouter.links, open: rest, done: state.done + 1 };
}

function reserve(ctx: Context, { order, lots, ticks }: OpenOrder): void {
  ctx.ask<boolean>(ctx.ref(ACCOUNT_PATH), { type: 'reserve', order, amount: lots * ticks }, ASK_MS, (result) => ({ type: 'reserved', order, result }));
}

const call = ({ order, attempt, polls, side, lots, ticks }: OpenOrder): ExchangeCall => ({ order, attempt, polls, side, lots, ticks });

function withOrder(state: SlotState, open: OpenOrder): SlotState {
  return { ...state, open: { ...state.open, [open.order]: open } };
}
