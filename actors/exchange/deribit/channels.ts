/**
 * Subscriptions: which channels somebody listens to, and what each is told. The board lives in the venue, so that a snapshot and
 * the changes after it are told in one order; who listens is the face's affair. Nothing is made for channels without listeners.
 */
import { ASK, BID } from '../book/index.js';
import type { AccountId } from '../ids.js';
import type { DeribitAccount, UserTrade } from './account.js';
import { levels } from './book-feed.js';
import { type Channel, inScope, parseChannel } from './channel-names.js';
import { DeribitError } from './errors.js';
import type { DeribitInstrument } from './instruments.js';
import { type OrderView, orderView } from './order.js';
import type { Perpetual, PublicTrade } from './perpetual.js';
import type { AccountChange, DeribitVenue } from './venue.js';
import { positionView, quoteView, summaryView, tickerView } from './views.js';

/** `key` names the channel together with the account of a private one. */
export type Publish = (key: string, channel: string, data: unknown) => void;

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

/** Who is told of an instrument as it happens, and what was true of it when they were last looked at. */
class Watchers {
  readonly quotes = new Set<Subscription>();
  readonly rawTickers = new Set<Subscription>();
  readonly rawBooks = new Set<Subscription>();
  readonly trades = new Set<Subscription>();
  /** Subscriptions of its book at any interval: each interval is a chain of its own. */
  chains = 0;
  #updateId = -1;
  #tradeId = -1;
  #mark = 0;
  #index = 0;
  #openLots = -1;

  /** Whether anything has changed that a quote or a ticker shows. */
  moved({ book, marks, matcher, openInterestLots }: Perpetual): boolean {
    if (book.updateId === this.#updateId && matcher.nextTradeId === this.#tradeId && marks.mark === this.#mark && marks.index === this.#index && openInterestLots === this.#openLots) return false;
    this.#updateId = book.updateId;
    this.#tradeId = matcher.nextTradeId;
    this.#mark = marks.mark;
    this.#index = marks.index;
    this.#openLots = openInterestLots;
    return true;
  }
}

export class ChannelBoard {
  readonly #venue: DeribitVenue;
  readonly #publish: Publish;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #watchers = new Map<DeribitInstrument, Watchers>();
  /** An account's own channels. */
  readonly #byAccount = new Map<AccountId, Set<Subscription>>();
  readonly #platform = new Set<Subscription>();
  /** Subscriptions that are looked at every 100 ms. */
  readonly #collected = new Set<Subscription>();

  constructor(venue: DeribitVenue, publish: Publish) {
    this.#venue = venue;
    this.#publish = publish;
  }

