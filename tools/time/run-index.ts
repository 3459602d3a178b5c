import type { Decision } from '../../actors/index.js';
import { formatReport, type SupervisorReport } from '../../runtime/observe/report.js';
import { Column, Names } from './columns.js';
import { EventLog, type PlayAgain } from './event-log.js';
import type { Given } from './player.js';
import type { TimeDecision, TimeMarks, TimeRestart } from './types.js';

/** Characters of lines that are kept, and ids that can be looked for, at most. */
const MOST_CHARACTERS = 64 * 1024 * 1024;
const MOST_IDS = 200_000;
const MOST_REASON = 500;
/** Detectors in the marks. */
const MOST_BANDS = 32;
/** Fields of a decision that name an order or a trade. */
const ID_FIELDS = ['id', 'order', 'trade', 'clientId', 'tradeId'] as const;

/** Numbers below zero for what is no record: what was due, inputs by number from here down, other things from there down. */
const DUE = -1;
const INPUT = -2;
const OTHER = -(2 ** 52);

interface Restart extends Omit<TimeRestart, 'number'> {}

interface Transition {
  readonly atUs: number;
  readonly by: number;
  readonly to: number;
}

/** What happened in a recording and where, without what it was: that is had by going there. */
export class RunIndex {
  readonly actors = new Names();
  readonly events: EventLog;
  /** By decision: events that had happened when it was made, its clock. */
  readonly decisionEvents = new Column();
  readonly decisionTimes = new Column();
  readonly restartEvents = new Column();
  readonly effectEvents = new Column();
  /** By input: events that had happened before it, and its clock. */
  readonly inputEvents = new Column();
  readonly inputTimes = new Column();
  /** By thing that was given from outside, records aside: events that had happened before it; and what it was: a record that lanes took, else below zero. */
  readonly givenEvents = new Column();
  readonly #givenWhat = new Column();
  readonly #others = new Names();
  readonly #lines: (string | null)[] = [];
  #characters = 0;
  readonly #restarts: Restart[] = [];
  readonly #fillTimes = new Column();
  readonly #tradeTimes = new Column();
  readonly #transitions: Transition[] = [];
  readonly #states = new Names();
  /** First and last decision that names an order or a trade. */
  readonly #ids = new Map<string, { readonly first: number; last: number }>();

  constructor(playAgain: PlayAgain, mostPieces?: number) {
    this.events = new EventLog(playAgain, mostPieces);
    this.actors.numberOf('');
  }

  decision(line: string, { atUs, by, kind, data }: Decision, events: number): void {
    const number = this.#lines.length;
    this.#characters += line.length;
    this.#lines.push(this.#characters > MOST_CHARACTERS ? null : line);
    this.decisionEvents.push(events);
    this.decisionTimes.push(atUs);
    if (kind === 'venue' && data['type'] === 'order.fill') this.#fillTimes.push(atUs);
    if (kind === 'trade') this.#tradeTimes.push(atUs);
    if (kind === 'transition' && typeof data['to'] === 'string') {
      if (typeof data['from'] === 'string') this.#states.numberOf(data['from']);
      this.#transitions.push({ atUs, by: this.actors.numberOf(by), to: this.#states.numberOf(data['to']) });
    }
    for (const field of ID_FIELDS) {
      const id = data[field];
      if (typeof id !== 'string' || id === '') continue;
      const known = this.#ids.get(id);
      if (known !== undefined) known.last = number;
      else if (this.#ids.size < MOST_IDS) this.#ids.set(id, { first: number, last: number });
    }
  }

  given(given: Given, atUs: number, events: number): void {
    if (given.kind === 'input') {
      this.inputEvents.push(events);
      this.inputTimes.push(atUs);
    }
    this.givenEvents.push(events);
    this.#givenWhat.push(this.#numberOf(given));
  }

  #numberOf(given: Given): number {
    switch (given.kind) {
      case 'record': return given.record;
      case 'due': return DUE;
      case 'input': return INPUT - (this.inputEvents.length - 1);
      case 'other': return OTHER - this.#others.numberOf(given.text);
    }
  }

  /** Thing `number` that was given: what it was. */
  givenAt(number: number): { readonly input: number } | { readonly record: number } | { readonly text: string } | { readonly due: true } {
    const what = this.#givenWhat.at(number);
    if (what >= 0) return { record: what };
    if (what === DUE) return { due: true };
    return what <= OTHER ? { text: this.#others.list[OTHER - what]! } : { input: INPUT - what };
  }

  report(report: SupervisorReport, events: number): void {
    const failed = report.kind === 'failure';
    const child = failed ? report.offender : report.started;
    if (!failed && child.incarnation <= 1) return;
    this.#restarts.push({
      atUs: report.atUs, event: events, path: child.path, kind: failed ? 'ended' : 'restarted', incarnation: child.incarnation, reason: failed ? report.reason.kind : null,
      text: formatReport(report, { singleLine: true, chars: MOST_REASON, depth: 8 }),
    });
    this.restartEvents.push(events);
  }

  get decisions(): number {
    return this.#lines.length;
  }
  get restarts(): number {
    return this.#restarts.length;
  }

  decisionAt(number: number): TimeDecision {
    return { number, atUs: this.decisionTimes.at(number), event: this.decisionEvents.at(number), line: this.#lines[number] ?? null };
  }

  restartAt(number: number): TimeRestart {
    return { number, ...this.#restarts[number]! };
  }

  /** The first decision that names an order or a trade. */
  firstOf(id: string): number | undefined {
    return this.#ids.get(id)?.first;
  }

  /** Where what happened lies, in `count` equal parts. */
  marks(fromUs: number, toUs: number, count: number): TimeMarks {
    const partOf = (us: number): number => Math.min(count - 1, Math.max(0, Math.floor((us - fromUs) / Math.max(1, toUs - fromUs) * count)));
    const spread = (times: ArrayLike<number>): number[] => {
      const parts = new Array<number>(count).fill(0);
      for (let at = 0; at < times.length; at += 1) parts[partOf(times[at]!)]! += 1;
      return parts;
    };
    const bands = new Map<number, number[]>();
    for (const { atUs, by, to } of this.#transitions) {
      let parts = bands.get(by);
      if (parts === undefined) {
        if (bands.size >= MOST_BANDS) continue;
        bands.set(by, (parts = new Array<number>(count).fill(-1)));
      }
      parts[partOf(atUs)] = to;
    }
    // A state lasts until the next one.
    for (const parts of bands.values()) for (let at = 1; at < count; at += 1) if (parts[at] === -1) parts[at] = parts[at - 1]!;
    return {
      fromUs, toUs, count, events: this.events.density(fromUs, toUs, count), decisions: spread(this.decisionTimes.values()), restarts: spread(this.#restarts.map(({ atUs }) => atUs)),
      fills: spread(this.#fillTimes.values()), trades: spread(this.#tradeTimes.values()),
      bands: [...bands].map(([by, parts]) => ({ path: this.actors.list[by]!, parts })), states: [...this.#states.list],
      omitted: new Set(this.#transitions.map(({ by }) => by)).size - bands.size,
    };
  }
}
