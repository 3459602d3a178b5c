/**
 * Events of an account's user data stream (user-data-stream.md). An event is what was true when it happened; its text is written when
 * somebody reads it, in milliseconds or microseconds as his connection asked for.
 */
import { type Amount, type Asset, formatAmount, ZERO } from '../ledger/index.js';
import type { ListOrderStatus, ListStatusType, OrderList, OrderStatus, SpotOrder, SpotTimeInForce } from './order.js';
import { ORDER_TYPES, type OrderType } from './symbol.js';

export type TimeUnit = 'ms' | 'us';

/** What {@link UserEvent.text} gives is the `event` member of the frame: the face wraps it with the subscription's id. */
export interface UserEvent {
  readonly type: 'executionReport' | 'outboundAccountPosition' | 'balanceUpdate' | 'listStatus';
  readonly atUs: number;
  text(unit: TimeUnit): string;
}

/** Who is told. `wants` keeps accounts that nobody listens to from costing anything. */
export interface UserEventSink {
  wants(account: number): boolean;
  event(account: number, event: UserEvent): void;
}

export type ExecutionType = 'NEW' | 'CANCELED' | 'REPLACED' | 'REJECTED' | 'TRADE' | 'EXPIRED' | 'TRADE_PREVENTION';

export type RejectReason = 'NONE' | 'INSUFFICIENT_BALANCES' | 'STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY' | 'WOULD_MATCH_IMMEDIATELY' | 'OCO_BAD_PRICES';

/** A stamp in the unit of the connection. */
export function stampOf(us: number, unit: TimeUnit): number {
  return unit === 'us' ? us : Math.floor(us / 1000);
}

/** Members of an execution report that are of this one execution. */
export interface Execution {
  readonly type: ExecutionType;
  readonly executionId: number;
  /** `c` and `C`: the name of a cancel or amendment, and that of the order before it. */
  readonly clientId: string;
  readonly originalClientId: string;
  readonly onBook: boolean;
  readonly rejectReason?: RejectReason;
  readonly trade?: {
    readonly tradeId: number;
    readonly ticks: number;
    readonly lots: number;
    readonly quote: Amount;
    readonly fee: Amount;
    readonly feeAsset: Asset;
    readonly isMaker: boolean;
  };
  readonly prevention?: { readonly matchId: number; readonly lastLots: number; readonly counterOrderId: number; readonly lots: number; readonly ticks: number };
}

// Most reports are of orders that nothing has happened to yet: what they say of it is one text, not one a member.
const UNFILLED = ',"l":"0.00000000","z":"0.00000000","L":"0.00000000","n":"0","N":null,"T":';

function feeText(trade: Execution['trade']): string {
  return trade === undefined || trade.fee === ZERO ? '"n":"0","N":null' : `"n":"${formatAmount(trade.fee)}","N":"${trade.feeAsset}"`;
}

const sidesOf = (type: OrderType, tif: SpotTimeInForce): readonly [string, string] =>
  [`","S":"BUY","o":"${type}","f":"${tif}","q":"`, `","S":"SELL","o":"${type}","f":"${tif}","q":"`];

/** `","S":"BUY","o":"LIMIT","f":"GTC","q":"` by type, time in force and side. */
const KINDS: ReadonlyMap<OrderType, Readonly<Record<SpotTimeInForce, readonly [string, string]>>> = new Map(
  ORDER_TYPES.map((type) => [type, { GTC: sidesOf(type, 'GTC'), IOC: sidesOf(type, 'IOC'), FOK: sidesOf(type, 'FOK') }]),
);
const kindText = ({ side, orderType, tif }: SpotOrder): string => KINDS.get(orderType)![tif][side];

export class ExecutionReport implements UserEvent {
  readonly type = 'executionReport';
  readonly atUs: number;
  readonly #order: SpotOrder;
  readonly #execution: Execution;
  readonly #status: OrderStatus;
  readonly #lots: number;
  readonly #filledLots: number;
  readonly #quoteFilled: Amount;
  readonly #preventedLots: number;
  readonly #workingUs: number;
  readonly #expiryReason: string | undefined;
  readonly #trailingUs: number;

  constructor(order: SpotOrder, execution: Execution, atUs: number) {
    this.atUs = atUs;
    this.#order = order;
    this.#execution = execution;
    this.#status = order.status;
    this.#lots = order.lots;
    this.#filledLots = order.filledLots;
    this.#quoteFilled = order.quoteFilled;
    this.#preventedLots = order.preventedTotal;
    this.#workingUs = order.workingUs;
    this.#expiryReason = order.expiryReason;
    this.#trailingUs = order.trailingUs;
  }

