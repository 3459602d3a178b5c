/** What the API shows of instruments, markets, positions and accounts: plain objects with Deribit's names. */
import { ASK, BID } from '../book/index.js';
import { type Amount, asset, ZERO } from '../ledger/index.js';
import type { DeribitAccount } from './account.js';
import { levels } from './book-feed.js';
import { baseUnits, amountNumber, type Currency, type DeribitInstrument, priceNumber } from './instruments.js';
import type { Perpetual } from './perpetual.js';
import { type DeribitVenue, numberOf } from './venue.js';

type View = Readonly<Record<string, unknown>>;
const DAY_MS = 86_400_000;
/** Perpetuals expire at the end of the year 3000, as the platform says. */
const NEVER_MS = 32_503_708_800_000;
const CURRENCY_NAMES = { BTC: 'Bitcoin', ETH: 'Ethereum', USDC: 'USD Coin' } as const satisfies Record<Currency, string>;

export function currencyView(currency: Currency): View {
  return {
    currency, currency_long: CURRENCY_NAMES[currency], coin_type: currency === 'USDC' ? 'ETHEREUM' : 'BITCOIN', min_confirmations: 1, min_withdrawal_fee: 0,
    withdrawal_fee: 0, withdrawal_priorities: [], decimals: currency === 'USDC' ? 6 : 8, apr: 0, in_cross_collateral_pool: false, network_fee: 0,
  };
}

export function instrumentView(instrument: DeribitInstrument, market: Perpetual): View {
  return {
    instrument_id: instrument.index + 1, instrument_name: instrument.name, instrument_type: instrument.contract.inverse ? 'reversed' : 'linear', kind: instrument.kind,
    base_currency: instrument.base, quote_currency: instrument.quote, counter_currency: instrument.counter, settlement_currency: instrument.settlement,
    price_index: instrument.indexName, settlement_period: 'perpetual', tick_size: instrument.tickSize, tick_size_steps: [], contract_size: instrument.contractSize,
    min_trade_amount: instrument.contractSize, maker_commission: Number(instrument.makerFee) / 1e8, taker_commission: Number(instrument.takerFee) / 1e8,
    max_leverage: instrument.maxLeverage, max_liquidation_commission: 0.0075, block_trade_commission: 0.00025, block_trade_min_trade_amount: 200_000, block_trade_tick_size: 0.01,
    is_active: true, state: 'open', rfq: false, creation_timestamp: market.createdMs, expiration_timestamp: NEVER_MS, future_type: instrument.contract.inverse ? 'reversed' : 'linear',
  };
}

function stats(market: Perpetual, nowMs: number): View {
  const day = market.bars.since(nowMs - DAY_MS);
  if (day === undefined) return { high: null, low: null, price_change: null, volume: 0, volume_usd: 0, volume_notional: 0 };
  return {
    high: day.high, low: day.low, price_change: Number(((day.close / day.open - 1) * 100).toFixed(4)), volume: Number(day.volume.toFixed(8)),
    volume_usd: Number(day.cost.toFixed(2)), volume_notional: Number(day.cost.toFixed(2)),
  };
}

const share = (value: number): number => Number(value.toFixed(8));

export function tickerView(market: Perpetual, nowMs: number): View {
  const { instrument, book, marks } = market;
  return {
    instrument_name: instrument.name, timestamp: nowMs, state: 'open', stats: stats(market, nowMs),
    last_price: market.trades.length === 0 ? null : market.lastPrice, mark_price: market.displayed(marks.mark), index_price: market.displayed(marks.index),
    best_bid_price: book.bestBid === 0 ? 0 : priceNumber(instrument, book.bestBid), best_bid_amount: book.bestBid === 0 ? 0 : amountNumber(instrument, book.lotsAt(book.bestBid)),
    best_ask_price: book.bestAsk === 0 ? 0 : priceNumber(instrument, book.bestAsk), best_ask_amount: book.bestAsk === 0 ? 0 : amountNumber(instrument, book.lotsAt(book.bestAsk)),
    max_price: priceNumber(instrument, market.highestTicks), min_price: priceNumber(instrument, market.lowestTicks),
    settlement_price: market.displayed(marks.mark), estimated_delivery_price: market.displayed(marks.index), open_interest: amountNumber(instrument, market.openInterestLots),
    interest_value: share(marks.rate), current_funding: share(marks.rate), funding_8h: share(marks.hours.at(-1)?.interest_8h ?? 0),
  };
}

export function quoteView(market: Perpetual, nowMs: number): View {
  const { best_bid_price, best_bid_amount, best_ask_price, best_ask_amount, instrument_name } = tickerView(market, nowMs);
  return { timestamp: nowMs, instrument_name, best_bid_price, best_bid_amount, best_ask_price, best_ask_amount };
}

export function orderBookView(market: Perpetual, depth: number, nowMs: number): View {
  const { instrument, book } = market;
  return { ...tickerView(market, nowMs), change_id: book.updateId, bids: levels(instrument, book, BID, depth), asks: levels(instrument, book, ASK, depth) };
}

