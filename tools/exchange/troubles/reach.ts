import type { TROUBLED_PRODUCTS, Trigger } from './classes.js';
import type { Act, Target, WrittenStep } from './schema.js';

type ProductName = (typeof TROUBLED_PRODUCTS)[number];

const BOOKS: readonly ProductName[] = ['spot', 'usdm'];
const FUTURES: readonly ProductName[] = ['usdm'];
const BINANCE: readonly ProductName[] = ['spot', 'usdm', 'options'];

/** Products that an act can do something on; any, where nothing is said. */
const ACT_ON: Partial<Readonly<Record<Act, readonly ProductName[]>>> = {
  'stale-snapshot': BOOKS, 'shallow-snapshot': BINANCE, 'lose-deletes': BINANCE, maintenance: ['spot', 'usdm', 'deribit'], 'restart-engine': BOOKS, 'place-order': BOOKS, 'cancel-orders': BOOKS, 'fill-orders': BOOKS,
  'forget-fills': BOOKS, 'close-position': FUTURES, 'position-mode': FUTURES, liquidate: FUTURES, deleverage: FUTURES, settle: FUTURES, 'skew-clock': BINANCE,
  'end-listen-keys': BINANCE,
};
/** Products that have such requests or messages. */
const TARGET_IN = { 'algo-order': FUTURES, 'listen-key': BINANCE, amend: ['spot', 'usdm', 'deribit'] } as const satisfies Partial<Record<Target & Trigger, readonly ProductName[]>>;
/** Products that say when this happens. */
const TRIGGER_IN: Partial<Readonly<Record<Trigger, readonly ProductName[]>>> = { ...TARGET_IN, fill: BOOKS };

/** Kinds of websockets that a product has. Spot's for a listenKey are a matter of its day. */
const SOCKETS_IN: Partial<Readonly<Record<NonNullable<WrittenStep['sockets']>, readonly ProductName[]>>> = { api: ['spot', 'usdm', 'deribit'], user: BINANCE, market: BINANCE };

/** Why a step for this product could never do anything; undefined = it can. */
export function outOfReach(product: ProductName, { act, on, when, sockets }: Pick<WrittenStep, 'sockets'> & { readonly act: Act; readonly on: Target | undefined; readonly when: Trigger | undefined }): string | undefined {
  const missing = (products: readonly ProductName[] | undefined): products is readonly ProductName[] => products !== undefined && !products.includes(product);
  const acts = ACT_ON[act];
  if (missing(acts)) return `it can do nothing on ${product}, only on ${acts.join(', ')}`;
  const targets = on === undefined ? undefined : (TARGET_IN as Partial<Readonly<Record<Target, readonly ProductName[]>>>)[on];
  if (missing(targets)) return `${product} has no \`on = "${on!}"\`, only ${targets.join(', ')}`;
  const sorts = sockets === undefined ? undefined : SOCKETS_IN[sockets];
  if (missing(sorts)) return `${product} has no \`sockets = "${sockets!}"\`, only ${sorts.join(', ')}${product === 'deribit' ? '; all of its own are "api"' : ''}`;
  const triggers = when === undefined ? undefined : TRIGGER_IN[when];
  if (missing(triggers)) return `\`when = "${when!}"\` never happens on ${product}, only on ${triggers.join(', ')}`;
  return undefined;
}
