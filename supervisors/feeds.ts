import { booksBehaviour, clockBehaviour, feedBehaviour, feedPlans, HEALTH_PATH, healthBehaviour, productOf, requiredClasses, rulesBehaviour } from '../actors/feeds/index.js';
import { KERNEL_PATH } from '../actors/index.js';
import type { VenueProduct } from '../actors/engine/io.js';
import { FEEDS_PATH } from '../actors/engine/paths.js';
import type { ProductRules } from '../actors/engine/venue-rules.js';
import type { EngineParams, FeedsParams } from '../config/index.js';
import type { Instrument } from '../data/records/index.js';
import { supervisor, worker, type ChildSpec } from '../runtime/index.js';
import { instanceNames } from './instance-names.js';
import { detectorPath, INTENSITY } from './market-session.js';

const LAST_GOOD = { restart: 'permanent', restore: 'lastGood' } as const;
const PRODUCTS = ['spot', 'usdm', 'options'] as const;

export const booksPath = (product: VenueProduct): string => `${FEEDS_PATH}/${product}/books`;

/** Who keeps the book of each instrument in step. */
export function bookKeepers(instruments: readonly Instrument[]): (symbol: number) => string {
  return (symbol) => booksPath(productOf(instruments[symbol]!) ?? 'usdm');
}

/**
 *   /feeds                     one for one: a feed that fails leaves the others alone
 *     health                   how the sources are, as they say; pauses symbols that lack one
 *     PRODUCT/CLASS-N          one connection of market data each
 *     PRODUCT/books            asks for snapshots of books that are out of step
 *
 * `laneOf`: where lanes have the sockets, the lane of a symbol.
 */
export function feedsSupervisor(instruments: readonly Instrument[], { feeds: configured }: Pick<EngineParams, 'feeds'>, speed = 1, laneOf?: (symbol: number) => number): ChildSpec {
  const feeds = inTimeOf(configured, speed);
  const nameOf = instanceNames(instruments);
  const plans = feedPlans(instruments, feeds, laneOf);
  const symbols = instruments.flatMap((instrument) => {
    const product = productOf(instrument);
    const name = nameOf.get(instrument.index)!;
    return product === undefined ? [] : [{ symbol: instrument.index, name, product, requires: requiredClasses(product, feeds), pausePath: detectorPath(name) }];
  });
  const products = PRODUCTS.filter((product) => symbols.some((symbol) => symbol.product === product));
  return supervisor({
    id: 'feeds',
    strategy: 'oneForOne',
    intensity: INTENSITY,
    children: [
      worker({ id: 'health', ...LAST_GOOD, behaviour: healthBehaviour, input: { symbols, feeds: plans.map(({ product, id }) => `${FEEDS_PATH}/${product}/${id}`), lagMaxMs: feeds.lagMaxMs } }),
      ...products.map((product) => supervisor({
        id: product,
        strategy: 'oneForOne',
        intensity: INTENSITY,
        children: [
          worker({
            id: 'books', ...LAST_GOOD, behaviour: booksBehaviour,
            input: { product, instruments: instruments.filter((instrument) => productOf(instrument) === product), params: feeds.books, reportTo: HEALTH_PATH, kernelPath: KERNEL_PATH },
          }),
          ...plans.filter((plan) => plan.product === product).map((plan) => worker({
            id: plan.id, ...LAST_GOOD, behaviour: feedBehaviour,
            input: { plan, params: feeds, listeners: plan.class === 'depth' ? [booksPath(product), HEALTH_PATH] : [HEALTH_PATH], reportTo: HEALTH_PATH },
          })),
        ],
      })),
    ],
  });
}

/** `/venue/clock` and `/venue/rules`. `keyed`: there is a key, and what only its owner may read is asked for. */
export function venueFacts(instruments: readonly Instrument[], rules: readonly ProductRules[], { clock, rules: params }: Pick<EngineParams, 'clock' | 'rules'>, keyed: boolean, speed = 1): readonly ChildSpec[] {
  const products = PRODUCTS.filter((product) => instruments.some((instrument) => productOf(instrument) === product));
  return [
    worker({ id: 'clock', ...LAST_GOOD, behaviour: clockBehaviour, input: { products, params: { ...clock, timeoutMs: clock.timeoutMs * speed } } }),
    worker({ id: 'rules', ...LAST_GOOD, behaviour: rulesBehaviour, input: { instruments, params: { ...params, timeoutMs: params.timeoutMs * speed }, boot: rules, brackets: keyed } }),
  ];
}

/**
 * How long this machine and the line may take is a matter of the wall's clock. On a venue whose clock goes `speed` times as fast, a tenth of a second
 * that a process did not run is a second of silence, and no fault of the venue's.
 */
function inTimeOf(feeds: FeedsParams, speed: number): FeedsParams {
  if (speed <= 1) return feeds;
  const { silence, books } = feeds;
  const times = (ms: number): number => ms * speed;
  return {
    ...feeds,
    silence: {
      depthMs: times(silence.depthMs), bookTickerMs: times(silence.bookTickerMs), aggTradeMs: times(silence.aggTradeMs), tradeMs: times(silence.tradeMs), klineMs: times(silence.klineMs),
      markPriceMs: times(silence.markPriceMs), forceOrderMs: times(silence.forceOrderMs),
    },
    openTimeoutMs: times(feeds.openTimeoutMs),
    firstFrameMs: times(feeds.firstFrameMs),
    lagMaxMs: times(feeds.lagMaxMs),
    lagHoldMs: times(feeds.lagHoldMs),
    overlapMs: times(feeds.overlapMs),
    books: { ...books, timeoutMs: times(books.timeoutMs) },
  };
}
