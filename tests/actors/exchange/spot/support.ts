import assert from 'node:assert/strict';
import { ASK, BID, type Side } from '../../../../actors/exchange/book/index.js';
import { type AccountId, accountId, type ClientOrderId, FIRST_CLIENT_ACCOUNT } from '../../../../actors/exchange/ids.js';
import { type Asset, asset, formatAmount, mustParseAmount } from '../../../../actors/exchange/ledger/index.js';
import type { SpotAccountTerms, SpotMarket } from '../../../../actors/exchange/spot/order.js';
import type { OrderRequest } from '../../../../actors/exchange/spot/requests.js';
import { spotSymbol, type SpotSymbolSpec } from '../../../../actors/exchange/spot/symbol.js';
import type { UserEvent } from '../../../../actors/exchange/spot/user-events.js';
import { neededBy } from '../../../../actors/exchange/spot/holds.js';
import type { Placement } from '../../../../actors/exchange/spot/order-entry.js';
import { SpotVenue, type SpotVenueOptions } from '../../../../actors/exchange/spot/venue.js';
import { VenueError } from '../../../../actors/exchange/venue-error.js';

export const [ANN, BOB, CAT] = [0, 1, 2].map((k) => accountId(FIRST_CLIENT_ACCOUNT + k)) as [AccountId, AccountId, AccountId];
export const [BTC, ETH, USDT] = ['BTC', 'ETH', 'USDT'].map(asset) as [Asset, Asset, Asset];
export const id = (text: string): ClientOrderId => text as ClientOrderId;

export const BTCUSDT = spotSymbol({ symbol: 'BTCUSDT', base: 'BTC', quote: 'USDT', tickSize: '0.01', stepSize: '0.00001' });
export const ETHUSDT = spotSymbol({ symbol: 'ETHUSDT', base: 'ETH', quote: 'USDT', tickSize: '0.01', stepSize: '0.0001' });

/** One execution report, position, balance update or list status as a client reads it. */
export type Told = Readonly<Record<string, unknown>> & { readonly e: string };

/** A venue with three accounts of a million USDT, 100 BTC and 1000 ETH, and everything they are told. */
export class Desk {
  readonly venue: SpotVenue;
  readonly told = new Map<AccountId, Told[]>();
  nowUs = 1_784_000_000_000_000;

  constructor(options: Partial<SpotVenueOptions> & { readonly spec?: Partial<SpotSymbolSpec>; readonly terms?: ReadonlyMap<AccountId, SpotAccountTerms> } = {}) {
    const { spec, terms, ...rest } = options;
    this.venue = new SpotVenue({
      symbols: [{ ...BTCUSDT, ...spec }, { ...ETHUSDT, ...spec }],
      events: {
        wants: (account) => this.told.has(account as AccountId),
         event: (account, event: UserEvent) => this.told.get(account as AccountId)?.push(JSON.parse(event.text('ms')) as Told),
      },
      ...rest,
    });
    for (const account of [ANN, BOB, CAT]) {
      this.told.set(account, []);
      // Cat is a market maker with a rebate.
      this.venue.openAccount(account, account === CAT ? { maker: -5_000n, taker: 40_000n } : undefined, terms?.get(account));
      for (const [name, amount] of [[USDT, '1000000'], [BTC, '100'], [ETH, '1000']] as const) this.venue.deposit(account, name, mustParseAmount(amount), this.nowUs);
    }
    this.forget();
  }

  forget(): void {
    for (const list of this.told.values()) list.length = 0;
  }

  market(symbol = 'BTCUSDT'): SpotMarket {
    return this.venue.market(symbol);
  }

  /** An order of the market's agents. */
  quote(side: Side, price: number, quantity: number, symbol = 'BTCUSDT'): void {
    const { symbol: rules, matcher } = this.market(symbol);
    assert.notEqual(matcher.book.add(side, rules.prices.toSteps(String(price)), rules.quantities.toSteps(String(quantity)), 7), 0);
  }

  /** An agent takes at any price. */
  agentTakes(side: Side, quantity: number, symbol = 'BTCUSDT'): void {
    const { symbol: rules, matcher } = this.market(symbol);
    this.nowUs += 1000;
    matcher.takeForAgent(side, rules.quantities.toSteps(String(quantity)), side === BID ? rules.maxTicks : rules.minTicks, this.nowUs);
    this.settle();
  }

  /** As the engine does after each of the market's events. */
  settle(): void {
    if (this.venue.nextUs <= this.nowUs) this.venue.advance(this.venue.nextUs);
  }

  /** Makes a last price without a client: an agent trades with an agent. */
  print(price: number, symbol = 'BTCUSDT'): void {
    const best = this.market(symbol).matcher.book;
    const ticks = this.market(symbol).symbol.prices.toSteps(String(price));
    if (best.bestAsk === 0 || ticks < best.bestAsk) {
      this.quote(BID, price, 0.001, symbol);
      this.agentTakes(ASK, 0.001, symbol);
    } else {
      this.quote(ASK, price, 0.001, symbol);
      this.agentTakes(BID, 0.001, symbol);
    }
  }

  place(account: AccountId, request: Partial<OrderRequest>): Placement {
    this.nowUs += 1000;
    return this.venue.place(account, { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', ...request }, this.nowUs);
  }

  balance(account: AccountId, name: Asset): readonly [string, string] {
    return [formatAmount(this.venue.ledger.free(account, name)), formatAmount(this.venue.ledger.locked(account, name))];
  }

  /** Names and states of what an account was told, one line an event. */
  lines(account: AccountId): string[] {
    return this.told.get(account)!.map((event) => {
      if (event.e === 'executionReport') return `${String(event['x'])} ${String(event['X'])} ${String(event['i'])}`;
      if (event.e === 'listStatus') return `list ${String(event['l'])} ${String(event['L'])}`;
      return event.e;
    });
  }

  /** What must hold whatever happened: sums conserved, nothing negative, locked what open orders need. */
  check(): void {
    const { ledger, accounts } = this.venue;
    const supply = ledger.supply();
    for (const [name, sum] of ledger.sumByAsset()) assert.equal(sum, supply.get(name) ?? 0n, `sum of ${name}`);
    for (const account of accounts.values()) {
      const needed = neededBy(account);
      for (const [name, { free, locked }] of ledger.balances(account.id)) {
        assert.ok(free >= 0n && locked >= 0n, `account ${account.id}: ${formatAmount(free)} ${formatAmount(locked)} ${name}`);
        assert.equal(locked, needed.get(name) ?? 0n, `account ${account.id}: locked ${name}`);
      }
    }
    for (const { matcher } of this.venue.markets) assert.ok(matcher.book.bestBid === 0 || matcher.book.bestAsk === 0 || matcher.book.bestBid < matcher.book.bestAsk, 'crossed book');
  }
}

/** Runs what must be refused; the error's code and text. */
export function refusalOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof VenueError) return `${error.code} ${error.message}`;
    throw error;
  }
  throw new assert.AssertionError({ message: 'nothing was refused' });
}
