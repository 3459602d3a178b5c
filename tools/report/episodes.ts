import type { Decision } from '../../actors/index.js';

/** Once awake until asleep again: what a detector saw, and what was done about it. */
export interface Episode {
  readonly symbol: string;
  readonly beganUs: number;
  /** Null: it was awake when the run ended. */
  readonly endedUs: number | null;
  /** Why it woke, in the detector's words, and by which of its rules. */
  readonly trigger: string;
  readonly rule: string;
  readonly votes: string;
  /** The state that it came to, the highest of them. */
  readonly reached: string;
  /** From its beginning to the first ACTIVE, µs of the engine clock; null: never. */
  readonly activeAfterUs: number | null;
  /** From the first ACTIVE to the first order of an entry. */
  readonly orderAfterUs: number | null;
  /** From the true start of the crash, where the market was generated and says it, to the beginning; null else. */
  readonly lateUs: number | null;
  readonly entries: number;
  readonly refused: number;
  /** Highest score that was judged, with its bar; null where nothing was. */
  readonly bestScore: number | null;
  readonly bar: number | null;
  readonly trades: number;
  readonly endReason: string;
}

/** A stretch in one state. */
export interface StateSpan {
  readonly state: string;
  readonly fromUs: number;
  readonly toUs: number;
}

type Open = { -readonly [Key in keyof Episode]: Episode[Key] };

/** From low to high. */
export const STATES = ['SLEEP', 'ALERT', 'ACTIVE', 'RECOVERY', 'SHUTDOWN'] as const;
const HEIGHT: Readonly<Record<string, number>> = { SLEEP: 0, RECOVERY: 1, ALERT: 2, ACTIVE: 3, SHUTDOWN: 4 };
/** What a report keeps of either at most; what comes after is counted. */
const MOST_EPISODES = 2000;
const MOST_SPANS = 20_000;

/** Follows every symbol's detector by the decisions. */
export class Detections {
  readonly episodes: Episode[] = [];
  transitions = 0;
  omitted = 0;
  readonly #names: (symbol: number) => string;
  readonly #crashUs: (symbol: string) => number | null;
  readonly #startUs: number;
  readonly #open = new Map<number, Open>();
  readonly #spans = new Map<number, StateSpan[]>();
  readonly #state = new Map<number, { state: string; sinceUs: number }>();
  #spanCount = 0;

  /** `crashUs`: when a symbol's crash truly began, where that is known. */
  constructor(names: (symbol: number) => string, symbols: readonly number[], startUs: number, crashUs: (symbol: string) => number | null = () => null) {
    this.#names = names;
    this.#crashUs = crashUs;
    this.#startUs = startUs;
    for (const symbol of symbols) this.#state.set(symbol, { state: 'SLEEP', sinceUs: startUs });
  }

  decision({ kind, symbol, atUs, data }: Decision): void {
    const episode = this.#open.get(symbol);
    switch (kind) {
      case 'transition':
        this.#transition(symbol, atUs, data);
        return;
      case 'entry':
        if (episode !== undefined) {
          episode.entries += 1;
          scored(episode, data);
        }
        return;
      case 'refusal':
        if (episode !== undefined) {
          episode.refused += 1;
          scored(episode, data);
        }
        return;
      case 'order':
        if (episode !== undefined && data['purpose'] === 'entry' && episode.activeAfterUs !== null) episode.orderAfterUs ??= Math.max(0, atUs - episode.beganUs - episode.activeAfterUs);
        return;
      case 'trade':
        if (episode !== undefined) episode.trades += 1;
        return;
      default:
    }
  }

  /** Ends what is open. */
  finish(endUs: number): { readonly episodes: readonly Episode[]; readonly spans: ReadonlyMap<string, readonly StateSpan[]> } {
    for (const [symbol, { state, sinceUs }] of this.#state) this.#span(symbol, { state, fromUs: sinceUs, toUs: Math.max(endUs, sinceUs) });
    for (const episode of this.#open.values()) this.#keep({ ...episode, endReason: 'the run ended' });
    this.#open.clear();
    return { episodes: this.episodes.toSorted((a, b) => a.beganUs - b.beganUs), spans: new Map([...this.#spans].map(([symbol, spans]) => [this.#names(symbol), spans])) };
  }

  #transition(symbol: number, atUs: number, data: Decision['data']): void {
    const text = (key: string): string => (typeof data[key] === 'string' || typeof data[key] === 'number' ? String(data[key]) : '');
    const to = text('to');
    this.transitions += 1;
    const was = this.#state.get(symbol) ?? { state: text('from'), sinceUs: this.#startUs };
    this.#span(symbol, { state: was.state, fromUs: was.sinceUs, toUs: atUs });
    this.#state.set(symbol, { state: to, sinceUs: atUs });
    let episode = this.#open.get(symbol);
    if (episode === undefined && to !== 'SLEEP') {
      const name = this.#names(symbol);
      const crashUs = this.#crashUs(name);
      episode = {
        symbol: name, beganUs: atUs, endedUs: null, trigger: text('reason'), rule: text('rule'), votes: text('votes') === '' ? '' : `${text('votes')} of ${text('need')}`, reached: to,
        activeAfterUs: null, orderAfterUs: null, lateUs: crashUs !== null && atUs >= crashUs ? atUs - crashUs : null, entries: 0, refused: 0, bestScore: null, bar: null, trades: 0, endReason: '',
      };
      this.#open.set(symbol, episode);
    }
    if (episode === undefined) return;
    if ((HEIGHT[to] ?? 0) > (HEIGHT[episode.reached] ?? 0)) episode.reached = to;
    if (to === 'ACTIVE') episode.activeAfterUs ??= atUs - episode.beganUs;
    if (to !== 'SLEEP') return;
    this.#open.delete(symbol);
    this.#keep({ ...episode, endedUs: atUs, endReason: text('reason') });
  }

  #keep(episode: Episode): void {
    if (this.episodes.length < MOST_EPISODES) this.episodes.push(episode);
    else this.omitted += 1;
  }

  #span(symbol: number, span: StateSpan): void {
    let spans = this.#spans.get(symbol);
    if (spans === undefined) this.#spans.set(symbol, (spans = []));
    const last = spans.at(-1);
    this.#spanCount += 1;
    // Beyond what a picture can show a stretch takes on the highest state that was in it.
    if (last !== undefined && this.#spanCount > MOST_SPANS) spans[spans.length - 1] = { state: (HEIGHT[span.state] ?? 0) > (HEIGHT[last.state] ?? 0) ? span.state : last.state, fromUs: last.fromUs, toUs: span.toUs };
    else spans.push(span);
  }
}

function scored(episode: Open, { score, bar }: Decision['data']): void {
  if (typeof score !== 'number' || (episode.bestScore !== null && score <= episode.bestScore)) return;
  episode.bestScore = score;
  episode.bar = typeof bar === 'number' ? bar : null;
}
