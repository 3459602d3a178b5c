/** What the desk shows of an engine: money, orders, and whether what is believed of them holds. Money, prices and quantities are decimal strings. */

/** The first rows of a list, and how many more there are. */
export interface Listed<T> {
  readonly rows: readonly T[];
  readonly omitted: number;
}

/** `live`: the engine said so a moment ago. `instant`: a replay of its run, at the instant that is looked at. `past`: what its record says; nobody runs. */
export type DeskKind = 'live' | 'instant' | 'past';

export type Severity = 'bad' | 'warn';

/** Something that a person should look at; worst first. */
export interface Attention {
  /** The same as long as it is the same trouble. */
  readonly id: string;
  readonly severity: Severity;
  readonly text: string;
  /** What is being done about it, or can be. */
  readonly action: string;
  /** Engine clock, ms; null where nobody noted it. */
  readonly sinceMs: number | null;
}

export interface DeskStanding {
  readonly name: string;
  readonly mode: string;
  readonly account: string;
  readonly run: string;
  readonly paused: { readonly reason: string; readonly by: string; readonly atMs: number } | null;
  readonly stopping: boolean;
  readonly storeFailed: string | null;
  /** Commands that are being carried out. */
  readonly busy: readonly { readonly id: string; readonly verb: string }[];
  /** Null where nobody says. */
  readonly tradingEnabled: boolean | null;
  readonly entries: number | null;
}

/** Of a product: how far what is shown can be believed. */
export interface TruthRow {
  readonly product: string;
  readonly freshness: 'fresh' | 'stale' | 'unknown';
  readonly reasons: readonly string[];
  /** When the exchange was last read whole and reconciled, ms of the engine clock; null for never. */
  readonly readMs: number | null;
  readonly fullMs: number | null;
  /** The reading that goes on: `idle` for none. */
  readonly phase: string;
  readonly differencesSeen: number;
  readonly unjudged: readonly { readonly what: string; readonly key: string; readonly reason: string }[];
}

export type StopState =
  /** All of ours is behind stops that the exchange has confirmed. */
  | 'held'
  /** Some of it. */
  | 'part'
  /** Sent, and not confirmed yet. */
  | 'sent'
  | 'none'
  /** Nothing of it is ours to protect. */
  | 'foreign'
  /** Nobody could be asked. */
  | 'unknown';

export interface PositionRow {
  readonly key: string;
  readonly product: string;
  readonly instrument: string;
  readonly side: 'long' | 'short';
  /** `LONG` and `SHORT` of an account with hedge legs. */
  readonly positionSide: string;
  /** Negative is short. By the exchange; in paper, and on spot, by our own books. */
  readonly quantity: string;
  readonly owners: readonly { readonly who: string; readonly quantity: string; readonly ours: boolean }[];
  /** '' where it is not known. */
  readonly entry: string;
  readonly mark: string;
  /** At the mark, before fees; '' where entry or mark is not known. */
  readonly unrealised: string;
  readonly asset: string;
  readonly stop: { readonly state: StopState; readonly triggers: readonly string[]; readonly quantity: string; readonly nakedSinceMs: number | null };
  /** Why it is being closed; null when it is not. */
  readonly closing: string | null;
  /** What our books say where that is something else; null where they agree. */
  readonly booked: string | null;
  /** The exchange's word is old or in doubt. */
  readonly stale: boolean;
}

/** `unknown`: nobody knows whether it is at the exchange. `orphan`: a stop that protects nothing. `unlisted`: ours, and the exchange does not list it. */
export type OrderTrouble = 'unknown' | 'orphan' | 'foreign' | 'exchange' | 'unlisted';

export interface OrderRow {
  readonly key: string;
  readonly clientId: string;
  readonly product: string;
  readonly instrument: string;
  readonly owner: 'ours' | 'foreign';
  readonly purpose: string;
  readonly side: string;
  readonly positionSide: string;
  readonly kind: string;
  readonly price: string;
  readonly trigger: string;
  readonly quantity: string;
  readonly filled: string;
  readonly state: string;
  /** When it was made, and when something of it changed last, ms. */
  readonly sinceMs: number | null;
  readonly changedMs: number | null;
  /** Whether the exchange's last list has it; null where that list is older than the order, or nobody has one. */
  readonly listed: boolean | null;
  readonly trouble: OrderTrouble | null;
  /** What is wrong, or being done about it, in words. */
  readonly note: string;
}

