import type { RunManifest } from '../../data/runs/index.js';
import type { ReplayReport, TradeRow } from '../replay/report.js';
import type { RunsDifferIn } from '../runs/described.js';
import type { CurvePoint } from './curve.js';
import type { Episode, StateSpan } from './episodes.js';
import type { IncidentGroup, IncidentReport } from './incidents.js';
import type { EquityReport } from './ledger.js';
import type { GapRow, MarketFacts } from './market-pass.js';
import type { ReplayedFacts } from './replayed.js';
import type { Histogram, TradeStatistics } from './statistics.js';

/** How a run stands: ended by itself; still written; or neither, so that it was killed. */
export type RunStanding = 'ended' | 'going on' | 'killed';

export interface SymbolReport {
  readonly name: string;
  readonly venue: string;
  readonly spans: readonly StateSpan[];
  readonly secondsInState: Readonly<Record<string, number>>;
  /** Prices of trades, in units of the price. */
  readonly prices: readonly CurvePoint[];
}

export interface OpenPosition {
  readonly id: string;
  readonly symbol: string;
  readonly side: string;
  readonly openLots: number;
  readonly entryPrice: string;
  readonly unrealised: string | null;
  readonly fees: string;
  readonly settle: string;
  readonly sinceUs: number;
}

/** One asset's figures. */
export interface AssetReport extends EquityReport {
  /** Of closed trades; null where none was closed. */
  readonly closed: TradeStatistics | null;
  /** Closed and open together: end - start. */
  readonly change: string;
  readonly returnShare: number | null;
  /** Fees of closed trades and of what is open. */
  readonly fees: string;
  /** Came in less paid, as the exchange booked it in this run; null where nobody says. */
  readonly funding: string | null;
  readonly sharpeOfTrades: number | null;
  readonly annualSharpe: number | null;
  readonly results: Histogram | null;
}

/** Everything that a report has to say about a run. */
export interface RunReport {
  readonly madeAt: string;
  readonly madeBy: string;
  readonly folder: string;
  readonly manifest: Omit<RunManifest, 'config' | 'tapes'>;
  readonly standing: RunStanding;
  readonly tapes: readonly { readonly file: string; readonly records: number; readonly removed: boolean; readonly digest: string | null }[];
  /** Keys of the configuration that are not the default's, with secrets hidden; null where it is of another version. */
  readonly configDiffers: RunsDifferIn['config'] | null;
  /** What is to be known before any figure is believed. */
  readonly notes: readonly string[];
  /** Engine clock, µs. */
  readonly startUs: number;
  readonly endUs: number;
  readonly decisions: { readonly count: number; readonly digest: string };
  readonly effects: { readonly count: number; readonly digest: string | null } | null;
  readonly assets: readonly AssetReport[];
  readonly exposedUs: number;
  readonly fills: number;
  readonly entries: number;
  readonly trades: { readonly count: number; readonly rows: readonly TradeRow[]; readonly omitted: number };
  /** Of the closed trades, those whose fills come to the result that the account told. */
  readonly recomputed: number;
  readonly holds: Histogram | null;
  readonly open: readonly OpenPosition[];
  readonly symbols: readonly SymbolReport[];
  readonly episodes: readonly Episode[];
  readonly episodesOmitted: number;
  readonly refusals: { readonly rows: readonly { readonly reason: string; readonly by: string; readonly count: number; readonly firstUs: number; readonly lastUs: number }[]; readonly other: number; readonly count: number };
  readonly incidents: Readonly<Record<IncidentGroup, IncidentReport>>;
  readonly market: (Omit<MarketFacts, 'prices' | 'gaps'> & { readonly gaps: { readonly count: number; readonly missing: number; readonly rows: readonly (Omit<GapRow, 'symbol'> & { readonly symbol: string })[] } }) | null;
  /** Sockets that were opened and that ended, by actor. */
  readonly sockets: readonly { readonly path: string; readonly opened: number; readonly closed: number; readonly failed: number }[];
  /** Of an engine's run: what running it again from its folder told. */
  readonly replayed: ReplayedFacts | null;
  /** Of a replay: its own report. */
  readonly own: Pick<ReplayReport, 'digest' | 'records' | 'processed' | 'gapped' | 'deadLettered' | 'missing' | 'restarts' | 'restarted' | 'deadLetters' | 'faults' | 'gaveUp' | 'placement' | 'pnl' | 'wallMs'> | null;
}
