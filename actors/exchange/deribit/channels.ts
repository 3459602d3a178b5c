/**
 * Subscriptions: which channels somebody listens to, and what each is told. The board lives in the venue, so that a snapshot and
 * the changes after it are told in one order; who listens is the face's affair. Nothing is made for channels without listeners.
 */
import { ASK, BID } from '../book/index.js';
import type { AccountId } from '../ids.js';
import type { DeribitAccount, UserTrade } from './account.js';
import { type BookInterval, levels } from './book-feed.js';
import { DeribitError, invalidParam } from './errors.js';
import { CURRENCIES, type Currency, type DeribitInstrument } from './instruments.js';
import { type OrderView, orderView } from './order.js';
import type { Perpetual, PublicTrade } from './perpetual.js';
import type { AccountChange, DeribitVenue } from './venue.js';
import { positionView, quoteView, summaryView, tickerView } from './views.js';

/** `key` names the channel together with the account of a private one. */
export type Publish = (key: string, channel: string, data: unknown) => void;

type Interval = BookInterval;
type Scope = { readonly instrument: DeribitInstrument } | { readonly kind: string; readonly currency: string };

type Channel =
  | { readonly type: 'book'; readonly instrument: DeribitInstrument; readonly interval: Interval }
  | { readonly type: 'grouped'; readonly instrument: DeribitInstrument; readonly group: number; readonly depth: number; readonly interval: Interval }
  | { readonly type: 'trades'; readonly scope: Scope; readonly interval: Interval }
  | { readonly type: 'ticker'; readonly instrument: DeribitInstrument; readonly interval: Interval }
  | { readonly type: 'perpetual'; readonly instrument: DeribitInstrument; readonly interval: Interval }
  | { readonly type: 'quote'; readonly instrument: DeribitInstrument }
  | { readonly type: 'index'; readonly name: string; readonly base: string }
  | { readonly type: 'chart'; readonly instrument: DeribitInstrument; readonly resolution: string; readonly widthMs: number }
  | { readonly type: 'platform' }
  | { readonly type: 'orders' | 'user-trades' | 'changes'; readonly scope: Scope; readonly interval: Interval }
  | { readonly type: 'portfolio'; readonly currency: Currency | 'any' | 'none' };

export const RESOLUTIONS: ReadonlyMap<string, number> = new Map([
  ...['1', '3', '5', '10', '15', '30', '60', '120', '180', '360', '720'].map((minutes) => [minutes, Number(minutes) * 60_000] as const), ['1D', 86_400_000],
]);
const KINDS: ReadonlySet<string> = new Set(['any', 'future', 'option', 'spot', 'future_combo', 'option_combo', 'combo']);
const isInterval = (text: string | undefined): text is Interval => text === 'raw' || text === '100ms' || text === 'agg2';

interface Subscription {
  readonly key: string;
  readonly name: string;
  readonly channel: Channel;
  readonly account: AccountId | undefined;
  listeners: number;
  /** Of collected channels: what is told at the next 100 ms. */
  readonly orders: Map<string, OrderView>;
  readonly trades: (PublicTrade | UserTrade)[];
  readonly touched: Set<DeribitInstrument>;
  /** What was told last, of channels that tell only news. */
  told: string;
}

const isPrivate = (channel: Channel): boolean => channel.type === 'orders' || channel.type === 'user-trades' || channel.type === 'changes' || channel.type === 'portfolio';

export class ChannelBoard {
  readonly #venue: DeribitVenue;
  readonly #publish: Publish;
  readonly #subscriptions = new Map<string, Subscription>();
  #chains = 0;

  constructor(venue: DeribitVenue, publish: Publish) {
    this.#venue = venue;
    this.#publish = publish;
  }

