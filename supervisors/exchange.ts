import { supervisor, type ChildSpec, type SupervisorSpec } from '../runtime/index.js';

/** One product of the exchange: the engine that owns its books, and its faces to clients. */
export interface ExchangeProduct {
  readonly name: string;
  /** Worker `engine`. */
  readonly engine: ChildSpec;
  readonly faces: readonly ChildSpec[];
}

/**
 * The exchange in a box: `/market`, then one supervisor a product (`/spot`, `/usdm`, `/options`, `/deribit`) with its engine first. A face that
 * crashes drops its sockets and comes back on its port with the books untouched; while an engine is down its faces stay and say so. A
 * product that keeps crashing takes the exchange down with it: half a venue would be a lie. Restarts are counted over a minute of the wall's
 * time, whatever the speed of the venue's clock.
 */
export function exchangeTree(market: readonly ChildSpec[], products: readonly ExchangeProduct[], speed: number): SupervisorSpec {
  const withinMs = Math.ceil(60_000 * speed);
  return supervisor({
    id: 'exchange',
    strategy: 'oneForOne',
    intensity: { restarts: 3, withinMs },
    children: [
      ...market,
      ...products.map(({ name, engine, faces }) => supervisor({
        id: name, strategy: 'oneForOne', intensity: { restarts: 10, withinMs }, children: [engine, ...faces],
      })),
    ],
  });
}
