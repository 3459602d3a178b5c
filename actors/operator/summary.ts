/** What operators read of a picture. Pure; plain JSON. */
import type { Json } from '../engine/io.js';
import type { Instrument } from '../../data/records/index.js';
import type { Picture, PicturePart } from './messages.js';

const json = (value: unknown): Json => JSON.parse(JSON.stringify(value ?? null)) as Json;

export interface Standing {
  readonly mode: string;
  readonly paused: { readonly reason: string; readonly by: string; readonly atMs: number } | null;
  readonly storeFailed: string | null;
  readonly lastEvent: { readonly kind: string; readonly atMs: number } | null;
  readonly busy: readonly { readonly id: string; readonly verb: string }[];
}

/** Everything in short. */
export function statusOf(standing: Standing, picture: Picture, asked: readonly PicturePart[], instruments: readonly Instrument[]): Json {
  const nameOf = (symbol: number): string => instruments.find(({ index }) => index === symbol)?.symbol ?? String(symbol);
  const { account, risk, truth, ledger, orders } = picture;
  return json({
    mode: standing.mode, paused: standing.paused, storeFailed: standing.storeFailed, busy: standing.busy, last_event: standing.lastEvent,
    trading: account === undefined ? null : { enabled: account.tradingEnabled, equity: account.equity, entries: account.entries, session: account.session, open: account.open.map((trade) => ({ ...trade, symbol: nameOf(trade.symbol) })) },
    risk: risk ?? null,
    truth: truth === undefined ? null : truth.products.map(({ product, freshness, reasons, asOfMs, view, unjudged, differencesSeen }) => ({
      product, freshness, reasons, asOfMs, unjudged: unjudged.length, differencesSeen,
      positions: (view?.positions ?? []).filter(({ signedLots }) => signedLots !== 0).map((each) => ({ ...each, symbol: nameOf(each.symbol) })),
      balances: Object.fromEntries((view?.balances ?? []).map(({ asset, total }) => [asset, total])),
    })),
    ledger: ledger === undefined ? null : ledger.products,
    orders: orders === undefined ? null : orders.orders.map(({ symbol, clientId, owner, purpose, state, side, lots, filledLots }) => ({ instrument: nameOf(symbol), clientId, owner, purpose, state, side, lots, filledLots })),
    missing: asked.filter((part) => picture[part] === undefined),
  });
}

/** Whether it is well, and if not why, a line each. */
export function healthOf(standing: Standing, picture: Picture, asked: readonly PicturePart[]): Json {
  const problems = [
    ...(standing.storeFailed === null ? [] : [`record: ${standing.storeFailed}`]),
    ...asked.filter((part) => picture[part] === undefined).map((part) => `${part} does not answer`),
    ...(picture.feeds?.problems ?? []),
    ...(picture.truth?.products ?? []).filter(({ freshness }) => freshness !== 'fresh').map(({ product, freshness, reasons }) => `truth of ${product} is ${freshness}: ${reasons.join('; ')}`),
    ...(picture.gateway?.errors.standing ?? []).filter(({ severity }) => severity === 'critical').map(({ kind, product, path, status, code, text }) => `${kind} at ${product} ${path}: ${status}, ${code} ${text}`),
    // The operator's own pause is no illness; truth has told its reasons.
    ...(picture.risk?.closed ?? []).filter(({ guard }) => guard !== 'operator_pause' && guard !== 'truth_not_fresh').map(({ guard, detail }) => `openings are off, ${guard}: ${detail}`),
  ];
  return json({ ok: problems.length === 0, problems, paused: standing.paused, last_event: standing.lastEvent, feeds: picture.feeds ?? null, venue: picture.gateway ?? null });
}

/** The form of the sources' refresh summary. */
export function refreshOf(picture: Picture, results: readonly { readonly product: string; readonly ok: boolean; readonly problem: string }[]): RefreshSummary {
  const products = picture.truth?.products ?? [];
  const positions = products.reduce((sum, { view }) => sum + (view?.positions.filter(({ signedLots }) => signedLots !== 0).length ?? 0), 0);
  const groups = new Set(products.flatMap(({ product, view }) => (view?.orders ?? []).map(({ symbol, listId, venueId }) => `${product} ${symbol} ${listId ?? venueId}`)));
  return {
    title: 'portfolio refreshed', staleness: stalenessOf(picture), balances: products.reduce((sum, { view }) => sum + (view?.balances.length ?? 0), 0), positions, open_order_groups: groups.size,
    last_event: PORTFOLIO_REFRESHED, products: results,
  };
}

export const PORTFOLIO_REFRESHED = 'app.portfolio.refreshed';

/** What is old, of what the engine goes by. What weighs most is named: an account that is not known, differences that are not settled, the market. */
export type Staleness = 'Fresh' | 'MarketDataStale' | 'AccountStateStale' | 'ReconciliationStale';

interface RefreshSummary {
  readonly [key: string]: Json;
  readonly staleness: Staleness;
}

export function stalenessOf({ truth, feeds, account }: Picture): Staleness {
  const stale = truth?.products.filter(({ freshness }) => freshness !== 'fresh') ?? [];
  if (truth === undefined ? account === undefined : stale.some(({ reasons }) => !reasons.every((reason) => reason.startsWith('not settled')))) return 'AccountStateStale';
  if (stale.length > 0) return 'ReconciliationStale';
  return feeds !== undefined && !feeds.ok ? 'MarketDataStale' : 'Fresh';
}
