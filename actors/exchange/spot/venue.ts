/**
 * Binance Spot as a plain object: accounts with their ledger, one matcher a symbol, and every order there is. Methods take an account and
 * a request that has been read, and answer or throw the venue's own VenueError; a refusal has changed nothing. Times are passed in.
 */
import { OrderBook } from '../book/index.js';
import type { Venue } from '../engine.js';
import { type AccountId, type ClientOrderId, HOUSE } from '../ids.js';
import { type Amount, amount, type Asset, Ledger } from '../ledger/index.js';
import { Matcher } from '../matching/index.js';
import { AsOf } from '../rules.js';
import type { VenueError } from '../venue-error.js';
import { amendOrder, type AmendResult } from './amend.js';
import { accountDisabled, cancelReplaceFailure, cancelRestricted, invalidSymbol, rejectReasonOf, unknownOrder } from './errors.js';
import { Executions, type TradeListener } from './executions.js';
import { ListEntry } from './list-entry.js';
import { type CommissionRates, type OrderList, SpotAccount, type SpotAccountTerms, type SpotMarket, type SpotOrder } from './order.js';
import { attempt, type Cancellation, OrderEntry, type Placement } from './order-entry.js';
import { ReferencePrice } from './reference-price.js';
import type { AmendRequest, CancelListRequest, CancelReplaceRequest, CancelRequest, OcoRequest, OrderRequest, OtoRequest } from './requests.js';
import { SpotSymbol, type SpotSymbolSpec } from './symbol.js';
import { BalanceUpdate, type UserEventSink } from './user-events.js';

/** Accounts pay 0.1 % either way unless told otherwise. */
export const STANDARD_RATES: CommissionRates = { maker: 100_000n, taker: 100_000n };

export interface SpotVenueOptions {
  readonly symbols: readonly SpotSymbolSpec[];
  readonly asOf?: AsOf;
  readonly seed?: number;
  /** Told of every account's events; nobody unless given. */
  readonly events?: UserEventSink;
  readonly trades?: TradeListener;
  /** Update id of each book before its first change. */
  readonly firstUpdateId?: number;
  /** Ids of the first trade of each symbol, and of the first order. */
  readonly firstTradeId?: number;
  readonly firstOrderId?: number;
}

export interface CancelReplacement {
  readonly canceled: Cancellation;
  readonly placed: Placement;
}

export interface ListCancellation {
  readonly list: OrderList;
  readonly cancelId: ClientOrderId;
}

const HOUSE_ACCOUNTS = [HOUSE.market, HOUSE.fees, HOUSE.insurance, HOUSE.rounding, HOUSE.clearing] as const;
const NOBODY: UserEventSink = { wants: () => false, event: () => undefined };

export class SpotVenue implements Venue {
  readonly ledger = new Ledger();
  readonly asOf: AsOf;
  readonly markets: readonly SpotMarket[];
  readonly accounts = new Map<AccountId, SpotAccount>();
  /** Every asset that a symbol trades, in alphabetical order. */
  readonly assets: readonly Asset[];
  readonly #bySymbol = new Map<string, SpotMarket>();
  readonly #executions: Executions;
  readonly #entry: OrderEntry;
  readonly #lists: ListEntry;

