/**
 * The account and its risk gate: sizes and forwards orders, books fills exactly, and tells detectors about exposure.
 * Entries pass checks; exits and cancels always pass.
 */
import type { ActorContext, AskResult, Behaviour } from '../../runtime/index.js';
import type { StoreWrite } from '../engine/io.js';
import { decide } from '../journal/decide.js';
import { KERNEL_PATH } from '../journal/decision.js';
import type { RiskAnswer } from '../risk/messages.js';
import { TRUTH_TOPIC, type PositionGone } from '../truth/messages.js';
import { feeOn, feesOf } from '../venue/fees.js';
import type { CancelOrder, NewOrder, VenueControl, VenueEvent } from '../venue/messages.js';
import type {
  AccountInput, AccountMessage, AccountReply, CancelAll, EntryRefusal, EntryRequest, ExitPurpose, ExitRequest, ExposureMessage,
} from './messages.js';
import { refusalOf, riskQuestion } from './caps.js';
import { formatMoney, shareOf, type Money } from './money.js';
import type { WorkingOrder } from './rows.js';
import { AccountBasis, changedRows, hasTrade, withEntry, without, type AccountParameters, type AccountState } from './state.js';
import { NO_STATISTICS, sessionRow, withClosed } from './session.js';
import { statusOf } from './status.js';
import { averagePrice, bookFill, exitSide, isOver, netProfit, newTrade, openLots, type Trade } from './trade.js';

const FLATTEN_RETRY_MS = 1000;

type Context = ActorContext<AccountMessage>;

