import type { Json, VenueProduct } from '../../engine/io.js';
import type { VenueReport } from '../../engine/venue-calls.js';
import { type DecodeProblem, decoding, Fields } from './fields.js';
import type { VenueInstrument, VenueInstruments } from './instruments.js';
import * as options from './options.js';
import * as spot from './spot.js';
import * as usdm from './usdm.js';

/** What a frame of a private stream says. */
export type UserEvent =
  | { readonly kind: 'reports'; readonly event: string; readonly reports: readonly VenueReport[] }
  /** Known, and told better by another event or by nobody's need: TRADE_LITE says less than the ORDER_TRADE_UPDATE that follows it. */
  | { readonly kind: 'nothing'; readonly event: string }
  /** The stream has ended; nothing will come on it any more. */
  | { readonly kind: 'ended'; readonly event: string }
  /** The venue will end the connection soon. */
  | { readonly kind: 'leaving'; readonly event: string }
  /** Of an instrument that is none of this run's. */
  | { readonly kind: 'foreign'; readonly event: string; readonly symbol: string }
  /** Says that something of the account is not as it was, without saying all of it: the account is to be read again. */
  | { readonly kind: 'suspect'; readonly event: string }
  | { readonly kind: 'bad'; readonly event: string; readonly problem: DecodeProblem };

const NOTHING: Readonly<Record<VenueProduct, ReadonlySet<string>>> = {
  // listStatus: every leg of a list has an executionReport of its own.
  spot: new Set(['listStatus', 'externalLockUpdate']),
  usdm: new Set(['TRADE_LITE', 'STRATEGY_UPDATE', 'GRID_UPDATE', 'CONDITIONAL_ORDER_TRIGGER_REJECT']),
  // Equity and margins; balances and positions come as BALANCE_POSITION_UPDATE.
  options: new Set(['ACCOUNT_UPDATE', 'GREEK_UPDATE']),
};
const SUSPECT: ReadonlySet<string> = new Set(['MARGIN_CALL', 'ACCOUNT_CONFIG_UPDATE', 'RISK_LEVEL_CHANGE']);
const ENDED: ReadonlySet<string> = new Set(['listenKeyExpired', 'eventStreamTerminated']);

/**
 * Reads one event of a user stream: on spot the member `event` of the frame, elsewhere the frame, or its `data` on a combined stream. Total: any
 * JSON gives an answer, and what is not understood is `bad`, with the reason.
 */
export function decodeUserEvent(product: VenueProduct, body: Json, instruments: VenueInstruments): UserEvent {
  const named = decoding(`${product} event`, () => Fields.of(body).text('e'));
  if (!named.ok) return { kind: 'bad', event: '', problem: named.problem };
  const event = named.value;
  if (ENDED.has(event)) return { kind: 'ended', event };
  if (event === 'serverShutdown') return { kind: 'leaving', event };
  if (SUSPECT.has(event)) return { kind: 'suspect', event };
  if (NOTHING[product].has(event)) return { kind: 'nothing', event };
  const read = decoding(`${product} ${event}`, () => reportsOf(product, event, Fields.of(body), instruments));
  if (!read.ok) return { kind: 'bad', event, problem: read.problem };
  if (typeof read.value === 'string') return { kind: 'foreign', event, symbol: read.value };
  return { kind: 'reports', event, reports: read.value };
}

/** The reports, or the name of an instrument that is not ours. */
function reportsOf(product: VenueProduct, event: string, fields: Fields, instruments: VenueInstruments): readonly VenueReport[] | string {
  const of = (at: Fields, read: (fields: Fields, instrument: VenueInstrument) => VenueReport): readonly VenueReport[] | string => {
    const name = at.text('s');
    const instrument = instruments.find(product, name);
    return instrument === undefined ? name : [read(fields, instrument)];
  };
  switch (`${product} ${event}`) {
    case 'spot executionReport': return of(fields, spot.executionReport);
    case 'spot outboundAccountPosition': return [spot.accountPosition(fields)];
    case 'spot balanceUpdate': return [spot.balanceUpdate(fields)];
    case 'usdm ORDER_TRADE_UPDATE': return of(fields.object('o'), usdm.orderUpdate);
    case 'usdm ALGO_UPDATE': return of(fields.object('o'), usdm.algoUpdate);
    case 'usdm ACCOUNT_UPDATE': return [usdm.accountUpdate(fields, instruments)];
    case 'options ORDER_TRADE_UPDATE': return of(fields.object('o'), options.orderUpdate);
    case 'options BALANCE_POSITION_UPDATE': return [options.balancePositionUpdate(fields, instruments)];
    default: return fields.fail('e', 'an event that is not known');
  }
}
