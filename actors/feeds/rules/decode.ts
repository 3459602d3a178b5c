/** exchangeInfo of spot, USD-M and options, read into {@link ProductRules}: total, every answer is rules or a problem. */
import { DecimalGrid, parseDecimal } from '../../../data/instruments/decimal.js';
import type { Instrument } from '../../../data/records/instrument.js';
import type { Json, VenueProduct } from '../../engine/io.js';
import type { Bracket, InstrumentRules, PercentPrice, ProductRules, QuantityRule, TradingStatus, VenueLimit } from '../../engine/venue-rules.js';

export type DecodedRules =
  /** `problems`: instruments whose rules could not be read; they are not among the rules. */
  | { readonly ok: true; readonly rules: ProductRules; readonly problems: readonly string[] }
  | { readonly ok: false; readonly problem: string };

type Fields = Readonly<Record<string, Json>>;

/** What a field lacks, told with the field's name. */
class Unreadable extends Error {}

const STATUSES: Readonly<Record<string, TradingStatus>> = {
  TRADING: 'TRADING', CANCEL_ONLY: 'CANCEL_ONLY',
  SETTLING: 'GONE', CLOSE: 'GONE', DELIVERED: 'GONE', EXPIRED: 'GONE', DELISTED: 'GONE',
};
const LIST_KEY: Readonly<Record<VenueProduct, string>> = { spot: 'symbols', usdm: 'symbols', options: 'optionSymbols' };
const LIMIT_KINDS: ReadonlySet<string> = new Set(['REQUEST_WEIGHT', 'ORDERS', 'RAW_REQUESTS', 'CONNECTIONS']);
const INTERVALS: ReadonlySet<string> = new Set(['SECOND', 'MINUTE', 'HOUR', 'DAY']);
const OPTION_TYPES: readonly string[] = ['LIMIT'];
const OPTION_TIMES: readonly string[] = ['GTC', 'IOC', 'FOK'];
const SPOT_TIMES: readonly string[] = ['GTC', 'IOC', 'FOK'];

const isFields = (value: Json | undefined): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/**
 * Reads the answer of exchangeInfo for the run's instruments of this product. An instrument that the answer does not list is GONE:
 * `instruments` must be those that were asked for.
 */
export function decodeRules(product: VenueProduct, body: Json, instruments: readonly Instrument[]): DecodedRules {
  if (!isFields(body)) return { ok: false, problem: 'exchangeInfo is no object' };
  const listed = body[LIST_KEY[product]];
  if (!Array.isArray(listed)) return { ok: false, problem: `exchangeInfo without its list ${LIST_KEY[product]}` };
  const byName = new Map<string, Fields>();
  for (const item of listed as readonly Json[]) if (isFields(item) && typeof item['symbol'] === 'string') byName.set(item['symbol'], item);
  const problems: string[] = [];
  const rules: InstrumentRules[] = [];
  for (const instrument of instruments) {
    const found = byName.get(instrument.symbol);
    if (found === undefined) {
      rules.push(goneRules(product, instrument));
      continue;
    }
    try {
      rules.push(instrumentRules(product, instrument, found));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      problems.push(`${instrument.symbol}: ${error.message}`);
    }
  }
  const venueMs = body['serverTime'];
  return {
    ok: true,
    problems,
    rules: { product, venueMs: typeof venueMs === 'number' && venueMs > 0 ? venueMs : 0, limits: limitsOf(body['rateLimits']), instruments: rules },
  };
}

/** leverageBracket, by name of the symbol; null when it is not what it should be. Rows that cannot be read are left out. */
export function decodeBrackets(body: Json): ReadonlyMap<string, readonly Bracket[]> | null {
  if (!Array.isArray(body)) return null;
  const found = new Map<string, readonly Bracket[]>();
  for (const item of body as readonly Json[]) {
    if (!isFields(item) || typeof item['symbol'] !== 'string' || !Array.isArray(item['brackets'])) continue;
    const rows = (item['brackets'] as readonly Json[]).map(bracketOf);
    if (rows.some((row) => row === null)) continue;
    found.set(item['symbol'], (rows as Bracket[]).sort((a, b) => Number(a.notionalFloor) - Number(b.notionalFloor)));
  }
  return found;
}

function bracketOf(row: Json): Bracket | null {
  if (!isFields(row)) return null;
  const text = (key: string): string | null => {
    const value = row[key];
    const written = typeof value === 'number' ? String(value) : textOf(value);
    return parseDecimal(written) === undefined ? null : written;
  };
  const [floor, cap, rate, cum] = [text('notionalFloor'), text('notionalCap'), text('maintMarginRatio'), text('cum')];
  const { bracket, initialLeverage } = row;
  if (floor === null || cap === null || rate === null || cum === null || typeof bracket !== 'number' || typeof initialLeverage !== 'number') return null;
  return { bracket, maxLeverage: initialLeverage, notionalFloor: floor, notionalCap: cap, maintenanceRate: rate, maintenanceAmount: cum };
}

