/** No such symbol, or a span that is none: the message says what there is. */
export class MarketQueryError extends Error {}
