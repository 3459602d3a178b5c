/** What `/operator` hears, and what a supervisor tells it. */
import type { AskResult, Down } from '../../runtime/index.js';
import type { Instrument } from '../../data/records/index.js';
import type { AccountStatus } from '../account/messages.js';
import type { CommandInput, VenueProduct } from '../engine/io.js';
import type { VenueOutcome } from '../engine/venue-calls.js';
import type { FeedsHealth } from '../feeds/messages.js';
import type { GatewayStatus } from '../gateway/gateway.js';
import type { LedgerStatus } from '../ledger/messages.js';
import type { OrderNews } from '../orders/messages.js';
import type { RiskStatus } from '../risk/messages.js';
import type { OrdersAnswer, TruthRefreshed, TruthStatus } from '../truth/messages.js';
import type { VenueEvent } from '../venue/messages.js';

/** What the operator asks others for; what did not answer is missing. */
export interface Picture {
  readonly account?: AccountStatus;
  readonly risk?: RiskStatus;
  readonly truth?: TruthStatus;
  readonly ledger?: LedgerStatus;
  readonly feeds?: FeedsHealth;
  readonly gateway?: GatewayStatus;
  /** All products together. */
  readonly orders?: OrdersAnswer;
}
export type PicturePart = keyof Picture;

export type OperatorMessage =
  | CommandInput | VenueOutcome | VenueEvent | OrderNews | TruthRefreshed | Down
  | { readonly type: 'store.failed'; readonly problem: string }
  | { readonly type: 'operator.got'; readonly work: string; readonly round: number; readonly part: PicturePart; readonly product: VenueProduct | null; readonly result: AskResult<unknown> }
  | { readonly type: 'operator.tick'; readonly work: string }
  | { readonly type: 'operator.watch'; readonly path: string };

export interface OperatorPaths {
  readonly account: string;
  readonly feedsHealth: string | null;
  /** Null in paper, where the venue is simulated. */
  readonly venue: {
    readonly risk: string;
    readonly truth: string;
    readonly ledger: string;
    readonly orders: string;
    readonly gateway: string;
    readonly limits: string;
  } | null;
}

export interface OperatorInput {
  readonly mode: 'paper' | 'demo' | 'live';
  readonly instruments: readonly Instrument[];
  /** Traded products; none in paper. */
  readonly products: readonly VenueProduct[];
  readonly ownPrefixes: readonly string[];
  /** Seconds of the engine clock in one of the wall's: how long others may take is the wall's affair. */
  readonly speed: number;
  readonly paths: OperatorPaths;
  /** Row `operator` of the record's table `snapshots`, as an earlier run left it. */
  readonly recovered: unknown;
  /** When nothing can be written down any more: hold positions behind the venue's stops, or close them. */
  readonly whenRecordFails: 'hold' | 'flatten';
  readonly journalPath?: string;
}

/**
 * In the answer of a command after which the process is to end: with which exit, and why. The host carries it out.
 */
export interface EndOfProcess {
  readonly exit: 'ok' | 'journalFailed';
  readonly reason: string;
}
/** Id of the answer that nobody asked for: the record cannot be written, what there was to do has been done, the process is to end. */
export const STORE_FAILED_ID = 'engine:store-failed';
