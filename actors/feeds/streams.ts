/** Which connections carry which streams. A connection carries streams of one class, so that no mix of the venue's ways can be asked for. */
import type { FeedsParams, StreamClass } from '../../config/engine/feeds.js';
import type { Instrument } from '../../data/records/instrument.js';
import type { VenueProduct } from '../engine/io.js';
import { productOf } from './products.js';

/** One connection of market data, as its actor is told. */
export interface FeedPlan {
  /** `depth-1`: below `/feeds/<product>`. */
  readonly id: string;
  readonly product: VenueProduct;
  readonly class: StreamClass;
  /** Which of several that bring the same, from 0. */
  readonly copy: number;
  /** Symbol indices by stream name. */
  readonly streams: readonly { readonly name: string; readonly symbol: number }[];
  /** Path and query below the origin. */
  readonly path: string;
}

/** Ways of USD-M and options since 2026-04-23: a connection of one way is sent nothing of the other, and is not told so. */
const ROUTES: Readonly<Record<StreamClass, 'public' | 'market'>> = {
  depth: 'public', bookTicker: 'public', trade: 'public', aggTrade: 'market', kline: 'market', markPrice: 'market', forceOrder: 'market',
};

const CLASSES: Readonly<Record<VenueProduct, readonly StreamClass[]>> = {
  spot: ['depth', 'bookTicker', 'aggTrade', 'trade', 'kline'],
  usdm: ['depth', 'bookTicker', 'aggTrade', 'trade', 'kline', 'markPrice', 'forceOrder'],
  options: ['depth', 'bookTicker', 'trade', 'kline'],
};

/** The class that a product has in the place of one that it lacks: options have single trades alone. */
function classAt(product: VenueProduct, wanted: StreamClass): StreamClass | undefined {
  const own = product === 'options' && wanted === 'aggTrade' ? 'trade' : wanted;
  return CLASSES[product].includes(own) ? own : undefined;
}

export function streamName(product: VenueProduct, cls: StreamClass, symbol: string, params: Pick<FeedsParams, 'depthSpeedMs' | 'klineInterval'>): string {
  // Names of options are upper case in their streams too.
  const name = product === 'options' ? symbol : symbol.toLowerCase();
  switch (cls) {
    case 'depth': {
      // What the product has that is nearest: spot 100 and 1000 ms, futures and options 100 and 500.
      const speedMs = params.depthSpeedMs === 100 ? 100 : product === 'spot' ? 1000 : 500;
      return `${name}@depth@${speedMs}ms`;
    }
    case 'kline': return `${name}@kline_${params.klineInterval}`;
    case 'markPrice': return `${name}@markPrice@1s`;
    default: return `${name}@${cls}`;
  }
}

/** The path that subscribes these streams of one class. */
export function streamPath(product: VenueProduct, cls: StreamClass, names: readonly string[]): string {
  const query = `/stream?streams=${names.join('/')}`;
  if (product === 'spot') return query;
  return `/${ROUTES[cls]}${query}`;
}

/**
 * All connections for these instruments, in an order that depends on nothing else. `laneOf`: lanes that have the sockets of their symbols; a connection
 * carries those of one lane.
 */
export function feedPlans(instruments: readonly Instrument[], params: FeedsParams, laneOf: (symbol: number) => number = () => 0): readonly FeedPlan[] {
  const plans: FeedPlan[] = [];
  for (const product of ['spot', 'usdm', 'options'] as const) {
    const own = instruments.filter((instrument) => productOf(instrument) === product);
    const classes = [...new Set(params.streams.map((wanted) => classAt(product, wanted)))];
    for (const cls of classes) {
      if (cls === undefined || own.length === 0) continue;
      let n = 1;
      for (let copy = 0; copy < params.copies; copy += 1) {
        for (const some of socketfuls(own, params.streamsPerSocket, laneOf)) {
          const streams = some.map(({ symbol, index }) => ({ name: streamName(product, cls, symbol, params), symbol: index }));
          plans.push({ id: `${cls}-${n}`, product, class: cls, copy, streams, path: streamPath(product, cls, streams.map(({ name }) => name)) });
          n += 1;
        }
      }
    }
  }
  return plans;
}

/** Instruments in groups of at most `most`, each of one lane. */
function socketfuls(instruments: readonly Instrument[], most: number, laneOf: (symbol: number) => number): (readonly Instrument[])[] {
  const groups: Instrument[][] = [];
  const open = new Map<number, Instrument[]>();
  for (const instrument of instruments) {
    const lane = laneOf(instrument.index);
    let group = open.get(lane);
    if (group === undefined || group.length === most) {
      open.set(lane, (group = []));
      groups.push(group);
    }
    group.push(instrument);
  }
  return groups;
}

/** Classes that must come for a symbol of this product. */
export function requiredClasses(product: VenueProduct, params: FeedsParams): readonly StreamClass[] {
  const subscribed = new Set(params.streams.map((wanted) => classAt(product, wanted)));
  return [...new Set(params.requires.flatMap((wanted) => {
    const own = classAt(product, wanted);
    return own !== undefined && subscribed.has(own) ? [own] : [];
  }))];
}
