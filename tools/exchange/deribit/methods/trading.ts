import type { UserTrade } from '../../../../actors/exchange/deribit/account.js';
import { DeribitError, invalidParam } from '../../../../actors/exchange/deribit/errors.js';
import { amountNumber, CURRENCIES } from '../../../../actors/exchange/deribit/instruments.js';
import { type DeribitOrder, ORDER_TYPES, type OrderView, orderView, TIMES_IN_FORCE, TRIGGERS } from '../../../../actors/exchange/deribit/order.js';
import type { EditArguments, PlaceArguments, PlaceResult } from '../../../../actors/exchange/deribit/orders.js';
import { numberOf } from '../../../../actors/exchange/deribit/venue.js';
import { positionView, summaryView, userView } from '../../../../actors/exchange/deribit/views.js';
import { currency, KINDS, type MethodTable, newest, type PrivateCall, reads, SORTINGS, trades, wanted } from './method.js';

const LONGEST_LABEL = 64;
const MOST_MS = 8_640_000_000_000_000;
const ORDER_KINDS = ['all', 'limit', 'trigger_all', 'stop_all', 'stop_limit', 'stop_market', 'take_all', 'take_limit', 'take_market', 'trailing_all', 'trailing_stop'] as const;

function label({ params }: PrivateCall): string | undefined {
  const text = params.optionalText('label');
  if (text !== undefined && text.length > LONGEST_LABEL) throw invalidParam('label', `must have at most ${LONGEST_LABEL} characters`);
  return text;
}

/** `amount`, or `contracts` in its place; both must agree. */
function amountOf({ venue, params }: PrivateCall): number {
  const amount = params.optionalNumber('amount');
  const contracts = params.optionalNumber('contracts');
  if (contracts === undefined) return amount ?? params.number('amount');
  const asAmount = amountNumber(venue.instrument(params.text('instrument_name')), contracts);
  if (amount !== undefined && amount !== asAmount) throw invalidParam('contracts', 'does not match amount');
  return asAmount;
}

function place(call: PrivateCall, direction: 'buy' | 'sell'): PlaceResult {
  const { venue, params, account, connection } = call;
  for (const unsupported of ['advanced', 'linked_order_type', 'otoco_config'] as const) if (params.has(unsupported)) throw new DeribitError('not_implemented', { param: unsupported });
  const wantedOrder: PlaceArguments = {
    instrument: venue.instrument(params.text('instrument_name')),
    direction,
    amount: amountOf(call),
    type: params.optionalWord('type', ORDER_TYPES) ?? 'limit',
    price: params.optionalNumber('price'),
    label: label(call),
    timeInForce: params.optionalWord('time_in_force', TIMES_IN_FORCE),
    maxShow: params.optionalNumber('max_show') ?? params.optionalNumber('display_amount'),
    postOnly: params.flag('post_only'),
    rejectPostOnly: params.flag('reject_post_only'),
    reduceOnly: params.flag('reduce_only'),
    trigger: params.optionalWord('trigger', TRIGGERS),
    triggerPrice: params.optionalNumber('trigger_price'),
    triggerOffset: params.optionalNumber('trigger_offset'),
    connection,
  };
  return venue.orders.place(account, wantedOrder);
}

function editArguments(call: PrivateCall): EditArguments {
  const { params } = call;
  return {
    amount: params.optionalNumber('amount'),
    contracts: params.optionalInteger('contracts', 1, Number.MAX_SAFE_INTEGER),
    price: params.optionalNumber('price'),
    triggerPrice: params.optionalNumber('trigger_price'),
    rejectPostOnly: params.has('reject_post_only') ? params.flag('reject_post_only') : undefined,
  };
}

/** Open orders with a label, of the instruments that the call names. */
function labelled(call: PrivateCall): DeribitOrder[] {
  const text = label(call) ?? call.params.text('label');
  const choose = wanted(call.params);
  return [...call.account.open.values()].filter(({ terms }) => terms.label === text && choose(terms.instrument));
}

function editByLabel(call: PrivateCall): PlaceResult {
  const instrument = call.venue.instrument(call.params.text('instrument_name'));
  const text = call.params.text('label');
  const found = [...call.account.open.values()].filter(({ terms }) => terms.label === text && terms.instrument === instrument);
  if (found.length === 0) throw new DeribitError('order_not_found');
  if (found.length > 1) throw new DeribitError('other_reject', { reason: 'more than one order has this label' });
  return call.venue.orders.edit(call.account, found[0]!.id, editArguments(call));
}

function closePosition(call: PrivateCall): PlaceResult {
  const { venue, params, account, connection } = call;
  const instrument = venue.instrument(params.text('instrument_name'));
  const type = params.word('type', ['limit', 'market']);
  const lots = account.lots(instrument);
  if (lots === 0) throw new DeribitError('invalid_reduce_only_order', { reason: 'no open position' });
  return venue.orders.place(account, {
    instrument, direction: lots > 0 ? 'sell' : 'buy', amount: amountNumber(instrument, Math.abs(lots)), type, price: params.optionalNumber('price'),
    postOnly: false, rejectPostOnly: false, reduceOnly: true, connection,
  });
}

