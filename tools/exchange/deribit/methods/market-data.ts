import { RESOLUTIONS } from '../../../../actors/exchange/deribit/channel-names.js';
import { DeribitError, invalidParam } from '../../../../actors/exchange/deribit/errors.js';
import { CURRENCIES } from '../../../../actors/exchange/deribit/instruments.js';
import type { PublicTrade } from '../../../../actors/exchange/deribit/perpetual.js';
import { bookSummaryView, currencyView, instrumentView, orderBookView, tickerView } from '../../../../actors/exchange/deribit/views.js';
import { currency, KINDS, type MethodTable, newest, open, type PublicCall, SORTINGS, wanted } from './method.js';

export const API_VERSION = '1.2.26';
const MOST_MS = 8_640_000_000_000_000;
const MOST_BARS = 5000;

const market = ({ venue, params }: PublicCall): ReturnType<typeof venue.market> => venue.market(venue.instrument(params.text('instrument_name')));
const count = ({ params }: PublicCall, otherwise = 10): number => params.optionalInteger('count', 1, 1000) ?? otherwise;
const stamp = ({ params }: PublicCall, name: string): number => params.integer(name, 0, MOST_MS);

function tradesAnswer(call: PublicCall, all: readonly PublicTrade[]): unknown {
  const from = call.params.optionalInteger('start_timestamp', 0, MOST_MS) ?? 0;
  const to = call.params.optionalInteger('end_timestamp', 0, MOST_MS) ?? Infinity;
  const startSeq = call.params.optionalInteger('start_seq', 0, MOST_MS) ?? 0;
  const endSeq = call.params.optionalInteger('end_seq', 0, MOST_MS) ?? Infinity;
  const inside = all.filter(({ timestamp, trade_seq }) => timestamp >= from && timestamp <= to && trade_seq >= startSeq && trade_seq <= endSeq);
  const { items, more } = newest(inside, count(call), call.params.optionalWord('sorting', SORTINGS));
  return { trades: items, has_more: more };
}

function tradesOfCurrency(call: PublicCall): unknown {
  currency(call.params);
  const choose = wanted(call.params);
  const all = [...call.venue.markets].filter(([instrument]) => choose(instrument)).flatMap(([, { trades }]) => trades);
  return tradesAnswer(call, all.sort((a, b) => a.timestamp - b.timestamp));
}

function chart(call: PublicCall): unknown {
  const { params } = call;
  const { bars } = market(call);
  const widthMs = RESOLUTIONS.get(params.text('resolution'));
  if (widthMs === undefined) throw invalidParam('resolution', `is not one of: ${[...RESOLUTIONS.keys()].join(', ')}`);
  const from = stamp(call, 'start_timestamp');
  const to = stamp(call, 'end_timestamp');
  if (from > to) throw invalidParam('start_timestamp', 'must not be after end_timestamp');
  const found = bars.between(from, to, widthMs, MOST_BARS);
  return {
    status: found.length === 0 ? 'no_data' : 'ok', ticks: found.map(({ startMs }) => startMs), open: found.map((bar) => bar.open), high: found.map((bar) => bar.high),
    low: found.map((bar) => bar.low), close: found.map((bar) => bar.close), volume: found.map((bar) => Number(bar.volume.toFixed(8))), cost: found.map((bar) => Number(bar.cost.toFixed(2))),
  };
}

function indexPrice(call: PublicCall): unknown {
  const name = call.params.text('index_name');
  const instrument = call.venue.instruments.find(({ indexName }) => indexName === name);
  if (instrument === undefined) throw invalidParam('index_name', 'unknown index');
  const price = Number(call.venue.index(instrument.base).toFixed(2));
  return { index_price: price, estimated_delivery_price: price };
}

function fundingMarks(call: PublicCall): ReturnType<typeof market>['marks'] {
  return market(call).marks;
}

function settlements(call: PublicCall, choose: (name: string) => boolean): unknown {
  const type = call.params.optionalWord('type', ['settlement', 'delivery', 'bankruptcy']);
  const all = call.venue.settlements.filter((settlement) => (type === undefined || settlement.type === type) && choose(settlement.instrument_name));
  return { settlements: newest(all, count(call, 20), 'desc').items, continuation: null };
}

