import type { Behaviour } from '../../runtime/index.js';
import type { OrderBook } from './book/index.js';
import { formatAmount, type Ledger } from './ledger/index.js';
import { VenueError } from './venue-error.js';

/** One product of the exchange: a plain object that is told the time. All times are µs since the epoch on the venue's clock. */
export interface Venue {
  /** When it has to do something by itself (an expiry, funding, a countdown); Infinity = never. */
  readonly nextUs: number;
  /** Does what is due until `nowUs`. Afterwards `nextUs` is later. */
  advance(nowUs: number): void;
}

/** A venue whose money and books can be looked over. */
export interface AuditedVenue extends Venue {
  readonly ledger: Ledger;
  readonly markets: { values(): Iterable<{ readonly matcher: { readonly book: OrderBook } }> };
}

/** What a crash in the middle of a call has left wrong: money that came from nowhere, a crossed book. Null = nothing. */
function defectOf({ ledger, markets }: AuditedVenue): string | null {
  const sums = ledger.sumByAsset();
  for (const [asset, supply] of ledger.supply()) {
    const sum = sums.get(asset);
    if (sum !== supply) return `all accounts together have ${sum === undefined ? 'no' : formatAmount(sum)} ${asset}, not ${formatAmount(supply)}`;
  }
  for (const { matcher: { book: { bestBid, bestAsk } } } of markets.values()) {
    if (bestBid !== 0 && bestAsk !== 0 && bestBid >= bestAsk) return `a book is crossed: ${bestBid} is bid and ${bestAsk} asked`;
  }
  return null;
}

/** Lives in a row that may end at the same point of the market, before the supervisor of the product would give up. */
const LIVES_AT_ONE_POINT = 5;

/**
 * Accounts and orders are not a crashed call's to lose: the engine's next life goes on with the venue and the market of the last one. Only
 * when the crash left them wrong, or one life after the other ends before anything has happened, does it open new ones, and `lost` hears why.
 */
export function outlivesCrashes<V extends AuditedVenue>(open: (nowUs: number) => Engine<V>, lost: (defect: string) => void): (nowUs: number) => Engine<V> {
  let engine: Engine<V> | undefined;
  let point = '';
  let lives = 0;
  return (nowUs) => {
    let defect: string | null = null;
    if (engine !== undefined) {
      const { venue, market } = engine;
      const reached = `${venue.nextUs} ${market?.nextUs ?? ''}`;
      lives = reached === point ? lives + 1 : 1;
      point = reached;
      defect = defectOf(venue) ?? (lives > LIVES_AT_ONE_POINT ? `it has crashed ${lives} times at one point` : null);
      if (defect !== null) lost(defect);
    }
    if (engine === undefined || defect !== null) {
      engine = open(nowUs);
      point = '';
    }
    return engine;
  };
}

/** The market inside: agents, or a tape, that act on the venue's books at times of their own. */
export interface MarketDriver {
  readonly nextUs: number;
  /** Lets what is due at `nextUs` happen: one event. Afterwards `nextUs` is the same or later. */
  step(): void;
  /** After everything else that may have changed a book: a client's call, an expiry. */
  settle?(nowUs: number): void;
}

/** A market that can be made to stand still: nobody acts, as while a matching engine is down. */
export interface StoppableMarket {
  stop(nowUs: number): void;
  /** As if no time had passed. Nothing happens when it was not stopped. */
  goOn(nowUs: number): void;
}

export interface Engine<V extends Venue> {
  readonly venue: V;
  readonly market: MarketDriver | null;
}

export interface EngineInput<V extends Venue> {
  open(nowUs: number): Engine<V>;
  /** Least time between two looks at the market, in venue time: a few milliseconds of the wall's. */
  readonly sliceUs: number;
}

