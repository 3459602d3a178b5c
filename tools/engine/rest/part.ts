import type { Json, RestAnswer, RestOutcome, RestRequest, VenueProduct } from '../../../actors/engine/io.js';
import type { RestParams } from '../../../config/engine/gateway.js';
import type { EngineDoor, EnginePart, VenueAccess } from '../parts.js';
import { RestClient, type Answered } from './client.js';
import { secretsOf } from './vault.js';

export interface RestPartOptions {
  readonly params: RestParams;
  /** Takes a depth snapshot to tape and kernel: see `RestClientOptions.depth`. */
  readonly depth?: (request: RestRequest, text: string) => { readonly body: Json } | string;
}

const [TOO_MANY, BANNED] = [429, 418] as const;
/** After a 429 or 418 that does not say for how long, µs. */
const BLOCKED_US = 60_000_000;
const NOT_SENT: RestOutcome = { kind: 'failed', reason: 'cancelled', sent: 'no' };

/**
 * Carries out `rest.send`. `flushFirst` is the host's: what reaches this part may leave.
 *
 * After a 429 or a 418 public requests of the product are not sent until the venue takes them again: feeds, clock and rules ask without the tree's limits, and
 * who goes on while he is banned is banned longer. Requests with the key have been through the limits.
 */
export function restPart(door: EngineDoor, access: VenueAccess, { params, depth }: RestPartOptions): EnginePart {
  const { spot, usdm, options } = access.origins;
  const counts = { sent: 0, answered: 0, malformed: 0, failed: 0, heldBack: 0 };
  const blockedUs: Record<VenueProduct, number> = { spot: 0, usdm: 0, options: 0 };
  const client = new RestClient({
    origins: { spot: spot.rest, usdm: usdm.rest, options: options.rest }, secrets: secretsOf(access), ca: access.ca, speed: door.clock.speed, nowUs: () => door.clock.nowUs(),
    maxBodyBytes: params.maxBodyBytes, idleMs: params.idleMs, connections: params.connections, ...(depth === undefined ? {} : { depth }),
  });

  const tell = ({ id, to }: RestRequest, { sentUs, receivedUs, outcome }: Answered): void => {
    const message: RestAnswer = { type: 'rest.answer', id, sentUs, receivedUs, outcome };
    door.give({ to, message });
  };

  const answered = (request: RestRequest, said: Answered): void => {
    const { outcome, receivedUs } = said;
    counts[outcome.kind === 'answer' ? 'answered' : outcome.kind] += 1;
    if (outcome.kind === 'malformed') {
      door.log.write('warn', 'rest.malformed', `${request.method} ${request.path}: ${outcome.status}, ${outcome.problem}`, { id: request.id, text: outcome.text });
    }
    if (outcome.kind !== 'failed' && (outcome.status === TOO_MANY || outcome.status === BANNED)) {
      const { retryAfterS } = outcome.headers;
      const untilUs = receivedUs + (retryAfterS === null ? BLOCKED_US : retryAfterS * 1e6);
      if (untilUs > blockedUs[request.product]) {
        blockedUs[request.product] = untilUs;
        door.log.write('warn', 'rest.blocked', `${request.product}: ${outcome.status}, no public request for ${Math.ceil((untilUs - receivedUs) / 1e6)} s`, { path: request.path });
      }
    }
    tell(request, said);
  };

  return {
    effects: {
      'rest.send'(request) {
        const nowUs = door.clock.nowUs();
        if (request.security === 'none' && nowUs < blockedUs[request.product]) {
          counts.heldBack += 1;
          setImmediate(() => tell(request, { sentUs: nowUs, receivedUs: nowUs, outcome: NOT_SENT }));
          return;
        }
        counts.sent += 1;
        client.send(request, (said) => answered(request, said));
      },
    },
    quiet: () => client.quiet(),
    close: async () => client.close(),
    metrics: () => ({
      restSent: counts.sent, restAnswered: counts.answered, restMalformed: counts.malformed, restFailed: counts.failed, restHeldBack: counts.heldBack, restPending: client.pending,
    }),
  };
}