export const MARKET_DATA: MethodTable = {
  'public/get_time': open(({ venue }) => venue.nowMs),
  'public/test': open(({ params }) => {
    if (params.optionalText('expected_result') === 'exception') throw new DeribitError('other_reject', { reason: 'expected exception' });
    return { version: API_VERSION };
  }),
  'public/status': open(({ venue }) => ({ locked: String(venue.locked), locked_currencies: venue.locked ? CURRENCIES : [] })),
  'public/get_announcements': open(() => []),
  'public/get_currencies': open(() => CURRENCIES.map(currencyView)),
  'public/get_instruments': open(({ venue, params }) => {
    if (params.flag('expired')) return [];
    const choose = wanted(params);
    return venue.instruments.filter(choose).map((instrument) => instrumentView(instrument, venue.market(instrument)));
  }),
  'public/get_instrument': open((call) => {
    const instrument = call.venue.instrument(call.params.text('instrument_name'));
    return instrumentView(instrument, call.venue.market(instrument));
  }),
  'public/get_contract_size': open((call) => ({ contract_size: call.venue.instrument(call.params.text('instrument_name')).contractSize })),
  'public/get_expirations': open(({ params }) => {
    params.optionalWord('kind', KINDS);
    return { future: ['PERPETUAL'], option: [] };
  }),
  'public/get_order_book': open((call) => {
    const depth = call.params.optionalInteger('depth', 1, 10_000) ?? 5;
    return orderBookView(market(call), depth, call.venue.nowMs);
  }),
  'public/get_order_book_by_instrument_id': open(({ venue, params }) => {
    const instrument = venue.instruments[params.integer('instrument_id', 1, 1e9) - 1];
    if (instrument === undefined) throw invalidParam('instrument_id', 'unknown instrument');
    return orderBookView(venue.market(instrument), params.optionalInteger('depth', 1, 10_000) ?? 5, venue.nowMs);
  }),
  'public/ticker': open((call) => tickerView(market(call), call.venue.nowMs)),
  'public/get_book_summary_by_instrument': open((call) => [bookSummaryView(market(call), call.venue.nowMs)]),
  'public/get_book_summary_by_currency': open((call) => {
    currency(call.params);
    const choose = wanted(call.params);
    return call.venue.instruments.filter(choose).map((instrument) => bookSummaryView(call.venue.market(instrument), call.venue.nowMs));
  }),
  'public/get_last_trades_by_instrument': open((call) => tradesAnswer(call, market(call).trades)),
  'public/get_last_trades_by_instrument_and_time': open((call) => tradesAnswer(call, market(call).trades)),
  'public/get_last_trades_by_currency': open(tradesOfCurrency),
  'public/get_last_trades_by_currency_and_time': open(tradesOfCurrency),
  'public/get_tradingview_chart_data': open(chart),
  'public/get_index_price': open(indexPrice),
  'public/get_index_price_names': open(({ venue }) => [...new Set(venue.instruments.map(({ indexName }) => indexName))]),
  'public/get_supported_index_names': open(({ venue }) => [...new Set(venue.instruments.map(({ indexName }) => indexName))]),
  'public/get_funding_rate_value': open((call) => fundingMarks(call).between(stamp(call, 'start_timestamp'), stamp(call, 'end_timestamp'))),
  'public/get_funding_rate_history': open((call) => {
    const from = stamp(call, 'start_timestamp');
    const to = stamp(call, 'end_timestamp');
    return fundingMarks(call).hours.filter(({ timestamp }) => timestamp >= from && timestamp <= to);
  }),
  'public/get_funding_chart_data': open((call) => {
    const length = call.params.word('length', ['8h', '24h', '1m']);
    const { hours, rate } = fundingMarks(call);
    const taken = hours.slice(-(length === '8h' ? 8 : length === '24h' ? 24 : 720));
    return { data: taken.map(({ timestamp, index_price, interest_8h }) => ({ timestamp, index_price, interest_8h })), interest_8h: taken.at(-1)?.interest_8h ?? 0, current_interest: rate };
  }),
  'public/get_last_settlements_by_instrument': open((call) => {
    const { name } = call.venue.instrument(call.params.text('instrument_name'));
    return settlements(call, (other) => other === name);
  }),
  'public/get_last_settlements_by_currency': open((call) => {
    const chosen = currency(call.params);
    return settlements(call, (name) => call.venue.instruments.some((instrument) => instrument.name === name && instrument.settlement === chosen));
  }),
};