export function accountBehaviour(parameters: AccountParameters): Behaviour<AccountState, AccountMessage, AccountInput> {
  const basis = new AccountBasis(parameters);
  const { limits, venue } = basis;

  /** When an order that the account itself sends now reaches the venue. */
  const arrivalUs = (ctx: Context): number => ctx.nowUs() + venue.entryLatencyMs * 1000;

  function reply(ctx: Context, owner: string, message: AccountReply): void {
    ctx.send(ctx.ref<AccountReply>(owner), message);
  }

  function toVenue(state: AccountState, control: VenueControl, ctx: Context): void {
    ctx.send(ctx.ref<VenueControl>(state.input.kernelPath ?? KERNEL_PATH), control);
  }

  function journal(ctx: Context, state: AccountState, kind: Parameters<typeof decide>[1], symbol: number, data: Parameters<typeof decide>[4]): void {
    decide(ctx, kind, symbol, state.seq, data, state.input.journalPath);
  }

  // -------------------------------------------------------------- risk gate

  function entryRequested(state: AccountState, request: EntryRequest, ctx: Context): AccountState {
    const valuation = basis.valuationOf(state, request.symbol);
    const budget = valuation === undefined ? 0n : shareOf(basis.equityOf(state, valuation.instrument.settle), request.equityShare);
    const lots = valuation?.lotsWithin(budget, request.priceTicks) ?? 0;
    const refused = refusalOf(basis, state, request, valuation, lots);
    if (refused !== undefined || valuation === undefined) {
      reply(ctx, request.owner, { type: 'entry.refused', id: request.id, reason: refused ?? 'unknown_symbol', seq: state.seq });
      return state;
    }
    const reserved = valuation.value(request.side, lots, request.priceTicks);
    return state.input.risk === undefined ? enter(state, request, lots, reserved, ctx) : askRisk(state, request, lots, reserved, state.input.risk, ctx);
  }

  /** Nothing opens without a yes of the gate; a gate that is down says no. */
  function askRisk(state: AccountState, request: EntryRequest, lots: number, reserved: Money, { path, timeoutMs }: NonNullable<AccountInput['risk']>, ctx: Context): AccountState {
    const { id } = request;
    ctx.ask<RiskAnswer>(ctx.ref(path), riskQuestion(state, request, lots), timeoutMs, (result) => ({ type: 'account.risk', id, result }));
    // An ask dies with this life of the account; the timer does not.
    ctx.startTimer(`risk ${id}`, timeoutMs * 2, { type: 'account.risk', id, result: { ok: false, reason: 'timeout' } });
    return { ...state, asking: withEntry(state.asking, id, { request, lots, reserved, cancelDueUs: null }) };
  }

  function riskAnswered(state: AccountState, id: string, result: AskResult<RiskAnswer>, ctx: Context): AccountState {
    const asked = state.asking.get(id);
    if (asked === undefined) return state;
    const answer: RiskAnswer = result.ok ? result.value : { ok: false, guard: 'risk_down', detail: result.reason };
    if (!answer.ok) return refuseAsked(state, id, answer.guard, answer.detail, ctx);
    if (!state.tradingEnabled) return refuseAsked(state, id, 'trading_disabled', '', ctx);
    ctx.cancelTimer(`risk ${id}`);
    const entered = enter({ ...state, asking: without(state.asking, id) }, asked.request, asked.lots, asked.reserved, ctx);
    return asked.cancelDueUs === null ? entered : cancel(entered, id, asked.cancelDueUs, ctx);
  }

  /** A cancel has its own way to the venue, and a time to live is one that is sent with the entry: it follows the entry, unless that is too late. */
  function cancelAsked(state: AccountState, id: string, dueUs: number, ctx: Context): AccountState {
    if (dueUs <= ctx.nowUs()) return refuseAsked(state, id, 'withdrawn', 'cancelled', ctx);
    const asked = state.asking.get(id)!;
    return { ...state, asking: withEntry(state.asking, id, { ...asked, cancelDueUs: Math.min(dueUs, asked.cancelDueUs ?? Infinity) }) };
  }

  function refuseAsked(state: AccountState, id: string, reason: EntryRefusal, detail: string, ctx: Context): AccountState {
    const { request } = state.asking.get(id)!;
    ctx.cancelTimer(`risk ${id}`);
    journal(ctx, state, 'refusal', request.symbol, { id, reason, detail });
    reply(ctx, request.owner, { type: 'entry.refused', id, reason, detail, seq: state.seq });
    return { ...state, asking: without(state.asking, id) };
  }

  function enter(state: AccountState, request: EntryRequest, lots: number, reserved: Money, ctx: Context): AccountState {
    const { id, owner, strategy, symbol, side, kind, priceTicks, timeInForce, dueUs } = request;
    const trade = newTrade({ id, owner, strategy, symbol, side, requestedLots: lots, reserved });
    const next = { ...state, trades: withEntry(state.trades, id, trade) };
    reply(ctx, owner, { type: 'entry.granted', id, lots, seq: state.seq });
    return place(next, { type: 'order.new', id, symbol, side, kind, priceTicks, lots, timeInForce, reduceOnly: false, dueUs }, id, 'entry', ctx);
  }

  // -------------------------------------------------------------- orders

  function place(state: AccountState, order: NewOrder, tradeId: string, purpose: 'entry' | ExitPurpose, ctx: Context): AccountState {
    toVenue(state, order, ctx);
    const { id, side, kind, priceTicks, lots, timeInForce, dueUs } = order;
    journal(ctx, state, 'order', order.symbol, { id, trade: tradeId, purpose, side, kind, priceTicks, lots, timeInForce, dueUs });
    return { ...state, orders: withEntry(state.orders, id, { id, tradeId, side, purpose, remaining: lots }) };
  }

  function exitRequested(state: AccountState, request: ExitRequest, ctx: Context): AccountState {
    const trade = state.trades.get(request.tradeId);
    const problem =
      trade === undefined ? 'unknown_trade' : trade.owner !== request.owner && request.owner !== state.input.guardPath ? 'not_owner' : state.orders.has(request.id) ? 'duplicate_id' : undefined;
    if (trade === undefined || problem !== undefined) {
      reply(ctx, request.owner, { type: 'exit.refused', id: request.id, tradeId: request.tradeId, reason: problem ?? 'unknown_trade', seq: state.seq });
      return state;
    }
    const { id, kind, priceTicks, lots, timeInForce, purpose, dueUs } = request;
    const order: NewOrder = {
      type: 'order.new', id, symbol: trade.symbol, side: exitSide(trade), kind, priceTicks, lots, timeInForce, reduceOnly: true, reduces: trade.id, dueUs,
    };
    journal(ctx, state, 'exit', trade.symbol, { trade: trade.id, order: id, purpose, lots, priceTicks });
    return place(state, order, trade.id, purpose, ctx);
  }

  function cancel(state: AccountState, id: string, dueUs: number, ctx: Context): AccountState {
    const working = state.orders.get(id);
    const trade = working === undefined ? undefined : state.trades.get(working.tradeId);
    if (trade === undefined) return state;
    toVenue(state, { type: 'order.cancel', id, symbol: trade.symbol, dueUs } satisfies CancelOrder, ctx);
    journal(ctx, state, 'cancel', trade.symbol, { id, trade: trade.id, dueUs });
    return state;
  }

  /** Sends a market exit for all that a flattening trade has open. */
  function closeOut(state: AccountState, trade: Trade, dueUs: number, ctx: Context): AccountState {
    const lots = openLots(trade);
    if (lots <= 0 || trade.flattening === null) return state;
    const id = `${ctx.path}#${state.input.record?.mark ?? ''}${state.generation}-${state.nextOrder}`;
    return exitRequested({ ...state, nextOrder: state.nextOrder + 1 }, {
      type: 'exit.request', id, tradeId: trade.id, owner: trade.owner, kind: 'market', priceTicks: 0, lots, timeInForce: 'IOC',
      purpose: trade.flattening, seq: state.seq, dueUs,
    }, ctx);
  }

  /** Closes all trades of an owner, or of a symbol. */
  function flatten(state: AccountState, which: (trade: { readonly id: string; readonly owner: string; readonly symbol: number }) => boolean, purpose: ExitPurpose, targetsToo: boolean, ctx: Context): AccountState {
    const dueUs = arrivalUs(ctx);
    let next = state;
    for (const [id, { request }] of state.asking) if (which(request)) next = refuseAsked(next, id, 'withdrawn', purpose, ctx);
    if (targetsToo) next = cancelWorking(next, (working, trade) => working.purpose === 'target' && which(trade), ctx);
    for (const trade of state.trades.values()) {
      if (!which(trade) || trade.flattening !== null) continue;
      const flattening: Trade = { ...trade, flattening: purpose };
      next = { ...next, trades: withEntry(next.trades, trade.id, flattening) };
      if (!trade.entryDone) next = cancel(next, trade.id, dueUs, ctx);
      next = closeOut(next, flattening, dueUs, ctx);
    }
    return next;
  }

  function cancelWorking(state: AccountState, which: (order: WorkingOrder, trade: Trade) => boolean, ctx: Context): AccountState {
    const dueUs = arrivalUs(ctx);
    let next = state;
    for (const working of state.orders.values()) {
      const trade = state.trades.get(working.tradeId);
      if (trade !== undefined && which(working, trade)) next = cancel(next, working.id, dueUs, ctx);
    }
    return next;
  }

  function cancelAll(state: AccountState, { symbol, targets }: CancelAll, ctx: Context): AccountState {
    const within = (of: number): boolean => symbol === null || of === symbol;
    let next = state;
    for (const [id, { request }] of state.asking) if (within(request.symbol)) next = refuseAsked(next, id, 'withdrawn', 'cancelled', ctx);
    return cancelWorking(next, ({ purpose }, trade) => within(trade.symbol) && (purpose === 'entry' || (targets && purpose === 'target')), ctx);
  }

  // -------------------------------------------------------------- venue events

  function venueEvent(state: AccountState, event: VenueEvent, ctx: Context): AccountState {
    const working = state.orders.get(event.id);
    const trade = working === undefined ? undefined : state.trades.get(working.tradeId);
    journal(ctx, state, 'venue', event.symbol, { ...event, purpose: working?.purpose ?? null });
    if (working === undefined) return state;
    let orderDone = event.type === 'order.rejected' || event.type === 'order.canceled';
    const isEntry = working.purpose === 'entry';
    // An exit that closes more than its trade has left has closed what another trade had.
    const excess = event.type === 'order.fill' && !isEntry ? Math.max(0, event.lots - (trade === undefined ? 0 : openLots(trade))) : 0;
    if (event.type === 'order.fill' && excess > 0) {
      const kept = event.lots > excess ? venueEvent(state, { ...event, lots: event.lots - excess }, ctx) : { ...state, orders: event.remainingLots === 0 ? without(state.orders, event.id) : state.orders };
      return gone(kept, { symbol: event.symbol, side: working.side === 'buy' ? 'sell' : 'buy', lots: excess, priceTicks: event.priceTicks, reason: 'late_exit' }, ctx);
    }
    // Its trade is over; what the venue had left of it goes too.
    if (trade === undefined) return orderDone ? { ...state, orders: without(state.orders, event.id) } : state;
    let updated = trade;
    switch (event.type) {
      case 'order.accepted':
      case 'order.rejected':
      case 'order.canceled':
        break;
      case 'order.fill': {
        const valuation = basis.valuationOf(state, trade.symbol)!;
        const value = valuation.value(working.side, event.lots, event.priceTicks);
        const fees = feesOf(venue, valuation.instrument.venue);
        const fee = feeOn(value, event.liquidity === 'maker' ? fees.makerBps : fees.takerBps);
        const reason = isEntry ? event.reason : working.purpose;
        updated = bookFill(trade, { isEntry, lots: event.lots, ticks: event.priceTicks, value, fee, atUs: event.atUs, reason });
        orderDone = event.remainingLots === 0;
        break;
      }
    }
    if (orderDone && isEntry) updated = { ...updated, entryDone: true };
    let next: AccountState = {
      ...state,
      trades: updated === trade ? state.trades : withEntry(state.trades, trade.id, updated),
      orders: orderDone
        ? without(state.orders, event.id)
        : event.type === 'order.fill'
          ? withEntry(state.orders, event.id, { ...working, remaining: event.remainingLots })
          : state.orders,
    };
    reply(ctx, trade.owner, { type: 'venue', tradeId: trade.id, purpose: working.purpose, event, seq: state.seq });
    if (updated.flattening !== null && openLots(updated) > 0) {
      if (isEntry && event.type === 'order.fill') {
        next = closeOut(next, { ...updated, filledLots: event.lots, closedLots: 0, writtenOffLots: 0 }, arrivalUs(ctx), ctx);
      } else if (orderDone && working.purpose === updated.flattening) {
        ctx.startTimer(`retry ${trade.id}`, FLATTEN_RETRY_MS, { type: 'account.retry', tradeId: trade.id });
      }
    }
    return isOver(updated) ? close(next, updated, ctx) : next;
  }

  /** Lots that went without an order of their trade's: the oldest trades of that side lose them first. At no known price they went for what they had cost. */
  function gone(state: AccountState, { symbol, side, lots, priceTicks, reason }: Pick<PositionGone, 'symbol' | 'side' | 'lots' | 'priceTicks' | 'reason'>, ctx: Context): AccountState {
    let next = state;
    let left = lots;
    for (const trade of state.trades.values()) {
      const taken = trade.symbol === symbol && trade.side === side ? Math.min(left, openLots(trade)) : 0;
      if (taken <= 0) continue;
      left -= taken;
      const ticks = priceTicks > 0 ? priceTicks : Number(trade.entryLotTicks / BigInt(trade.filledLots));
      const atUs = ctx.nowUs();
      journal(ctx, next, 'control', symbol, { control: 'gone', trade: trade.id, lots: taken, priceTicks: ticks, reason });
      const updated = bookFill(trade, { isEntry: false, lots: taken, ticks, value: basis.valuationOf(state, symbol)!.value(exitSide(trade), taken, ticks), fee: 0n, atUs, reason: 'gone' });
      reply(ctx, trade.owner, {
        type: 'venue', tradeId: trade.id, purpose: 'manual', seq: next.seq,
        event: { type: 'order.fill', id: `gone ${trade.id}`, symbol, seq: -1, atUs, priceTicks: ticks, lots: taken, remainingLots: 0, liquidity: 'taker', reason: 'venue' },
      });
      next = { ...next, trades: withEntry(next.trades, trade.id, updated) };
      if (isOver(updated)) next = close(next, updated, ctx);
    }
    return next;
  }

  function close(state: AccountState, trade: Trade, ctx: Context): AccountState {
    const valuation = basis.valuationOf(state, trade.symbol)!;
    const { settle, tickSize } = valuation.instrument;
    const trades = without(state.trades, trade.id);
    const over = [...(state.over ?? []), trade];
    ctx.cancelTimer(`retry ${trade.id}`);
    const profit = netProfit(trade, valuation);
    reply(ctx, trade.owner, { type: 'trade.closed', tradeId: trade.id, filledLots: trade.filledLots, profitable: profit > 0n, seq: state.seq });
    if (trade.filledLots === 0) return { ...state, trades, over };
    const equity = basis.equityOf(state, settle) + profit;
    journal(ctx, state, 'trade', trade.symbol, {
      id: trade.id,
      strategy: trade.strategy,
      side: trade.side,
      lots: trade.filledLots,
      entryPrice: averagePrice(trade.entryLotTicks, trade.filledLots, tickSize),
      exitPrice: averagePrice(trade.exitLotTicks, trade.closedLots, tickSize),
      entryValue: formatMoney(trade.entryValue),
      pnl: formatMoney(profit),
      fees: formatMoney(trade.fees),
      settle,
      equity: formatMoney(equity),
      entryReason: trade.entryReasons.join('+'),
      exitReason: trade.exitReasons.join('+'),
      entryAtUs: trade.firstFillUs,
      exitAtUs: trade.lastFillUs,
      holdMs: (trade.lastFillUs - trade.firstFillUs) / 1000,
    });
    return { ...state, trades, over, equity: withEntry(state.equity, settle, equity), closedTrades: state.closedTrades + 1, session: withClosed(state.session, trade, profit, settle) };
  }

  // -------------------------------------------------------------- exposure

  function tellExposure(before: AccountState, after: AccountState, ctx: Context): void {
    if (before.trades === after.trades) return;
    for (const { instrument, detectorPath } of after.input.symbols) {
      const was = hasTrade(before, instrument.index);
      const on = hasTrade(after, instrument.index);
      if (was === on || detectorPath === null) continue;
      ctx.send(ctx.ref<ExposureMessage>(detectorPath), { type: 'exposure', symbol: instrument.index, on, seq: after.seq });
    }
  }

  function handle(state: AccountState, message: AccountMessage, ctx: Context): AccountState {
    switch (message.type) {
      case 'entry.request':
        return entryRequested(state, message, ctx);
      case 'exit.request':
        return exitRequested(state, message, ctx);
      case 'cancel.request':
        if (state.asking.has(message.id)) return cancelAsked(state, message.id, message.dueUs, ctx);
        return state.orders.get(message.id)?.purpose === undefined ? state : cancel(state, message.id, message.dueUs, ctx);
      case 'flatten.request':
        return flatten(state, ({ owner }) => owner === message.owner, message.purpose, false, ctx);
      case 'account.flatten':
        return flatten(state, ({ symbol }) => message.symbol === null || symbol === message.symbol, message.purpose, true, ctx);
      case 'account.cancel':
        return cancelAll(state, message, ctx);
      case 'order.accepted':
      case 'order.rejected':
      case 'order.canceled':
      case 'order.fill':
        return venueEvent(state, message, ctx);
      case 'trading':
        if (message.enabled === state.tradingEnabled) return state;
        journal(ctx, state, 'control', -1, { control: 'trading', enabled: message.enabled, reason: message.reason });
        for (const path of state.input.strategyPaths) reply(ctx, path, message);
        return { ...state, tradingEnabled: message.enabled };
      case 'account.dust': {
        const trade = state.trades.get(message.tradeId);
        if (trade === undefined || !trade.entryDone) return state;
        journal(ctx, state, 'control', trade.symbol, { control: 'dust', trade: trade.id, lots: openLots(trade) });
        const updated: Trade = { ...trade, writtenOffLots: trade.writtenOffLots + openLots(trade) };
        return close({ ...state, trades: withEntry(state.trades, trade.id, updated) }, updated, ctx);
      }
      case 'position.gone':
        return gone(state, message, ctx);
      case 'account.retry': {
        const trade = state.trades.get(message.tradeId);
        if (trade === undefined) return state;
        return isPhantom(state, trade) ? forget(state, trade, ctx) : closeOut(state, trade, arrivalUs(ctx), ctx);
      }
      case 'account.inherited':
        return closeInherited(state, ctx);
      case 'truth.state':
        return message.freshness === 'fresh'
          ? closeInherited({ ...state, truth: withEntry(state.truth, message.product, message) }, ctx, message.product)
          : { ...state, truth: without(state.truth, message.product) };
      case 'account.risk':
        return riskAnswered(state, message.id, message.result, ctx);
      case 'account.status':
        ctx.reply(statusOf(basis, state, message.markTicks ?? []));
        return state;
      default:
        return state;
    }
  }

  // -------------------------------------------------------------- record

  /** Trades of an earlier run are ours to close: whoever knew their targets and times is gone with it. Not before it is known what has become of them. */
  function inherit(state: AccountState, { recovered: { equity, closedTrades, trades, orders, over }, truth }: NonNullable<AccountInput['record']>, ctx: Context): AccountState {
    if (trades.length > 0) {
      if (truth) ctx.subscribe(TRUTH_TOPIC);
      else ctx.startTimer('inherited', 0, { type: 'account.inherited' });
    }
    for (const { id, symbol, filledLots, entryDone, owner } of trades) journal(ctx, state, 'control', symbol, { control: 'inherited', trade: id, owner, filledLots, entryDone });
    ctx.effect('store.write', { rows: [...over, sessionRow(state.input.record?.startedUs ?? 0, state.session)] } satisfies StoreWrite);
    const next = { ...state, equity, closedTrades, trades: new Map(trades.map((trade) => [trade.id, trade])), orders: new Map(orders.map((order) => [order.id, order])), inherited: trades.map(({ id }) => id) };
    tellExposure(state, next, ctx);
    return next;
  }

  /** The exchange has been read since it last filled, and holds nothing on its side: an earlier run closed it when nothing could be written down any more. */
  function isPhantom(state: AccountState, { symbol, side, lastFillUs }: Trade): boolean {
    const { venue = '' } = basis.valuationOf(state, symbol)?.instrument ?? {};
    const truth = state.truth.get(venue.replace('binance-', ''));
    // On spot the exchange knows assets, not positions; what is missing there is told as gone.
    return truth !== undefined && truth.product !== 'spot' && truth.readMs * 1000 > lastFillUs && !truth.positions.some((each) => each.symbol === symbol && (each.signedLots > 0) === (side === 'buy') && each.signedLots !== 0);
  }

  function forget(state: AccountState, trade: Trade, ctx: Context): AccountState {
    const { symbol, side } = trade;
    const product = state.truth.get((basis.valuationOf(state, symbol)!.instrument.venue).replace('binance-', ''))!.product;
    const what = { symbol, side, lots: openLots(trade), priceTicks: 0, reason: 'closed_unrecorded' };
    // Who else has it from the same record.
    for (const path of [state.input.guardPath, state.input.kernelPath]) {
      for (const positionSide of ['BOTH', side === 'buy' ? 'LONG' : 'SHORT'] as const) {
        if (path !== undefined) ctx.send(ctx.ref<PositionGone>(path), { type: 'position.gone', product, positionSide, ...what });
      }
    }
    return gone(state, what, ctx);
  }

  function closeInherited(state: AccountState, ctx: Context, product?: string): AccountState {
    const due = state.inherited.filter((id) => {
      const trade = state.trades.get(id);
      return trade !== undefined && (product === undefined || basis.valuationOf(state, trade.symbol)?.instrument.venue === `binance-${product}`);
    });
    if (due.length === 0) return state;
    return flatten({ ...state, inherited: state.inherited.filter((id) => !due.includes(id)) }, ({ id }) => due.includes(id), 'restart', false, ctx);
  }

  return {
    name: 'account',
    version: 1,
    init(ctx, input) {
      const state: AccountState = {
        input, seq: -1, tradingEnabled: limits.tradingEnabled, equity: new Map(), trades: new Map(), orders: new Map(), closedTrades: 0, session: NO_STATISTICS, asking: new Map(), inherited: [], truth: new Map(),
        nextOrder: 0, generation: ctx.incarnation,
      };
      const { record } = input;
      return record === undefined ? state : inherit(state, record, ctx);
    },
    step(state, message, ctx) {
      // A real venue's events, and the guard's wishes, carry none.
      const seq = 'seq' in message && message.seq >= 0 ? message.seq : state.seq;
      const begun = state.over === undefined || state.over.length === 0 ? state : { ...state, over: [] };
      const next = handle(seq === begun.seq ? begun : { ...begun, seq }, message, ctx);
      tellExposure(state, next, ctx);
      if (state.input.record !== undefined) {
        const rows = changedRows(basis, state, next);
        if (rows.length > 0) ctx.effect('store.write', { rows } satisfies StoreWrite);
      }
      return next;
    },
    view: (state) => ({
      ...statusOf(basis, state, []),
      trades: [...state.trades.values()].map(({ id, strategy, symbol, side, filledLots, closedLots, writtenOffLots, entryDone, firstFillUs, flattening }) => ({ id, strategy, symbol, side, filledLots, closedLots, writtenOffLots, entryDone, firstFillUs, flattening })),
      orders: [...state.orders.values()],
      closedTrades: state.closedTrades,
    }),
  };
}
