import type { DepthDiff } from '../../../actors/exchange/market-data/index.js';
import { BID } from '../../../actors/exchange/book/index.js';
import { formatAmount, type Amount } from '../../../actors/exchange/ledger/index.js';
import type { OptionFill, OptionsAccount } from '../../../actors/exchange/options/account.js';
import { binanceExpiry } from '../../../actors/exchange/options/chain.js';
import { DEPTH_SPEEDS_MS, type OptionMarket, type OptionTrade } from '../../../actors/exchange/options/option-market.js';
import { type OptionOrder, statusOf } from '../../../actors/exchange/options/order.js';
import { QUOTE } from '../../../actors/exchange/options/terms.js';
import type { OptionsEvents, OptionsVenue, OrderEvent } from '../../../actors/exchange/options/venue.js';
import { accountName } from '../accounts/key-store.js';
import type { StreamClass, StreamHub } from '../web/index.js';
import {
  bookTickerEvent, greeksOf, levelTexts, markEvent, openInterestView, priceText, quantityText, tickerEvent, tradeEvent,
} from './views.js';
import { type TimedWanted, WantedStreams } from './wanted.js';

const LISTEN_KEY = /^[A-Za-z0-9]{60,}$/;
const MARKET = /@(?:kline_|optionMarkPrice|openInterest|optionOpenInterest)|^!(?:index@arr|optionSymbol)$/i;

/** Books, quotes, trades and tickers go by `/public`; marks, candles, indices and listings by `/market`; a listenKey by `/private`. */
export function optionsStreamClass(stream: string): StreamClass {
  if (LISTEN_KEY.test(stream)) return 'private';
  return MARKET.test(stream) ? 'market' : 'public';
}

const GRID_MS = 100;
const RISK_SHARE = 0.8;
const FORGET_MS = 10_000;

/** Publishes what the engine tells to the streams that somebody listens to. Lives in the engine's turn: the venue is at hand. */
export class OptionsStreams implements OptionsEvents {
  readonly #hub: StreamHub;
  readonly #wanted = new WantedStreams();
  readonly #told = new Map<string, string>();
  readonly #risky = new Set<string>();
  #venue: OptionsVenue | undefined;
  #ticks = 0;

  constructor(hub: StreamHub) {
    this.#hub = hub;
    hub.onWanted((stream, wanted) => {
      if (wanted) this.#wanted.add(stream);
      else {
        this.#wanted.remove(stream);
        this.#told.delete(stream);
      }
    });
  }

  /** Set as soon as it is made: events of its making (the first listings) reach nobody. */
  get venue(): OptionsVenue | undefined {
    return this.#venue;
  }

  set venue(venue: OptionsVenue | undefined) {
    this.#venue = venue;
    if (venue !== undefined) this.#wanted.begin(venue, this.#hub.streams());
  }