export function bookSummaryView(market: Perpetual, nowMs: number): View {
  const { instrument, marks, book } = market;
  const { stats: day, open_interest, last_price } = tickerView(market, nowMs) as { stats: Readonly<Record<string, unknown>>; open_interest: number; last_price: number | null };
  const bid = book.bestBid === 0 ? null : priceNumber(instrument, book.bestBid);
  const ask = book.bestAsk === 0 ? null : priceNumber(instrument, book.bestAsk);
  return {
    instrument_name: instrument.name, base_currency: instrument.base, quote_currency: instrument.quote, creation_timestamp: nowMs, bid_price: bid, ask_price: ask,
    mid_price: bid === null || ask === null ? null : (bid + ask) / 2, mark_price: market.displayed(marks.mark), last: last_price, high: day['high'], low: day['low'], price_change: day['price_change'],
    volume: day['volume'], volume_usd: day['volume_usd'], volume_notional: day['volume_notional'], open_interest, current_funding: share(marks.rate),
    funding_8h: share(marks.hours.at(-1)?.interest_8h ?? 0), estimated_delivery_price: market.displayed(marks.index),
  };
}

export function positionView(venue: DeribitVenue, account: DeribitAccount, instrument: DeribitInstrument): View {
  const market = venue.market(instrument);
  const holding = account.holdings.get(instrument);
  const lots = holding?.position.lots ?? 0;
  const floating = holding === undefined ? ZERO : holding.position.unrealised(market.markPrice);
  const realised = holding?.realised ?? ZERO;
  const sign = lots < 0 ? -1 : 1;
  const { mark, index } = market.marks;
  const own = venue.margins.initial(instrument, lots);
  const all = venue.margins.initial(instrument, venue.margins.worstLots(account, instrument, 0, 0));
  const sizeCurrency = share(sign * baseUnits(instrument, lots, mark));
  return {
    instrument_name: instrument.name, kind: instrument.kind, direction: lots === 0 ? 'zero' : lots > 0 ? 'buy' : 'sell', size: sign * amountNumber(instrument, Math.abs(lots)),
    size_currency: sizeCurrency, average_price: holding === undefined ? 0 : Number((holding.averageTicks * instrument.tickSize).toFixed(4)), mark_price: market.displayed(mark), index_price: market.displayed(index),
    settlement_price: market.displayed(mark), floating_profit_loss: numberOf(floating), realized_profit_loss: numberOf(realised), total_profit_loss: numberOf((floating + realised) as Amount),
    realized_funding: numberOf(holding?.funding ?? ZERO), initial_margin: numberOf(own), maintenance_margin: numberOf(venue.margins.maintenance(instrument, lots)),
    open_orders_margin: numberOf((all - own) as Amount), leverage: instrument.maxLeverage, delta: sizeCurrency, interest_value: share(market.marks.rate),
    estimated_liquidation_price: venue.margins.liquidationPrice(account, instrument) || null,
  };
}

export function summaryView(venue: DeribitVenue, account: DeribitAccount, currency: Currency, extended: boolean): View {
  const state = venue.margins.state(account, currency);
  const rpl = numberOf(account.sessionRealised.get(asset(currency)) ?? ZERO);
  const upl = numberOf(state.unrealised);
  const available = numberOf(state.available < 0n ? ZERO : state.available);
  return {
    currency, balance: numberOf(state.balance), equity: numberOf(state.equity), margin_balance: numberOf(state.equity), available_funds: available, available_withdrawal_funds: available,
    initial_margin: numberOf(state.initial), maintenance_margin: numberOf(state.maintenance), projected_initial_margin: numberOf(state.initial), projected_maintenance_margin: numberOf(state.maintenance),
    session_rpl: rpl, session_upl: upl, session_funding: numberOf(account.sessionFunding.get(asset(currency)) ?? ZERO), total_pl: Number((rpl + upl).toFixed(8)), futures_pl: Number((rpl + upl).toFixed(8)),
    futures_session_rpl: rpl, futures_session_upl: upl, options_pl: 0, options_session_rpl: 0, options_session_upl: 0, options_value: 0, options_delta: 0, options_gamma: 0, options_theta: 0, options_vega: 0,
    delta_total: Number(state.delta.toFixed(8)), projected_delta_total: Number(state.delta.toFixed(8)), spot_reserve: 0, additional_reserve: 0, fee_balance: 0, portfolio_margining_enabled: false,
    cross_collateral_enabled: false, margin_model: 'segregated_sm', limits: { limits_per_currency: false, non_matching_engine: { rate: 10_000, burst: 50_000 }, matching_engine: { trading: { total: { rate: 5, burst: 20 } }, cancel_all: { rate: 5, burst: 20 } } },
    ...(extended ? { ...userView(account), fees: [
      { instrument_type: 'perpetual', currency, fee_type: 'relative', maker_fee: 0, taker_fee: 0.0005 },
      { instrument_type: 'future', currency, fee_type: 'relative', maker_fee: 0, taker_fee: 0.0005 },
      { instrument_type: 'option', currency, fee_type: 'relative', maker_fee: 0.0003, taker_fee: 0.0003 },
    ] } : {}),
  };
}

export const userView = (account: DeribitAccount): View => ({
  id: account.id, username: account.name, system_name: account.name, email: `${account.name}@example.invalid`, type: 'main', creation_timestamp: 0, login_enabled: true,
  security_keys_enabled: false, mmp_enabled: false, interuser_transfers_enabled: false, self_trading_reject_mode: 'reject_taker', self_trading_extended_to_subaccounts: false,
});
