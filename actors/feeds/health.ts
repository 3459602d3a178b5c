/** How the sources are, as they say themselves; and the pause of a symbol while a stream that it needs does not come. */
import type { StreamClass } from '../../config/engine/feeds.js';
import type { Behaviour } from '../../runtime/types.js';
import type { VenueProduct } from '../engine/io.js';
import { Pause } from '../market/messages.js';
import { CLOCK_TOPIC, type BooksReport, type ClockOffset, type FeedEdge, type FeedReport, type FeedsHealth, type HealthQuery } from './messages.js';

export interface HealthInput {
  /** Symbols with what they need and whom to pause. */
  readonly symbols: readonly { readonly symbol: number; readonly name: string; readonly product: VenueProduct; readonly requires: readonly StreamClass[]; readonly pausePath: string | null }[];
  /** Paths of all feeds: one that has not reported is a problem. */
  readonly feeds: readonly string[];
  /** Latency median beyond which a feed is a problem, ms. */
  readonly lagMaxMs: number;
}

export type HealthMessage = FeedReport | BooksReport | FeedEdge | ClockOffset | HealthQuery;

export interface HealthState {
  readonly input: HealthInput;
  /** By path of the feed, in the order in which they first reported. */
  readonly feeds: readonly FeedReport[];
  readonly books: readonly BooksReport[];
  readonly clocks: readonly ClockOffset[];
  /** `feed symbol class` of what comes. */
  readonly coming: readonly { readonly feed: string; readonly class: StreamClass; readonly symbols: readonly number[] }[];
  readonly paused: readonly number[];
}

export const healthBehaviour: Behaviour<HealthState, HealthMessage, HealthInput> = {
  name: 'feeds-health',
  version: 1,
  init(ctx, input) {
    ctx.subscribe(CLOCK_TOPIC);
    // Before the first stream comes there is nothing that could be traded on.
    return { input, feeds: [], books: [], clocks: [], coming: [], paused: [] };
  },
  step(state, message, ctx) {
    switch (message.type) {
      case 'feed.report': return { ...state, feeds: replaced(state.feeds, message, (one) => one.feed === message.feed) };
      case 'books.report': return { ...state, books: replaced(state.books, message, (one) => one.product === message.product) };
      case 'clock.offset': return { ...state, clocks: replaced(state.clocks, message, (one) => one.product === message.product) };
      case 'feed.edge': {
        const others = state.coming.filter(({ feed }) => feed !== message.feed);
        const coming = message.up ? [...others, { feed: message.feed, class: message.class, symbols: message.symbols }] : others;
        const lacks = state.input.symbols.filter(({ symbol, requires }) => requires.some((cls) => !coming.some((one) => one.class === cls && one.symbols.includes(symbol))));
        for (const { symbol, pausePath } of state.input.symbols) {
          const on = lacks.some((one) => one.symbol === symbol);
          if (on !== state.paused.includes(symbol) && pausePath !== null) ctx.send(ctx.ref(pausePath), { type: 'pause', bit: Pause.STALE, on });
        }
        return { ...state, coming, paused: lacks.map(({ symbol }) => symbol) };
      }
      case 'feeds.health':
        ctx.reply(healthOf(state, ctx.nowUs()));
        return state;
    }
  },
  view: (state) => healthOf(state, 0),
};

function replaced<T>(all: readonly T[], by: T, is: (one: T) => boolean): readonly T[] {
  const at = all.findIndex(is);
  return at < 0 ? [...all, by] : all.map((one, n) => (n === at ? by : one));
}

const ageMs = (nowUs: number, us: number): number | null => (us === 0 || nowUs === 0 ? null : Math.max(0, Math.round((nowUs - us) / 1000)));

/** All that is known, and what of it is a problem. */
export function healthOf({ input, feeds, books, clocks, paused }: HealthState, nowUs: number): FeedsHealth {
  const problems = input.feeds.filter((path) => !feeds.some(({ feed }) => feed === path)).map((path) => `${path} has not said anything yet`);
  for (const { feed, up, phase, reason, attention, attempts, latencyMs } of feeds) {
    if (!up) problems.push(`${feed} is ${phase}${reason === '' ? '' : `: ${reason}`}`);
    if (attention) problems.push(`${feed} has failed ${attempts} times in a row and needs a person`);
    if (latencyMs !== null && latencyMs.p50 > input.lagMaxMs) problems.push(`${feed} is ${latencyMs.p50} ms late`);
  }
  for (const { product, books: rows } of books) for (const { name, state } of rows) if (state !== 'LIVE') problems.push(`the book of ${name} (${product}) is ${state}`);
  for (const { symbol, name, product, requires } of input.symbols) {
    if (requires.includes('depth') && !books.some(({ books: rows }) => rows.some((row) => row.symbol === symbol))) problems.push(`nothing is known of the book of ${name} (${product})`);
  }
  for (const symbol of paused) problems.push(`${input.symbols.find((one) => one.symbol === symbol)?.name ?? symbol} is paused: a stream that it needs does not come`);
  return {
    ok: problems.length === 0,
    problems,
    feeds: feeds.map((feed) => ({ ...feed, lastMessageAgeMs: ageMs(nowUs, feed.streams.reduce((most, { lastUs }) => Math.max(most, lastUs), 0)) })),
    books: books.flatMap(({ product, books: rows }) => rows.map((row) => ({ ...row, product, snapshotAgeMs: ageMs(nowUs, row.snapshotUs) }))),
    clocks,
    paused,
    atUs: nowUs,
  };
}
