/**
 * Identifiers that every product of the exchange shares. All are plain values at run time: an account's number is also the
 * `owner` of its orders in a book, and the house (market, fees, insurance, rounding) has accounts like everybody else.
 */

declare const brand: unique symbol;

/** Number of an account; 1 to 99 belong to the house, clients start at {@link FIRST_CLIENT_ACCOUNT}. */
export type AccountId = number & { readonly [brand]: 'AccountId' };
/** The venue's own number of an order, unique and rising within one product. */
export type OrderId = number & { readonly [brand]: 'OrderId' };
/** Number of an order list (OCO, OTO, OTOCO), unique and rising within one product. */
export type OrderListId = number & { readonly [brand]: 'OrderListId' };
/** What a client named its order: 1 to 36 of `.A-Z:/a-z0-9_-`. */
export type ClientOrderId = string & { readonly [brand]: 'ClientOrderId' };
export const CLIENT_ORDER_ID = /^[.A-Z:/a-z0-9_-]{1,36}$/;

export const FIRST_CLIENT_ACCOUNT = 1000;

export const accountId = (value: number): AccountId => value as AccountId;
export const orderId = (value: number): OrderId => value as OrderId;
export const orderListId = (value: number): OrderListId => value as OrderListId;

/** The house's own accounts. */
export const HOUSE = {
  /** Owner of the market's agents: whatever a client buys from or sells to the crowd moves to or from here. */
  market: accountId(1),
  /** Receives commissions, pays rebates. */
  fees: accountId(2),
  /** Insurance fund of the margined products. */
  insurance: accountId(3),
  /** Takes what division leaves over. */
  rounding: accountId(4),
  /** Counterparty of funding payments and settlements until both sides are booked. */
  clearing: accountId(5),
} as const;
