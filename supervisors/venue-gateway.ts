import { VenueInstruments } from '../actors/gateway/decode/index.js';
import { breakerBehaviour } from '../actors/gateway/breaker/breaker.js';
import { breakerKey } from '../actors/gateway/breaker/machine.js';
import { gatewayBehaviour } from '../actors/gateway/gateway.js';
import { LIMITS_KEY, limitsBehaviour } from '../actors/gateway/limits/limits.js';
import { CALL_CLASSES, type KeyRights } from '../actors/gateway/messages.js';
import { signerBehaviour } from '../actors/gateway/signer.js';
import { userStreamBehaviour } from '../actors/gateway/user/user-stream.js';
import type { VenueProduct } from '../actors/engine/io.js';
import { GUARD_PATH, LEDGER_PATH, ORDERS_PATH, RISK_PATH, TRUTH_PATH } from '../actors/engine/paths.js';
import type { VenueLimit } from '../actors/engine/venue-rules.js';
import type { EngineParams } from '../config/index.js';
import type { Instrument } from '../data/records/index.js';
import type { StoredRow } from '../data/store/row.js';
import { supervisor, worker, type ChildSpec } from '../runtime/index.js';
import { INTENSITY, LAST_GOOD } from './market-session.js';

export interface VenueGatewayOptions {
  readonly products: readonly VenueProduct[];
  readonly instruments: readonly Instrument[];
  readonly params: Pick<EngineParams, 'gateway' | 'breaker' | 'rateLimits' | 'userStream'>;
  /** Id of the run: keys of rows in the record begin with it. */
  readonly run: string;
  /** Kind and ends of the key, and what it may do; nothing of it that is secret. */
  readonly keyId: string | null;
  readonly rights: KeyRights | null;
  /** Limits as the venue stated them before the run began. */
  readonly limits: { readonly [product in VenueProduct]?: readonly VenueLimit[] };
  /** Rows of the record that earlier runs left. */
  readonly recovered?: readonly StoredRow[];
  /** Seconds of the engine clock in one of the wall's; 1 unless told otherwise. */
  readonly speed?: number;
  /** Who hears reports and edges of the user streams; orders, truth and ledger unless told otherwise. */
  readonly listeners?: readonly string[];
}

/**
 * The children of `/venue` that speak for the account, in the order in which they start:
 *
 *   limits                       token buckets, 429 and 418
 *   breakers/<product>-<class>   circuit breakers
 *   signer                       what needs the key leaves here
 *   gateway                      calls in, outcomes out
 *   user/<product>               private streams
 *
 * All of them come back with their last good state: a call that was on its way still has its one outcome.
 */
export function venueGateway(options: VenueGatewayOptions): readonly ChildSpec[] {
  const { products, params, run, keyId, rights, limits, speed = 1, listeners = [ORDERS_PATH, TRUTH_PATH, LEDGER_PATH] } = options;
  // How long this machine and the line may take is a matter of the wall's clock.
  const gateway = { ...params.gateway, timeoutMs: params.gateway.timeoutMs * speed };
  const stream = { ...params.userStream, openTimeoutMs: params.userStream.openTimeoutMs * speed, probeTimeoutMs: params.userStream.probeTimeoutMs * speed };
  const left = (key: string): unknown => options.recovered?.find((each) => each.table === 'snapshots' && each.key === key)?.row;
  const breaker = breakerBehaviour(params.breaker);
  const userStream = userStreamBehaviour(stream, new VenueInstruments(options.instruments));
  const breakers = products.flatMap((product) => CALL_CLASSES.map((callClass) =>
    worker({ id: `${product}-${callClass}`, behaviour: breaker, input: { product, class: callClass, run, listeners: [RISK_PATH], recovered: left(breakerKey({ product, class: callClass })) }, ...LAST_GOOD })));
  const users = products.map((product) => worker({ id: product, behaviour: userStream, input: { product, listeners }, ...LAST_GOOD }));
  return [
    worker({ id: 'limits', behaviour: limitsBehaviour(params.rateLimits), input: { stated: limits, run, recovered: left(LIMITS_KEY) }, ...LAST_GOOD }),
    supervisor({ id: 'breakers', strategy: 'oneForOne', intensity: INTENSITY, children: breakers }),
    worker({ id: 'signer', behaviour: signerBehaviour(), input: { keyId, rights }, ...LAST_GOOD }),
    worker({ id: 'gateway', behaviour: gatewayBehaviour(gateway, [RISK_PATH, GUARD_PATH]), input: undefined, ...LAST_GOOD }),
    supervisor({ id: 'user', strategy: 'oneForOne', intensity: INTENSITY, children: users }),
  ];
}