  /**
   * Adds one listener. `first` is what it is told before anything else; undefined when the channel begins with silence.
   * @throws DeribitError for names that are no channel, and private or raw ones without an account
   */
  open(name: string, account: AccountId | undefined): { readonly key: string; readonly first: unknown } {
    const channel = this.#parse(name);
    if (isPrivate(channel) && account === undefined) throw new DeribitError('unauthorized', { reason: `channel ${name} is private` });
    if ('interval' in channel && channel.interval === 'raw' && account === undefined) throw new DeribitError('raw_subscriptions_not_available_for_unauthorized');
    const key = isPrivate(channel) ? `${account}|${name}` : name;
    let subscription = this.#subscriptions.get(key);
    if (subscription === undefined) {
      subscription = { key, name, channel, account: isPrivate(channel) ? account : undefined, listeners: 0, orders: new Map(), trades: [], touched: new Set(), told: '' };
      this.#subscriptions.set(key, subscription);
      if (channel.type === 'book') this.#chains += 1;
    }
    subscription.listeners += 1;
    return { key, first: this.#first(subscription) };
  }

  /** Takes one listener away. */
  close(key: string): void {
    const subscription = this.#subscriptions.get(key);
    if (subscription === undefined) return;
    subscription.listeners -= 1;
    if (subscription.listeners > 0) return;
    this.#subscriptions.delete(key);
    const { channel } = subscription;
    if (channel.type === 'book') {
      this.#chains -= 1;
      this.#venue.market(channel.instrument).feed.forget(channel.interval);
    }
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  /** After a call or a market event: tells the raw channels, and keeps for the others what they are told later. */
  raw(changes: ReadonlyMap<DeribitAccount, ReadonlyMap<DeribitInstrument, AccountChange>>): void {
    const venue = this.#venue;
    if (this.#subscriptions.size > 0) {
      for (const subscription of this.#subscriptions.values()) this.#tellRaw(subscription, changes);
    }
    for (const market of venue.markets.values()) {
      market.fresh.length = 0;
      if (this.#chains === 0 && market.book.changedCount > 0) market.book.clearChanged();
    }
  }

  /** Every 100 ms: tells the channels that collect. */
  collect(): void {
    for (const subscription of this.#subscriptions.values()) this.#tellCollected(subscription);
  }

  #tellRaw(subscription: Subscription, changes: ReadonlyMap<DeribitAccount, ReadonlyMap<DeribitInstrument, AccountChange>>): void {
    const venue = this.#venue;
    const { channel } = subscription;
    switch (channel.type) {
      case 'book': {
        const { feed } = venue.market(channel.instrument);
        feed.note();
        if (channel.interval !== 'raw') return;
        const change = feed.change('raw', venue.nowMs);
        if (change !== undefined) this.#tell(subscription, change);
        return;
      }
      case 'quote': {
        this.#quote(subscription, venue.market(channel.instrument));
        return;
      }
      case 'ticker': {
        if (channel.interval === 'raw') this.#ticker(subscription, venue.market(channel.instrument));
        return;
      }
      case 'trades': {
        for (const [instrument, { fresh }] of venue.markets) {
          if (fresh.length === 0 || !inScope(channel.scope, instrument)) continue;
          if (channel.interval === 'raw') this.#tell(subscription, [...fresh]);
          else subscription.trades.push(...fresh);
        }
        return;
      }
      case 'orders':
      case 'user-trades':
      case 'changes': {
        for (const [account, byInstrument] of changes) {
          if (account.id !== subscription.account) continue;
          for (const [instrument, change] of byInstrument) if (inScope(channel.scope, instrument)) this.#userChange(subscription, channel, account, instrument, change);
        }
        return;
      }
      case 'portfolio': {
        for (const [account, byInstrument] of changes) {
          if (account.id === subscription.account) for (const instrument of byInstrument.keys()) subscription.touched.add(instrument);
        }
        if (subscription.touched.size === 0) return;
        const currencies = new Set([...subscription.touched].map(({ settlement }) => settlement));
        subscription.touched.clear();
        for (const currency of currencies) {
          if (channel.currency === 'any' || channel.currency === currency) this.#tell(subscription, summaryView(venue, venue.account(subscription.account!), currency, false));
        }
        return;
      }
      case 'grouped':
      case 'perpetual':
      case 'index':
      case 'chart':
      case 'platform':
        return;
    }
  }

  #userChange(subscription: Subscription, channel: Channel & { type: 'orders' | 'user-trades' | 'changes' }, account: DeribitAccount, instrument: DeribitInstrument, change: AccountChange): void {
    const { interval } = channel;
    const orders = channel.type === 'user-trades' ? [] : [...change.former, ...[...change.orders].map(orderView)];
    const trades = channel.type === 'orders' ? [] : change.trades;
    if (interval !== 'raw') {
      for (const order of orders) subscription.orders.set(order['order_id'] as string, order);
      subscription.trades.push(...trades);
      subscription.touched.add(instrument);
      return;
    }
    if (channel.type === 'orders') for (const order of orders) this.#tell(subscription, order);
    else if (channel.type === 'user-trades') {
      if (trades.length > 0) this.#tell(subscription, trades);
    } else this.#tell(subscription, { instrument_name: instrument.name, trades, orders, positions: trades.length === 0 ? [] : [positionView(this.#venue, account, instrument)] });
  }

  #tellCollected(subscription: Subscription): void {
    const venue = this.#venue;
    const { channel, orders, trades, touched } = subscription;
    switch (channel.type) {
      case 'book': {
        if (channel.interval === 'raw') return;
        const change = venue.market(channel.instrument).feed.change(channel.interval, venue.nowMs);
        if (change !== undefined) this.#tell(subscription, change);
        return;
      }
      case 'grouped': {
        const { instrument, book } = venue.market(channel.instrument);
        const bids = levels(instrument, book, BID, channel.depth, channel.group);
        const asks = levels(instrument, book, ASK, channel.depth, channel.group);
        this.#tellNews(subscription, JSON.stringify([bids, asks]), () => ({ timestamp: venue.nowMs, instrument_name: instrument.name, change_id: book.updateId, bids, asks }));
        return;
      }
      case 'ticker':
        if (channel.interval !== 'raw') this.#ticker(subscription, venue.market(channel.instrument));
        return;
      case 'perpetual': {
        const { marks } = venue.market(channel.instrument);
        const data = { interest: marks.rate, index_price: marks.index };
        this.#tellNews(subscription, JSON.stringify(data), () => ({ timestamp: venue.nowMs, ...data }));
        return;
      }
      case 'index': {
        const price = Number(venue.index(channel.base).toFixed(2));
        this.#tellNews(subscription, String(price), () => ({ timestamp: venue.nowMs, price, index_name: channel.name }));
        return;
      }
      case 'chart': {
        const bar = venue.market(channel.instrument).bars.between(venue.nowMs - channel.widthMs, venue.nowMs, channel.widthMs, 1).at(-1);
        if (bar === undefined) return;
        const data = { tick: bar.startMs, open: bar.open, high: bar.high, low: bar.low, close: bar.close, volume: Number(bar.volume.toFixed(8)), cost: Number(bar.cost.toFixed(2)) };
        this.#tellNews(subscription, JSON.stringify(data), () => data);
        return;
      }
      case 'trades':
        if (trades.length > 0) this.#tell(subscription, trades.splice(0));
        return;
      case 'orders':
        if (channel.interval === 'raw' || orders.size === 0) return;
        this.#tell(subscription, [...orders.values()]);
        orders.clear();
        return;
      case 'user-trades':
        if (channel.interval !== 'raw' && trades.length > 0) this.#tell(subscription, trades.splice(0));
        return;
      case 'changes': {
        if (channel.interval === 'raw') return;
        for (const instrument of touched) {
          const own = trades.filter(({ instrument_name }) => instrument_name === instrument.name);
          this.#tell(subscription, {
            instrument_name: instrument.name, trades: own, orders: [...orders.values()].filter((order) => order['instrument_name'] === instrument.name),
            positions: own.length === 0 ? [] : [positionView(venue, venue.account(subscription.account!), instrument)],
          });
        }
        trades.length = 0;
        orders.clear();
        touched.clear();
        return;
      }
      case 'quote':
      case 'portfolio':
      case 'platform':
        return;
    }
  }

