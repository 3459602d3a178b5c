import type { Json, RestAnswer, RestRequest } from '../../../actors/engine/io.js';
import type { RestParams } from '../../../config/engine/gateway.js';
import type { EngineDoor, EnginePart, VenueAccess } from '../parts.js';
import { RestClient } from './client.js';
import { secretsOf } from './vault.js';

export interface RestPartOptions {
  readonly params: RestParams;
  /** Takes a depth snapshot to tape and kernel: see `RestClientOptions.depth`. */
  readonly depth?: (request: RestRequest, text: string) => { readonly body: Json } | string;
}

/** Carries out `rest.send`. `flushFirst` is the host's: what reaches this part may leave. */
export function restPart(door: EngineDoor, access: VenueAccess, { params, depth }: RestPartOptions): EnginePart {
  const { spot, usdm, options } = access.origins;
  const counts = { sent: 0, answered: 0, malformed: 0, failed: 0 };
  const client = new RestClient({
    origins: { spot: spot.rest, usdm: usdm.rest, options: options.rest }, secrets: secretsOf(access), ca: access.ca, speed: door.clock.speed, nowUs: () => door.clock.nowUs(),
    maxBodyBytes: params.maxBodyBytes, idleMs: params.idleMs, connections: params.connections, ...(depth === undefined ? {} : { depth }),
  });
  return {
    effects: {
      'rest.send'(request) {
        counts.sent += 1;
        client.send(request, ({ sentUs, receivedUs, outcome }) => {
          counts[outcome.kind === 'answer' ? 'answered' : outcome.kind] += 1;
          if (outcome.kind === 'malformed') {
            door.log.write('warn', 'rest.malformed', `${request.method} ${request.path}: ${outcome.status}, ${outcome.problem}`, { id: request.id, text: outcome.text });
          }
          const message: RestAnswer = { type: 'rest.answer', id: request.id, sentUs, receivedUs, outcome };
          door.give({ to: request.to, message });
        });
      },
    },
    quiet: () => client.quiet(),
    close: async () => client.close(),
    metrics: () => ({ restSent: counts.sent, restAnswered: counts.answered, restMalformed: counts.malformed, restFailed: counts.failed, restPending: client.pending }),
  };
}
