/** Truth and ledger on a virtual clock, with an exchange, orders and a user stream that the test plays by hand. */
import { ledgerBehaviour } from '../../../actors/ledger/ledger.js';
import type { LedgerStatus } from '../../../actors/ledger/messages.js';
import { ORDERS_TOPIC, type OrderFilled } from '../../../actors/orders/messages.js';
import type { Json, StoreRow, StoreWrite } from '../../../actors/engine/io.js';
import type { VenueCall, VenueOutcome, VenueOutcomeKind, VenueReport } from '../../../actors/engine/venue-calls.js';
import { type StreamSilent, TRUTH_TOPIC, type TruthDifferences, type TruthRefresh, type TruthRefreshed, type TruthState, type TruthSuspicion } from '../../../actors/truth/messages.js';
import { truthBehaviour } from '../../../actors/truth/truth.js';
import type { LocalOrder } from '../../../actors/truth/views.js';
import { truthSchema } from '../../../config/engine/index.js';
import { journalBehaviour } from '../../../actors/journal/journal.js';
import { type Behaviour, createRuntime, type Runtime, supervisor, VirtualClock, worker } from '../../../runtime/index.js';
import { linear, OWN } from './worlds.js';

export const START_MS = 1_700_000_000_000;

interface Trade { readonly id: number; readonly orderId: number; readonly side: 'BUY' | 'SELL'; readonly price: string; readonly qty: string; readonly fee: string; readonly realised: string; readonly ms: number }
interface Order { readonly orderId: number; readonly clientId: string; status: string; readonly side: 'BUY' | 'SELL'; readonly qty: string; executed: string }

/** USD-M's account in a box of a few lines: what it has, and how it answers. */
export class Venue {
  wallet = '1000';
  position = '0';
  dual = false;
  readonly orders: Order[] = [];
  readonly trades: Trade[] = [];
  readonly incomes: { readonly tranId: number; readonly income: string; readonly ms: number }[] = [];
  readonly asked: string[] = [];
  /** What every call is answered instead; null for the truth. */
  instead: ((path: string) => VenueOutcomeKind | null) | null = null;