/** The names of the fields in which two rules of an instrument differ. */
export function changedFields(before: InstrumentRules, after: InstrumentRules): readonly string[] {
  const keys = Object.keys(after).sort() as (keyof InstrumentRules)[];
  return keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
}

function limitsOf(value: Json | undefined): readonly VenueLimit[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly Json[]).flatMap((item): VenueLimit[] => {
    if (!isFields(item)) return [];
    const { rateLimitType, interval, intervalNum, limit } = item;
    if (typeof rateLimitType !== 'string' || !LIMIT_KINDS.has(rateLimitType) || typeof interval !== 'string' || !INTERVALS.has(interval)) return [];
    if (typeof intervalNum !== 'number' || typeof limit !== 'number' || !(intervalNum > 0) || !(limit >= 0)) return [];
    return [{ kind: rateLimitType as VenueLimit['kind'], interval: interval as VenueLimit['interval'], intervalNum, limit }];
  });
}

function goneRules(product: VenueProduct, { index, symbol, tickSize, lotSize, settle }: Instrument): InstrumentRules {
  const none: QuantityRule = { minLots: 0, maxLots: 0, stepLots: 0 };
  return {
    symbol: index, name: symbol, product, status: 'GONE', statusText: '', base: '', quote: '', settle, tickSize, lotSize, priceStepTicks: 0, minPriceTicks: 0,
    maxPriceTicks: 0, limit: none, market: none, minNotional: '', maxNotional: '', minNotionalAppliesToMarket: false, maxNotionalAppliesToMarket: false,
    percentPrice: null, maxOrders: 0, maxAlgoOrders: 0, maxOrderLists: 0, maxPosition: '', orderTypes: [], timeInForce: [], triggerProtect: '', marketTakeBound: '',
    orderLists: false, deliveryMs: 0, brackets: [],
  };
}

/** A filter's field as a decimal of the venue: "" where the filter or the field is missing. @throws Unreadable for no decimal. */
function decimal(from: Fields | undefined, key: string): string {
  const value = from?.[key];
  if (value === undefined) return '';
  const text = typeof value === 'number' ? String(value) : textOf(value);
  const parsed = parseDecimal(text);
  if (parsed === undefined || parsed.units < 0n) throw new Unreadable(`${key} is no decimal number`);
  return text;
}

/** The limit's price or quantity in steps of the run, rounded inwards by `up`; 0 for no limit. Steps beyond 2^53 are no limit. */
function steps(text: string, size: string, up: boolean): number {
  if (text === '') return 0;
  const value = parseDecimal(text)!;
  const unit = parseDecimal(size)!;
  const numerator = value.units * 10n ** BigInt(unit.scale);
  const denominator = unit.units * 10n ** BigInt(value.scale);
  const whole = up ? (numerator + denominator - 1n) / denominator : numerator / denominator;
  return whole > BigInt(Number.MAX_SAFE_INTEGER) ? 0 : Number(whole);
}

/** How many steps of the run the venue's step is worth; 0 when it is no whole number of them. */
function stepIn(venueStep: string, size: string): number {
  const found = new DecimalGrid(size).toSteps(venueStep);
  return found === found && found > 0 ? found : 0;
}

const isZero = (text: string): boolean => text === '' || parseDecimal(text)!.units === 0n;

function quantityRule(filter: Fields | undefined, lotSize: string, otherwise: QuantityRule | null): QuantityRule {
  if (filter === undefined && otherwise !== null) return otherwise;
  const step = decimal(filter, 'stepSize');
  const max = decimal(filter, 'maxQty');
  const min = decimal(filter, 'minQty');
  return {
    minLots: Math.max(steps(min, lotSize, true), otherwise?.minLots ?? 0),
    maxLots: isZero(max) ? (otherwise?.maxLots ?? 0) : steps(max, lotSize, false),
    // A step of 0 (MARKET_LOT_SIZE on spot) asks for nothing beyond what LOT_SIZE does.
    stepLots: isZero(step) ? (otherwise?.stepLots ?? 1) : stepIn(step, lotSize),
  };
}

function count(from: Fields | undefined, ...keys: readonly string[]): number {
  for (const key of keys) {
    const value = from?.[key];
    if (typeof value === 'number' && value >= 0) return value;
  }
  return 0;
}

