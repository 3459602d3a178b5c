import { INTERVAL_US, INTERVALS } from '../../../actors/exchange/market-data/index.js';
import type { OptionMarket } from '../../../actors/exchange/options/option-market.js';
import type { OptionsVenue } from '../../../actors/exchange/options/venue.js';

/** What a stream's name asks for. Symbols are written in either case. */
export type Wanted =
  | { readonly type: 'depth'; readonly market: OptionMarket; readonly speedMs: 100 | 500; readonly levels: number }
  | { readonly type: 'symbolTrade'; readonly market: OptionMarket }
  | { readonly type: 'bookTicker' | 'symbolTicker'; readonly market: OptionMarket }
  | { readonly type: 'kline'; readonly market: OptionMarket; readonly interval: string; readonly widthMs: number }
  | { readonly type: 'trade'; readonly base: string }
  | { readonly type: 'mark'; readonly base: string }
  | { readonly type: 'ticker' | 'openInterest'; readonly base: string; readonly expiry: string }
  | { readonly type: 'index' };
/** What is told at steps of the clock. */
export type TimedWanted = Exclude<Wanted, { readonly type: 'trade' | 'symbolTrade' }>;

const SECOND_MS = 1000;
const OPEN_INTEREST_MS = 60_000;
const BEST_MS = 100;

function everyMs(wanted: TimedWanted): number {
  switch (wanted.type) {
    case 'depth': return wanted.speedMs;
    case 'bookTicker': return BEST_MS;
    case 'openInterest': return OPEN_INTEREST_MS;
    case 'symbolTicker':
    case 'kline':
    case 'mark':
    case 'ticker':
    case 'index': return SECOND_MS;
  }
}

/** The streams that somebody listens to, each name read once, where an event or a step of the clock finds those that it is of. */
export class WantedStreams {
  #venue: OptionsVenue | undefined;
  readonly #known = new Map<string, Wanted>();
  /** Names of symbols that are not listed, by symbol: they may be one day. */
  readonly #unlisted = new Map<string, Set<string>>();
  /** By contract or underlying. */
  readonly #trades = new Map<OptionMarket | string, Set<string>>();
  /** By the milliseconds between two tellings. */
  readonly #timed = new Map<number, Map<string, TimedWanted>>();
  readonly #ofMarket = new Map<OptionMarket, Set<string>>();
  /** How many streams tell a book's diffs at a speed, by `SYMBOL 100`. */
  readonly #diffs = new Map<string, number>();

