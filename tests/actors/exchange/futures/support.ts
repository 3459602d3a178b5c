import { ASK, BID } from '../../../../actors/exchange/book/index.js';
import { price } from '../../../../actors/exchange/futures/contract.js';
import {
  type AccountChange, type AlgoOrder, type Execution, type Fill, type FuturesOrder, futuresSymbol, FuturesVenue, type FuturesVenueOptions, type NewOrder, type UserSink,
} from '../../../../actors/exchange/futures/usdm/index.js';
import { type AccountId, accountId } from '../../../../actors/exchange/ids.js';
import { formatAmount, mustParseAmount } from '../../../../actors/exchange/ledger/index.js';
import { VenueError } from '../../../../actors/exchange/venue-error.js';

export const ALICE = accountId(1001);
export const BOB = accountId(1002);
export const CAROL = accountId(1003);
export const START_US = Date.UTC(2026, 7, 3, 1) * 1000;
const S = 1_000_000;

/** User events in words: "1001 TRADE FILLED 0.010 @60000.0". */
export class EventLog implements UserSink {
  readonly lines: string[] = [];
  tradeLite(): void {}
  accountChanged({ account, reason, holdings }: AccountChange): void {
    this.lines.push(`${account.id} account ${reason}${holdings.map((it) => ` ${it.side} ${it.contract.symbol} ${it.lots}`).join('')}`);
  }
  orderUpdate(order: FuturesOrder, execution: Execution, fill: Fill | undefined): void {
    this.lines.push(`${order.owner} ${execution} ${order.status}${fill === undefined ? '' : ` ${order.symbol.formatLots(fill.lots)}@${order.symbol.formatTicks(fill.ticks)}`}`);
  }
  algoUpdate(algo: AlgoOrder): void {
    this.lines.push(`${algo.owner} algo ${algo.algoStatus}`);
  }
  leverageChanged(account: AccountId, symbol: string, leverage: number): void {
    this.lines.push(`${account} leverage ${symbol} ${leverage}`);
  }
  marginCall(account: { readonly id: AccountId }): void {
    this.lines.push(`${account.id} margin call`);
  }
  take(): string[] {
    return this.lines.splice(0);
  }
}

/** BTCUSDT at 60,000 with a market of 1 BTC a level from 59,990 down and 60,010 up, and three accounts of 10,000 USDT. */
export class Stage {
  readonly log = new EventLog();
  readonly venue: FuturesVenue;
  nowUs = START_US;

  constructor(options: Partial<FuturesVenueOptions> = {}) {
    this.venue = new FuturesVenue(
      {
        symbols: [
          { spec: futuresSymbol({ symbol: 'BTCUSDT', base: 'BTC', quote: 'USDT', tickSize: '0.1', stepSize: '0.001', minNotional: '100' }), startPrice: '60000' },
          { spec: futuresSymbol({ symbol: 'ETHUSDT', base: 'ETH', quote: 'USDT', tickSize: '0.01', stepSize: '0.001', minNotional: '20' }), startPrice: '3000' },
        ],
        users: this.log, ...options,
      },
      START_US,
    );
    for (const id of [ALICE, BOB, CAROL]) this.venue.openAccount(id, { USDT: '10000' });
    this.fillBook(599_900, 600_100);
  }

  get book() {
    return this.venue.markets.get('BTCUSDT')!.book;
  }

  /** Ten levels a side of 1 BTC each, ten dollars apart. */
  fillBook(bidTicks: number, askTicks: number, levels = 10): void {
    for (let level = 0; level < levels; level++) {
      this.book.add(BID, bidTicks - level * 100, 1000, 1);
      this.book.add(ASK, askTicks + level * 100, 1000, 1);
    }
  }

  clearBook(): void {
    const market = this.venue.markets.get('BTCUSDT')!;
    for (const side of [BID, ASK] as const) while (this.book.front(side) !== 0 && market.matcher.clientAt(this.book.front(side)) === null) this.book.cancel(this.book.front(side));
  }

  place(id: AccountId, order: Partial<NewOrder>): FuturesOrder {
    this.nowUs += 1000;
    const limit = (order.type ?? (order.price === undefined && order.priceMatch === undefined ? 'MARKET' : 'LIMIT')) === 'LIMIT';
    return this.venue.placeOrder(id, { symbol: 'BTCUSDT', side: 'BUY', type: limit ? 'LIMIT' : 'MARKET', quantity: '0.010', ...(limit ? { timeInForce: 'GTC' as const } : {}), ...order }, this.nowUs) as FuturesOrder;
  }

  algo(id: AccountId, order: Partial<NewOrder>): AlgoOrder {
    this.nowUs += 1000;
    return this.venue.placeAlgo(id, { symbol: 'BTCUSDT', side: 'SELL', type: 'STOP_MARKET', ...order }, this.nowUs);
  }

  mark(dollars: string, symbol = 'BTCUSDT'): void {
    this.nowUs += S;
    const at = price(mustParseAmount(dollars));
    this.venue.setPrices(symbol, at, at, this.nowUs);
  }

  /** Venue time passes. */
  wait(seconds: number): void {
    for (const until = this.nowUs + seconds * S; this.nowUs < until; ) {
      this.nowUs = Math.min(until, Math.max(this.nowUs, this.venue.nextUs));
      this.venue.advance(this.nowUs);
    }
  }

  /** Lots of BTCUSDT held in one-way mode. */
  lots(id: AccountId): number {
    return this.venue.account(id).of(this.venue.markets.get('BTCUSDT')!).both.lots;
  }

  holder(id: AccountId, symbol = 'BTCUSDT') {
    return this.venue.account(id).of(this.venue.markets.get(symbol)!);
  }

  wallet(id: AccountId): string {
    return formatAmount(this.venue.account(id).wallet(this.venue.markets.get('BTCUSDT')!.symbol.marginAsset));
  }
}

/** The code and text that a call is refused with. */
export function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof VenueError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'accepted';
}
