import type { Json } from '../../actors/engine/io.js';
import type { Config } from '../../config/index.js';
import { parseExactJson } from './exact-json.js';
import { laneSocketPart } from './lanes/part.js';
import type { EngineDoor, EnginePart, VenueAccess } from './parts.js';
import { deskOf, restPart, secretsOf } from './rest/index.js';
import { socketPart } from './sockets/index.js';
import type { EngineStore } from './store/engine-store.js';

export interface PartInputs {
  readonly access: VenueAccess;
  readonly config: Config;
  readonly store: EngineStore;
}

/** Who carries out what the engine's tree asks for: one part an effect, or a few that belong together. */
export function engineParts(door: EngineDoor, { access, config, store }: PartInputs): readonly EnginePart[] {
  const secrets = deskOf(secretsOf(access), () => door.clock.nowUs());
  const { secondOrigin } = config.engine.feeds;
  const sockets = door.sources === undefined ? socketPart(door, access, secrets, secondOrigin) : laneSocketPart(door, door.sources, access, secrets, secondOrigin);
  const { intake } = sockets.sockets;
  const rest = restPart(door, access, {
    params: config.engine.rest,
    // A snapshot of the book goes the way of market data; the actor that asked hears what it was.
    depth({ product, depthOf }, text) {
      const { outcome, records } = intake.snapshot(product, depthOf!, text);
      if (outcome !== 'fast' && outcome !== 'slow') return intake.reason(product);
      intake.flush();
      return { body: { lastUpdateId: lastUpdateId(text), levels: records } };
    },
  });
  return [sockets, rest, store.part(door)];
}

function lastUpdateId(text: string): Json {
  const body = parseExactJson(text);
  return typeof body === 'object' && body !== null && 'lastUpdateId' in body ? body.lastUpdateId! : null;
}
