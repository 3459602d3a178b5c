/** Whether the engine's picture and the venue's own books are one. Pure. */
import type { StoredRow } from '../../data/store/index.js';

/** USD-M in `exchange books`, as far as it is looked at. */
export interface UsdmBooks {
  readonly accounts: readonly { readonly account: number; readonly house: boolean; readonly balances: Readonly<Record<string, { readonly free: string; readonly locked: string }>> }[];
  readonly positions: readonly { readonly account: number; readonly symbol: string; readonly positionAmt: string }[];
  readonly openOrders: readonly BookedOrder[];
  readonly openAlgoOrders: readonly BookedAlgo[];
  readonly orders: readonly BookedOrder[];
  readonly algoOrders: readonly BookedAlgo[];
  readonly fills: readonly { readonly account: number; readonly id: number; readonly symbol: string; readonly side: 'BUY' | 'SELL'; readonly qty: string; readonly time: number }[];
}
export interface BookedOrder {
  readonly account: number;
  readonly clientOrderId: string;
  readonly orderId: number;
}
export interface BookedAlgo {
  readonly account: number;
  readonly clientAlgoId: string;
  readonly side: 'BUY' | 'SELL';
  readonly quantity: string;
  readonly algoStatus: string;
  readonly actualOrderId: string;
  readonly createTime: number;
  readonly updateTime: number;
}

/** `engine status`, as far as it is looked at. */
export interface EngineStatus {
  readonly truth: readonly { readonly freshness: string; readonly positions: readonly { readonly symbol: string; readonly signedLots: number }[]; readonly balances: Readonly<Record<string, string>> }[];
  readonly ledger: readonly { readonly balances: Readonly<Record<string, string>>; readonly positions: readonly { readonly signedLots: number }[]; readonly totals: { readonly unexplained: Readonly<Record<string, string>> } }[];
  readonly orders: readonly { readonly clientId: string; readonly state: string }[];
  readonly trading: { readonly open: readonly { readonly side: string; readonly openLots: number }[] };
}

export interface Problem {
  readonly kind: 'lost' | 'doubled' | 'naked' | 'mismatch';
  readonly text: string;
}

const number = (text: string): number => Number(text);
const same = (a: number, b: number): boolean => Math.abs(a - b) < 1e-9;
const FINAL = ['filled', 'canceled', 'expired', 'rejected'];

/** Conditional orders that were, and those that stand: the venue lists them apart. */
const allAlgos = ({ algoOrders, openAlgoOrders }: UsdmBooks): readonly BookedAlgo[] => [...new Map([...openAlgoOrders, ...algoOrders].map((order) => [order.clientAlgoId, order])).values()];

/** Only one account at the venue is the engine's: the one that is not the house's. */
export const ownAccount = ({ accounts }: UsdmBooks): number => accounts.find(({ house }) => !house)!.account;

/** What stands now: positions, open orders, cash. `lotSize` in units of the base asset. */
export function compareStanding(books: UsdmBooks, status: EngineStatus, lotSize: number): readonly Problem[] {
  const own = ownAccount(books);
  const problems: Problem[] = [];
  const differs = (what: string, engine: unknown, venue: unknown): void => void problems.push({ kind: 'mismatch', text: `${what}: the engine has ${JSON.stringify(engine)}, the venue ${JSON.stringify(venue)}` });
  const position = books.positions.filter(({ account }) => account === own).reduce((sum, { positionAmt }) => sum + number(positionAmt), 0);
  const sum = (positions: readonly { readonly signedLots: number }[] | undefined): number => (positions ?? []).reduce((total, { signedLots }) => total + signedLots * lotSize, 0);
  const truth = status.truth[0];
  const ledger = status.ledger[0];
  if (truth?.freshness !== 'fresh') differs('truth', truth?.freshness, 'there');
  if (!same(sum(truth?.positions), position)) differs('position of the truth', sum(truth?.positions), position);
  if (!same(sum(ledger?.positions), position)) differs('position of the ledger', sum(ledger?.positions), position);
  const held = status.trading.open.reduce((total, { side, openLots }) => total + (side === 'buy' ? openLots : -openLots) * lotSize, 0);
  if (!same(held, position)) differs('position of the trades', held, position);
  for (const [asset, { free, locked }] of Object.entries(books.accounts.find(({ account }) => account === own)!.balances)) {
    const cash = number(free) + number(locked);
    for (const [who, balances] of [['truth', truth?.balances], ['ledger', ledger?.balances]] as const) {
      if (!same(number(balances?.[asset] ?? '0'), cash)) differs(`${asset} of the ${who}`, balances?.[asset], `${cash}`);
    }
  }
  const unexplained = Object.entries(ledger?.totals.unexplained ?? {}).filter(([, amount]) => number(amount) !== 0);
  if (unexplained.length > 0) differs('unexplained in the ledger', unexplained, 0);
  const standing = status.orders.filter(({ state }) => !FINAL.includes(state)).map(({ clientId }) => clientId).sort();
  const open = [...books.openOrders.filter(({ account }) => account === own).map(({ clientOrderId }) => clientOrderId), ...books.openAlgoOrders.filter(({ account }) => account === own).map(({ clientAlgoId }) => clientAlgoId)].sort();
  if (standing.join() !== open.join()) differs('open orders', standing, open);
  return problems;
}