  #first(subscription: Subscription): unknown {
    const venue = this.#venue;
    const { channel } = subscription;
    switch (channel.type) {
      case 'book':
        return venue.market(channel.instrument).feed.snapshot(channel.interval, venue.nowMs);
      case 'grouped': {
        const { instrument, book } = venue.market(channel.instrument);
        return {
          timestamp: venue.nowMs, instrument_name: instrument.name, change_id: book.updateId, bids: levels(instrument, book, BID, channel.depth, channel.group),
          asks: levels(instrument, book, ASK, channel.depth, channel.group),
        };
      }
      case 'ticker':
        return tickerView(venue.market(channel.instrument), venue.nowMs);
      case 'quote':
        return quoteView(venue.market(channel.instrument), venue.nowMs);
      case 'perpetual': {
        const { marks } = venue.market(channel.instrument);
        return { timestamp: venue.nowMs, interest: marks.rate, index_price: marks.index };
      }
      case 'index':
        return { timestamp: venue.nowMs, price: Number(venue.index(channel.base).toFixed(2)), index_name: channel.name };
      case 'platform':
        return { locked: venue.locked };
      case 'portfolio':
        return channel.currency === 'any' || channel.currency === 'none' ? undefined : summaryView(venue, venue.account(subscription.account!), channel.currency, false);
      case 'chart':
      case 'trades':
      case 'orders':
      case 'user-trades':
      case 'changes':
        return undefined;
    }
  }

  #quote(subscription: Subscription, market: Perpetual): void {
    const { book } = market;
    const state = `${book.bestBid} ${book.lotsAt(book.bestBid)} ${book.bestAsk} ${book.lotsAt(book.bestAsk)}`;
    this.#tellNews(subscription, state, () => quoteView(market, this.#venue.nowMs));
  }

  #ticker(subscription: Subscription, market: Perpetual): void {
    const { book, marks, matcher } = market;
    const state = `${book.bestBid} ${book.lotsAt(book.bestBid)} ${book.bestAsk} ${book.lotsAt(book.bestAsk)} ${matcher.nextTradeId} ${marks.mark} ${marks.index} ${market.openInterestLots}`;
    this.#tellNews(subscription, state, () => tickerView(market, this.#venue.nowMs));
  }

  #tellNews(subscription: Subscription, state: string, data: () => unknown): void {
    if (subscription.told === state) return;
    subscription.told = state;
    this.#tell(subscription, data());
  }

  #tell({ key, name }: Subscription, data: unknown): void {
    this.#publish(key, name, data);
  }

  #parse(name: string): Channel {
    const parts = name.split('.');
    const [first, second, third, fourth, fifth] = parts;
    const channel = this.#parsePublic(parts.length, first!, second, third, fourth, fifth) ?? (first === 'user' ? this.#parseUser(parts) : undefined);
    if (channel === undefined) throw invalidParam('channels', `unknown channel: ${name.slice(0, 80)}`);
    return channel;
  }

  #parsePublic(count: number, type: string, second: string | undefined, third: string | undefined, fourth: string | undefined, fifth: string | undefined): Channel | undefined {
    if (type === 'platform_state' && count === 1) return { type: 'platform' };
    if (second === undefined) return undefined;
    if (type === 'deribit_price_index' && count === 2) {
      const base = this.#venue.instruments.find(({ indexName }) => indexName === second)?.base;
      return base === undefined ? undefined : { type: 'index', name: second, base };
    }
    if (type === 'chart' && second === 'trades' && third !== undefined && fourth !== undefined && count === 4) {
      const widthMs = RESOLUTIONS.get(fourth);
      return widthMs === undefined ? undefined : { type: 'chart', instrument: this.#venue.instrument(third), resolution: fourth, widthMs };
    }
    if (type === 'quote' && count === 2) return { type: 'quote', instrument: this.#venue.instrument(second) };
    if (type === 'trades' && KINDS.has(second) && count === 4) {
      return isInterval(fourth) && isCurrency(third) ? { type: 'trades', scope: { kind: second, currency: third! }, interval: fourth } : undefined;
    }
    if (count === 3 && isInterval(third)) {
      if (type === 'book' || type === 'ticker' || type === 'perpetual') return { type, instrument: this.#venue.instrument(second), interval: third };
      if (type === 'trades') return { type, scope: { instrument: this.#venue.instrument(second) }, interval: third };
    }
    if (type === 'book' && count === 5 && isInterval(fifth) && fifth !== 'raw') {
      const group = third === 'none' ? 0 : Number(third);
      const depth = Number(fourth);
      if (!Number.isFinite(group) || group < 0 || ![1, 10, 20].includes(depth)) return undefined;
      return { type: 'grouped', instrument: this.#venue.instrument(second), group, depth, interval: fifth };
    }
    return undefined;
  }

  #parseUser(parts: readonly string[]): Channel | undefined {
    const [, what, third, fourth, fifth] = parts;
    if (what === 'portfolio' && parts.length === 3) {
      const currency = third?.toUpperCase();
      if (currency === 'ANY') return { type: 'portfolio', currency: 'any' };
      // Currencies that are not traded here are accepted and stay silent: clients name them all.
      return { type: 'portfolio', currency: CURRENCIES.find((known) => known === currency) ?? 'none' };
    }
    const type = what === 'orders' || what === 'changes' ? what : what === 'trades' ? 'user-trades' : undefined;
    if (type === undefined || third === undefined) return undefined;
    if (parts.length === 4 && isInterval(fourth)) return { type, scope: { instrument: this.#venue.instrument(third) }, interval: fourth };
    if (parts.length === 5 && isInterval(fifth) && KINDS.has(third) && isCurrency(fourth)) return { type, scope: { kind: third, currency: fourth! }, interval: fifth };
    return undefined;
  }
}

const isCurrency = (text: string | undefined): boolean => text === 'any' || (text !== undefined && /^[A-Z]{2,6}$/.test(text));

function inScope(scope: Scope, instrument: DeribitInstrument): boolean {
  if ('instrument' in scope) return scope.instrument === instrument;
  return (scope.kind === 'any' || scope.kind === instrument.kind) && (scope.currency === 'any' || scope.currency === instrument.settlement);
}
