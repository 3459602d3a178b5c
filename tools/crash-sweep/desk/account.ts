import type { Behaviour } from '../../../runtime/types.js';
import { MARK_MS } from '../script.js';
import { NO_LINKS, take, type Links } from './links.js';
import type { AccountMessage } from './messages.js';

export interface AccountState {
  readonly links: Links;
  /** Ticks times lots, bought minus sold. */
  readonly spent: number;
  /** Lots. */
  readonly position: number;
  /** Ticks times lots set aside, by order. */
  readonly reserved: Readonly<Record<number, number>>;
  /** Orders that were filled. */
  readonly fills: number;
  /** How often its own timer came; every second once. */
  readonly marks: number;
}

export const ACCOUNT_PATH = '/account';

/** Sets money aside for orders, once an order however often it is asked, and books what was filled. */
export const account: Behaviour<AccountState, AccountMessage> = {
  name: 'sweep-account',
  version: 1,
  init(ctx) {
    mark(ctx, ctx.nowUs());
    return { links: NO_LINKS, spent: 0, position: 0, reserved: {}, fills: 0, marks: 0 };
  },
  step(state, message, ctx) {
    switch (message.type) {
      case 'mark':
        mark(ctx, message.dueUs);
        return { ...state, marks: state.marks + 1 };
      case 'reserve':
        ctx.reply(true);
        return { ...state, reserved: { ...state.reserved, [message.order]: message.amount } };
      case 'fill': {
        const { links, fresh } = take(state.links, message);
        if (!fresh) return { ...state, links };
        const lots = message.side * message.lots;
        return { ...state, links, fills: state.fills + 1, position: state.position + lots, spent: state.spent + lots * message.ticks, reserved: without(state.reserved, message.order) };
      }
      case 'release': {
        const { links, fresh } = take(state.links, message);
        return fresh ? { ...state, links, reserved: without(state.reserved, message.order) } : { ...state, links };
      }
    }
  },
  snapshot: (state) => state,
  restore: (data) => data as AccountState,
};

function mark(ctx: { startTimerAt(key: string, dueUs: number, message: AccountMessage): void }, lastUs: number): void {
  const dueUs = lastUs + MARK_MS * 1000;
  ctx.startTimerAt('mark', dueUs, { type: 'mark', dueUs });
}

function without(reserved: Readonly<Record<number, number>>, order: number): Readonly<Record<number, number>> {
  const { [order]: _gone, ...rest } = reserved;
  return rest;
}
