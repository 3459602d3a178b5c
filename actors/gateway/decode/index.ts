export * from './answers.js';
export { problemText, type Decoded, type DecodeProblem } from './fields.js';
export { productsOf, VenueInstruments, venueProductOf, type VenueInstrument } from './instruments.js';
export type { OrderRow, Placement, TradeRow } from './rows.js';
export { decodeUserEvent, type UserEvent } from './user-event.js';