export interface DifferenceRow {
  readonly product: string;
  readonly kind: string;
  readonly about: string;
  readonly instrument: string;
  readonly action: string;
  readonly toldMs: number;
  /** Null while it stands. */
  readonly settledMs: number | null;
}

export interface LimitRow {
  readonly product: string;
  /** Such as `weight per 1m`; '' for a row that tells of a wait alone. */
  readonly bucket: string;
  readonly limit: number | null;
  readonly left: number | null;
  readonly blocked: { readonly kind: string; readonly reason: string; readonly untilUs: number } | null;
}

export interface BreakerRow {
  readonly product: string;
  readonly class: string;
  readonly state: string;
  readonly cause: string;
  readonly sinceUs: number | null;
  readonly opened: number;
}

export interface GuardRow {
  readonly guard: string;
  readonly detail: string;
}

export interface FeedRow {
  readonly feed: string;
  readonly product: string;
  readonly class: string;
  readonly up: boolean;
  readonly phase: string;
  readonly reason: string;
  /** Age of the oldest of its streams' last words, and of the newest, ms; null before any. */
  readonly oldestMs: number | null;
  readonly newestMs: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly worstMs: number | null;
  readonly framesPerSecond: number;
  readonly gaps: number;
  readonly reconnects: number;
  readonly refused: number;
  readonly attention: boolean;
}

export interface BookRow {
  readonly product: string;
  readonly instrument: string;
  readonly state: string;
  readonly sinceMs: number | null;
  readonly snapshotMs: number | null;
  readonly breaks: number;
  readonly failures: number;
}

export interface UserStreamRow {
  readonly product: string;
  readonly live: boolean;
  readonly reason: string;
  readonly frameAgeMs: number | null;
}

export interface BalanceRow {
  readonly product: string;
  readonly asset: string;
  /** Of the exchange, of our ledger, and the first less the second; '' where one is not known. */
  readonly exchange: string;
  readonly ledger: string;
  readonly difference: string;
}

export interface PnlRow {
  readonly asset: string;
  /** Of trades that were closed since midnight UTC of the engine clock, after fees; '' where the record could not be read. */
  readonly day: string;
  readonly dayFees: string;
  readonly dayTrades: number;
  /** Of this run; '' where nobody says. */
  readonly run: string;
  readonly runTrades: number | null;
  readonly equity: string;
  /** Of what is open and ours or not, at the marks; '' where a mark is missing. */
  readonly unrealised: string;
}

/** What the ledger sums up since the account's record began. */
export interface LedgerRow {
  readonly product: string;
  readonly asset: string;
  readonly realised: string;
  readonly venueRealised: string;
  readonly fees: string;
  readonly funding: string;
  readonly other: string;
  readonly unexplained: string;
}

export interface Desk {
  readonly source: string;
  readonly kind: DeskKind;
  /** Engine clock of all of it, µs. */
  readonly atUs: number;
  /** What is to be known of this picture; '' for nothing. */
  readonly note: string;
  readonly standing: DeskStanding;
  readonly attention: Listed<Attention>;
  readonly truth: readonly TruthRow[];
  readonly positions: Listed<PositionRow>;
  readonly orders: Listed<OrderRow>;
  readonly differences: Listed<DifferenceRow>;
  readonly guards: Listed<GuardRow>;
  readonly limits: Listed<LimitRow>;
  readonly breakers: Listed<BreakerRow>;
  readonly feeds: Listed<FeedRow>;
  readonly books: Listed<BookRow>;
  readonly userStreams: Listed<UserStreamRow>;
  readonly balances: Listed<BalanceRow>;
  readonly ledger: Listed<LedgerRow>;
  readonly pnl: readonly PnlRow[];
  /** Parts that nobody could tell, in sentences. */
  readonly missing: readonly string[];
}

/** Topic `desk`: a value about once a second, or a sentence why there is none. */
export type DeskNews = { readonly ok: true; readonly desk: Desk } | { readonly ok: false; readonly problem: string };

