import { recoveredAccount } from '../actors/account/rows.js';
import { memoriesOf } from '../actors/detector/rows.js';
import type { VenueProduct } from '../actors/engine/io.js';
import { GUARD_PATH, ORDERS_PATH, RISK_PATH, TRUTH_PATH } from '../actors/engine/paths.js';
import type { ProductRules } from '../actors/engine/venue-rules.js';
import { productsOf } from '../actors/gateway/decode/index.js';
import type { KeyRights } from '../actors/gateway/messages.js';
import { runMark } from '../actors/orders/ids.js';
import type { KernelPort } from '../actors/market/index.js';
import type { Holdings } from '../actors/venue/matcher.js';
import type { Config, EngineParams } from '../config/index.js';
import type { Instrument } from '../data/records/index.js';
import type { StoredRow } from '../data/store/row.js';
import { supervisor } from '../runtime/index.js';
import type { ChildSpec, SupervisorSpec } from '../runtime/index.js';
import { operatorDesk, riskGate, truthDesk } from './desk.js';
import { bookKeepers, feedsSupervisor, venueFacts } from './feeds.js';
import { holdingsOf, INTENSITY, sessionParts, type SessionOptions } from './market-session.js';
import { planLanes } from './lane-plan.js';
import { venueGateway } from './venue-gateway.js';
import { recoveredOrders, venueOrders } from './venue-orders.js';

export type EngineMode = 'paper' | 'demo' | 'live';

/** All that a run's tree starts from besides the configuration; plain JSON, written into the run before the tree starts. */
export interface EngineBoot {
  readonly mode: EngineMode;
  /** Engine clock at the start, µs. */
  readonly startUs: number;
  /** Seconds of the engine clock in one of the wall's; 1 unless told otherwise. */
  readonly speed?: number;
  /** In the order of their index: the symbols of all products. */
  readonly instruments: readonly Instrument[];
  /** What the venue said of its instruments. */
  readonly rules: readonly ProductRules[];
  /** Rows of the domain record that the run goes on from. */
  readonly recovered: readonly StoredRow[];
  /** Id of the run; part of the ids of its orders. */
  readonly run?: string;
  /** Where orders leave the engine: the key, by kind and ends, what it may do as far as that is known, and products whose positions have legs. */
  readonly key?: { readonly id: string; readonly rights: KeyRights | null; readonly hedge: readonly VenueProduct[] };
}

/** What the simulated venue of mode paper holds from the run before, for who keeps it outside of the tree: lanes. */
export function paperHoldings({ mode, recovered, instruments }: EngineBoot): Holdings {
  return mode === 'paper' ? holdingsOf(recoveredAccount(recovered, instruments, new Set()).trades) : {};
}

/**
 * The engine's tree.
 *
 *   /journal  /market           as in any session
 *   /venue                      one for one
 *     clock                     how the venue's clock goes against ours
 *     rules                     what may be ordered
 *     limits … user/PRODUCT     what speaks for the account (demo, live): venueGateway
 *   /feeds                      connections of market data, books kept in step, health of the sources
 *   /trading                    one for one: each comes back with its last good state
 *     truth, ledger, risk       what the exchange says, what we booked, what may be opened (demo, live): truthDesk
 *     orders, guard             orders at the venue, and a stop behind every fill (demo, live): venueOrders
 *     account                   sizes and books trades; its orders go to `orders`, in mode paper to the kernel's simulated venue
 *     strategies/SYMBOL
 *   /operator                   the operators' commands
 */
export function engineTree(boot: EngineBoot, config: Config, onKernel?: (kernel: KernelPort) => void, lanes?: SessionOptions['lanes']): SupervisorSpec {
  const { instruments, rules, mode, speed } = boot;
  const { engine } = config;
  const atVenue = mode !== 'paper';
  const known = atVenue ? new Set(recoveredOrders(boot).records.map(({ intent }) => intent.id)) : new Set<string>();
  const record = { mark: boot.run === undefined ? '' : `${runMark(boot.run)}.`, startedUs: boot.startUs, recovered: recoveredAccount(boot.recovered, instruments, known), truth: atVenue };
  const { journal, market, account, strategies } = sessionParts(instruments, config, {
    bookPath: bookKeepers(instruments), record, memories: memoriesOf(boot.recovered), ...(atVenue ? { orderPath: ORDERS_PATH, guardPath: GUARD_PATH, pricesTo: [RISK_PATH, GUARD_PATH, TRUTH_PATH], risk: riskGate(engine) } : {}), ...(onKernel === undefined ? {} : { onKernel }),
    ...(lanes === undefined ? {} : { lanes }),
  });
  const oneForOne = (id: string, children: readonly ChildSpec[]): SupervisorSpec => supervisor({ id, strategy: 'oneForOne', intensity: INTENSITY, children });
  return oneForOne('engine', [
    journal,
    market,
    oneForOne('venue', [...venueFacts(instruments, rules, engine, atVenue, speed), ...(atVenue ? gatewayOf(boot, engine) : [])]),
    feedsSupervisor(instruments, engine, speed, socketLanes(instruments, config)),
    oneForOne('trading', [...(atVenue ? [...truthDesk(boot, engine), ...venueOrders(boot, engine)] : []), account, strategies]),
    operatorDesk(boot, engine),
  ]);
}

/** The lane of each symbol, where lanes have the sockets of theirs. */
function socketLanes(instruments: readonly Instrument[], { lanes }: Config): ((symbol: number) => number) | undefined {
  if (lanes.placement !== 'socket') return undefined;
  const { assignment } = planLanes(instruments, lanes);
  return (symbol) => assignment[symbol]!;
}

function gatewayOf({ instruments, rules, run = '', speed = 1, key, recovered }: EngineBoot, engine: EngineParams): readonly ChildSpec[] {
  return venueGateway({
    products: productsOf(instruments), instruments, params: engine, run, speed, keyId: key?.id ?? null, rights: key?.rights ?? null, recovered,
    limits: Object.fromEntries(rules.map(({ product, limits }) => [product, limits])),
  });
}
