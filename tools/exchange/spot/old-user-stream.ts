/** The user data stream by listenKey: since 2026-02-20 its endpoints answer 410; `--as-of` an earlier day has them. */
import type { AsOf } from '../../../actors/exchange/rules.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import { type Endpoint, listenKeyEndpoints, type ListenKeys } from '../web/index.js';

const PATH = '/api/v3/userDataStream';

export function userDataStreamEndpoints(keys: ListenKeys, asOf: AsOf): readonly Endpoint[] {
  if (!asOf.holds('spotListenKeysGone')) return listenKeyEndpoints(PATH, keys);
  return (['POST', 'PUT', 'DELETE'] as const).map((method) => ({
    method, path: PATH, security: 'none', weight: 1,
    handle: () => {
      throw new VenueError(-1020, 'This operation is not supported.', { status: 410 });
    },
  }));
}
