/** Whether the engine's picture and the venue's own books are one. Pure. */
import { money } from '../../actors/account/money.js';
import type { StoredRow } from '../../data/store/index.js';

/** A product in `exchange books`, as far as it is looked at. */
export interface VenueBooks {
  readonly accounts: readonly { readonly account: number; readonly house: boolean; readonly balances: Readonly<Record<string, { readonly free: string; readonly locked: string }>> }[];
  readonly positions: readonly { readonly account: number; readonly symbol: string; readonly positionSide: string; readonly positionAmt: string }[];
  readonly openOrders: readonly VenueOrder[];
  readonly openAlgoOrders: readonly VenueOrder[];
  readonly orders: readonly VenueOrder[];
  readonly algoOrders: readonly VenueOrder[];
  readonly fills: readonly { readonly account: number; readonly id: number; readonly symbol: string; readonly qty: string }[];
}
interface VenueOrder {
  readonly account: number;
  readonly symbol: string;
  readonly clientOrderId?: string;
  readonly clientAlgoId?: string;
  readonly orderId?: number;
  readonly actualOrderId?: string;
}

/** `engine status`, as far as it is looked at. */
export interface EngineStatus {
  readonly paused: unknown;
  readonly trading: { readonly entries: number; readonly open: readonly unknown[] };
  readonly truth: readonly {
    readonly freshness: string; readonly reasons: readonly string[]; readonly positions: readonly { readonly symbol: string; readonly positionSide: string; readonly signedLots: number }[]; readonly balances: Readonly<Record<string, string>>;
  }[];
  readonly ledger: readonly {
    readonly balances: Readonly<Record<string, string>>;
    readonly positions: readonly { readonly symbol: number; readonly positionSide: string; readonly signedLots: number; readonly ownLots: number }[];
    readonly holdings: readonly { readonly symbol: number; readonly quantity: string; readonly dust: boolean }[];
    readonly totals: { readonly unexplained: Readonly<Record<string, string>>; readonly fills: number };
  }[];
  readonly orders: readonly { readonly clientId: string; readonly owner: string; readonly state: string }[];
}

export const OWN_PREFIX = 'fl-';
const EPSILON = 1e-9;
const nameOf = ({ clientOrderId, clientAlgoId }: VenueOrder): string => clientOrderId ?? clientAlgoId ?? '';
const keyed = (sizes: Iterable<readonly [key: string, size: number]>): Map<string, number> => {
  const map = new Map<string, number>();
  for (const [key, size] of sizes) if (Math.abs(size) > EPSILON) map.set(key, (map.get(key) ?? 0) + size);
  return map;
};

/** The account that is the engine's: the one that is not the house's. */
export const ownAccount = ({ accounts }: VenueBooks): number => accounts.find(({ house }) => !house)!.account;

export const ownBalances = (books: VenueBooks): unknown => books.accounts.find(({ account }) => account === ownAccount(books))!.balances;

/** Why the engine has not closed all and is not certain of it; empty when it is. */
export function unrest({ trading, truth, orders }: EngineStatus): string {
  if (trading.entries > 0 || trading.open.length > 0) return `${trading.entries} entries and ${trading.open.length} trades are open`;
  const doubtful = truth.filter(({ freshness }) => freshness !== 'fresh');
  if (doubtful.length > 0) return `truth is ${doubtful.map(({ freshness, reasons }) => `${freshness}: ${reasons.join('; ')}`).join()}`;
  const ours = orders.filter(({ owner }) => owner !== 'foreign');
  return ours.length > 0 ? `orders of ours: ${ours.map(({ clientId, state }) => `${clientId} ${state}`).join(', ')}` : '';
}