  constructor(options: SpotVenueOptions) {
    this.asOf = options.asOf ?? new AsOf();
    for (const account of HOUSE_ACCOUNTS) this.ledger.open(account, { mayOverdraw: true });
    this.#executions = new Executions(this.ledger, options.events ?? NOBODY, options.trades);
    this.markets = options.symbols.map((spec, index) => this.#list(spec, index, options));
    this.#entry = new OrderEntry({ ledger: this.ledger, executions: this.#executions, asOf: this.asOf, seed: options.seed ?? 1, firstOrderId: options.firstOrderId ?? 1 });
    this.#lists = new ListEntry(this.#entry);
    this.assets = [...new Set(this.markets.flatMap(({ symbol }) => [symbol.base, symbol.quote]))].sort();
    for (const market of this.markets) this.#bySymbol.set(market.symbol.name, market);
  }

  /** Now, when agents' trades have left something to be told or done; it has no timers of its own. */
  get nextUs(): number {
    return this.#executions.unsettled ? this.#executions.nowUs : Infinity;
  }

  advance(nowUs: number): void {
    this.#begin(nowUs);
    this.#end();
  }

  /** @throws VenueError -1121. */
  market(symbol: string): SpotMarket {
    const market = this.#bySymbol.get(symbol);
    if (market === undefined) throw invalidSymbol();
    return market;
  }

  /** @throws RangeError when there is no such account: whoever asks has let it in. */
  account(id: AccountId): SpotAccount {
    const account = this.accounts.get(id);
    if (account === undefined) throw new RangeError(`no spot account ${id}`);
    return account;
  }

  openAccount(id: AccountId, rates: CommissionRates = STANDARD_RATES, terms: SpotAccountTerms = {}): SpotAccount {
    this.ledger.open(id);
    const account = new SpotAccount(id, rates, terms);
    this.accounts.set(id, account);
    return account;
  }

  /** Money from outside; a negative amount takes it out. @throws InsufficientFunds. */
  deposit(id: AccountId, asset: Asset, value: Amount, nowUs: number): void {
    const account = this.account(id);
    this.#begin(nowUs);
    if (value >= 0n) this.ledger.mint(id, asset, value);
    else this.ledger.burn(id, asset, amount(-(value as bigint)));
    this.#executions.emit(account, () => new BalanceUpdate(asset, value, nowUs));
    this.#executions.touch(account, asset);
    this.#end();
  }

  place(id: AccountId, request: OrderRequest, nowUs: number): Placement {
    return this.#do(id, request.symbol, nowUs, (account, market) => {
      const order = this.#entry.prepare(account, market, request);
      this.#entry.admit(account, market, [order], 0);
      return this.#entry.enter(order);
    });
  }

  /** All checks of {@link place} but those of the matching engine. */
  test(id: AccountId, request: OrderRequest, nowUs: number): void {
    this.#do(id, request.symbol, nowUs, (account, market) => this.#entry.admit(account, market, [this.#entry.prepare(account, market, request)], 0));
  }

  cancel(id: AccountId, request: CancelRequest, nowUs: number): Cancellation {
    return this.#do(id, request.symbol, nowUs, (account, market) => {
      const order = this.#entry.openOrder(account, market, request, unknownOrder);
      if (!account.canTrade) throw accountDisabled();
      const { restrictions } = request;
      if ((restrictions === 'ONLY_NEW' && order.status !== 'NEW') || (restrictions === 'ONLY_PARTIALLY_FILLED' && order.status !== 'PARTIALLY_FILLED')) throw cancelRestricted();
      return this.#entry.cancel(order, request.newClientOrderId);
    });
  }

  /** Every open order of the symbol, those of lists included, oldest first. @throws VenueError -2011 when there is none. */
  cancelAll(id: AccountId, symbol: string, nowUs: number): readonly Cancellation[] {
    return this.#do(id, symbol, nowUs, (account, market) => {
      const open = [...account.on(market).open.values()];
      if (open.length === 0) throw unknownOrder();
      const cancelId = this.#entry.clientIds.next();
      for (const order of open) if (!order.isFinal) this.#entry.cancel(order, cancelId);
      return open.map((order) => ({ order, cancelId }));
    });
  }

  /**
   * Cancels one order and places another on the same symbol. Filters are held against the new one before anything happens.
   * `describe` makes the answers that a half failure carries as its `data`. @throws VenueError -2021 (409) or -2022.
   */
  cancelReplace(
    id: AccountId, request: CancelReplaceRequest, nowUs: number,
    describe: { readonly canceled: (cancellation: Cancellation) => unknown; readonly placed: (placement: Placement) => unknown },
  ): CancelReplacement {
    const order = this.#do(id, request.order.symbol, nowUs, (account, market) => {
      const prepared = this.#entry.prepare(account, market, request.order);
      this.#entry.admit(account, market, [prepared], 0, false);
      return prepared;
    });
    const canceled = attempt(() => this.cancel(id, request.cancel, nowUs));
    if (!canceled.ok && request.mode === 'STOP_ON_FAILURE') {
      throw cancelReplaceFailure({ cancelResult: 'FAILURE', newOrderResult: 'NOT_ATTEMPTED', cancelResponse: refusal(canceled.error), newOrderResponse: null }, false);
    }
    const placed = attempt(() => this.#do(id, request.order.symbol, nowUs, (account, market) => {
      this.#entry.refuseDuplicates(account, market, [order]);
      return this.#entry.enter(order);
    }));
    if (canceled.ok && placed.ok) return { canceled: canceled.value, placed: placed.value };
    // A rejection alone is told to nobody but its sender; one whose cancel has happened is an event.
    if (canceled.ok && !placed.ok) {
      order.status = 'REJECTED';
      this.#executions.report(order, 'REJECTED', { rejectReason: rejectReasonOf(placed.error) });
    }
    throw cancelReplaceFailure({
      cancelResult: canceled.ok ? 'SUCCESS' : 'FAILURE',
      newOrderResult: placed.ok ? 'SUCCESS' : 'FAILURE',
      cancelResponse: canceled.ok ? describe.canceled(canceled.value) : refusal(canceled.error),
      newOrderResponse: placed.ok ? describe.placed(placed.value) : refusal(placed.error),
    }, canceled.ok || placed.ok);
  }

  /** Fewer lots at the same place in the queue. Both legs of a pair change together. */
  amend(id: AccountId, request: AmendRequest, nowUs: number): AmendResult {
    return this.#do(id, request.symbol, nowUs, (account, market) => amendOrder(this.#entry, account, market, request));
  }

  placeOco(id: AccountId, request: OcoRequest, nowUs: number): OrderList {
    return this.#do(id, request.symbol, nowUs, (account, market) => this.#lists.placeOco(account, market, request));
  }

  /** OTO with one pending order, OTOCO with two. */
  placeOto(id: AccountId, request: OtoRequest, nowUs: number): OrderList {
    return this.#do(id, request.symbol, nowUs, (account, market) => this.#lists.placeOto(account, market, request));
  }

  cancelList(id: AccountId, request: CancelListRequest, nowUs: number): ListCancellation {
    return this.#do(id, request.symbol, nowUs, (account, market) => {
      const { listId, clientId } = request;
      const list = listId !== undefined ? account.lists.get(listId) : account.openListsByClientId.get(clientId ?? '');
      const open = list?.orders.find((order) => !order.isFinal);
      if (list === undefined || open === undefined || list.market !== market || (clientId !== undefined && list.clientId !== clientId)) throw unknownOrder();
      return { list, cancelId: this.#entry.cancel(open, request.newClientOrderId).cancelId };
    });
  }

  /** One command of an account on a symbol: whatever it did, or began before it was refused, is told at its end. */
  #do<R>(id: AccountId, symbol: string, nowUs: number, command: (account: SpotAccount, market: SpotMarket) => R): R {
    const account = this.account(id);
    const market = this.market(symbol);
    this.#begin(nowUs);
    try {
      return command(account, market);
    } finally {
      this.#end();
    }
  }

  #list(spec: SpotSymbolSpec, index: number, { firstUpdateId = 1, firstTradeId = 1 }: SpotVenueOptions): SpotMarket {
    const symbol = new SpotSymbol(spec);
    const book = new OrderBook({ firstUpdateId, lowTick: symbol.minTicks, highTick: symbol.maxTicks });
    const market: SpotMarket = {
      index, symbol, reference: new ReferencePrice(symbol.tickUnits), nextPreventedMatchId: 0,
      matcher: new Matcher<SpotOrder>({
        book, sink: this.#executions.sinkOf(() => market), firstTradeId,
        ...(spec.priceRange === null || !this.asOf.holds('spotPriceRange') ? {} : { rangeOf: ({ side }: SpotOrder) => symbol.takerRange(side, market.reference.mean(this.#executions.nowUs)) }),
      }),
    };
    return market;
  }

  #begin(nowUs: number): void {
    this.#executions.nowUs = nowUs;
  }

  /** Places what filled working orders have released, then tells accounts of their balances. */
  #end(): void {
    const due = this.#executions.filledWorking;
    for (let working = due.shift(); working !== undefined; working = due.shift()) this.#lists.release(working.list!);
    this.#executions.flush();
  }
}

const refusal = (error: VenueError): { readonly code: number; readonly msg: string } => ({ code: error.code, msg: error.message });
