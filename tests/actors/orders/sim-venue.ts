/**
 * A venue of USD-M on virtual time that may answer, drop, delay or lie about any call, and drop, double, delay and reorder what it streams.
 * It keeps the truth: which orders it accepted, how often, and every fill.
 */
import type { Json } from '../../../actors/engine/io.js';
import type { AlgoReport, OrderReport, VenueCall, VenueOutcome, VenueOutcomeKind } from '../../../actors/engine/venue-calls.js';

export interface SimOrder {
  readonly clientId: string;
  readonly number: number;
  readonly side: 'BUY' | 'SELL';
  readonly type: string;
  readonly lots: number;
  readonly price: string;
  readonly reduceOnly: boolean;
  readonly acceptedUs: number;
  status: 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'EXPIRED';
  filled: number;
  readonly trades: { readonly id: number; readonly lots: number; readonly price: string; readonly atUs: number }[];
}
export interface SimAlgo {
  readonly clientId: string;
  readonly number: number;
  readonly side: 'BUY' | 'SELL';
  readonly lots: number;
  readonly trigger: string;
  readonly reduceOnly: boolean;
  readonly acceptedUs: number;
  status: 'NEW' | 'TRIGGERED' | 'FINISHED' | 'CANCELED' | 'EXPIRED';
  spawned: SimOrder | null;
}

/** What becomes of a call on its way there and back. */
export interface Fate {
  /** Null: it never gets there. */
  readonly thereUs: number | null;
  /** Null: its answer is lost, and the gateway says so after `unknownUs`. */
  readonly backUs: number | null;
  readonly unknownUs: number;
  /** Instead of the truth. */
  readonly lie: 'none' | 'accepted' | 'absent' | 'duplicate' | 'nonsense';
}

export const WINDOW_MS = 5000;

export class SimVenue {
  readonly orders: SimOrder[] = [];
  readonly algos: SimAlgo[] = [];
  /** Client ids in the order in which they were accepted: one that is here twice was doubled. */
  readonly accepted: string[] = [];
  #next = 1000;
  readonly #tell: (report: OrderReport | AlgoReport) => void;
  readonly #nowUs: () => number;

  constructor(nowUs: () => number, tell: (report: OrderReport | AlgoReport) => void) {
    this.#nowUs = nowUs;
    this.#tell = tell;
  }

  /** The call as it arrives: what the venue answers. `stampMs`: its timestamp. */
  handle({ method, path, params }: VenueCall, stampMs: number): VenueOutcomeKind {
    if (Math.floor(this.#nowUs() / 1000) - stampMs > WINDOW_MS) return refused(-1021, 'Timestamp for this request is outside of the recvWindow.');
    switch (`${method} ${path}`) {
      case 'POST /fapi/v1/order': return this.#place(params);
      case 'POST /fapi/v1/algoOrder': return this.#placeAlgo(params);
      case 'DELETE /fapi/v1/order': return this.#cancel(params);
      case 'DELETE /fapi/v1/algoOrder': return this.#cancelAlgo(params);
      case 'GET /fapi/v1/order': {
        const order = this.#find(params);
        return order === undefined ? refused(-2013, 'Order does not exist.') : ok(row(order));
      }
      case 'GET /fapi/v1/algoOrder': {
        const algo = this.algos.findLast(({ clientId }) => clientId === params['clientAlgoId']);
        return algo === undefined ? refused(-2013, 'Order does not exist.') : ok(algoRow(algo));
      }
      case 'GET /fapi/v1/openOrders': return ok(this.orders.filter(isOpen).map(row));
      case 'GET /fapi/v1/openAlgoOrders': return ok(this.algos.filter(({ status }) => status === 'NEW').map(algoRow));
      case 'GET /fapi/v1/userTrades':
        return ok(this.orders.filter(({ number }) => params['orderId'] === undefined || String(number) === params['orderId']).flatMap((order) => order.trades
          .filter(({ atUs }) => params['startTime'] === undefined || atUs / 1000 >= Number(params['startTime'])).map((trade) => tradeRow(order, trade))));
      default: throw new Error(`the venue has no ${method} ${path}`);
    }
  }

  #place(params: Readonly<Record<string, string>>): VenueOutcomeKind {
    const clientId = params['newClientOrderId']!;
    if (this.orders.some((order) => order.clientId === clientId && isOpen(order))) return refused(-4116, 'ClientOrderId is duplicated.');
    const order: SimOrder = {
      clientId, number: ++this.#next, side: params['side'] as 'BUY', type: params['type']!, lots: lotsOf(params['quantity']!), price: params['price'] ?? '0.0',
      reduceOnly: params['reduceOnly'] === 'true', acceptedUs: this.#nowUs(), status: 'NEW', filled: 0, trades: [],
    };
    this.orders.push(order);
    this.accepted.push(clientId);
    this.#report(order, null);
    if (order.type === 'MARKET') this.fill(order, order.lots);
    return ok(row(order));
  }

  #placeAlgo(params: Readonly<Record<string, string>>): VenueOutcomeKind {
    const clientId = params['clientAlgoId']!;
    if (this.algos.some((algo) => algo.clientId === clientId && algo.status === 'NEW')) return refused(-4116, 'ClientOrderId is duplicated.');
    const algo: SimAlgo = {
      clientId, number: ++this.#next, side: params['side'] as 'BUY', lots: lotsOf(params['quantity']!), trigger: params['triggerPrice']!,
      reduceOnly: params['reduceOnly'] === 'true', acceptedUs: this.#nowUs(), status: 'NEW', spawned: null,
    };
    this.algos.push(algo);
    this.accepted.push(clientId);
    this.#tell(algoReport(algo, this.#nowUs()));
    return ok(algoRow(algo));
  }

