/** What the decisions of a run say of one symbol: states of its detector, what it paused for, our orders, fills and trades. */
import { z } from 'zod';
import type { Decision } from '../../actors/index.js';
import type { KernelControl } from '../../actors/market/index.js';
import type { Band, Mark, MarkKind, Resting } from '../ui/wire/market.js';

/** Most of each kind that are kept of a symbol; what is over is counted. */
const MOST = 200_000;

const decisionShape = z.object({
  seq: z.number(), atUs: z.number(), by: z.string(), kind: z.string(), symbol: z.int(), data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
type Line = z.infer<typeof decisionShape>;

interface Began {
  readonly atUs: number;
  readonly state: string;
  readonly reason: string;
  readonly decision: number;
}

/** An order as far as decisions tell. */
interface Known {
  readonly side: Mark['side'];
  readonly purpose: string;
  readonly place: number;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '');
const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
const sideOf = (value: unknown): Mark['side'] => (value === 'buy' || value === 'sell' ? value : '');

export class SymbolDecisions {
  /** What the detector was in before its first transition; '' while nobody said. */
  firstState = '';
  readonly states: Began[] = [];
  readonly pauses: Began[] = [];
  readonly marks: Mark[] = [];
  readonly refusals: Mark[] = [];
  readonly resting: Resting[] = [];
  omitted = 0;
  readonly #orders = new Map<string, Known>();

  take({ seq, atUs, kind, data }: Line, decision: number): void {
    const mark = (of: MarkKind, side: Mark['side'], priceTicks: number, lots: number, says: string, id = text(data['id'])): void => {
      const list = of === 'refusal' ? this.refusals : this.marks;
      if (list.length >= MOST) {
        this.omitted += 1;
        return;
      }
      list.push({ atUs, kind: of, side, priceTicks, lots, id, text: says, decision, seq });
    };
    switch (kind) {
      case 'transition':
        if (this.firstState === '') this.firstState = text(data['from']);
        if (this.states.length < MOST) this.states.push({ atUs, state: text(data['to']), reason: `${text(data['rule'])}: ${text(data['reason'])}`, decision });
        break;
      case 'pause':
        if (this.pauses.length < MOST) this.pauses.push({ atUs, state: text(data['pauses']), reason: '', decision });
        break;
      case 'order': {
        const id = text(data['id']);
        const side = sideOf(data['side']);
        const purpose = text(data['purpose']);
        const priceTicks = number(data['priceTicks']);
        const lots = number(data['lots']);
        mark('order', side, priceTicks, lots, `${text(data['kind'])} ${text(data['timeInForce'])} for ${purpose}`);
        if (this.#orders.size < MOST) {
          this.#orders.set(id, { side, purpose, place: this.resting.length });
          this.resting.push({ fromUs: atUs, toUs: Infinity, side, priceTicks, lots, id, purpose });
        }
        break;
      }
      case 'cancel':
        mark('cancel', this.#orders.get(text(data['id']))?.side ?? '', 0, 0, text(data['reason'] ?? data['purpose']));
        break;
      case 'venue':
        this.#venue(data, atUs, mark);
        break;
      case 'entry':
        mark('entry', sideOf(data['side']), number(data['priceTicks']), 0, `${text(data['strategy'])}, score ${text(data['score'])}`);
        break;
      case 'exit':
        mark('exit', '', number(data['priceTicks']), number(data['lots']), text(data['purpose']), text(data['trade']));
        break;
      case 'trade':
        mark('trade', sideOf(data['side']), 0, number(data['lots']), `${text(data['pnl'])} ${text(data['settle'])}, ${text(data['exitReason'])}`);
        break;
      case 'refusal':
        mark('refusal', sideOf(data['side']), number(data['close']), 0, text(data['reason']));
        break;
      default:
    }
  }

  #venue(data: Line['data'], atUs: number, mark: (of: MarkKind, side: Mark['side'], priceTicks: number, lots: number, says: string) => void): void {
    const id = text(data['id']);
    const order = this.#orders.get(id);
    const side = order?.side ?? '';
    switch (data['type']) {
      case 'order.fill':
        mark('fill', side, number(data['priceTicks']), number(data['lots']), `${text(data['liquidity'])}, ${text(data['purpose'])}, ${number(data['remainingLots'])} lots left`);
        if (number(data['remainingLots']) === 0) this.#over(order, atUs);
        break;
      case 'order.canceled':
        mark('cancel', side, 0, number(data['remainingLots']), text(data['reason']));
        this.#over(order, atUs);
        break;
      case 'order.rejected':
        mark('reject', side, 0, 0, text(data['reason']));
        this.#over(order, atUs);
        break;
      default:
    }
  }

  #over(order: Known | undefined, atUs: number): void {
    if (order === undefined) return;
    const was = this.resting[order.place];
    if (was.toUs === Infinity) this.resting[order.place] = { ...was, toUs: atUs };
  }
}

/** The decisions of a source, symbol by symbol. */
export class Decisions {
  readonly #symbols = new Map<number, SymbolDecisions>();
  /** Told what a detector told the kernel. */
  readonly #onControl: (control: KernelControl) => void;
  count = 0;
  /** Lines that were none of ours. */
  unreadable = 0;
  /** A detector is there for every symbol, in SLEEP until it says otherwise. */
  readonly #assumed: string;

  constructor(onControl: (control: KernelControl) => void, assumed = '') {
    this.#onControl = onControl;
    this.#assumed = assumed;
  }

  of(symbol: number): SymbolDecisions {
    let found = this.#symbols.get(symbol);
    if (found === undefined) {
      found = new SymbolDecisions();
      found.firstState = this.#assumed;
      this.#symbols.set(symbol, found);
    }
    return found;
  }

  line(line: string): void {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      value = undefined;
    }
    const parsed = decisionShape.safeParse(value);
    if (parsed.success) this.take(parsed.data);
    else {
      this.unreadable += 1;
      this.count += 1;
    }
  }

  take(decision: Line | Decision): void {
    const { symbol, data, atUs } = decision;
    if (symbol >= 0) this.of(symbol).take(decision, this.count);
    this.count += 1;
    if (decision.kind !== 'control' || symbol < 0) return;
    const dueUs = number(data['dueUs']);
    if (!(dueUs >= atUs)) return;
    if (data['control'] === 'freeze') this.#onControl({ type: 'freeze', symbol, on: data['on'] === true, dueUs });
    else if (data['control'] === 'rebaseline') this.#onControl({ type: 'rebaseline', symbol, dueUs });
  }
}

