export { ClientOrder, type Condition, type EndReason, type OrderState, type PlaceRequest, type StpMode, type TimeInForce, type TriggerSource } from './client-order.js';
export { Matcher, type MatcherOptions } from './matcher.js';
export type { AgentListener, AmendOutcome, MatchSink, PlaceOutcome, PriceRange, Quote, Trade } from './sink.js';