  /** All names are of this venue's markets from now on. */
  begin(venue: OptionsVenue, streams: Iterable<string>): void {
    this.#venue = venue;
    for (const map of [this.#known, this.#unlisted, this.#trades, this.#timed, this.#ofMarket, this.#diffs]) map.clear();
    for (const stream of streams) this.add(stream);
  }

  add(stream: string): void {
    const venue = this.#venue;
    if (venue === undefined) return;
    const wanted = parseStream(venue, stream);
    if (wanted === undefined) {
      keep(this.#unlisted, symbolOf(stream), stream);
      return;
    }
    if (this.#known.has(stream)) return;
    this.#known.set(stream, wanted);
    if ('market' in wanted) keep(this.#ofMarket, wanted.market, stream);
    if (wanted.type === 'depth') {
      const key = diffKey(wanted.market, wanted.speedMs);
      const listening = this.#diffs.get(key) ?? 0;
      // What changed before anybody listened is no part of the first diff.
      if (listening === 0) wanted.market.depth.skip(wanted.speedMs);
      this.#diffs.set(key, listening + 1);
    }
    if (wanted.type === 'trade') keep(this.#trades, wanted.base, stream);
    else if (wanted.type === 'symbolTrade') keep(this.#trades, wanted.market, stream);
    else {
      const every = everyMs(wanted);
      const timed = this.#timed.get(every);
      if (timed === undefined) this.#timed.set(every, new Map([[stream, wanted]]));
      else timed.set(stream, wanted);
    }
  }

  remove(stream: string): void {
    const wanted = this.#known.get(stream);
    this.#known.delete(stream);
    if (wanted !== undefined && 'market' in wanted) drop(this.#ofMarket, wanted.market, stream);
    if (wanted?.type === 'depth') {
      const key = diffKey(wanted.market, wanted.speedMs);
      const left = this.#diffs.get(key)! - 1;
      if (left === 0) this.#diffs.delete(key);
      else this.#diffs.set(key, left);
    }
    if (wanted === undefined) drop(this.#unlisted, symbolOf(stream), stream);
    else if (wanted.type === 'trade') drop(this.#trades, wanted.base, stream);
    else if (wanted.type === 'symbolTrade') drop(this.#trades, wanted.market, stream);
    else this.#timed.get(everyMs(wanted))?.delete(stream);
  }

  listed({ symbol }: OptionMarket): void {
    const waiting = this.#unlisted.get(symbol);
    this.#unlisted.delete(symbol);
    for (const stream of waiting ?? []) this.add(stream);
  }

  /** Its streams are silent until a contract of the symbol is listed again. */
  delisted(market: OptionMarket): void {
    for (const stream of [...this.#ofMarket.get(market) ?? []]) {
      this.remove(stream);
      keep(this.#unlisted, symbolOf(stream), stream);
    }
  }

  /** Streams of trades of a contract. */
  *tradesOf(market: OptionMarket): Iterable<string> {
    yield* this.#trades.get(market) ?? [];
    yield* this.#trades.get(market.contract.base) ?? [];
  }

  /** Streams that are told at a time that is so many milliseconds after the start. */
  *dueAt(ms: number): Iterable<readonly [string, TimedWanted]> {
    for (const [every, streams] of this.#timed) if (ms % every === 0) yield* streams;
  }

  /** Whether diffs of a book are told at a speed. */
  tellsDiffs(market: OptionMarket, speedMs: number): boolean {
    return this.#diffs.has(diffKey(market, speedMs));
  }
}

const diffKey = (market: OptionMarket, speedMs: number): string => `${market.symbol} ${speedMs}`;

function keep<K>(map: Map<K, Set<string>>, key: K, stream: string): void {
  const streams = map.get(key);
  if (streams === undefined) map.set(key, new Set([stream]));
  else streams.add(stream);
}

function drop<K>(map: Map<K, Set<string>>, key: K, stream: string): void {
  const streams = map.get(key);
  streams?.delete(stream);
  if (streams?.size === 0) map.delete(key);
}

const symbolOf = (stream: string): string => stream.split('@', 1)[0]!.toUpperCase();

/** Undefined = no stream, or one of what is not listed. */
function parseStream(venue: OptionsVenue, stream: string): Wanted | undefined {
  if (stream === '!index@arr') return { type: 'index' };
  const name = symbolOf(stream);
  const [, what = '', last] = stream.split('@');
  const market = venue.markets.get(name);
  if (market !== undefined) return parseSymbolStream(market, what, last);
  const underlying = [...venue.underlyings.values()].find(({ terms }) => terms.underlying === name);
  if (underlying === undefined) return undefined;
  const { base } = underlying.terms;
  if (what === 'optionTrade') return { type: 'trade', base };
  if (what === 'optionMarkPrice') return { type: 'mark', base };
  if (what === 'optionTicker' && last !== undefined) return { type: 'ticker', base, expiry: last };
  if ((what === 'openInterest' || what === 'optionOpenInterest') && last !== undefined) return { type: 'openInterest', base, expiry: last };
  return undefined;
}

function parseSymbolStream(market: OptionMarket, what: string, last: string | undefined): Wanted | undefined {
  if (what === 'bookTicker') return { type: 'bookTicker', market };
  if (what === 'optionTrade' || what === 'trade') return { type: 'symbolTrade', market };
  if (what.startsWith('optionTicker') || what === 'ticker') return { type: 'symbolTicker', market };
  if (what.startsWith('kline_')) {
    const interval = INTERVALS.find((known) => known === what.slice('kline_'.length));
    return interval === undefined || interval === '1s' ? undefined : { type: 'kline', market, interval, widthMs: INTERVAL_US[interval] / 1000 };
  }
  const depth = /^depth(5|10|20|)$/.exec(what);
  if (depth === null || (last !== undefined && last !== '100ms' && last !== '500ms')) return undefined;
  return { type: 'depth', market, speedMs: last === '100ms' ? 100 : 500, levels: Number(depth[1] === '' ? 0 : depth[1]) };
}