  trade(market: OptionMarket, trade: OptionTrade): void {
    for (const stream of this.#wanted.tradesOf(market)) this.#hub.publish(stream, () => JSON.stringify(tradeEvent(market, trade)));
  }

  order(account: OptionsAccount, order: OptionOrder, what: OrderEvent, fill: OptionFill | undefined): void {
    const nowMs = this.venue!.nowMs;
    this.#hub.user(accountName(account.id), 'ORDER_TRADE_UPDATE', () => JSON.stringify({ e: 'ORDER_TRADE_UPDATE', E: nowMs, T: nowMs, o: orderEvent(account, order, what, fill) }));
  }

  account(account: OptionsAccount, reason: 'ORDER' | 'EXERCISE' | 'LIQUIDATION', markets: readonly OptionMarket[]): void {
    const name = accountName(account.id);
    if (!this.#hub.hasUser(name)) return;
    const venue = this.venue!;
    const nowMs = venue.nowMs;
    const state = venue.margins.state(account);
    const text = (value: Amount): string => formatAmount(value);
    this.#hub.user(name, 'BALANCE_POSITION_UPDATE', () => JSON.stringify({
      e: 'BALANCE_POSITION_UPDATE', E: nowMs, T: nowMs, m: reason, B: [{ a: QUOTE, b: text(state.balance), bc: '0' }],
      P: markets.map((market) => {
        const position = account.positions.get(market);
        return { s: market.symbol, c: quantityText(market, position?.lots ?? 0), p: text(position?.markValue ?? (0n as Amount)), a: (position?.entryPrice ?? 0).toFixed(8) };
      }),
    }));
    this.#hub.user(name, 'ACCOUNT_UPDATE', () => JSON.stringify({
      e: 'ACCOUNT_UPDATE', E: nowMs, T: nowMs, eq: text(state.equity), aeq: text(state.equity), b: text(state.balance), m: text(state.positionValue), u: text(state.unrealised),
      i: text((state.initial + state.held) as Amount), M: text(state.maintenance),
    }));
    this.#hub.user(name, 'GREEK_UPDATE', () => JSON.stringify({
      e: 'GREEK_UPDATE', E: nowMs, T: nowMs,
      G: [...venue.underlyings.values()].map((underlying) => {
        const { delta, gamma, theta, vega } = greeksOf(account, underlying);
        return { u: underlying.terms.underlying, d: delta.toFixed(8), g: gamma.toFixed(8), t: theta.toFixed(8), v: vega.toFixed(8) };
      }),
    }));
    this.#risk(name, Number(state.maintenance), Number(state.balance), nowMs);
  }

  listed(market: OptionMarket): void {
    this.#wanted.listed(market);
    if (!this.#hub.hasSubscribers('!optionSymbol')) return;
    const { contract, terms, symbol, listedMs } = market;
    this.#hub.publish('!optionSymbol', () => JSON.stringify({
      e: 'optionSymbol', E: listedMs, s: symbol, ps: terms.underlying, qa: QUOTE, d: contract.kind === 'call' ? 'CALL' : 'PUT', sp: String(contract.strike), dt: contract.expiryMs, u: 1, ot: listedMs, cs: 'TRADING',
    }));
  }

  delisted(market: OptionMarket): void {
    this.#wanted.delisted(market);
  }

  tick(nowUs: number): void {
    this.#ticks += 1;
    const nowMs = Math.floor(nowUs / 1000);
    // One diff a speed and book, however many names ask for it.
    const diffs = new Map<string, DepthDiff | null>();
    for (const [stream, wanted] of this.#wanted.dueAt(this.#ticks * GRID_MS)) this.#tick(stream, wanted, nowMs, diffs);
    if ((this.#ticks * GRID_MS) % FORGET_MS === 0) this.#forget();
  }

  /** Changes of books that nobody listens to are not kept for ever. */
  #forget(): void {
    for (const market of this.venue!.markets.values()) for (const speedMs of DEPTH_SPEEDS_MS) if (!this.#wanted.tellsDiffs(market, speedMs)) market.depth.skip(speedMs);
  }

  #tick(stream: string, wanted: TimedWanted, nowMs: number, diffs: Map<string, DepthDiff | null>): void {
    const publish = (event: unknown): void => this.#hub.publish(stream, () => JSON.stringify(event));
    switch (wanted.type) {
      case 'depth': {
        const { market, speedMs, levels } = wanted;
        const key = `${market.symbol} ${speedMs}`;
        let diff = diffs.get(key);
        if (diff === undefined) {
          diff = market.depth.diff(speedMs);
          diffs.set(key, diff);
        }
        if (diff === null) return;
        const shown = levels === 0 ? diff : { ...diff, ...market.depth.top(levels) };
        publish({
          e: 'depthUpdate', E: nowMs, T: nowMs, s: market.symbol, U: shown.firstId, u: shown.finalId, pu: shown.previousFinalId, b: levelTexts(market, shown.bids), a: levelTexts(market, shown.asks),
        });
        return;
      }
      case 'bookTicker': {
        const { book } = wanted.market;
        const state = `${book.bestBid} ${book.lotsAt(book.bestBid)} ${book.bestAsk} ${book.lotsAt(book.bestAsk)}`;
        if (this.#told.get(stream) === state) return;
        this.#told.set(stream, state);
        publish(bookTickerEvent(wanted.market, nowMs));
        return;
      }
      case 'symbolTicker':
        publish(tickerEvent(wanted.market, nowMs));
        return;
      case 'kline':
        this.#kline(stream, wanted, nowMs);
        return;
      case 'mark':
        publish(this.#of(wanted.base).map((market) => markEvent(this.venue!, market, nowMs)));
        return;
      case 'ticker':
        for (const market of this.#of(wanted.base, wanted.expiry)) publish(tickerEvent(market, nowMs));
        return;
      case 'openInterest': {
        publish(this.#of(wanted.base, wanted.expiry).map((market) => {
          const { sumOpenInterest, sumOpenInterestUsd } = openInterestView(this.venue!, market, nowMs);
          return { e: 'openInterest', E: nowMs, s: market.symbol, o: sumOpenInterest, h: sumOpenInterestUsd };
        }));
        return;
      }
      case 'index':
        publish([...this.venue!.underlyings.values()].map(({ terms, index }) => ({ e: 'indexPrice', E: nowMs, s: terms.underlying, p: index.toFixed(8) })));
        return;
    }
  }

  #kline(stream: string, { market, interval, widthMs }: TimedWanted & { type: 'kline' }, nowMs: number): void {
    const bar = market.bars.between(nowMs - widthMs, nowMs, widthMs, 1).at(-1);
    if (bar === undefined) return;
    const { priceDecimals, quantityDecimals } = market.terms;
    const closed = bar.startMs + widthMs <= nowMs;
    const k = {
      t: bar.startMs, T: bar.startMs + widthMs - 1, s: market.symbol, i: interval, f: 0, L: 0, o: bar.open.toFixed(priceDecimals), c: bar.close.toFixed(priceDecimals), h: bar.high.toFixed(priceDecimals),
      l: bar.low.toFixed(priceDecimals), v: bar.volume.toFixed(quantityDecimals), n: bar.trades, x: closed, q: bar.cost.toFixed(4), V: bar.takerVolume.toFixed(quantityDecimals), Q: bar.takerCost.toFixed(4),
    };
    const state = JSON.stringify(k);
    if (this.#told.get(stream) === state) return;
    this.#told.set(stream, state);
    this.#hub.publish(stream, () => JSON.stringify({ e: 'kline', E: nowMs, s: market.symbol, k }));
  }

  #risk(name: string, maintenance: number, balance: number, nowMs: number): void {
    const risky = maintenance > RISK_SHARE * balance;
    if (risky === this.#risky.has(name)) return;
    if (risky) this.#risky.add(name);
    else this.#risky.delete(name);
    this.#hub.user(name, 'RISK_LEVEL_CHANGE', () => JSON.stringify({ e: 'RISK_LEVEL_CHANGE', E: nowMs, s: risky ? 'REDUCE_ONLY' : 'NORMAL', mb: (balance / 1e8).toFixed(8), mm: (maintenance / 1e8).toFixed(8) }));
  }

  #of(base: string, expiry?: string): OptionMarket[] {
    return [...this.venue!.markets.values()].filter(({ contract }) => contract.base === base && (expiry === undefined || binanceExpiry(contract.expiryMs) === expiry));
  }
}

/** The order of an ORDER_TRADE_UPDATE, in the flat form of 2026. */
function orderEvent(account: OptionsAccount, order: OptionOrder, what: OrderEvent, fill: OptionFill | undefined): Readonly<Record<string, unknown>> {
  const { market } = order.terms;
  let bids = 0n;
  let asks = 0n;
  for (const other of account.open.values()) {
    if (other.terms.market.terms.base !== market.terms.base) continue;
    const value = other.terms.market.premium(other.ticks, other.leavesLots);
    if (other.side === BID) bids += value;
    else asks += value;
  }
  return {
    s: market.symbol, c: order.terms.clientId, S: order.side === BID ? 'BUY' : 'SELL', o: 'LIMIT', f: order.timeInForce, q: quantityText(market, order.lots), p: priceText(market, order.ticks),
    ap: order.filledLots === 0 ? '0' : ((order.filledTickLots / order.filledLots) * market.tickSize).toFixed(market.terms.priceDecimals + 2), x: what, X: statusOf(order), i: order.orderId,
    l: quantityText(market, fill?.lots ?? 0), z: quantityText(market, order.filledLots), L: priceText(market, fill?.ticks ?? 0), N: QUOTE, n: formatAmount(fill?.fee ?? (0n as Amount)),
    T: order.updatedMs, t: fill?.tradeId ?? 0, b: formatAmount(bids as Amount), a: formatAmount(asks as Amount), m: fill?.maker ?? false, R: order.terms.reduceOnly, ot: 'LIMIT',
    rp: formatAmount(fill?.realised ?? (0n as Amount)), V: order.terms.selfTradePrevention,
  };
}