  #find(params: Readonly<Record<string, string>>): SimOrder | undefined {
    return this.orders.findLast(({ clientId, number }) => (params['orderId'] === undefined ? clientId === params['origClientOrderId'] : String(number) === params['orderId']));
  }

  #cancel(params: Readonly<Record<string, string>>): VenueOutcomeKind {
    const order = this.#find(params);
    if (order === undefined || !isOpen(order)) return refused(-2011, 'Unknown order sent.');
    this.end(order, 'CANCELED');
    return ok(row(order));
  }

  #cancelAlgo(params: Readonly<Record<string, string>>): VenueOutcomeKind {
    const algo = this.algos.findLast(({ clientId }) => clientId === params['clientAlgoId']);
    if (algo === undefined || algo.status !== 'NEW') return refused(-2011, 'Unknown order sent.');
    this.endAlgo(algo, 'CANCELED');
    return ok({ algoId: algo.number, clientAlgoId: algo.clientId, code: '200', msg: 'success' });
  }

  // ---------------------------------------------------------------- what happens there

  fill(order: SimOrder, lots: number): void {
    const trade = { id: ++this.#next, lots, price: order.price === '0.0' ? '100.0' : order.price, atUs: this.#nowUs() };
    order.trades.push(trade);
    order.filled += lots;
    order.status = order.filled === order.lots ? 'FILLED' : 'PARTIALLY_FILLED';
    this.#report(order, trade);
    const algo = this.algos.find(({ spawned }) => spawned === order);
    if (algo !== undefined && order.status === 'FILLED') this.endAlgo(algo, 'FINISHED');
  }

  end(order: SimOrder, status: 'CANCELED' | 'EXPIRED'): void {
    order.status = status;
    this.#report(order, null);
  }

  endAlgo(algo: SimAlgo, status: SimAlgo['status']): void {
    algo.status = status;
    this.#tell(algoReport(algo, this.#nowUs()));
  }

  trigger(algo: SimAlgo): void {
    algo.spawned = {
      clientId: algo.clientId, number: ++this.#next, side: algo.side, type: 'MARKET', lots: algo.lots, price: '0.0', reduceOnly: algo.reduceOnly,
      acceptedUs: this.#nowUs(), status: 'NEW', filled: 0, trades: [],
    };
    this.orders.push(algo.spawned);
    this.endAlgo(algo, 'TRIGGERED');
    this.#report(algo.spawned, null);
  }

  #report(order: SimOrder, trade: SimOrder['trades'][number] | null): void {
    const { clientId, number, side, lots, filled, status, reduceOnly } = order;
    this.#tell({
      type: 'order.report', source: 'stream', product: 'usdm', symbol: 0, clientId, venueId: String(number), status, side: side === 'BUY' ? 'buy' : 'sell',
      positionSide: 'BOTH', kind: order.type, timeInForce: 'GTC', reduceOnly, priceTicks: ticksOf(order.price), triggerTicks: 0, lots, filledLots: filled,
      fill: trade === null ? null : {
        tradeId: String(trade.id), priceTicks: ticksOf(trade.price), lots: trade.lots, maker: true, fee: '0.01', feeAsset: 'USDT', realised: '0', venueMs: Math.floor(trade.atUs / 1000),
      },
      venueMs: Math.floor(this.#nowUs() / 1000), reason: '',
    });
  }
}