/** What an engine answers: any call on its venue, at the time it is handled. */
export type EngineMessage<V extends Venue> =
  | { readonly type: 'call'; readonly call: (venue: V, nowUs: number) => unknown }
  /** The same without an answer. */
  | { readonly type: 'tell'; readonly call: (venue: V, nowUs: number) => unknown }
  | { readonly type: 'due' };
export type EngineReply<R> = { readonly ok: true; readonly value: R } | { readonly ok: false; readonly error: VenueError };

/** Events of the market in one turn: some milliseconds of work, after which sockets have their share. */
const EVENTS_A_TURN = 1000;
const DUE = { type: 'due' } as const;

export interface EngineState<V extends Venue> extends Engine<V> {
  readonly sliceUs: number;
  /** When the armed timer is due; Infinity = none. */
  timerUs: number;
  calls: number;
  refused: number;
  marketEvents: number;
  /** How far the market is behind the clock, and was at most. */
  lagUs: number;
  worstLagUs: number;
}

/**
 * The actor around a venue and its market. Everything that is due happens before a call, each thing at its own time and in the order of
 * time, so what the market does depends on no slicing. A `VenueError` is an answer; any other throw is a crash.
 */
export function engineBehaviour<V extends Venue>(name: string): Behaviour<EngineState<V>, EngineMessage<V>, EngineInput<V>> {
  return {
    name,
    version: 1,
    stateKind: 'mutable',
    init(ctx, { open, sliceUs }) {
      const nowUs = ctx.nowUs();
      ctx.startTimer('due', 0, DUE);
      return { ...open(nowUs), sliceUs, timerUs: nowUs, calls: 0, refused: 0, marketEvents: 0, lagUs: 0, worstLagUs: 0 };
    },
    step(state, message, ctx) {
      const nowUs = ctx.nowUs();
      const caughtUp = catchUp(state, nowUs);
      if (message.type === 'due') state.timerUs = Infinity;
      else {
        state.calls += 1;
        const reply = answer(state, message.call, nowUs);
        if (message.type === 'call') ctx.reply(reply);
        state.market?.settle?.(nowUs);
      }
      const nextUs = Math.min(state.venue.nextUs, state.market?.nextUs ?? Infinity);
      const dueUs = caughtUp ? Math.max(nextUs, nowUs + state.sliceUs) : nowUs;
      if (dueUs < state.timerUs) {
        state.timerUs = dueUs;
        ctx.startTimerAt('due', dueUs, DUE);
      }
      return state;
    },
    view: ({ venue, market, sliceUs: _sliceUs, timerUs: _timerUs, ...counts }) => ({ ...counts, venueNextUs: venue.nextUs, marketNextUs: market?.nextUs ?? null }),
  };
}

/** Lets happen what is due until `nowUs`; false when there is more than one turn should do. */
function catchUp<V extends Venue>(state: EngineState<V>, nowUs: number): boolean {
  const { venue, market } = state;
  if (market === null) {
    if (venue.nextUs <= nowUs) venue.advance(nowUs);
    return true;
  }
  let events = 0;
  for (;;) {
    const nextUs = market.nextUs;
    const dueUs = venue.nextUs;
    if (dueUs <= nextUs && dueUs <= nowUs) {
      venue.advance(dueUs);
      market.settle?.(dueUs);
    } else if (nextUs > nowUs) break;
    else if (events === EVENTS_A_TURN) break;
    else {
      market.step();
      events += 1;
    }
  }
  state.marketEvents += events;
  state.lagUs = Math.max(0, nowUs - market.nextUs);
  if (state.lagUs > state.worstLagUs) state.worstLagUs = state.lagUs;
  return market.nextUs > nowUs;
}

function answer<V extends Venue>(state: EngineState<V>, call: (venue: V, nowUs: number) => unknown, nowUs: number): EngineReply<unknown> {
  try {
    return { ok: true, value: call(state.venue, nowUs) };
  } catch (error) {
    if (!(error instanceof VenueError)) throw error;
    state.refused += 1;
    return { ok: false, error };
  }
}
