/** An order of which the venue never says what became of it keeps its instrument closed: an operator may give it up, once the venue has been read anew. */
import type { Json } from '../engine/io.js';
import { venueProductOf } from '../gateway/decode/index.js';
import { decide } from '../journal/decide.js';
import type { GiveUpOrder } from '../orders/messages.js';
import type { LocalOrder } from '../truth/views.js';
import { type Context, finish, nowMs, type OperatorState, put, tickLater, type Work } from './state.js';

const TICK_MS = 250;
const GIVEN_UP_WITHIN_MS = 10_000;

/** Why an order that is in doubt is not given up; null when it may be. */
function heldBack({ symbol, clientId, service, expiresMs }: LocalOrder, { picture }: Work, { instruments }: OperatorState['input']): string | null {
  const of = venueProductOf(instruments.find(({ index }) => index === symbol)!);
  const view = picture.truth?.products.find(({ product }) => product === of)?.view ?? null;
  if (view === null) return 'the exchange has not been read';
  if (view.orders.some((each) => each.clientId === clientId && each.service === service)) return 'the exchange lists it as open: cancel it';
  // Until then a request that is still on its way may be taken.
  return view.askedMs <= expiresMs ? `its request may be accepted until ${expiresMs}: ask again after that` : null;
}

/** The venue has been read after the command came: orders of which it knows nothing are given up. */
export function giveUp(state: OperatorState, work: Work, ctx: Context): OperatorState {
  const { command: wanted, picture } = work;
  if (wanted.verb !== 'resolve') return state;
  const unread = work.refreshed.filter(({ ok }) => !ok);
  if (unread.length > 0) return finish(state, work, false, { refused: `the exchange could not be read, so nothing was given up: ${unread.map(({ product, problem }) => `${product}: ${problem}`).join('; ')}` }, ctx);
  const late = nowMs(ctx) - work.startedMs >= GIVEN_UP_WITHIN_MS * state.input.speed;
  const { orders, truth } = picture;
  if (orders === undefined || truth === undefined) {
    return late ? finish(state, work, false, { refused: 'orders and truth do not answer' }, ctx) : tickLater(put(state, work), work, TICK_MS, ctx);
  }
  const doubtful = orders.orders.filter(({ owner, state: stands, symbol, clientId }) => owner === 'ours' && stands === 'unknown' && (wanted.symbols?.includes(symbol) ?? clientId === wanted.clientId));
  const kept = doubtful.flatMap((order) => {
    const why = heldBack(order, work, state.input);
    return why === null ? [] : [{ order: order.clientId, why }];
  });
  const report = (ok: boolean, given: readonly string[]): OperatorState => finish(state, work, ok, { givenUp: given, kept: kept as unknown as Json }, ctx);
  if (work.given === null) {
    if (doubtful.length === 0) return finish(state, work, false, { refused: 'no such order is in doubt' }, ctx);
    const given = doubtful.map(({ clientId }) => clientId).filter((clientId) => !kept.some(({ order }) => order === clientId));
    if (given.length === 0) return report(false, []);
    for (const clientId of given) {
      decide(ctx, 'control', -1, -1, { control: 'give_up_order', clientId, id: work.id, issuer: work.issuer }, state.input.journalPath);
      ctx.send(ctx.ref<GiveUpOrder>(state.input.paths.venue!.orders), { type: 'orders.giveUp', clientId, by: work.issuer });
    }
    return tickLater(put(state, { ...work, given }), work, TICK_MS, ctx);
  }
  const { given } = work;
  const gone = given.every((clientId) => !doubtful.some((order) => order.clientId === clientId));
  return gone ? report(kept.length === 0, given) : late ? report(false, given.filter((clientId) => !doubtful.some((order) => order.clientId === clientId))) : tickLater(put(state, work), work, TICK_MS, ctx);
}