  answer({ path, params }: VenueCall, nowMs: number): VenueOutcomeKind {
    this.asked.push(path);
    const other = this.instead?.(path);
    if (other !== null && other !== undefined) return other;
    const ok = (body: Json): VenueOutcomeKind => ({ kind: 'ok', status: 200, body });
    switch (path) {
      case '/fapi/v3/account':
        return ok({
          assets: [{ asset: 'USDT', walletBalance: this.wallet, crossWalletBalance: this.wallet, updateTime: nowMs }],
          positions: this.position === '0' ? [] : [{ symbol: 'BTCUSDT', positionSide: 'BOTH', positionAmt: this.position, updateTime: nowMs }],
        });
      case '/fapi/v1/openOrders': return ok(this.orders.filter(({ status }) => status === 'NEW').map((order) => this.#row(order, nowMs)));
      case '/fapi/v1/openAlgoOrders': return ok([]);
      case '/fapi/v1/accountConfig': return ok({ dualSidePosition: this.dual });
      case '/fapi/v1/income':
        return ok(this.incomes.filter(({ ms }) => ms >= Number(params['startTime'])).map(({ tranId, income, ms }) => ({ symbol: 'BTCUSDT', incomeType: 'FUNDING_FEE', income, asset: 'USDT', time: ms, tranId, info: '', tradeId: '' })));
      case '/fapi/v1/userTrades': {
        if (params['symbol'] !== 'BTCUSDT') return ok([]);
        const listed = this.trades.filter((trade) => (params['fromId'] !== undefined ? trade.id >= Number(params['fromId']) : trade.ms >= Number(params['startTime']) && trade.ms <= Number(params['endTime'])));
        return ok(listed.slice(0, 1000).map((trade) => ({
          symbol: 'BTCUSDT', id: trade.id, orderId: trade.orderId, side: trade.side, price: trade.price, qty: trade.qty, realizedPnl: trade.realised, commission: trade.fee, commissionAsset: 'USDT', time: trade.ms,
          positionSide: 'BOTH', buyer: trade.side === 'BUY', maker: false, quoteQty: '0',
        })));
      }
      case '/fapi/v1/order': {
        const found = this.orders.find(({ orderId, clientId }) => clientId === params['origClientOrderId'] || String(orderId) === params['orderId']);
        return found === undefined ? { kind: 'refused', status: 400, code: -2013, text: 'Order does not exist.' } : ok(this.#row(found, nowMs));
      }
      default: return { kind: 'refused', status: 404, code: 0, text: `no ${path}` };
    }
  }

  #row(order: Order, nowMs: number): Json {
    return {
      symbol: 'BTCUSDT', orderId: order.orderId, clientOrderId: order.clientId, status: order.status, side: order.side, positionSide: 'BOTH', type: 'LIMIT', origType: 'LIMIT', timeInForce: 'GTC', reduceOnly: false,
      closePosition: false, price: '100.0', stopPrice: '0', origQty: order.qty, executedQty: order.executed, avgPrice: '0', updateTime: nowMs, time: nowMs,
    };
  }
}

export class Desk {
  readonly runtime: Runtime;
  readonly venue: Venue;
  /** Orders that `/orders` says it has; null: it does not answer. */
  local: LocalOrder[] | null = [];
  /** Whether `/orders` carries out what truth proposes. */
  obedient = true;
  delayMs = 5;
  /** How far the venue's clock is ahead of the engine's. */
  aheadMs = 0;
  readonly states: TruthState[] = [];
  readonly differences: TruthDifferences[] = [];
  readonly silences: StreamSilent[] = [];
  readonly refreshed: TruthRefreshed[] = [];
  readonly rows: StoreRow[] = [];
  publishFill: ((news: OrderFilled) => void) | null = null;

  constructor(venue = new Venue(), recovered: unknown = null, settledMs?: number, protect = false) {
    this.venue = venue;
    const instruments = linear.map((instrument) => ({ instrument, baseAsset: '', minLots: 1 }));
    const gateway: Behaviour<null, VenueCall | { readonly type: 'later'; readonly call: VenueCall }, undefined> = {
      name: 'gateway', version: 1, init: () => null,
      step: (state, message, ctx) => {
        if (message.type === 'venue.call') ctx.startTimer(message.id, this.delayMs, { type: 'later', call: message });
        else {
          const nowMs = Math.floor(ctx.nowUs() / 1000);
          const outcome = this.venue.answer(message.call, nowMs);
          ctx.send(ctx.ref<VenueOutcome>(message.call.replyTo), { type: 'venue.outcome', id: message.call.id, stampMs: nowMs - this.delayMs + this.aheadMs, recvWindowMs: 5000, outcome });
        }
        return state;
      },
    };
    const orders: Behaviour<null, TruthDifferences | { readonly type: 'orders.open' } | OrderFilled, undefined> = {
      name: 'orders', version: 1, init: () => null,
      step: (state, message, ctx) => {
        if (message.type === 'orders.open' && this.local !== null) ctx.reply({ orders: this.local });
        if (message.type === 'order.filled') ctx.publish(ORDERS_TOPIC, message);
        if (message.type === 'truth.differences') {
          this.differences.push(message);
          if (this.obedient) this.#obey(message);
        }
        return state;
      },
    };
    const listener: Behaviour<null, TruthState | TruthRefreshed | StreamSilent, undefined> = {
      name: 'listener', version: 1,
      init: (ctx) => {
        ctx.subscribe(TRUTH_TOPIC);
        return null;
      },
      step: (state, message) => {
        if (message.type === 'truth.state') this.states.push(message);
        else if (message.type === 'truth.refreshed') this.refreshed.push(message);
        else if (message.type === 'stream.silent') this.silences.push(message);
        return state;
      },
    };
    this.runtime = createRuntime({ clock: new VirtualClock(START_MS * 1000), seed: 1, effects: { 'store.write': ({ rows }: StoreWrite) => void this.rows.push(...rows), decision: () => undefined } });
    const started = this.runtime.start(supervisor({
      id: 'root', strategy: 'oneForOne', intensity: { restarts: 100, withinMs: 1000 },
      children: [
        worker({ id: 'journal', behaviour: journalBehaviour() }), worker({ id: 'listener', behaviour: listener }), worker({ id: 'gateway', behaviour: gateway }), worker({ id: 'orders', behaviour: orders }),
        worker({ id: 'ledger', behaviour: ledgerBehaviour(), restore: 'lastGood', input: { products: ['usdm'], instruments, ownPrefixes: [OWN], recovered: { usdm: recovered } } }),
        worker({
          id: 'truth', behaviour: truthBehaviour(truthSchema.parse({})), restore: 'lastGood',
          input: {
            products: ['usdm'], instruments, ownPrefixes: [OWN], protect, protectWithinMs: 2000, settledMs: settledMs === undefined ? {} : { usdm: settledMs }, differencesTo: ['/orders', '/ledger'], ordersPath: '/orders',
            ledgerPath: '/ledger', gatewayPath: '/gateway', userStreamPath: '/user', journalPath: '/journal',
          },
        }),
        supervisor({ id: 'user', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1000 }, children: [worker({ id: 'usdm', behaviour: listener })] }),
      ],
    }));
    if (!started.ok) throw new Error(JSON.stringify(started.reason));
    this.runtime.drain();
  }

  #obey({ differences }: TruthDifferences): void {
    for (const { action } of differences) {
      if (action.do === 'adoptOrder' || action.do === 'openOrder' || action.do === 'updateOrder') {
        const at = this.local!.findIndex(({ clientId }) => clientId === action.order.clientId);
        const order: LocalOrder = { owner: action.order.clientId.startsWith(OWN) ? 'ours' : 'foreign', purpose: 'other', changedMs: 0, expiresMs: 0, ...action.order, state: 'open' };
        if (at >= 0) this.local![at] = order;
        else this.local!.push(order);
      }
      if (action.do === 'settleOrder' || action.do === 'forgetOrder') this.local = this.local!.filter(({ clientId }) => clientId !== action.clientId);
    }
  }

