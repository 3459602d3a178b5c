import { type AuditedVenue, type Engine, engineBehaviour, outlivesCrashes } from '../../../actors/exchange/engine.js';
import { type ChildSpec, worker } from '../../../runtime/index.js';
import type { ProductName, Scene } from './product.js';

/** The mailbox an engine needs: a burst of orders is answered late, not refused. */
const ENGINE_MAILBOX = { capacity: 1 << 16 } as const;

/** The actor `engine` of a product. @param open makes its venue and market; again only when a crash left them wrong, which is told as a defect */
export function venueEngine<V extends AuditedVenue>(scene: Scene, product: ProductName, open: (nowUs: number) => Engine<V>): ChildSpec {
  return worker({
    id: 'engine', behaviour: engineBehaviour<V>(`${product}-engine`), mailbox: ENGINE_MAILBOX,
    input: { sliceUs: scene.sliceUs, open: outlivesCrashes(open, (defect) => scene.onDefect(product, new Error(`a crash left the venue wrong, it begins anew: ${defect}`))) },
  });
}