/** Whether an open order is of the kind that cancel_all and get_open_orders name in `type`. */
function ofType(call: PrivateCall): (order: DeribitOrder) => boolean {
  const type = call.params.optionalWord('type', ORDER_KINDS) ?? 'all';
  return ({ terms, waiting }) => {
    switch (type) {
      case 'all':
        return true;
      case 'limit':
        return !waiting;
      case 'trigger_all':
        return waiting;
      case 'stop_all':
        return waiting && terms.originalType.startsWith('stop_');
      case 'take_all':
        return waiting && terms.originalType.startsWith('take_');
      case 'trailing_all':
      case 'trailing_stop':
        return waiting && terms.originalType === 'trailing_stop';
      case 'stop_limit':
      case 'stop_market':
      case 'take_limit':
      case 'take_market':
        return waiting && terms.originalType === type;
    }
  };
}

function cancelSome(call: PrivateCall, choose: (order: DeribitOrder) => boolean): unknown {
  const type = ofType(call);
  const text = call.params.has('label') ? call.params.text('label') : undefined;
  const which = (order: DeribitOrder): boolean => choose(order) && type(order) && (text === undefined || order.terms.label === text);
  if (!call.params.flag('detailed')) return call.venue.orders.cancelAll(call.account, which);
  const chosen = [...call.account.open.values()].filter(which);
  call.venue.orders.cancelAll(call.account, which);
  const byInstrument = new Map<string, OrderView[]>();
  for (const order of chosen) {
    const { name } = order.terms.instrument;
    byInstrument.set(name, [...(byInstrument.get(name) ?? []), orderView(order)]);
  }
  return [...byInstrument].map(([instrument_name, result]) => ({ instrument_name, type: 'limit', currency: call.venue.instrument(instrument_name).settlement, result }));
}

const openOrders = (call: PrivateCall, choose: (order: DeribitOrder) => boolean): OrderView[] => {
  const type = ofType(call);
  return [...call.account.open.values()].filter((order) => choose(order) && type(order)).map(orderView);
};

function history(call: PrivateCall, choose: (view: OrderView) => boolean): OrderView[] {
  const { params, account } = call;
  const count = params.optionalInteger('count', 1, 1000) ?? 20;
  const offset = params.optionalInteger('offset', 0, 1e6) ?? 0;
  const unfilled = params.flag('include_unfilled');
  const all = [...account.closed.values()].filter((view) => choose(view) && (unfilled || view['filled_amount'] !== 0));
  return all.reverse().slice(offset, offset + count);
}

const instrumentOf = (call: PrivateCall): ((view: { readonly instrument_name?: unknown }) => boolean) => {
  const { name } = call.venue.instrument(call.params.text('instrument_name'));
  return (view) => view.instrument_name === name;
};
const currencyOf = (call: PrivateCall): ((view: { readonly instrument_name?: unknown }) => boolean) => {
  const choose = wanted(call.params);
  const names = new Set(call.venue.instruments.filter(choose).map(({ name }) => name));
  return (view) => names.has(view.instrument_name as string);
};

function userTrades(call: PrivateCall, choose: (trade: UserTrade) => boolean): unknown {
  const { params, account } = call;
  const count = params.optionalInteger('count', 1, 1000) ?? 10;
  const from = params.optionalInteger('start_timestamp', 0, MOST_MS) ?? 0;
  const to = params.optionalInteger('end_timestamp', 0, MOST_MS) ?? Infinity;
  const startSeq = params.optionalInteger('start_seq', 0, MOST_MS) ?? 0;
  const all = account.trades.filter((trade) => choose(trade) && trade.timestamp >= from && trade.timestamp <= to && (trade['trade_seq'] as number) >= startSeq);
  const { items, more } = newest(all, count, params.optionalWord('sorting', SORTINGS));
  return { trades: items, has_more: more };
}

function orderTrades({ account, params }: PrivateCall): readonly UserTrade[] {
  const id = params.text('order_id');
  const found = account.trades.filter((trade) => trade.order_id === id);
  return params.optionalWord('sorting', SORTINGS) === 'asc' ? found : found.reverse();
}

function positions({ venue, account, params }: PrivateCall): unknown {
  const choose = wanted(params);
  return venue.instruments.filter((instrument) => choose(instrument) && account.holdings.has(instrument)).map((instrument) => positionView(venue, account, instrument));
}

function statesByLabel(call: PrivateCall): OrderView[] {
  const text = call.params.text('label');
  const choose = currencyOf(call);
  const all = [...call.account.closed.values(), ...[...call.account.open.values()].map(orderView)];
  return all.filter((view) => view['label'] === text && choose(view));
}

function margins({ venue, account, params }: PrivateCall): unknown {
  const instrument = venue.instrument(params.text('instrument_name'));
  const market = venue.market(instrument);
  const lots = Math.round(params.number('amount') / instrument.contractSize);
  const held = account.lots(instrument);
  const need = (signed: number): number => Math.max(0, numberOf(venue.margins.initial(instrument, held + signed)) - numberOf(venue.margins.initial(instrument, held)));
  return { buy: need(lots), sell: need(-lots), max_price: market.highestTicks * instrument.tickSize, min_price: market.lowestTicks * instrument.tickSize };
}

