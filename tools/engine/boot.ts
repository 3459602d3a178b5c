import type { Json, VenueProduct } from '../../actors/engine/io.js';
import type { ProductRules } from '../../actors/engine/venue-rules.js';
import { REST_PATHS } from '../../actors/feeds/products.js';
import { decodeRules } from '../../actors/feeds/rules/decode.js';
import type { EngineParams, RestParams } from '../../config/index.js';
import { DecimalGrid } from '../../data/instruments/decimal.js';
import type { Instrument, Product } from '../../data/records/index.js';
import { CliError } from '../cli/errors.js';
import type { EngineBoot } from '../../supervisors/index.js';
import type { EngineClock } from './clock.js';
import type { VenueAccess, VenueOrigins } from './parts.js';
import { asked, askedSigned, checkRights, RestClient, secretsOf, type StampClock } from './rest/index.js';

export const PRODUCTS: readonly VenueProduct[] = ['spot', 'usdm', 'options'];
const LIST_KEY: Readonly<Record<VenueProduct, string>> = { spot: 'symbols', usdm: 'symbols', options: 'optionSymbols' };
const KIND: Readonly<Record<VenueProduct, Product>> = { spot: 'spot', usdm: 'linear', options: 'option' };
/** exchangeInfo of spot with every symbol is some 20 MiB. */
const MOST_BYTES = 64 << 20;

type Fields = Readonly<Record<string, Json>>;
const isFields = (value: Json | undefined): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of a venue with a clock like ours, that needs no key. */
function plainClient(origins: VenueOrigins): RestClient {
  return bootClient({ origins, keys: null, ca: null }, { speed: 1, nowUs: () => Date.now() * 1000 }, { maxBodyBytes: MOST_BYTES, idleMs: 1000, connections: 4 });
}

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
export async function venueInstruments(symbols: EngineParams['symbols'], origins: VenueOrigins, timeoutMs: number, client = plainClient(origins)): Promise<VenueInstruments> {
  const wanted = PRODUCTS.filter((product) => symbols[product].length > 0);
  if (wanted.length === 0) throw new CliError('configuration', 'the engine has no symbol to trade', 'name some in [engine.symbols], e.g. usdm = ["BTCUSDT"]');
  const answers = await Promise.all(wanted.map(async (product) => ({ product, body: await exchangeInfo(client, product, origins[product].rest, symbols[product], timeoutMs) })));
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

async function exchangeInfo(client: RestClient, product: VenueProduct, origin: string, symbols: readonly string[], timeoutMs: number): Promise<Json> {
  // Only spot can be asked for some.
  const params: Readonly<Record<string, string>> = product === 'spot' ? { symbols: JSON.stringify(symbols) } : {};
  const path = REST_PATHS[product].info;
  const outcome = await asked(client, { product, path, params, security: 'none', timeoutMs });
  const url = `${origin}${path}`;
  if (outcome.kind === 'failed') throw new CliError('cannotRead', `${url} does not answer: ${outcome.reason}`, 'is the address right, and the venue up? [engine] of the configuration, or --venue-json');
  if (outcome.kind === 'malformed') throw new CliError('badInput', `${url} answers with something that is not the venue's (status ${outcome.status}): ${outcome.problem}`);
  const { body, status } = outcome;
  if (status === 200) return body;
  const problem = isFields(body) && typeof body['msg'] === 'string' ? body['msg'] : `status ${status}`;
  throw new CliError('configuration', `${product} refuses to tell of ${symbols.join(', ')}: ${problem}`, 'see [engine.symbols]');
}

/** Who asks before the tree starts. To be closed. */
export function bootClient(access: VenueAccess, clock: Pick<EngineClock, 'nowUs' | 'speed'>, { maxBodyBytes, idleMs, connections }: RestParams): RestClient {
  const { spot, usdm, options } = access.origins;
  return new RestClient({
    origins: { spot: spot.rest, usdm: usdm.rest, options: options.rest }, secrets: secretsOf(access), ca: access.ca, speed: clock.speed, nowUs: () => clock.nowUs(), maxBodyBytes, idleMs, connections,
  });
}

/**
 * What the venue says of the key: its rights, which mode live must know, and which products keep two legs a symbol.
 * @throws CliError `configuration` for a key that live must not use, or that the venue refuses.
 */
export async function keyFacts(client: RestClient, mode: 'demo' | 'live', id: string, products: readonly VenueProduct[], clock: StampClock, timeoutMs: number): Promise<NonNullable<EngineBoot['key']>> {
  const check = await checkRights(client, products, clock, timeoutMs);
  if (!check.ok && mode === 'live') throw new CliError('configuration', `mode live does not start: ${check.problem}`, check.fix);
  const hedge: VenueProduct[] = [];
  if (products.includes('usdm')) {
    const outcome = await askedSigned(client, { product: 'usdm', path: '/fapi/v1/accountConfig', timeoutMs }, clock);
    const dual = outcome.kind === 'answer' && outcome.status === 200 && isFields(outcome.body) ? outcome.body['dualSidePosition'] : undefined;
    if (typeof dual !== 'boolean') {
      const said = outcome.kind === 'answer' && isFields(outcome.body) && typeof outcome.body['msg'] === 'string' ? outcome.body['msg'] : outcome.kind;
      throw new CliError('configuration', `the venue does not say how this key's positions are kept: ${said}`, 'is it the key of this venue, and may it trade USD-M futures?');
    }
    if (dual) hedge.push('usdm');
  }
  return { id, rights: check.ok ? check.rights : null, hedge };
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
