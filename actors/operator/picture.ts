/** Asking everybody how it stands. */
import type { VenueProduct } from '../engine/io.js';
import { WRITES } from './commands.js';
import type { PicturePart } from './messages.js';
import { type Context, type OperatorState, put, type Work } from './state.js';
import type { Standing } from './summary.js';

const ASK_MS = 2000;

export const partsOf = ({ input }: OperatorState): readonly PicturePart[] =>
  ['account', ...(input.paths.feedsHealth === null ? [] : ['feeds' as const]), ...(input.paths.venue === null ? [] : ['risk' as const, 'truth' as const, 'ledger' as const, 'gateway' as const, 'orders' as const])];

/** Asks everybody; the command goes on when all have answered, or could not. */
export function ask(state: OperatorState, work: Work, ctx: Context): OperatorState {
  const { paths, products } = state.input;
  const round = work.round + 1;
  const waiting: string[] = [];
  const send = (part: PicturePart, product: VenueProduct | null, path: string, question: unknown): void => {
    waiting.push(`${part} ${product ?? ''}`);
    ctx.ask(ctx.ref<never>(path), question, ASK_MS, (result) => ({ type: 'operator.got', work: work.id, round, part, product, result }));
  };
  send('account', null, paths.account, { type: 'account.status' });
  if (paths.feedsHealth !== null) send('feeds', null, paths.feedsHealth, { type: 'feeds.health' });
  if (paths.venue !== null) {
    send('risk', null, paths.venue.risk, { type: 'risk.status' });
    send('truth', null, paths.venue.truth, { type: 'truth.status' });
    send('ledger', null, paths.venue.ledger, { type: 'ledger.status' });
    send('gateway', null, paths.venue.gateway, { type: 'gateway.status' });
    for (const product of products) send('orders', product, paths.venue.orders, { type: 'orders.open', product });
  }
  // An ask dies with this life; the tick comes all the same.
  ctx.startTimer(`tick ${work.id}`, 2 * ASK_MS, { type: 'operator.tick', work: work.id });
  return put(state, { ...work, round, waiting, picture: {} });
}

export const standing = (state: OperatorState): Standing => ({
  mode: state.input.mode, paused: state.pause, storeFailed: state.storeFailed, lastEvent: state.lastEvent,
  busy: [...state.works.values()].filter(({ command }) => WRITES.has(command.verb)).map(({ id, command }) => ({ id, verb: command.verb })),
});