export const JOURNAL_KINDS = ['sessions', 'trades', 'orders', 'fills', 'ledger', 'transitions', 'breakers', 'commands'] as const;
export type JournalKind = (typeof JOURNAL_KINDS)[number];

export interface JournalRow {
  readonly seq: number;
  /** When it was written down, µs of the engine clock. */
  readonly atUs: number;
  readonly kind: JournalKind;
  readonly key: string;
  /** '' for what is of no instrument. */
  readonly instrument: string;
  /** In a line. */
  readonly text: string;
  /** `bad`: it says that something was wrong. */
  readonly mark: 'bad' | 'warn' | '';
  /** The whole row as JSON, cut at a bound. */
  readonly row: string;
}

export interface JournalPage {
  /** Newest first. */
  readonly rows: readonly JournalRow[];
  /** Rows below this sequence number have not been looked at; null: that was all. */
  readonly before: number | null;
  /** How many rows were looked at for this page. */
  readonly looked: number;
}

/** What can be told an engine from here. */
export const DESK_VERBS = ['pause', 'resume', 'refresh', 'cancel-order', 'cancel-all', 'close-symbol', 'close-all', 'resolve', 'release', 'stop'] as const;
export type DeskVerb = (typeof DESK_VERBS)[number];

/** Body of `POST /api/desk/command`. `id` is made by the page: sent again, the same command is not carried out again. */
export interface DeskCommand {
  readonly source: string;
  readonly id: string;
  readonly verb: DeskVerb;
  readonly args: Readonly<Record<string, string | boolean>>;
  /** The run that was looked at: another one under the same name is not told. Without it whichever is there is. */
  readonly run?: string | undefined;
}

/**
 * What became of it. `unknown`: the engine did not answer; whether it was carried out is in the journal, and the same id can be asked again.
 */
export interface DeskOutcome {
  readonly id: string;
  readonly verb: DeskVerb;
  readonly state: 'done' | 'partly' | 'refused' | 'unknown';
  /** In a sentence. */
  readonly text: string;
  /** The engine's whole answer as JSON, cut at a bound; '' where there is none. */
  readonly answer: string;
}

/** What is known of a command after an answer. One that was asked again and not taken says nothing of the first try: that stays unknown. */
export function knownAfter(before: string | undefined, { state, text, answer }: Pick<DeskOutcome, 'state' | 'text' | 'answer'>): Pick<DeskOutcome, 'state' | 'text' | 'answer'> {
  // With the engine's answer it is the answer to that id, whichever try it was.
  if (before !== 'unknown' || state !== 'refused' || answer !== '') return { state, text, answer };
  return { state: 'unknown', text: `asked again: ${text}. Whether the first try was carried out stands in the journal`, answer };
}

/** What has to be typed before a command is sent: what is done, to what, and which process does it. Part of the protocol: page and server must say the same. */
export function confirmationOf({ source, verb, args }: Pick<DeskCommand, 'source' | 'verb' | 'args'>): string {
  return `${whatOf(verb, args)} ${source.slice(source.indexOf(':') + 1)}`;
}

function whatOf(verb: DeskVerb, args: DeskCommand['args']): string {
  const text = (name: string): string => String(args[name] ?? '');
  const instrument = text('product') === '' ? text('instrument') : `${text('instrument')} ${text('product')}`;
  switch (verb) {
    case 'pause':
    case 'resume':
    case 'refresh':
      return verb.toUpperCase();
    case 'cancel-order':
      return `CANCEL ${args['foreign'] === true ? 'FOREIGN ' : ''}${text('order')}`;
    case 'cancel-all':
      return args['foreign'] === true ? 'CANCEL ALL AND FOREIGN' : 'CANCEL ALL';
    case 'close-symbol':
      return `CLOSE ${instrument}`;
    case 'close-all':
      return 'CLOSE ALL';
    case 'resolve':
      return `GIVE UP ${text('order') === '' ? instrument : text('order')}`;
    case 'release':
      return `RELEASE ${text('product').toUpperCase()}`;
    case 'stop':
      return args['flatten'] === true ? 'CLOSE ALL AND STOP' : 'STOP';
  }
}