/** The bands of what began one after the other, as far as they lie in [fromUs, toUs); at most `most`, the longest. `endUs`: where the last one ends. */
export function bandsOf(began: readonly Began[], before: string, fromUs: number, toUs: number, endUs: number, most: number, none = ''): Band[] {
  const bands: Band[] = [];
  const first = began.length === 0 ? endUs : began[0].atUs;
  if (before !== none && fromUs < first) bands.push({ fromUs: -Infinity, toUs: first, state: before, reason: 'as it began', decision: -1 });
  let low = 0;
  let high = began.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (began[middle].atUs <= fromUs) low = middle + 1;
    else high = middle;
  }
  for (let at = Math.max(0, low - 1); at < began.length && began[at].atUs < toUs; at += 1) {
    const { atUs, state, reason, decision } = began[at];
    const end = at + 1 < began.length ? began[at + 1].atUs : endUs;
    if (state !== none && end > fromUs) bands.push({ fromUs: atUs, toUs: end, state, reason, decision });
  }
  const shown = bands.map((band) => ({ ...band, fromUs: Math.max(band.fromUs, fromUs), toUs: Math.min(band.toUs, toUs) }));
  if (shown.length <= most) return shown;
  const kept = new Set([...shown].sort((a, b) => b.toUs - b.fromUs - (a.toUs - a.fromUs)).slice(0, most));
  return shown.filter((band) => kept.has(band));
}

/** The marks at [fromUs, toUs], at most `most`; where there are more, every n-th, and how many are left out. */
export function marksIn(marks: readonly Mark[], fromUs: number, toUs: number, most: number): { readonly marks: readonly Mark[]; readonly omitted: number } {
  const bound = (us: number): number => {
    let low = 0;
    let high = marks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (marks[middle].atUs < us) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const from = bound(fromUs);
  const to = bound(toUs);
  const count = to - from;
  if (count <= most) return { marks: marks.slice(from, to), omitted: 0 };
  return { marks: Array.from({ length: most }, (_, n) => marks[from + Math.floor((n * count) / most)]), omitted: count - most };
}
