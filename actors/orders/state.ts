/** What `/trading/orders` knows, and the words in which every part of it speaks: to owners, to the orders themselves, to all who listen. */
import type { OrdersParams } from '../../config/engine/orders.js';
import type { Instrument } from '../../data/records/index.js';
import type { ActorContext, ExitReason } from '../../runtime/index.js';
import type { VenueProduct } from '../engine/io.js';
import type { InstrumentRules, ProductRules } from '../engine/venue-rules.js';
import { VenueInstruments, venueProductOf } from '../gateway/decode/index.js';
import type { VenueEvent } from '../venue/messages.js';
import type { OrderBook } from './book.js';
import { ORDERS_TOPIC, type OrderIntent, type OrderNews, type OrderRecord, type OrdersMessage } from './messages.js';
import type { OpenLots } from './open-lots.js';
import type { OrderMessage } from './order.js';
import type { SpotTrade } from './spot-trades.js';
import { priceText, quantityText, type WireInstrument } from './wire.js';

export interface OrdersInput {
  /** Names the run in client ids. */
  readonly run: string;
  readonly params: OrdersParams;
  readonly instruments: readonly Instrument[];
  /** As they are known at boot; changes come by topic. */
  readonly rules: readonly ProductRules[];
  /** Products whose positions have legs. */
  readonly hedge: readonly VenueProduct[];
  /** Orders that earlier runs left open (openOrdersOf in rows.ts). */
  readonly recovered: readonly OrderRecord[];
  /** What entries of theirs still hold on spot (spotTradesOf in rows.ts). */
  readonly holdings?: readonly SpotTrade[];
  /** What our ledger holds on spot at the beginning, exact decimals by symbol: no more of the account is ours to sell. */
  readonly owned?: readonly { readonly symbol: number; readonly quantity: string }[];
  /** Told as by the simulated venue, of what `order.new` asked for. */
  readonly accountPath: string;
  readonly gatewayPath?: string;
  readonly riskPath?: string;
}

export interface OrdersState {
  readonly input: OrdersInput;
  readonly book: OrderBook;
  readonly rules: ReadonlyMap<number, InstrumentRules>;
  readonly hedge: readonly VenueProduct[];
  readonly storeDown: boolean;
  readonly streamDown: readonly VenueProduct[];
  /** By product: orders of ours that have filled since its user stream told anything of orders. */
  readonly untold: ReadonlyMap<VenueProduct, readonly string[]>;
  /** Numbers that the venue is being asked about. */
  readonly lookups: readonly string[];
  /** By the id of the entry. */
  readonly spot: ReadonlyMap<string, SpotTrade>;
  /** All that is ours on spot, by symbol, decimal of the base asset. */
  readonly owned: ReadonlyMap<number, string>;
  /** What entries of this run hold, by their ids, while an order of theirs lives. */
  readonly open: OpenLots;
}

export type ManagerMessage = OrdersMessage | { readonly type: 'orders.unanswered' } | { readonly type: 'child.exit'; readonly clientId: string; readonly reason: ExitReason };
export type Context = ActorContext<ManagerMessage>;

interface Tables {
  readonly decoders: VenueInstruments;
  readonly wires: ReadonlyMap<number, WireInstrument>;
}
// Of the instruments alone, which are the same for the whole run.
const tables = new WeakMap<readonly Instrument[], Tables>();
export function tablesOf({ instruments }: OrdersInput): Tables {
  let found = tables.get(instruments);
  if (found === undefined) {
    const wires = new Map<number, WireInstrument>();
    for (const instrument of instruments) {
      const product = venueProductOf(instrument);
      if (product !== undefined) wires.set(instrument.index, { name: instrument.symbol, product, tickSize: instrument.tickSize, lotSize: instrument.lotSize });
    }
    tables.set(instruments, (found = { decoders: new VenueInstruments(instruments), wires }));
  }
  return found;
}
export const wireInstrument = (state: OrdersState, symbol: number): WireInstrument | undefined => tablesOf(state.input).wires.get(symbol);

export const nowMs = (ctx: Context): number => Math.floor(ctx.nowUs() / 1000);
export const publish = (ctx: Context, news: OrderNews): void => ctx.publish(ORDERS_TOPIC, news);

export function tellOwner(ctx: Context, { owner }: OrderIntent, event: VenueEvent): void {
  if (owner !== '') ctx.send(ctx.ref<VenueEvent>(owner), event);
}
export function toChild(ctx: Context, clientId: string, message: OrderMessage): void {
  ctx.send(ctx.ref<OrderMessage>(`${ctx.path}/${clientId}`), message);
}

export function publishFill(state: OrdersState, ctx: Context, filled: Omit<Extract<OrderNews, { type: 'order.filled' }>, 'type' | 'price' | 'quantity'>): void {
  const instrument = wireInstrument(state, filled.symbol)!;
  publish(ctx, { type: 'order.filled', ...filled, price: priceText(instrument, filled.fill.priceTicks), quantity: quantityText(instrument, filled.fill.lots) });
}