/** What was ever sent or filled: each order once and with an intent on the disk before it, each fill booked once. */
export function compareHistory(books: UsdmBooks, rows: { readonly intents: readonly StoredRow[]; readonly fills: readonly StoredRow[] }): readonly Problem[] {
  const own = ownAccount(books);
  const problems: Problem[] = [];
  const spawned = new Set(books.algoOrders.filter(({ account }) => account === own).map(({ actualOrderId }) => actualOrderId));
  const names = [
    ...books.orders.filter(({ account, orderId }) => account === own && !spawned.has(String(orderId))).map(({ clientOrderId }) => clientOrderId),
    ...books.algoOrders.filter(({ account }) => account === own).map(({ clientAlgoId }) => clientAlgoId),
  ];
  const intents = new Set(rows.intents.map(({ key }) => key));
  const met = new Set<string>();
  for (const name of names) {
    if (met.has(name)) problems.push({ kind: 'doubled', text: `the venue has two orders ${name}` });
    met.add(name);
    if (!intents.has(name)) problems.push({ kind: 'doubled', text: `the venue has an order ${name} that the record never meant to send` });
  }
  const booked = new Map<string, number>();
  // The ledger has rows of its own beside those of the orders.
  for (const { row } of rows.fills) if (typeof row['quantity'] === 'string') booked.set(row['tradeId'] as string, (booked.get(row['tradeId'] as string) ?? 0) + number(row['quantity'] as string));
  for (const { account, id, qty } of books.fills) {
    if (account !== own) continue;
    const quantity = booked.get(String(id));
    if (quantity === undefined) problems.push({ kind: 'lost', text: `fill ${id} of the venue is not in the record` });
    else if (!same(quantity, number(qty))) problems.push({ kind: 'doubled', text: `fill ${id} is booked as ${quantity}, the venue says ${qty}` });
    booked.delete(String(id));
  }
  for (const id of booked.keys()) problems.push({ kind: 'mismatch', text: `the record has a fill ${id} that the venue does not know` });
  return problems;
}

/** When the engine was not there: from its death until it was ready again, ms of the venue's clock. */
export interface Away {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Stretches of more than `limitMs` in which the venue had more of a position than stops stood for: from the fill to the stop's acceptance by the venue's stamps, less the
 * time in which there was no engine.
 */
export function nakedStretches(books: UsdmBooks, away: readonly Away[], limitMs: number, nowMs: number): readonly Problem[] {
  const own = ownAccount(books);
  const steps: { readonly atMs: number; readonly position: number; readonly cover: number }[] = [];
  for (const { account, side, qty, time } of books.fills) if (account === own) steps.push({ atMs: time, position: side === 'BUY' ? number(qty) : -number(qty), cover: 0 });
  for (const { account, side, quantity, algoStatus, createTime, updateTime } of allAlgos(books)) {
    if (account !== own) continue;
    const covers = side === 'SELL' ? number(quantity) : -number(quantity);
    steps.push({ atMs: createTime, position: 0, cover: covers });
    if (algoStatus !== 'NEW') steps.push({ atMs: updateTime, position: 0, cover: -covers });
  }
  steps.sort((a, b) => a.atMs - b.atMs);
  const problems: Problem[] = [];
  let position = 0;
  let cover = 0;
  let sinceMs: number | null = null;
  const look = (atMs: number): void => {
    if (sinceMs === null) return;
    const begun = sinceMs;
    const absent = away.reduce((sum, { fromMs, toMs }) => sum + Math.max(0, Math.min(toMs, atMs) - Math.max(fromMs, begun)), 0);
    const bareMs = atMs - begun - absent;
    if (bareMs > limitMs) problems.push({ kind: 'naked', text: `from ${begun} on the position had no whole stop for ${Math.round(bareMs)} ms` });
  };
  for (const { atMs, position: lots, cover: stop } of steps) {
    position += lots;
    cover += stop;
    const bare = Math.abs(position) > 1e-9 && (position > 0 ? cover < position - 1e-9 : cover > position + 1e-9);
    if (bare) sinceMs ??= atMs;
    else {
      look(atMs);
      sinceMs = null;
    }
  }
  look(nowMs);
  return problems;
}
