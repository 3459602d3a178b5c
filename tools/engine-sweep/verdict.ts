/** Whether the engine's picture and the venue's own books are one. Pure. */
import type { StoredRow } from '../../data/store/index.js';

/** What is traded, of the venue's own words. */
export interface Traded {
  readonly product: 'usdm' | 'spot';
  readonly base: string;
  /** In units of the base asset. */
  readonly lotSize: number;
  /** Smallest value of an order, in quote; 0 on USD-M, where what reduces may be of any. */
  readonly leastNotional: number;
  /** Of the base asset, before an engine bought any: it is not ours. */
  othersQuantity: number;
}

/** A product in `exchange books`, as far as it is looked at. On spot positions and conditional orders are empty. */
export interface VenueBooks {
  readonly accounts: readonly { readonly account: number; readonly house: boolean; readonly balances: Readonly<Record<string, { readonly free: string; readonly locked: string }>> }[];
  readonly positions: readonly { readonly account: number; readonly symbol: string; readonly positionAmt: string }[];
  readonly openOrders: readonly BookedOrder[];
  readonly openAlgoOrders: readonly BookedAlgo[];
  readonly orders: readonly BookedOrder[];
  readonly algoOrders: readonly BookedAlgo[];
  readonly fills: readonly BookedFill[];
}
export interface BookedFill {
  readonly account: number;
  readonly id: number;
  readonly symbol: string;
  readonly orderId: number;
  readonly price: string;
  readonly qty: string;
  readonly commission: string;
  readonly commissionAsset: string;
  readonly time: number;
  /** USD-M says the side, spot who bought. */
  readonly side?: 'BUY' | 'SELL';
  readonly isBuyer?: boolean;
}
export interface BookedOrder {
  readonly account: number;
  readonly clientOrderId: string;
  readonly orderId: number;
  readonly side: 'BUY' | 'SELL';
  readonly type: string;
  readonly status: string;
  readonly origQty: string;
  readonly time: number;
  readonly updateTime: number;
  /** Spot only; -1 for none. */
  readonly orderListId?: number;
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
  readonly ledger: readonly { readonly balances: Readonly<Record<string, string>>; readonly positions: readonly { readonly signedLots: number }[]; readonly holdings?: readonly { readonly quantity: string }[]; readonly totals: { readonly unexplained: Readonly<Record<string, string>> } }[];
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
const allAlgos = ({ algoOrders, openAlgoOrders }: VenueBooks): readonly BookedAlgo[] => [...new Map([...openAlgoOrders, ...algoOrders].map((order) => [order.clientAlgoId, order])).values()];

/** Only one account at the venue is the engine's: the one that is not the house's. */
export const ownAccount = ({ accounts }: VenueBooks): number => accounts.find(({ house }) => !house)!.account;

/** What stands now: positions, open orders, cash. */
export function compareStanding(books: VenueBooks, status: EngineStatus, { product, base, lotSize, othersQuantity }: Traded): readonly Problem[] {
  const own = ownAccount(books);
  const problems: Problem[] = [];
  const differs = (what: string, engine: unknown, venue: unknown): void => void problems.push({ kind: 'mismatch', text: `${what}: the engine has ${JSON.stringify(engine)}, the venue ${JSON.stringify(venue)}` });
  const sum = (positions: readonly { readonly signedLots: number }[] | undefined): number => (positions ?? []).reduce((total, { signedLots }) => total + signedLots * lotSize, 0);
  const { balances: there } = books.accounts.find(({ account }) => account === own)!;
  const truth = status.truth[0];
  const ledger = status.ledger[0];
  const held = status.trading.open.reduce((total, { side, openLots }) => total + (side === 'buy' ? openLots : -openLots) * lotSize, 0);
  if (truth?.freshness !== 'fresh') differs('truth', truth?.freshness, 'there');
  if (product === 'usdm') {
    const position = books.positions.filter(({ account }) => account === own).reduce((total, { positionAmt }) => total + number(positionAmt), 0);
    if (!same(sum(truth?.positions), position)) differs('position of the truth', sum(truth?.positions), position);
    if (!same(sum(ledger?.positions), position)) differs('position of the ledger', sum(ledger?.positions), position);
    if (!same(held, position)) differs('position of the trades', held, position);
  } else {
    // Ours is what is not others'.
    const position = number(there[base]?.free ?? '0') + number(there[base]?.locked ?? '0') - othersQuantity;
    const holding = (ledger?.holdings ?? []).reduce((total, { quantity }) => total + number(quantity), 0);
    if (!same(holding, position)) differs('holding of the ledger', holding, position);
    // The fee of an entry is taken of what it bought: what trades cannot sell of it is less than a lot each, and stays ours.
    if (held > position + lotSize * status.trading.open.length + 1e-9) differs('what trades hold', held, position);
  }
  for (const [asset, { free, locked }] of Object.entries(there)) {
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
export function compareHistory(books: VenueBooks, rows: { readonly intents: readonly StoredRow[]; readonly fills: readonly StoredRow[] }): readonly Problem[] {
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

const buys = ({ side, isBuyer }: BookedFill): boolean => side === 'BUY' || isBuyer === true;
const STANDS = ['NEW', 'PENDING_NEW', 'PARTIALLY_FILLED'];

/** What a fill made of our position, in units of the base asset: on spot a fee may be taken of what was bought. */
function gained(fill: BookedFill, { product, base }: Traded): number {
  const quantity = buys(fill) ? number(fill.qty) : -number(fill.qty);
  return product === 'spot' && fill.commissionAsset === base ? quantity - number(fill.commission) : quantity;
}

/** Orders that were, and those that stand. */
const allOrders = ({ orders, openOrders }: VenueBooks): readonly BookedOrder[] => [...new Map([...orders, ...openOrders].map((order) => [order.orderId, order])).values()];

/** On spot, where nothing says that an order only reduces: moments in which orders of ours could have sold, or had sold, more than was bought. What they would take then is others'. */
export function compareSold(books: VenueBooks, traded: Traded): readonly Problem[] {
  if (traded.product !== 'spot') return [];
  const own = ownAccount(books);
  const steps: { readonly atMs: number; readonly apply: () => void }[] = [];
  const open = new Map<number, { readonly list: number; lots: number }>();
  let position = 0;
  for (const fill of books.fills) {
    if (fill.account !== own) continue;
    steps.push({
      atMs: fill.time,
      apply() {
        position += gained(fill, traded);
        const order = open.get(fill.orderId);
        if (order !== undefined) order.lots -= number(fill.qty);
      },
    });
  }
  for (const { account, orderId, orderListId = -1, side, type, status, origQty, time, updateTime } of allOrders(books)) {
    if (account !== own || side !== 'SELL' || type === 'MARKET' || status === 'REJECTED') continue;
    steps.push({ atMs: time, apply: () => void open.set(orderId, { list: orderListId, lots: number(origQty) }) });
    if (!STANDS.includes(status)) steps.push({ atMs: updateTime, apply: () => void open.delete(orderId) });
  }
  steps.sort((a, b) => a.atMs - b.atMs);
  const problems: Problem[] = [];
  for (const [index, { atMs, apply }] of steps.entries()) {
    apply();
    // What the venue did in one of its milliseconds is one.
    if (steps[index + 1]?.atMs === atMs) continue;
    // One leg of a list sells.
    const lists = new Map<number, number>();
    let selling = 0;
    for (const { list, lots } of open.values()) {
      if (list === -1) selling += lots;
      else lists.set(list, Math.max(lists.get(list) ?? 0, lots));
    }
    for (const lots of lists.values()) selling += lots;
    if (selling > position + 1e-9) problems.push({ kind: 'mismatch', text: `at ${atMs} ${selling} was for sale or sold beyond what was ours, ${position}` });
  }
  return problems;
}

/** A stop's price lies below the fill's, and lots are whole. */
const DUST_MARGIN = 1.25;

/**
 * Stretches of more than `limitMs` in which the venue had more of a position than stops stood for: from the fill to the stop's acceptance by the venue's stamps, less the
 * time in which there was no engine.
 */
export function nakedStretches(books: VenueBooks, traded: Traded, away: readonly Away[], limitMs: number, nowMs: number): readonly Problem[] {
  const own = ownAccount(books);
  const steps: { readonly atMs: number; readonly position: number; readonly cover: number; readonly price: number }[] = [];
  for (const fill of books.fills) if (fill.account === own) steps.push({ atMs: fill.time, position: gained(fill, traded), cover: 0, price: number(fill.price) });
  const stop = (covers: number, fromMs: number, toMs: number | null): void => {
    steps.push({ atMs: fromMs, position: 0, cover: covers, price: 0 });
    if (toMs !== null) steps.push({ atMs: toMs, position: 0, cover: -covers, price: 0 });
  };
  for (const { account, side, quantity, algoStatus, createTime, updateTime } of allAlgos(books)) {
    if (account === own) stop(side === 'SELL' ? number(quantity) : -number(quantity), createTime, algoStatus === 'NEW' ? null : updateTime);
  }
  for (const { account, side, type, status, origQty, time, updateTime } of allOrders(books)) {
    if (account === own && side === 'SELL' && type === 'STOP_LOSS' && status !== 'REJECTED') stop(number(origQty), time, STANDS.includes(status) ? null : updateTime);
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
  // What is worth too little for an order can have no stop. The fee leaves of each trade less than a lot that cannot be sold with it; where there is enough of that, it gets a stop when truth is read in a quiet moment.
  let dust = 1e-9;
  let sales = 0;
  for (const { atMs, position: lots, cover: covers, price } of steps) {
    position += lots;
    cover += covers;
    if (price > 0 && traded.product === 'spot') {
      if (lots < 0) sales += 1;
      dust = Math.max((traded.leastNotional / price) * DUST_MARGIN, sales * traded.lotSize);
    }
    const bare = Math.abs(position) > dust && (position > 0 ? cover < position - dust : cover > position + dust);
    if (bare) sinceMs ??= atMs;
    else {
      look(atMs);
      sinceMs = null;
    }
  }
  look(nowMs);
  return problems;
}