const nothing = reads(({ params }) => {
  currency(params);
  return { count: 0, data: [] };
});
const noSettlements = reads(() => ({ settlements: [], continuation: null }));

export const TRADING: MethodTable = {
  'private/buy': trades((call) => place(call, 'buy')),
  'private/sell': trades((call) => place(call, 'sell')),
  'private/edit': trades((call) => call.venue.orders.edit(call.account, call.params.text('order_id'), editArguments(call))),
  'private/edit_by_label': trades(editByLabel),
  'private/cancel': trades(({ venue, account, params }) => venue.orders.cancel(account, params.text('order_id'))),
  'private/cancel_all': trades((call) => cancelSome(call, () => true)),
  'private/cancel_all_by_instrument': trades((call) => {
    const instrument = call.venue.instrument(call.params.text('instrument_name'));
    return cancelSome(call, ({ terms }) => terms.instrument === instrument);
  }),
  'private/cancel_all_by_currency': trades((call) => {
    currency(call.params);
    const choose = wanted(call.params);
    return cancelSome(call, ({ terms }) => choose(terms.instrument));
  }),
  'private/cancel_all_by_kind_or_type': trades((call) => {
    const choose = wanted(call.params);
    return cancelSome(call, ({ terms }) => choose(terms.instrument));
  }),
  'private/cancel_by_label': trades((call) => {
    const chosen = new Set(labelled(call));
    return call.venue.orders.cancelAll(call.account, (order) => chosen.has(order));
  }),
  'private/close_position': trades(closePosition),
  'private/get_margins': reads(margins),
  'private/get_order_state': reads(({ venue, account, params }) => venue.orders.state(account, params.text('order_id'))),
  'private/get_order_state_by_label': reads(statesByLabel),
  'private/get_order_margin_by_ids': reads(({ venue, account, params }) => params.texts('ids', 100).map((id) => {
    const order = account.open.get(id);
    if (order === undefined) throw new DeribitError('order_not_found');
    const { instrument } = order.terms;
    return { order_id: id, initial_margin_currency: instrument.settlement, initial_margin: numberOf(venue.margins.initial(instrument, order.leavesLots)) };
  })),
  'private/get_open_orders': reads((call) => {
    const choose = wanted(call.params);
    return openOrders(call, ({ terms }) => choose(terms.instrument));
  }),
  'private/get_open_orders_by_currency': reads((call) => {
    currency(call.params);
    const choose = wanted(call.params);
    return openOrders(call, ({ terms }) => choose(terms.instrument));
  }),
  'private/get_open_orders_by_instrument': reads((call) => {
    const instrument = call.venue.instrument(call.params.text('instrument_name'));
    return openOrders(call, ({ terms }) => terms.instrument === instrument);
  }),
  'private/get_open_orders_by_label': reads((call) => labelled(call).map(orderView)),
  'private/get_order_history_by_currency': reads((call) => history(call, currencyOf(call))),
  'private/get_order_history_by_instrument': reads((call) => history(call, instrumentOf(call))),
  'private/get_trigger_order_history': reads((call) => {
    const choose = currencyOf(call);
    return { entries: [...call.account.closed.values()].filter((view) => choose(view) && String(view['order_id']).startsWith('SL')).reverse().slice(0, 20), continuation: null };
  }),
  'private/get_user_trades_by_currency': reads((call) => userTrades(call, currencyOf(call))),
  'private/get_user_trades_by_currency_and_time': reads((call) => userTrades(call, currencyOf(call))),
  'private/get_user_trades_by_instrument': reads((call) => userTrades(call, instrumentOf(call))),
  'private/get_user_trades_by_instrument_and_time': reads((call) => userTrades(call, instrumentOf(call))),
  'private/get_user_trades_by_order': reads(orderTrades),
  'private/get_position': reads(({ venue, account, params }) => positionView(venue, account, venue.instrument(params.text('instrument_name')))),
  'private/get_positions': reads(positions),
  'private/get_account_summary': reads(({ venue, account, params }) => {
    const chosen = currency(params);
    if (chosen === undefined) throw invalidParam('currency', 'not traded here');
    return summaryView(venue, account, chosen, params.flag('extended'));
  }),
  'private/get_account_summaries': reads(({ venue, account, params }) => {
    const extended = params.flag('extended');
    return { ...userView(account), summaries: CURRENCIES.map((each) => summaryView(venue, account, each, extended)) };
  }),
  'private/get_subaccounts': reads(({ account }) => [userView(account)]),
  'private/get_transaction_log': reads(({ params }) => {
    currency(params);
    params.optionalWord('kind', KINDS);
    throw new DeribitError('not_implemented');
  }),
  'private/get_settlement_history_by_instrument': noSettlements,
  'private/get_settlement_history_by_currency': noSettlements,
  'private/get_deposits': nothing,
  'private/get_withdrawals': nothing,
  'private/get_transfers': nothing,
};
