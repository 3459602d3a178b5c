import type { StoreWrite } from '../../actors/engine/io.js';
import { EMPTY_DIGEST } from '../../actors/index.js';
import { formatMoney, money } from '../../actors/account/money.js';
import type { RunReader } from '../../data/runs/index.js';
import type { FailureReport, Runtime } from '../../runtime/index.js';
import { progress } from '../cli/progress.js';
import { reasonText } from '../replay/print-report.js';
import { replayEngineRun } from '../runs/engine-replay.js';
import { Bounded, fieldsText, type Incident } from './incidents.js';

/** An actor that ended and was brought back, or was not. */
export interface RestartRow {
  readonly atUs: number;
  readonly path: string;
  readonly context: string;
  readonly incarnation: number;
  readonly cause: string;
}

/** What only the tree itself can tell: it was run again from the run's folder. */
export interface ReplayedFacts {
  /** Tape that it began at; what came before is not in here. */
  readonly from: number;
  readonly decisions: number;
  readonly digest: string;
  /** How many decisions the run had made where it began. */
  readonly skipped: number;
  readonly whole: boolean;
  readonly problem: string | null;
  readonly restarts: number;
  readonly failures: { readonly rows: readonly RestartRow[]; readonly omitted: number };
  readonly deadLetters: Readonly<Record<string, number>>;
  readonly faults: number;
  /** What reconciliation found to differ, and books that were lost and found. */
  readonly differences: { readonly rows: readonly Incident[]; readonly omitted: number };
  readonly books: { readonly rows: readonly Incident[]; readonly omitted: number };
  /** Funding by asset. */
  readonly funding: Readonly<Record<string, string>>;
  /** As the ledger says at the end, since the account's record began. */
  readonly ledger: readonly LedgerRow[];
}

export interface LedgerRow {
  readonly product: string;
  readonly asset: string;
  readonly balance: string;
  readonly fees: string;
  readonly funding: string;
  readonly other: string;
  readonly unexplained: string;
}

const BAR_EVERY_MS = 100;

/** Runs an engine's run again, and listens. `startUs`: engine clock at its beginning. @throws RunError as the replay. */
export async function replayRun(reader: RunReader, startUs: number): Promise<ReplayedFacts> {
  const failures = new Bounded<RestartRow>();
  const differences = new Bounded<Incident>();
  const books = new Bounded<Incident>();
  const funding = new Map<string, bigint>();
  let runtime: Runtime | undefined;
  let digest = EMPTY_DIGEST;
  const from = reader.startable()[0] ?? 0;
  const bar = progress(`replaying ${reader.manifest.id}`, undefined, { format: (amount) => `${Math.floor(amount).toLocaleString('en-US')} s` });
  const timer = setInterval(() => bar.update(((runtime?.nowUs() ?? startUs) - startUs) / 1e6), BAR_EVERY_MS);
  try {
    const { end, unrepeatable, journal, before } = await replayEngineRun(reader, {
      from,
      onDecision: () => {},
      onRuntime: (up) => {
        runtime = up;
        up.onReport((report) => {
          if (report.kind === 'failure') failures.push(restartRow(report));
        });
      },
      effects: { 'store.write': (write) => store(write, differences, books, funding) },
    });
    ({ digest } = journal);
    const counters = runtime!.counters();
    return {
      from, decisions: journal.count, digest, skipped: before.journal.count, whole: end.whole, problem: unrepeatable ?? end.problem, restarts: counters.restarts,
      failures: listed(failures), deadLetters: Object.fromEntries(Object.entries(counters.deadLetters).filter(([, count]) => count > 0)), faults: counters.faults,
      differences: listed(differences), books: listed(books), funding: Object.fromEntries([...funding].map(([asset, amount]) => [asset, formatMoney(amount)])), ledger: ledgerRows(runtime!.inspect('/trading/ledger')?.value),
    };
  } finally {
    clearInterval(timer);
    bar.done();
  }
}

const listed = <T>(bounded: Bounded<T>): { readonly rows: readonly T[]; readonly omitted: number } => ({ rows: bounded.rows, omitted: bounded.omitted });

function restartRow({ atUs, offender, context, reason }: FailureReport): RestartRow {
  return { atUs, path: offender.path, context, incarnation: offender.incarnation, cause: reasonText(reason) };
}

function store({ rows }: StoreWrite, differences: Bounded<Incident>, books: Bounded<Incident>, funding: Map<string, bigint>): void {
  for (const { table, key, row } of rows) {
    const text = (name: string): string => (typeof row[name] === 'string' ? row[name] : '');
    const atUs = typeof row['atUs'] === 'number' ? row['atUs'] : typeof row['atMs'] === 'number' ? row['atMs'] * 1000 : 0;
    if (table === 'transitions' && key.startsWith('truth ') && typeof row['kind'] === 'string') {
      const { kind: _kind, action: _action, ...about } = (row['difference'] ?? {}) as Readonly<Record<string, unknown>>;
      differences.push({ atUs, who: text('product'), what: `${text('kind')}: ${text('action')}`, detail: fieldsText(about) });
    } else if (table === 'transitions' && key.startsWith('book ')) {
      books.push({ atUs, who: `book ${text('product')} ${text('instrument')}`, what: `${text('from')} → ${text('to')}`, detail: text('cause') });
    } else if (table === 'ledger' && text('kind') === 'funding') {
      funding.set(text('asset'), (funding.get(text('asset')) ?? 0n) + money(text('amount')));
    }
  }
}

function ledgerRows(value: unknown): LedgerRow[] {
  const products = fields(value)['products'];
  if (!Array.isArray(products)) return [];
  return products.flatMap((each): LedgerRow[] => {
    const { product, balances, totals } = fields(each);
    const sums = fields(totals);
    const inTable = (of: unknown, asset: string): string => {
      const amount = fields(of)[asset];
      return typeof amount === 'string' ? amount : '0';
    };
    const amount = (name: string, asset: string): string => inTable(sums[name], asset);
    const assets = new Set([balances, sums['fees'], sums['funding'], sums['other'], sums['unexplained']].flatMap((of) => Object.keys(fields(of))));
    return [...assets].sort().map((asset) => ({
      product: String(product), asset, balance: inTable(balances, asset), fees: amount('fees', asset), funding: amount('funding', asset), other: amount('other', asset), unexplained: amount('unexplained', asset),
    }));
  });
}

const fields = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {});