export const isOpen = ({ status }: SimOrder): boolean => status === 'NEW' || status === 'PARTIALLY_FILLED';
export const ok = (body: Json): VenueOutcomeKind => ({ kind: 'ok', status: 200, body });
export const refused = (code: number, text: string): VenueOutcomeKind => ({ kind: 'refused', status: 400, code, text });
const lotsOf = (text: string): number => Math.round(Number(text) * 1000);
const ticksOf = (text: string): number => Math.round(Number(text) * 10);
const quantity = (lots: number): string => (lots / 1000).toFixed(3);

export function row(order: SimOrder): Json {
  return {
    orderId: order.number, symbol: 'BTCUSDT', status: order.status, clientOrderId: order.clientId, price: order.price, avgPrice: '0.0', origQty: quantity(order.lots),
    executedQty: quantity(order.filled), cumQuote: '0', timeInForce: 'GTC', type: order.type, reduceOnly: order.reduceOnly, closePosition: false, side: order.side,
    positionSide: 'BOTH', stopPrice: '0', updateTime: Math.floor(order.acceptedUs / 1000),
  };
}

function algoRow(algo: SimAlgo): Json {
  return {
    algoId: algo.number, clientAlgoId: algo.clientId, algoType: 'CONDITIONAL', orderType: 'STOP_MARKET', symbol: 'BTCUSDT', side: algo.side, positionSide: 'BOTH',
    timeInForce: 'GTC', quantity: quantity(algo.lots), algoStatus: algo.status, actualOrderId: algo.spawned === null ? '' : String(algo.spawned.number),
    triggerPrice: algo.trigger, closePosition: false, reduceOnly: algo.reduceOnly, updateTime: Math.floor(algo.acceptedUs / 1000),
  };
}

function tradeRow(order: SimOrder, trade: SimOrder['trades'][number]): Json {
  return {
    symbol: 'BTCUSDT', id: trade.id, orderId: order.number, side: order.side, price: trade.price, qty: quantity(trade.lots), realizedPnl: '0', commission: '0.01',
    commissionAsset: 'USDT', time: Math.floor(trade.atUs / 1000), positionSide: 'BOTH', buyer: order.side === 'BUY', maker: true,
  };
}

function algoReport(algo: SimAlgo, nowUs: number): AlgoReport {
  return {
    type: 'algo.report', source: 'stream', product: 'usdm', symbol: 0, clientId: algo.clientId, algoId: String(algo.number), status: algo.status,
    side: algo.side === 'BUY' ? 'buy' : 'sell', positionSide: 'BOTH', kind: 'STOP_MARKET', triggerTicks: ticksOf(algo.trigger), lots: algo.lots, closePosition: false,
    reduceOnly: algo.reduceOnly, spawnedVenueId: algo.spawned === null ? '' : String(algo.spawned.number), venueMs: Math.floor(nowUs / 1000), reason: '',
  };
}

export function outcomeOf(id: string, stampMs: number, outcome: VenueOutcomeKind): VenueOutcome {
  return { type: 'venue.outcome', id, stampMs, recvWindowMs: WINDOW_MS, outcome };
}
