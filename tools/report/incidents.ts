import type { Decision } from '../../actors/index.js';

/** What may go wrong, by who is told of it. */
export const INCIDENT_GROUPS = ['guards', 'breakers', 'reconciliation', 'lines', 'operator', 'orders'] as const;
export type IncidentGroup = (typeof INCIDENT_GROUPS)[number];

export interface Incident {
  readonly atUs: number;
  readonly who: string;
  readonly what: string;
  readonly detail: string;
}

export interface IncidentReport {
  readonly rows: readonly Incident[];
  /** What is not among the rows. */
  readonly omitted: number;
}

const MOST_ROWS = 300;
const MOST_CHARACTERS = 400;

/** What is kept of something that may come any number of times: the first half and the last. */
export class Bounded<T> {
  count = 0;
  readonly #most: number;
  readonly #first: T[] = [];
  #last: T[] = [];

  constructor(most: number = MOST_ROWS) {
    this.#most = Math.ceil(most / 2);
  }

  push(row: T): void {
    this.count += 1;
    if (this.#first.length < this.#most) this.#first.push(row);
    else {
      this.#last.push(row);
      if (this.#last.length >= 2 * this.#most) this.#last = this.#last.slice(-this.#most);
    }
  }

  get rows(): T[] {
    return [...this.#first, ...this.#last.slice(-this.#most)];
  }

  get omitted(): number {
    return this.count - this.#first.length - Math.min(this.#most, this.#last.length);
  }
}

/** Guards, breakers, freshness of the exchange's truth, private lines, operators, doubts about orders: from the decisions that tell of them. */
export class Incidents {
  readonly #groups = new Map<IncidentGroup, Bounded<Incident>>(INCIDENT_GROUPS.map((group) => [group, new Bounded()]));
  /** Refused candidates by reason and by who refused. */
  readonly #refusals = new Map<string, { readonly reason: string; readonly by: string; count: number; firstUs: number; lastUs: number }>();
  #otherRefusals = 0;

  decision(decision: Decision): void {
    if (decision.kind === 'refusal') this.#refused(decision);
    if (decision.kind !== 'control') return;
    const group = groupOf(decision.data);
    if (group === null) return;
    const { control, breaker, userStream, limits, ...rest } = decision.data;
    const what = String(control ?? (breaker === undefined ? userStream === undefined ? limits ?? 'control' : `line ${String(userStream)}` : `breaker ${String(breaker)}`));
    this.add(group, { atUs: decision.atUs, who: decision.by, what, detail: fieldsText(rest) });
  }

  add(group: IncidentGroup, { atUs, who, what, detail }: Incident): void {
    this.#groups.get(group)!.push({ atUs, who, what, detail: detail.length > MOST_CHARACTERS ? `${detail.slice(0, MOST_CHARACTERS)}…` : detail });
  }

  report(): Readonly<Record<IncidentGroup, IncidentReport>> {
    const of = (group: IncidentGroup): IncidentReport => {
      const bounded = this.#groups.get(group)!;
      return { rows: bounded.rows.toSorted((a, b) => a.atUs - b.atUs), omitted: bounded.omitted };
    };
    return { guards: of('guards'), breakers: of('breakers'), reconciliation: of('reconciliation'), lines: of('lines'), operator: of('operator'), orders: of('orders') };
  }

  refusals(): { readonly rows: readonly { readonly reason: string; readonly by: string; readonly count: number; readonly firstUs: number; readonly lastUs: number }[]; readonly other: number } {
    return { rows: [...this.#refusals.values()].sort((a, b) => b.count - a.count), other: this.#otherRefusals };
  }

  #refused({ by, atUs, data }: Decision): void {
    const reason = String(data['reason']);
    const key = `${by} ${reason}`;
    const row = this.#refusals.get(key);
    if (row !== undefined) {
      row.count += 1;
      row.lastUs = atUs;
    } else if (this.#refusals.size < MOST_ROWS) this.#refusals.set(key, { reason, by, count: 1, firstUs: atUs, lastUs: atUs });
    else this.#otherRefusals += 1;
  }
}

function groupOf(data: Decision['data']): IncidentGroup | null {
  if ('breaker' in data || 'limits' in data) return 'breakers';
  if ('userStream' in data) return 'lines';
  switch (data['control']) {
    // The venue's side of a detector's state, and what belongs to an order's ordinary life.
    case 'freeze': case 'shift': case undefined:
      return null;
    case 'risk': case 'trading':
      return 'guards';
    case 'truth': case 'gone': case 'dust': case 'inherited':
      return 'reconciliation';
    case 'command': case 'event': case 'store': case 'give_up_order':
      return 'operator';
    case 'order': case 'unanswered':
      return 'orders';
    case 'venueError':
      return 'breakers';
    // What a guard says of its wards: protected, unprotected, closed …
    default:
      return 'guards';
  }
}

/** Fields of a decision in a line. */
export function fieldsText(data: Readonly<Record<string, unknown>>): string {
  return Object.entries(data).filter(([, value]) => value !== null && value !== '').map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value) ?? ''}`).join(', ');
}
