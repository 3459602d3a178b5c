/** The venue of the model: one order, or one algo order and what it becomes; pure. */
import type { AlgoReport, OrderReport, VenueFill } from '../../../actors/engine/venue-calls.js';
import type { Answer, CallStep, Told } from '../../../actors/orders/answers.js';

export interface VenueOrder {
  readonly status: 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED';
  readonly filled: number;
}
/** `algo`: null for a plain order. */
export interface Venue {
  readonly placed: boolean;
  readonly algo: 'NEW' | 'TRIGGERED' | 'FINISHED' | 'CANCELED' | null;
  readonly order: VenueOrder | null;
}

/** A call on its way to the venue. */
export interface Flying {
  readonly step: CallStep;
  readonly call: number;
  readonly stampMs: number;
  /** The gateway has already said that it does not know. */
  readonly givenUp: boolean;
}

/** How long the venue takes a request after its stamp, ms. */
export const WINDOW_MS = 10;

export function answerTo({ step: of, call, stampMs }: Flying, told: Told): Answer {
  return { type: 'answer', step: of, call, stampMs, expiresMs: stampMs + WINDOW_MS, told };
}

export interface Arrived {
  readonly venue: Venue;
  readonly streams: readonly (OrderReport | AlgoReport)[];
  readonly told: Told;
}

export const isOpen = (order: VenueOrder | null): order is VenueOrder => order !== null && (order.status === 'NEW' || order.status === 'PARTIALLY_FILLED');

/** What it says of its order, and what a call does to it. */
export interface ModelVenue {
  fillOf(number: number): VenueFill;
  orderReport(order: VenueOrder, source: 'stream' | 'answer', fill: VenueFill | null): OrderReport;
  algoReport(venue: Venue, source: 'stream' | 'answer'): AlgoReport;
  arrive(venue: Venue, stepOf: CallStep): Arrived;
}

export function modelVenue(service: 'order' | 'algo', lots: number): ModelVenue {
  const fillOf = (number: number): VenueFill => ({ tradeId: `t${number}`, priceTicks: 100, lots: 1, maker: true, fee: '0', feeAsset: 'USDT', realised: '0', venueMs: 1 });
  function orderReport(order: VenueOrder, source: 'stream' | 'answer', fill: VenueFill | null): OrderReport {
    return {
      type: 'order.report', source, product: 'usdm', symbol: 0, clientId: 'fl-a', venueId: '7', status: order.status, side: 'buy', positionSide: 'BOTH', kind: 'LIMIT', timeInForce: 'GTC',
      reduceOnly: false, priceTicks: 100, triggerTicks: 0, lots: lots, filledLots: order.filled, fill, venueMs: 1, reason: '',
    };
  }
  function algoReport(venue: Venue, source: 'stream' | 'answer'): AlgoReport {
    return {
      type: 'algo.report', source, product: 'usdm', symbol: 0, clientId: 'fl-a', algoId: '5', status: venue.algo!, side: 'buy', positionSide: 'BOTH', kind: 'STOP_MARKET', triggerTicks: 90,
      lots: lots, closePosition: false, reduceOnly: false, spawnedVenueId: venue.order === null ? '' : '7', venueMs: 1, reason: '',
    };
  }
  const nothing = { reports: [], trades: [], strangers: 0 } as const;
  const reportsTold = (...reports: readonly (OrderReport | AlgoReport)[]): Told => ({ kind: 'ok', ...nothing, reports });
  const ABSENT: Told = { kind: 'absent', text: '' };

  /** What happens when a call arrives: the venue afterwards, what it streams, what it answers. */
  function arrive(venue: Venue, stepOf: CallStep): Arrived {
    const algo = service === 'algo';
    const same = { venue, streams: [] } as const;
    switch (stepOf) {
      case 'place': {
        if (algo) {
          const taken: Venue = { ...venue, placed: true, algo: 'NEW' };
          return { venue: taken, streams: [algoReport(taken, 'stream')], told: reportsTold(algoReport(taken, 'answer')) };
        }
        const order: VenueOrder = { status: 'NEW', filled: 0 };
        return { venue: { ...venue, placed: true, order }, streams: [orderReport(order, 'stream', null)], told: reportsTold(orderReport(order, 'answer', null)) };
      }
      case 'cancel': {
        if (algo && venue.algo === 'NEW') {
          const gone: Venue = { ...venue, algo: 'CANCELED' };
          return { venue: gone, streams: [algoReport(gone, 'stream')], told: { kind: 'ok', ...nothing } };
        }
        if (!isOpen(venue.order)) return { ...same, told: ABSENT };
        const order: VenueOrder = { ...venue.order, status: 'CANCELED' };
        return { venue: { ...venue, order }, streams: [orderReport(order, 'stream', null)], told: reportsTold(orderReport(order, 'answer', null)) };
      }
      case 'order':
        if (algo) return { ...same, told: venue.algo === null ? ABSENT : reportsTold(algoReport(venue, 'answer')) };
        return { ...same, told: venue.order === null ? ABSENT : reportsTold(orderReport(venue.order, 'answer', null)) };
      case 'spawned':
        return { ...same, told: venue.order === null ? ABSENT : reportsTold(orderReport(venue.order, 'answer', null)) };
      case 'open':
        if (algo) return { ...same, told: venue.algo === 'NEW' ? reportsTold(algoReport(venue, 'answer')) : reportsTold() };
        return { ...same, told: isOpen(venue.order) ? reportsTold(orderReport(venue.order, 'answer', null)) : reportsTold() };
      case 'trades': {
        const trades = Array.from({ length: venue.order?.filled ?? 0 }, (_, at) => ({
          ...fillOf(at + 1), symbol: 0, venueOrderId: '7', clientId: 'fl-a', side: 'buy' as const, positionSide: 'BOTH' as const,
        }));
        return { ...same, told: { kind: 'ok', ...nothing, trades } };
      }
    }
  }
  return { fillOf, orderReport, algoReport, arrive };
}