  get nowMs(): number {
    return Math.floor(this.runtime.nowUs() / 1000);
  }
  get state(): TruthState | undefined {
    return this.states.at(-1);
  }
  /** Kinds of all differences told so far. */
  get kinds(): string[] {
    return this.differences.flatMap(({ differences }) => differences.map(({ kind }) => kind));
  }

  tell(message: VenueReport | TruthSuspicion | TruthRefresh): void {
    this.runtime.send('/truth', message);
    this.runtime.drain();
  }
  live(): void {
    this.tell({ type: 'user-stream', product: 'usdm', state: 'live', reason: '' });
  }
  wait(ms: number): void {
    this.runtime.advanceTo(this.runtime.nowUs() + ms * 1000);
    this.runtime.drain();
  }
  /** A fill as the orders publish it. */
  fill(tradeId: string, side: 'buy' | 'sell', lots: number, ours: boolean, change: Partial<OrderFilled['fill']> = {}): void {
    const news: OrderFilled = {
      type: 'order.filled', product: 'usdm', symbol: 0, ours, id: ours ? 'x' : '', entryId: ours ? 'x' : '', clientId: ours ? `${OWN}x` : 'web', venueId: '1', side, positionSide: 'BOTH', reduceOnly: false,
      fill: { tradeId, priceTicks: 1000, lots, maker: false, fee: '0', feeAsset: 'USDT', realised: '0', venueMs: this.nowMs, ...change }, price: '100', quantity: '0.001', late: false,
    };
    this.runtime.send('/orders', news);
    this.runtime.drain();
  }
  ledger(): LedgerStatus['products'][number] {
    return (this.runtime.inspect('/ledger')!.value as LedgerStatus).products[0]!;
  }
}
