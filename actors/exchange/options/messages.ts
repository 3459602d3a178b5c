import type { OptionFill, OptionsAccount } from './account.js';
import type { OptionMarket, OptionTrade } from './option-market.js';
import type { OptionOrder, OptionOrderTerms } from './order.js';

export type OrderEvent = 'NEW' | 'TRADE' | 'CANCELED' | 'EXPIRED';

/** What the venue tells its faces, in the order of events. */
export interface OptionsEvents {
  trade(market: OptionMarket, trade: OptionTrade): void;
  /** `fill` belongs to TRADE. */
  order(account: OptionsAccount, order: OptionOrder, what: OrderEvent, fill: OptionFill | undefined): void;
  /** Balance or positions changed. */
  account(account: OptionsAccount, reason: 'ORDER' | 'EXERCISE' | 'LIQUIDATION', markets: readonly OptionMarket[]): void;
  listed(market: OptionMarket): void;
  delisted(market: OptionMarket): void;
  /** Every 100 ms of the venue's clock. */
  tick(nowUs: number): void;
}

export interface PlaceOption {
  readonly market: OptionMarket;
  readonly side: 'BUY' | 'SELL';
  /** Whole ticks and lots, both positive. */
  readonly ticks: number;
  readonly lots: number;
  readonly timeInForce: 'GTC' | 'IOC' | 'FOK' | 'GTX';
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly mmp: boolean;
  readonly clientId: string | undefined;
  readonly selfTradePrevention: OptionOrderTerms['selfTradePrevention'];
}

/** One expired option. */
export interface Exercise {
  readonly symbol: string;
  readonly base: string;
  readonly strike: number;
  readonly settlement: number;
  readonly expiryMs: number;
  readonly exercised: boolean;
}