  text(unit: TimeUnit): string {
    const order = this.#order;
    const { symbol } = order.market;
    const { trade, prevention, type, executionId, clientId, originalClientId, onBook, rejectReason = 'NONE' } = this.#execution;
    const at = stampOf(this.atUs, unit);
    let text = `{"e":"executionReport","E":${at},"s":"${symbol.name}","c":"${clientId}${kindText(order)}${symbol.quantity(this.#lots)}","p":"${symbol.price(order.shownTicks)}`;
    text += order.askedStopTicks === 0 ? '","P":"0.00000000"' : `","P":"${symbol.price(order.askedStopTicks)}"`;
    if (order.trailing) text += `,"d":${order.trailBips},"D":${this.#trailingUs === 0 ? -1 : stampOf(this.#trailingUs, unit)}`;
    text += order.icebergLots === 0 && order.list === undefined ? ',"F":"0.00000000","g":-1,"C":"' : `,"F":"${symbol.quantity(order.icebergLots)}","g":${order.list?.listId ?? -1},"C":"`;
    text += `${originalClientId}","x":"${type}","X":"${this.#status}","r":"${rejectReason}","i":${order.orderId}`;
    text += trade === undefined && this.#filledLots === 0
      ? UNFILLED
      : `,"l":"${symbol.quantity(trade?.lots ?? 0)}","z":"${symbol.quantity(this.#filledLots)}","L":"${symbol.price(trade?.ticks ?? 0)}",${feeText(trade)},"T":`;
    text += `${at},"t":${trade?.tradeId ?? -1}`;
    if (prevention !== undefined) text += `,"v":${prevention.matchId}`;
    text += `,"I":${executionId}${trade === undefined ? (onBook ? ',"w":true,"m":false,"M":false,"O":' : ',"w":false,"m":false,"M":false,"O":') : `,"w":${onBook},"m":${trade.isMaker},"M":true,"O":`}${stampOf(order.createdUs, unit)}`;
    text += trade === undefined && this.#quoteFilled === ZERO && order.quoteOrderQty === ZERO
      ? ',"Z":"0.00000000","Y":"0.00000000","Q":"0.00000000"'
      : `,"Z":"${formatAmount(this.#quoteFilled)}","Y":"${formatAmount(trade?.quote ?? ZERO)}","Q":"${formatAmount(order.quoteOrderQty)}"`;
    if (this.#workingUs !== 0) text += `,"W":${stampOf(this.#workingUs, unit)}`;
    text += `,"V":"${order.stp}"`;
    if (order.strategyId !== undefined) text += `,"j":${order.strategyId}`;
    if (order.strategyType !== undefined) text += `,"J":${order.strategyType}`;
    if (prevention !== undefined) {
      text += `,"A":"${symbol.quantity(this.#preventedLots)}","B":"${symbol.quantity(prevention.lastLots)}","u":${order.owner.tradeGroupId},"U":${prevention.counterOrderId},"Cs":"${symbol.name}"`
        + `,"pl":"${symbol.quantity(prevention.lots)}","pL":"${symbol.price(prevention.ticks)}","pY":"${formatAmount(symbol.quoteAmount(prevention.ticks, prevention.lots))}"`;
    }
    if (this.#expiryReason !== undefined) text += `,"eR":"${this.#expiryReason}"`;
    return `${text}}`;
  }
}

export class AccountPosition implements UserEvent {
  readonly type = 'outboundAccountPosition';
  readonly atUs: number;
  readonly #updatedUs: number;
  readonly #balances: readonly (readonly [Asset, Amount, Amount])[];

  /** `balances`: asset, free, locked. */
  constructor(balances: readonly (readonly [Asset, Amount, Amount])[], updatedUs: number, atUs: number) {
    this.atUs = atUs;
    this.#updatedUs = updatedUs;
    this.#balances = balances;
  }

  text(unit: TimeUnit): string {
    let balances = '';
    for (const [asset, free, locked] of this.#balances) balances += `${balances === '' ? '{"a":"' : ',{"a":"'}${asset}","f":"${formatAmount(free)}","l":"${formatAmount(locked)}"}`;
    return `{"e":"outboundAccountPosition","E":${stampOf(this.atUs, unit)},"u":${stampOf(this.#updatedUs, unit)},"B":[${balances}]}`;
  }
}

export class BalanceUpdate implements UserEvent {
  readonly type = 'balanceUpdate';
  readonly atUs: number;
  readonly #asset: Asset;
  readonly #delta: Amount;

  constructor(asset: Asset, delta: Amount, atUs: number) {
    this.atUs = atUs;
    this.#asset = asset;
    this.#delta = delta;
  }

  text(unit: TimeUnit): string {
    const at = stampOf(this.atUs, unit);
    return `{"e":"balanceUpdate","E":${at},"a":"${this.#asset}","d":"${formatAmount(this.#delta)}","T":${at}}`;
  }
}

export class ListStatus implements UserEvent {
  readonly type = 'listStatus';
  readonly atUs: number;
  readonly #list: OrderList;
  readonly #statusType: ListStatusType;
  readonly #orderStatus: ListOrderStatus;
  readonly #clientIds: readonly string[];

  constructor(list: OrderList, atUs: number) {
    this.atUs = atUs;
    this.#list = list;
    this.#statusType = list.statusType;
    this.#orderStatus = list.orderStatus;
    this.#clientIds = list.orders.map((order) => order.clientId);
  }

  text(unit: TimeUnit): string {
    const at = stampOf(this.atUs, unit);
    const { listId, clientId, contingency, market, orders } = this.#list;
    const { name } = market.symbol;
    const members = orders.map((order, k) => `{"s":"${name}","i":${order.orderId},"c":"${this.#clientIds[k]}"}`);
    return `{"e":"listStatus","E":${at},"s":"${name}","g":${listId},"c":"${contingency}","l":"${this.#statusType}","L":"${this.#orderStatus}","r":"NONE"`
      + `,"C":"${clientId}","T":${at},"O":[${members.join(',')}]}`;
  }
}
