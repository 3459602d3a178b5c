/** One order is withdrawn, by its client id: an entry, a target, or one that is not ours. A stop of ours stays: without its position it goes by itself. */
import { venueProductOf } from '../gateway/decode/index.js';
import type { VenueCall } from '../engine/venue-calls.js';
import type { CancelOrders } from '../orders/messages.js';
import { withdrawalOf } from '../orders/wire.js';
import type { LocalOrder } from '../truth/views.js';
import { type Context, finish, nowMs, type OperatorState, put, tickLater, type Work } from './state.js';

const TICK_MS = 250;
const CANCEL_WITHIN_MS = 10_000;

export function cancelOne(state: OperatorState, work: Work, ctx: Context): OperatorState {
  const { command: wanted, picture } = work;
  if (wanted.verb !== 'cancel-order') return state;
  const late = nowMs(ctx) - work.startedMs >= CANCEL_WITHIN_MS * state.input.speed;
  if (picture.orders === undefined) return late ? finish(state, work, false, { refused: 'the orders do not answer' }, ctx) : tickLater(put(state, work), work, TICK_MS, ctx);
  const found = picture.orders.orders.find(({ clientId }) => clientId === wanted.clientId);
  if (!work.begun) {
    const refused = refusalOf(found, wanted);
    return refused === null ? tickLater(put(state, withdraw(state, { ...work, begun: true }, found!, ctx)), work, TICK_MS, ctx) : finish(state, work, false, { refused }, ctx);
  }
  const { refused } = work.foreign;
  const gone = wanted.foreign ? work.calls.length === 0 : found === undefined;
  if (!gone && !late) return tickLater(put(state, work), work, TICK_MS, ctx);
  return finish(state, work, gone && refused.length === 0, { cancelled: gone && refused.length === 0 ? wanted.clientId : null, refusals: refused, unanswered: !gone }, ctx);
}

function refusalOf(found: LocalOrder | undefined, { clientId, foreign }: { readonly clientId: string; readonly foreign: boolean }): string | null {
  if (found === undefined) return `no order ${JSON.stringify(clientId)} is open`;
  if (found.owner === 'ours' && foreign) return `${clientId} is ours`;
  if (found.owner === 'foreign' && !foreign) return `${clientId} is not ours: say foreign`;
  if (found.owner === 'ours' && found.purpose === 'stop') return `${clientId} is a protective stop: close its position`;
  return null;
}

function withdraw(state: OperatorState, work: Work, order: LocalOrder, ctx: Context): Work {
  const { paths: { venue }, instruments } = state.input;
  if (order.owner === 'ours') {
    ctx.send(ctx.ref<CancelOrders>(venue!.orders), { type: 'orders.cancel', symbol: order.symbol, entriesOnly: false, clientId: order.clientId });
    return work;
  }
  const instrument = instruments.find(({ index }) => index === order.symbol)!;
  const id = `${ctx.path}#${work.id}-0`;
  ctx.send(ctx.ref<VenueCall>(venue!.gateway), { type: 'venue.call', id, replyTo: ctx.path, ...withdrawalOf(venueProductOf(instrument)!, order, instrument.symbol), security: 'signed' });
  return { ...work, calls: [id], foreign: { asked: 1, refused: [] } };
}
