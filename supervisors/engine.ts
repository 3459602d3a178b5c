import type { ProductRules } from '../actors/engine/venue-rules.js';
import type { KernelPort } from '../actors/market/index.js';
import type { Config } from '../config/index.js';
import type { Instrument } from '../data/records/index.js';
import type { StoredRow } from '../data/store/row.js';
import { supervisor } from '../runtime/index.js';
import type { SupervisorSpec } from '../runtime/index.js';
import { operatorDesk } from './desk.js';
import { bookKeepers, feedsSupervisor, venueFacts } from './feeds.js';
import { INTENSITY, sessionParts, type SessionOptions } from './market-session.js';

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
}

/**
 * The engine's tree.
 *
 *   /journal  /market           as in any session
 *   /venue                      one for one
 *     clock                     how the venue's clock goes against ours
 *     rules                     what may be ordered
 *   /feeds                      connections of market data, books kept in step, health of the sources
 *   /trading                    rest for one: without an account nobody trades
 *     account                   risk gate and books; orders go to the kernel's simulated venue (paper)
 *     strategies/SYMBOL
 *   /operator                   the operators' commands
 */
export function engineTree(boot: EngineBoot, config: Config, onKernel?: (kernel: KernelPort) => void, lanes?: SessionOptions['lanes']): SupervisorSpec {
  const { instruments, rules, mode, speed } = boot;
  const { journal, market, account, strategies } = sessionParts(instruments, config, { bookPath: bookKeepers(instruments), ...(onKernel === undefined ? {} : { onKernel }), ...(lanes === undefined ? {} : { lanes }) });
  const venue = supervisor({ id: 'venue', strategy: 'oneForOne', intensity: INTENSITY, children: venueFacts(instruments, rules, config.engine, mode !== 'paper', speed) });
  return supervisor({
    id: 'engine',
    strategy: 'oneForOne',
    intensity: INTENSITY,
    children: [journal, market, venue, feedsSupervisor(instruments, config.engine, speed), supervisor({ id: 'trading', strategy: 'restForOne', intensity: INTENSITY, children: [account, strategies] }), operatorDesk(boot, config.engine)],
  });
}
