/** Openings on and off, and orders withdrawn: ours, and on demand others'. */
import type { AccountMessage } from '../account/messages.js';
import type { VenueCall } from '../engine/venue-calls.js';
import type { CancelOrders } from '../orders/messages.js';
import { withdrawalOf } from '../orders/wire.js';
import type { OperatorPause, RiskMessage } from '../risk/messages.js';
import { originOf } from '../truth/keys.js';
import { type Context, nowMs, type OperatorState, snapshotRow, type Work, write } from './state.js';

export const accountTell = (state: OperatorState, ctx: Context, message: AccountMessage): void => void ctx.send(ctx.ref<AccountMessage>(state.input.paths.account), message);

/** Tells account and risk gate whether anything may be opened. */
export function gate(state: OperatorState, ctx: Context): void {
  const why = state.storeFailed !== null ? `the record cannot be written: ${state.storeFailed}` : state.stopping ? 'the engine stops' : state.pause === null ? null : `paused by ${state.pause.by}: ${state.pause.reason}`;
  accountTell(state, ctx, { type: 'trading', enabled: why === null, reason: why ?? 'resumed' });
  const { venue } = state.input.paths;
  if (venue !== null) ctx.send(ctx.ref<RiskMessage>(venue.risk), { type: 'risk.pause', on: why !== null, reason: why ?? '' } satisfies OperatorPause);
}

/** Withdraws our orders: entries only, or all but stops, or (`stops`) all. */
export function withdraw(state: OperatorState, symbol: number | null, what: 'entries' | 'spareStops' | 'all', ctx: Context): void {
  accountTell(state, ctx, { type: 'account.cancel', symbol, targets: what !== 'entries' });
  const { venue } = state.input.paths;
  if (venue !== null) ctx.send(ctx.ref<CancelOrders>(venue.orders), { type: 'orders.cancel', symbol, entriesOnly: what === 'entries', spareStops: what === 'spareStops' });
}

export function pauseNow(state: OperatorState, reason: string, by: string, ctx: Context): OperatorState {
  const next: OperatorState = { ...state, pause: state.pause ?? { reason, by, atMs: nowMs(ctx) } };
  write(ctx, [snapshotRow(next)]);
  gate(next, ctx);
  withdraw(next, null, 'entries', ctx);
  return next;
}

/** Orders that are not ours are the gateway's affair alone. */
export function cancelForeign(state: OperatorState, work: Work, ctx: Context): Work {
  const { paths: { venue }, instruments, ownPrefixes } = state.input;
  if (venue === null || work.picture.truth === undefined) return work;
  const calls: string[] = [];
  for (const { product, view } of work.picture.truth.products) {
    for (const order of view?.orders ?? []) {
      const instrument = instruments.find(({ index }) => index === order.symbol);
      if (instrument === undefined || originOf(order.clientId, ownPrefixes) !== 'foreign') continue;
      const id = `${ctx.path}#${work.id}-${calls.length}`;
      calls.push(id);
      ctx.send(ctx.ref<VenueCall>(venue.gateway), { type: 'venue.call', id, replyTo: ctx.path, ...withdrawalOf(product, order, instrument.symbol), security: 'signed' });
    }
  }
  return { ...work, calls, foreign: { asked: calls.length, refused: [] } };
}