const strings = (value: Json | undefined): readonly string[] => (Array.isArray(value) ? (value as readonly Json[]).filter((item): item is string => typeof item === 'string') : []);

function percentOf(byType: ReadonlyMap<string, Fields>): PercentPrice | null {
  const sided = byType.get('PERCENT_PRICE_BY_SIDE');
  if (sided !== undefined) {
    return { buyUp: decimal(sided, 'bidMultiplierUp'), buyDown: decimal(sided, 'bidMultiplierDown'), sellUp: decimal(sided, 'askMultiplierUp'), sellDown: decimal(sided, 'askMultiplierDown') };
  }
  const both = byType.get('PERCENT_PRICE');
  if (both === undefined) return null;
  const up = decimal(both, 'multiplierUp');
  const down = decimal(both, 'multiplierDown');
  return { buyUp: up, buyDown: down, sellUp: up, sellDown: down };
}

function instrumentRules(product: VenueProduct, instrument: Instrument, listed: Fields): InstrumentRules {
  const byType = new Map<string, Fields>();
  for (const filter of Array.isArray(listed['filters']) ? (listed['filters'] as readonly Json[]) : []) {
    if (isFields(filter) && typeof filter['filterType'] === 'string') byType.set(filter['filterType'], filter);
  }
  const price = byType.get('PRICE_FILTER');
  const lot = byType.get('LOT_SIZE');
  if (price === undefined || lot === undefined) throw new Unreadable(`no ${price === undefined ? 'PRICE_FILTER' : 'LOT_SIZE'}`);
  const venueTick = decimal(price, 'tickSize');
  const venueLot = decimal(lot, 'stepSize');
  // 0 disables the filter: any price of the tape's grid will do.
  const tickSize = isZero(venueTick) ? instrument.tickSize : venueTick;
  const lotSize = isZero(venueLot) ? instrument.lotSize : venueLot;
  const notional = byType.get('NOTIONAL') ?? byType.get('MIN_NOTIONAL');
  const limit = quantityRule(lot, instrument.lotSize, null);
  const statusText = textOf(listed['status'] ?? listed['contractStatus']);
  const quote = textOf(listed['quoteAsset']);
  const deliveryMs = count(listed, 'deliveryDate', 'expiryDate');
  const spot = product === 'spot';
  return {
    symbol: instrument.index,
    name: instrument.symbol,
    product,
    // A spot symbol that may not be traded there is as good as halted.
    status: spot && listed['isSpotTradingAllowed'] === false ? 'HALTED' : (STATUSES[statusText] ?? 'HALTED'),
    statusText,
    base: textOf(listed['baseAsset'] ?? listed['underlying']),
    quote,
    settle: spot ? quote : textOf(listed['marginAsset']) || quote,
    tickSize,
    lotSize,
    priceStepTicks: stepIn(tickSize, instrument.tickSize),
    minPriceTicks: steps(decimal(price, 'minPrice'), instrument.tickSize, true),
    maxPriceTicks: steps(decimal(price, 'maxPrice'), instrument.tickSize, false),
    limit,
    market: quantityRule(byType.get('MARKET_LOT_SIZE'), instrument.lotSize, limit),
    minNotional: decimal(notional, 'minNotional') || decimal(notional, 'notional'),
    maxNotional: decimal(notional, 'maxNotional'),
    minNotionalAppliesToMarket: notional !== undefined && (notional['applyMinToMarket'] ?? notional['applyToMarket'] ?? true) === true,
    maxNotionalAppliesToMarket: notional?.['applyMaxToMarket'] === true,
    percentPrice: percentOf(byType),
    maxOrders: count(byType.get('MAX_NUM_ORDERS'), 'maxNumOrders', 'limit'),
    maxAlgoOrders: count(byType.get('MAX_NUM_ALGO_ORDERS'), 'maxNumAlgoOrders', 'limit'),
    maxOrderLists: count(byType.get('MAX_NUM_ORDER_LISTS'), 'maxNumOrderLists'),
    maxPosition: decimal(byType.get('MAX_POSITION'), 'maxPosition'),
    orderTypes: product === 'options' ? OPTION_TYPES : strings(listed['orderTypes'] ?? listed['OrderType']),
    timeInForce: spot ? SPOT_TIMES : product === 'options' ? OPTION_TIMES : strings(listed['timeInForce']),
    triggerProtect: decimal(listed, 'triggerProtect'),
    marketTakeBound: decimal(listed, 'marketTakeBound'),
    orderLists: listed['ocoAllowed'] === true,
    deliveryMs,
    brackets: [],
  };
}