/** What differs while nothing of ours is open. `lots`: size of a lot by symbol, in the order of the engine's instruments. */
export function compareStanding(books: VenueBooks, status: EngineStatus, symbols: readonly string[], lots: ReadonlyMap<string, number>): readonly string[] {
  const own = ownAccount(books);
  const problems: string[] = [];
  const size = (symbol: string, signedLots: number): number => signedLots * lots.get(symbol)!;
  const venue = keyed(books.positions.filter(({ account }) => account === own).map(({ symbol, positionSide, positionAmt }) => [`${symbol} ${positionSide}`, Number(positionAmt)] as const));
  const [truth] = status.truth;
  const [ledger] = status.ledger;
  const beliefs = {
    truth: keyed((truth?.positions ?? []).map(({ symbol, positionSide, signedLots }) => [`${symbol} ${positionSide}`, size(symbol, signedLots)] as const)),
    ledger: keyed((ledger?.positions ?? []).map(({ symbol, positionSide, signedLots }) => [`${symbols[symbol]!} ${positionSide}`, size(symbols[symbol]!, signedLots)] as const)),
  };
  for (const [who, believed] of Object.entries(beliefs)) {
    for (const key of new Set([...venue.keys(), ...believed.keys()])) {
      const [there, here] = [venue.get(key) ?? 0, believed.get(key) ?? 0];
      if (Math.abs(there - here) > EPSILON) problems.push(`position ${key}: ${who} has ${here}, the venue ${there}`);
    }
  }
  for (const { symbol, positionSide, ownLots } of ledger?.positions ?? []) if (ownLots !== 0) problems.push(`${ownLots} lots of ${symbols[symbol]!} ${positionSide} are ours and in no trade`);
  for (const { symbol, quantity, dust } of ledger?.holdings ?? []) if (!dust && money(quantity) !== 0n) problems.push(`${quantity} of ${symbols[symbol]!} are ours and in no trade`);
  for (const [asset, { free, locked }] of Object.entries(books.accounts.find(({ account }) => account === own)!.balances)) {
    const cash = money(free) + money(locked);
    for (const [who, balances] of [['truth', truth?.balances], ['ledger', ledger?.balances]] as const) {
      if (money(balances?.[asset] ?? '0') !== cash) problems.push(`${asset}: ${who} has ${balances?.[asset] ?? 'none'}, the venue ${free} and ${locked}`);
    }
  }
  const open = [...books.openOrders, ...books.openAlgoOrders].filter(({ account }) => account === own).map(nameOf).sort();
  const believed = status.orders.map(({ clientId }) => clientId).sort();
  if (open.join() !== believed.join()) problems.push(`open orders: the engine has ${believed.join() || 'none'}, the venue ${open.join() || 'none'}`);
  return problems;
}

/** What was ever at the venue, gathered look by look, because it forgets. */
export class History {
  /** Fills by symbol and id, which is unique in a symbol: quantity. */
  readonly fills = new Map<string, number>();
  /** Orders of our names, by the venue's number. */
  readonly #orders = new Map<string, Map<string, string>>();
  readonly #met = new Set<string>();

  get orders(): number {
    return [...this.#orders.values()].reduce((sum, numbers) => sum + numbers.size, 0);
  }

  look(books: VenueBooks): void {
    const own = ownAccount(books);
    for (const { account, id, symbol, qty } of books.fills) if (account === own) this.fills.set(`${symbol} ${id}`, Number(qty));
    const spawned = new Set([...books.algoOrders, ...books.openAlgoOrders].map(({ actualOrderId }) => actualOrderId));
    for (const [kind, orders] of [['order', [...books.orders, ...books.openOrders]], ['algo', [...books.algoOrders, ...books.openAlgoOrders]]] as const) {
      for (const order of orders) {
        const name = nameOf(order);
        if (order.account !== own || !name.startsWith(OWN_PREFIX) || (kind === 'order' && spawned.has(String(order.orderId)))) continue;
        const number = String(order.orderId ?? (order as unknown as { readonly algoId?: number }).algoId);
        const numbers = this.#orders.get(name) ?? new Map<string, string>();
        this.#orders.set(name, numbers.set(`${kind} ${number}`, kind));
      }
    }
  }

  /**
   * Fills that the record does not hold or holds in another quantity, orders that are there twice or that nobody meant.
   * `forgotten`: the venue was made to forget fills that it had not shown yet; `taken`: names of ours that others were made to use.
   */
  compare(rows: { readonly intents: readonly StoredRow[]; readonly fills: readonly StoredRow[] }, forgotten: boolean, taken: boolean): readonly string[] {
    const problems: string[] = [];
    const booked = new Map<string, number>();
    for (const { key, row } of rows.fills) {
      const [, symbol, tradeId] = key.split(' ');
      booked.set(`${symbol!} ${tradeId!}`, Number(row['quantity']));
    }
    for (const [key, quantity] of this.fills) {
      const ours = booked.get(key);
      if (ours === undefined) problems.push(`lost: fill ${key} of the venue is not in the record`);
      else if (Math.abs(ours - quantity) > EPSILON) problems.push(`doubled: fill ${key} is booked as ${ours}, the venue says ${quantity}`);
    }
    for (const key of booked.keys()) if (!this.fills.has(key) && !forgotten) problems.push(`the record has a fill ${key} that the venue does not know`);
    const intents = new Set(rows.intents.map(({ key }) => key));
    for (const [name, numbers] of this.#orders) {
      if (numbers.size > 1 && !taken) problems.push(`doubled: the venue has ${numbers.size} orders ${name}`);
      if (!intents.has(name)) problems.push(`doubled: the venue has an order ${name} that the record never meant to send`);
    }
    return problems;
  }

  /** Those that were not told before. */
  tell(problems: readonly string[]): readonly string[] {
    const news = problems.filter((problem) => !this.#met.has(problem));
    for (const problem of news) this.#met.add(problem);
    return news;
  }
}
