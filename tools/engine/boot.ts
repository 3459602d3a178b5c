import type { Json, VenueProduct } from '../../actors/engine/io.js';
import type { ProductRules } from '../../actors/engine/venue-rules.js';
import { REST_PATHS } from '../../actors/feeds/products.js';
import { decodeRules } from '../../actors/feeds/rules/decode.js';
import type { EngineParams } from '../../config/index.js';
import { DecimalGrid } from '../../data/instruments/decimal.js';
import type { Instrument, Product } from '../../data/records/index.js';
import { CliError } from '../cli/errors.js';
import type { VenueOrigins } from './parts.js';

export const PRODUCTS: readonly VenueProduct[] = ['spot', 'usdm', 'options'];
const LIST_KEY: Readonly<Record<VenueProduct, string>> = { spot: 'symbols', usdm: 'symbols', options: 'optionSymbols' };
const KIND: Readonly<Record<VenueProduct, Product>> = { spot: 'spot', usdm: 'linear', options: 'option' };
/** exchangeInfo of spot with every symbol is some 20 MiB. */
const MOST_BYTES = 64 << 20;

type Fields = Readonly<Record<string, Json>>;
const isFields = (value: Json | undefined): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a run trades, as the venue says it now. */
export interface VenueInstruments {
  /** In the order of the configuration: spot, USD-M, options. */
  readonly instruments: readonly Instrument[];
  readonly rules: readonly ProductRules[];
}

/**
 * Asks the venue for the instruments of the configuration.
 * @throws CliError `cannotRead` when it does not answer, `configuration` when there is no such symbol.
 */
export async function venueInstruments(symbols: EngineParams['symbols'], origins: VenueOrigins, timeoutMs: number): Promise<VenueInstruments> {
  const wanted = PRODUCTS.filter((product) => symbols[product].length > 0);
  if (wanted.length === 0) throw new CliError('configuration', 'the engine has no symbol to trade', 'name some in [engine.symbols], e.g. usdm = ["BTCUSDT"]');
  const answers = await Promise.all(wanted.map(async (product) => ({ product, body: await exchangeInfo(product, origins[product].rest, symbols[product], timeoutMs) })));
  const instruments: Instrument[] = [];
  for (const { product, body } of answers) for (const symbol of symbols[product]) instruments.push(instrumentOf(product, symbol, body, instruments.length));
  const rules = answers.map(({ product, body }) => {
    const decoded = decodeRules(product, body, instruments.filter(({ venue }) => venue === `binance-${product}`));
    if (!decoded.ok) throw new CliError('badInput', `${product}: ${decoded.problem}`);
    if (decoded.problems.length > 0) throw new CliError('badInput', `${product}: the rules of ${decoded.problems[0]!} cannot be read`);
    return decoded.rules;
  });
  return { instruments, rules };
}

async function exchangeInfo(product: VenueProduct, origin: string, symbols: readonly string[], timeoutMs: number): Promise<Json> {
  // Only spot can be asked for some.
  const query = product === 'spot' ? `?symbols=${encodeURIComponent(JSON.stringify(symbols))}` : '';
  const url = `${origin}${REST_PATHS[product].info}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(url + query, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' });
    text = await response.text();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new CliError('cannotRead', `${url} does not answer: ${cause}`, 'is the address right, and the venue up? [engine] of the configuration, or --venue-json');
  }
  if (text.length > MOST_BYTES) throw new CliError('badInput', `${url} answers with ${text.length} characters`);
  let body: Json;
  try {
    body = JSON.parse(text) as Json;
  } catch {
    throw new CliError('badInput', `${url} answers with something that is not JSON (status ${response.status})`);
  }
  if (response.ok) return body;
  const problem = isFields(body) && typeof body['msg'] === 'string' ? body['msg'] : `status ${response.status}`;
  throw new CliError('configuration', `${product} refuses to tell of ${symbols.join(', ')}: ${problem}`, 'see [engine.symbols]');
}

function instrumentOf(product: VenueProduct, symbol: string, body: Json, index: number): Instrument {
  const listed = isFields(body) ? body[LIST_KEY[product]] : undefined;
  const found = Array.isArray(listed) ? (listed as readonly Json[]).find((item): item is Fields => isFields(item) && item['symbol'] === symbol) : undefined;
  if (found === undefined) throw new CliError('configuration', `${product} has no symbol ${symbol}`, 'see [engine.symbols]');
  const text = (key: string): string => (typeof found[key] === 'string' ? found[key] : '');
  const { filters } = found;
  const filter = (type: string, key: string): string => {
    const row = Array.isArray(filters) ? (filters as readonly Json[]).find((item): item is Fields => isFields(item) && item['filterType'] === type) : undefined;
    const value = row?.[key];
    if (typeof value !== 'string') throw new CliError('badInput', `${product} ${symbol} has no ${type}.${key}`);
    try {
      new DecimalGrid(value);
    } catch {
      throw new CliError('badInput', `${product} ${symbol}: ${type}.${key} is '${value.slice(0, 40)}', not a positive decimal number`);
    }
    return value;
  };
  return {
    index, symbol, venue: `binance-${product}`, product: KIND[product],
    tickSize: filter('PRICE_FILTER', 'tickSize'), lotSize: filter('LOT_SIZE', 'stepSize'), multiplier: '1',
    settle: text('marginAsset') || text('quoteAsset'), inferred: [],
  };
}
