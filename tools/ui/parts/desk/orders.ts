/** Orders that may be at the exchange, ours and others', and what is wrong with them. */
import { originOf } from '../../../../actors/truth/keys.js';
import type { OrderRow, OrderTrouble } from '../../wire/desk.js';
import { priceText, quantityText } from './decimals.js';
import { type DeskFacts, nameOf } from './facts.js';

/** The exchange's list may be as old as the reading's grace: an order that changed about then is not judged by it. */
const GRACE_MS = 2000;
/** A stop whose position has just gone is being withdrawn. */
const ORPHAN_AFTER_MS = 10_000;

const OVER: ReadonlySet<string> = new Set(['filled', 'canceled', 'expired', 'rejected']);
const WORST: readonly (OrderTrouble | null)[] = ['unknown', 'unlisted', 'orphan', 'exchange', 'foreign', null];

type Ours = NonNullable<DeskFacts['orders']>['orders']['rows'][number];

export function ordersOf(facts: DeskFacts): OrderRow[] {
  const { orders } = facts;
  const rows = orders === undefined ? workingOrders(facts) : [...orders.orders.rows.filter(({ state }) => !OVER.has(state)).map((order) => oursRow(facts, order)), ...foreignRows(facts)];
  return rows.sort((a, b) => WORST.indexOf(a.trouble) - WORST.indexOf(b.trouble) || (b.changedMs ?? 0) - (a.changedMs ?? 0) || (a.key < b.key ? -1 : 1));
}

function oursRow(facts: DeskFacts, order: Ours): OrderRow {
  const { clientId, product, symbol, service, purpose, side, positionSide, kind, priceTicks, triggerTicks, lots, filledLots, state, doubt, createdMs, changedMs } = order;
  const instrument = facts.instruments.get(symbol);
  const listed = listedOf(facts, order);
  const [trouble, note] = troubleOf(facts, order, listed);
  return {
    key: `${service} ${symbol} ${clientId}`, clientId, product, instrument: nameOf(facts, symbol), owner: 'ours', purpose, side, positionSide: positionSide === 'BOTH' ? '' : positionSide, kind,
    price: priceText(instrument, priceTicks), trigger: priceText(instrument, triggerTicks), quantity: quantityText(instrument, lots), filled: quantityText(instrument, filledLots),
    state: doubt === null ? state : `${state} (${doubt})`, sinceMs: createdMs, changedMs, listed, trouble, note,
  };
}

function listedOf(facts: DeskFacts, { product, service, symbol, clientId, changedMs }: Pick<Ours, 'product' | 'service' | 'symbol' | 'clientId' | 'changedMs'>): boolean | null {
  const truth = facts.truth?.products.rows.find((each) => each.product === product);
  if (truth === undefined || truth.readMs === 0 || truth.readMs - GRACE_MS < changedMs) return null;
  if (truth.orders.rows.some((each) => each.service === service && each.symbol === symbol && each.clientId === clientId)) return true;
  // A list that was cut, here or on its way, says nothing of what is not in it.
  return truth.orders.omitted > 0 ? null : false;
}

function troubleOf(facts: DeskFacts, { product, symbol, clientId, purpose, side, state, doubt, changedMs }: Ours, listed: boolean | null): readonly [OrderTrouble | null, string] {
  if (state === 'unknown' || doubt !== null) return ['unknown', 'its fate is asked for; nothing opens on its instrument meanwhile. Resolve gives it up once the exchange has been read'];
  const standing = facts.truth?.products.rows.find((each) => each.product === product)?.differences.rows.some(({ kind, about, settledMs }) => kind === 'orphanStop' && about === clientId && settledMs === null) === true;
  const protects = facts.guard === undefined || facts.guard.wards.rows.some((ward) => ward.symbol === symbol && ward.openLots > 0 && ward.side !== side);
  if (purpose === 'stop' && (standing || (!protects && facts.atUs / 1000 - changedMs > ORPHAN_AFTER_MS))) return ['orphan', 'it protects nothing: reconciliation withdraws it'];
  if (listed === false && (state === 'accepted' || state === 'partiallyFilled')) return ['unlisted', 'the exchange did not list it when it was last read: it is looked up'];
  return [null, ''];
}

function foreignRows(facts: DeskFacts): OrderRow[] {
  return facts.orders!.foreign.rows.map((order) => {
    const { clientId, product, symbol, service, side, positionSide, kind, priceTicks, triggerTicks, lots, filledLots, reduceOnly, changedMs } = order;
    const instrument = facts.instruments.get(symbol);
    const origin = originOf(clientId, []);
    return {
      key: `foreign ${service} ${symbol} ${clientId}`, clientId, product, instrument: nameOf(facts, symbol), owner: 'foreign', purpose: reduceOnly ? 'reduces' : 'opens', side, positionSide: positionSide === 'BOTH' ? '' : positionSide, kind,
      price: priceText(instrument, priceTicks), trigger: priceText(instrument, triggerTicks), quantity: quantityText(instrument, lots), filled: quantityText(instrument, filledLots), state: 'open', sinceMs: null, changedMs,
      listed: listedOf(facts, order), trouble: origin === 'foreign' ? 'foreign' : 'exchange', note: origin === 'foreign' ? 'not of this engine: it is left alone; cancel it by hand' : `made by the exchange: ${origin}`,
    };
  });
}

/** Paper: what the account has at the venue in the tree. */
function workingOrders(facts: DeskFacts): OrderRow[] {
  return (facts.account?.orders.rows ?? []).map(({ id, tradeId, side, purpose, remaining }) => {
    const symbol = facts.account!.trades.rows.find((trade) => trade.id === tradeId)?.symbol ?? null;
    return {
      key: `account ${id}`, clientId: id, product: '', instrument: nameOf(facts, symbol), owner: 'ours', purpose, side, positionSide: '', kind: '', price: '', trigger: '',
      quantity: symbol === null ? `${remaining} lots` : quantityText(facts.instruments.get(symbol), remaining), filled: '', state: 'working', sinceMs: null, changedMs: null, listed: null, trouble: null, note: '',
    };
  });
}
