/**
 * What the venue says of its instruments, as `RULES_PATH` keeps it: the first ones are in the boot value, and every change is published on
 * {@link RULES_TOPIC}. Prices and quantities are in the ticks and lots of the run's instruments (its tapes'), which do not change while it
 * runs; money and ratios are decimal strings as the venue wrote them. A limit that the venue does not set is 0, or "" where it is a string.
 */
import type { VenueProduct } from './io.js';

export const RULES_TOPIC = 'venue.rules';

/**
 * TRADING; CANCEL_ONLY: orders are refused, cancels are done; HALTED: neither, for now (HALT, BREAK, PRE_TRADING, auction …); GONE: delisted,
 * delivered, expired, or no longer listed.
 */
export type TradingStatus = 'TRADING' | 'CANCEL_ONLY' | 'HALTED' | 'GONE';

export interface QuantityRule {
  /** Smallest and largest quantity, and the step between, in lots. `stepLots` 0: the venue's step does not fit the lots of this run. */
  readonly minLots: number;
  readonly maxLots: number;
  readonly stepLots: number;
}

/** A price must lie between `down` and `up` times the reference (last price, mark price or average), by side of the order. */
export interface PercentPrice {
  readonly buyUp: string;
  readonly buyDown: string;
  readonly sellUp: string;
  readonly sellDown: string;
}

/** One row of leverage and maintenance margin, by notional. */
export interface Bracket {
  readonly bracket: number;
  readonly maxLeverage: number;
  readonly notionalFloor: string;
  readonly notionalCap: string;
  readonly maintenanceRate: string;
  /** Amount taken off the maintenance margin, so that it is continuous between brackets. */
  readonly maintenanceAmount: string;
}

export interface InstrumentRules {
  /** Index in the run's instruments. */
  readonly symbol: number;
  readonly name: string;
  readonly product: VenueProduct;
  readonly status: TradingStatus;
  /** The venue's own word for it; "" when the instrument is not listed. */
  readonly statusText: string;
  readonly base: string;
  readonly quote: string;
  /** Asset of margin and realised profit; the quote on spot. */
  readonly settle: string;
  /** The venue's steps as it writes them. */
  readonly tickSize: string;
  readonly lotSize: string;
  /** The venue's tick in ticks of this run; 0 when it is no multiple of them: no price can be relied on until a new run begins. */
  readonly priceStepTicks: number;
  readonly minPriceTicks: number;
  readonly maxPriceTicks: number;
  /** Of limit orders, and of orders at market. */
  readonly limit: QuantityRule;
  readonly market: QuantityRule;
  readonly minNotional: string;
  readonly maxNotional: string;
  readonly minNotionalAppliesToMarket: boolean;
  readonly maxNotionalAppliesToMarket: boolean;
  readonly percentPrice: PercentPrice | null;
  /** Open orders, and open conditional (algo) orders, at most. */
  readonly maxOrders: number;
  readonly maxAlgoOrders: number;
  readonly maxOrderLists: number;
  /** Spot: what may be held of the base asset at most. */
  readonly maxPosition: string;
  readonly orderTypes: readonly string[];
  readonly timeInForce: readonly string[];
  /** USD-M: how far the trigger's price may be from the mark price, and how far an order at market may trade from it. */
  readonly triggerProtect: string;
  readonly marketTakeBound: string;
  /** Spot: one-cancels-other lists may be placed. */
  readonly orderLists: boolean;
  /** When it is delivered or expires, ms; 0 for never. */
  readonly deliveryMs: number;
  /** By notional, lowest first; empty where there are none or nobody may read them (paper). */
  readonly brackets: readonly Bracket[];
}

/** A limit of requests or orders as the venue states it: so many in `intervalNum` of `interval`. */
export interface VenueLimit {
  readonly kind: 'REQUEST_WEIGHT' | 'ORDERS' | 'RAW_REQUESTS' | 'CONNECTIONS';
  readonly interval: 'SECOND' | 'MINUTE' | 'HOUR' | 'DAY';
  readonly intervalNum: number;
  readonly limit: number;
}

export interface ProductRules {
  readonly product: VenueProduct;
  /** The venue's clock when it said so, ms. */
  readonly venueMs: number;
  readonly limits: readonly VenueLimit[];
  readonly instruments: readonly InstrumentRules[];
}

/** Published on {@link RULES_TOPIC}: rules of these instruments, or the limits of a product, are not what they were. */
export interface RulesChanged {
  readonly type: 'rules.changed';
  readonly product: VenueProduct;
  /** New rules of the instruments that changed, and the names of the fields that did. */
  readonly instruments: readonly { readonly rules: InstrumentRules; readonly changed: readonly string[] }[];
  /** Null when they are as before. */
  readonly limits: readonly VenueLimit[] | null;
}

/** To `RULES_PATH`: asks for the rules as they are known now; the reply is {@link RulesAnswer}. */
export interface RulesQuery {
  readonly type: 'rules.get';
}
export interface RulesAnswer {
  readonly products: readonly ProductRules[];
}

/** To `RULES_PATH`: an order was refused for a rule (-1013, -1111, -4003 …), so ask the venue again. */
export interface RulesSuspicion {
  readonly type: 'rules.suspect';
  readonly product: VenueProduct;
}