  /**
   * Adds one listener. `first` is what it is told before anything else; undefined when the channel begins with silence.
   * @throws DeribitError for names that are no channel, and private or raw ones without an account
   */
  open(name: string, account: AccountId | undefined): { readonly key: string; readonly first: unknown } {
    const channel = parseChannel(this.#venue, name);
    if (isPrivate(channel) && account === undefined) throw new DeribitError('unauthorized', { reason: `channel ${name} is private` });
    if ('interval' in channel && channel.interval === 'raw' && account === undefined) throw new DeribitError('raw_subscriptions_not_available_for_unauthorized');
    const key = isPrivate(channel) ? `${account}|${name}` : name;
    let subscription = this.#subscriptions.get(key);
    if (subscription === undefined) {
      subscription = { key, name, channel, account: isPrivate(channel) ? account : undefined, listeners: 0, orders: new Map(), trades: [], touched: new Set(), told: '' };
      this.#subscriptions.set(key, subscription);
      this.#watch(subscription);
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
    this.#unwatch(subscription);
  }

  /** Puts a subscription where what it is told of will find it. */
  #watch(subscription: Subscription): void {
    const { channel, account } = subscription;
    for (const set of this.#placesOf(subscription)) set.add(subscription);
    if (channel.type === 'book') this.#of(channel.instrument).chains += 1;
    if (account !== undefined) {
      const own = this.#byAccount.get(account);
      if (own === undefined) this.#byAccount.set(account, new Set([subscription]));
      else own.add(subscription);
    }
  }

  #unwatch(subscription: Subscription): void {
    const { channel, account } = subscription;
    for (const set of this.#placesOf(subscription)) set.delete(subscription);
    if (channel.type === 'book') {
      this.#of(channel.instrument).chains -= 1;
      this.#venue.market(channel.instrument).feed.forget(channel.interval);
    }
    const own = account === undefined ? undefined : this.#byAccount.get(account);
    own?.delete(subscription);
    if (own?.size === 0) this.#byAccount.delete(account!);
  }

  /** The sets that a subscription is in. */
  #placesOf({ channel }: Subscription): readonly Set<Subscription>[] {
    switch (channel.type) {
      case 'book': return [channel.interval === 'raw' ? this.#of(channel.instrument).rawBooks : this.#collected];
      case 'ticker': return [channel.interval === 'raw' ? this.#of(channel.instrument).rawTickers : this.#collected];
      case 'quote': return [this.#of(channel.instrument).quotes];
      case 'trades': {
        const watched = this.#venue.instruments.filter((instrument) => inScope(channel.scope, instrument)).map((instrument) => this.#of(instrument).trades);
        return channel.interval === 'raw' ? watched : [...watched, this.#collected];
      }
      case 'orders':
      case 'user-trades':
      case 'changes': return channel.interval === 'raw' ? [] : [this.#collected];
      case 'grouped':
      case 'perpetual':
      case 'index':
      case 'chart': return [this.#collected];
      case 'platform': return [this.#platform];
      case 'portfolio': return [];
    }
  }

  #of(instrument: DeribitInstrument): Watchers {
    let watchers = this.#watchers.get(instrument);
    if (watchers === undefined) this.#watchers.set(instrument, (watchers = new Watchers()));
    return watchers;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  /** After a call or a market event: tells the raw channels, and keeps for the others what they are told later. */
  raw(changes: ReadonlyMap<DeribitAccount, ReadonlyMap<DeribitInstrument, AccountChange>>): void {
    for (const [instrument, market] of this.#venue.markets) {
      const watchers = this.#watchers.get(instrument);
      if (watchers !== undefined) this.#tellOf(market, watchers);
      market.fresh.length = 0;
      if (market.book.changedCount > 0) market.book.clearChanged();
    }
    for (const [account, byInstrument] of changes) {
      for (const subscription of this.#byAccount.get(account.id) ?? []) this.#tellOwner(subscription, account, byInstrument);
    }
  }

  /** The platform has been locked, or opened. */
  locked(): void {
    for (const subscription of this.#platform) this.#tell(subscription, { locked: this.#venue.locked });
  }

  /** Every 100 ms: tells the channels that collect. */
  collect(): void {
    for (const subscription of this.#collected) this.#tellCollected(subscription);
  }

  #tellOf(market: Perpetual, watchers: Watchers): void {
    const { nowMs } = this.#venue;
    const { feed, fresh } = market;
    if (watchers.chains > 0) feed.note();
    if (watchers.rawBooks.size > 0) {
      const change = feed.change('raw', nowMs);
      if (change !== undefined) for (const subscription of watchers.rawBooks) this.#tell(subscription, change);
    }
    if (watchers.quotes.size + watchers.rawTickers.size > 0 && watchers.moved(market)) {
      for (const subscription of watchers.quotes) this.#quote(subscription, market);
      for (const subscription of watchers.rawTickers) this.#ticker(subscription, market);
    }
    if (fresh.length === 0) return;
    for (const subscription of watchers.trades) {
      const { channel } = subscription;
      if ('interval' in channel && channel.interval === 'raw') this.#tell(subscription, [...fresh]);
      else subscription.trades.push(...fresh);
    }
  }

  #tellOwner(subscription: Subscription, account: DeribitAccount, byInstrument: ReadonlyMap<DeribitInstrument, AccountChange>): void {
    const { channel } = subscription;
    if (channel.type === 'orders' || channel.type === 'user-trades' || channel.type === 'changes') {
      for (const [instrument, change] of byInstrument) if (inScope(channel.scope, instrument)) this.#userChange(subscription, channel, account, instrument, change);
    } else if (channel.type === 'portfolio') {
      for (const currency of new Set([...byInstrument.keys()].map(({ settlement }) => settlement))) {
        if (channel.currency === 'any' || channel.currency === currency) this.#tell(subscription, summaryView(this.#venue, account, currency, false));
      }
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
}
