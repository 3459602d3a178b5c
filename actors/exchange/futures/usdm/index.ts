export { FuturesAccount, type Holding, type MarginSummary, type SymbolAccount } from './account.js';
export type { AlgoName } from './algos.js';
export type { AccountChange, Execution, PublicSink, UpdateReason, UserSink } from './events.js';
export { adlQuantile } from './liquidation.js';
export type { SymbolMarket } from './market.js';
export * from './order.js';
export type { ModifyOrder, NewOrder, OrderName } from './requests.js';
export { formatShort, formatUnits, FuturesSymbol, futuresSymbol, type FuturesSymbolSpec } from './symbol.js';
export { FuturesVenue, type FuturesSymbolOpening, type FuturesVenueOptions } from './venue.js';
