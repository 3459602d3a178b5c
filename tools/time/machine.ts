import { COPY_LIMITS, type CopyLimits, plainCopy } from '../../runtime/observe/inspect.js';
import { TraceKind } from '../../runtime/observe/trace.js';
import type { Inspection, MachineReading, MailboxView, TreeLimits, TreeNode } from '../../runtime/index.js';
import { isoUs } from '../replay/time.js';
import { inputText, recordText } from '../runs/inputs.js';
import { stimulusBefore, type Stimulus } from './cause.js';
import { type Checkpoint, Checkpoints } from './checkpoints.js';
import { treeDigest } from './digest.js';
import { TimeError } from './errors.js';
import { Pass, playStretch } from './pass.js';
import { MOST_PARTS } from '../ui/wire/time.js';
import type { PlayHooks, Player, Recording, StopWithin } from './player.js';
import { RunIndex } from './run-index.js';
import type { TimeCause, TimeCursor, TimeDecision, TimeEvent, TimeFrom, TimeMarks, TimeRestart, TimeSpan, TimeState, TimeStep, TimeTarget } from './types.js';

/** A probe on the way somewhere ends with the tree that it is in. */
const PROBE_MS = 3_600_000;
/** What is shown of an input: an answer of the venue may be of megabytes. */
const MESSAGE_LIMITS: CopyLimits = { depth: 6, entries: 50, values: 500, textLength: 500 };
/** Rows of a list that is asked for, at most. */
const MOST_ROWS = 1000;

const NOTHING: Omit<TimeFrom, 'text'> = { record: null, input: null, timer: null };

const KIND_NAMES = new Map(Object.entries(TraceKind).map(([name, kind]) => [kind, name as keyof typeof TraceKind]));

/** How far to play: until so many events have happened, or as far as that within a step. */
type Goal = { readonly events: number } | StopWithin;

/** The tree at the cursor: for good as it stood there. */
interface Standing {
  readonly key: string;
  /** The actor that was watched closely on the way. */
  readonly probed: string | null;
  readonly player: Player;
  readonly cursor: TimeCursor;
}

/** A recording that was played once and is played again up to wherever somebody wants to look. One thread, one cursor. */
export class Machine {
  readonly #recording: Recording;
  readonly #checkpoints = new Checkpoints();
  readonly #index: RunIndex;
  readonly #pass: Pass;
  readonly #beganMs = performance.now();
  #passMs = 0;
  #ready = false;
  #standing: Standing | undefined;
  /** Called now and then on the way to a place; what it throws ends that. */
  checkWanted = (): void => {};

  /** @throws RunError, CliError, TapeError for what cannot be begun with. */
  constructor(recording: Recording, { mostPieces }: { readonly mostPieces?: number } = {}) {
    this.#recording = recording;
    this.#index = new RunIndex((from, to, put) => playStretch(recording, this.#checkpoints, this.#index, from, to, put), mostPieces);
    this.#pass = new Pass(recording, this.#index, this.#checkpoints);
  }

  /** Goes on with the first pass for about `ms`; true when it has come to the end of what is there. */
  advance(ms: number): boolean {
    const done = this.#pass.advance(ms);
    if (!this.#ready) {
      this.#passMs = performance.now() - this.#beganMs;
      this.#ready = done;
    }
    return done;
  }

  /** There may be more of a recording that grows: `advance` takes it. */
  lookAgain(): void {
    this.#pass.lookAgain();
  }

  get state(): TimeState {
    const { about, growing } = this.#recording;
    const { problem, differsAt, records, missing } = this.#pass;
    const total = this.#ready ? records : Math.max(records, this.#recording.records());
    const ended = this.#ready && !growing && problem === null;
    return {
      about, span: this.span, progress: this.#ready ? 1 : total === 0 ? 0 : records / total, ready: this.#ready, growing, passMs: this.#passMs,
      problem: problem ?? (ended && missing > 0 && differsAt === null ? `the replay makes ${missing} decisions fewer than were recorded` : null),
      differsAt: differsAt === null ? null : differsAt + this.#recording.before.decisions,
      checkpoints: { count: this.#checkpoints.count, bytes: this.#checkpoints.bytes },
    };
  }

  get span(): TimeSpan {
    const { events, decisions, restarts, effectEvents } = this.#index;
    const { before } = this.#recording;
    return {
      fromUs: this.#recording.startUs, toUs: Math.max(this.#recording.startUs, this.#pass.toUs), records: this.#pass.records, inputs: this.#pass.inputs, turns: events.turns, events: events.length,
      decisions: before.decisions + decisions, restarts, effects: before.effects + effectEvents.length,
    };
  }

  seek(target: TimeTarget): TimeCursor {
    return this.#stand(this.#keyOf(target)).cursor;
  }

  /** From `key`; null where there is nothing more in that direction. */
  step(key: string, { by, path, direction }: TimeStep): TimeCursor | null {
    const { cursor } = this.#stand(key);
    const between = !key.startsWith('e');
    switch (by) {
      case 'turn': {
        const { events } = this.#index;
        if (direction > 0) return cursor.event >= events.length ? null : this.seek({ event: cursor.event + 1 });
        // Within a step: back to its beginning.
        const event = between && events.restFrom(cursor.event) === cursor.event ? cursor.event : events.restBefore(cursor.event);
        return cursor.event === 0 || (event === 0 && !between) ? null : this.seek({ event });
      }
      case 'record': {
        const record = cursor.record + direction;
        return record < 0 || record > this.#pass.records ? null : this.seek({ record });
      }
      case 'event': {
        const actor = path === undefined ? undefined : this.#index.actors.find(path);
        if (actor === undefined) return null;
        return this.#ofActor(actor, cursor.event, direction);
      }
      case 'decision':
        return this.#among(this.#index.decisionEvents, cursor.event, direction);
      case 'restart':
        return this.#among(this.#index.restartEvents, cursor.event, direction);
    }
  }

  tree(key: string, limits: TreeLimits & { readonly path?: string } = {}): TreeNode | null {
    return this.#stand(key).player.runtime.tree(limits);
  }

  inspect(key: string, path: string, limits: CopyLimits = COPY_LIMITS): Inspection | null {
    return this.#stand(key).player.runtime.inspect(path, limits) ?? null;
  }

  mailbox(key: string, path: string, messages?: number): MailboxView | null {
    return this.#stand(key).player.runtime.mailbox(path, messages === undefined ? {} : { messages: Math.min(messages, MOST_ROWS) }) ?? null;
  }

  /**
   * One actor as a state machine, with what its events did on the way there: from a checkpoint or two before on, so a stretch of the recording that
   * differs from place to place, or all of it where that is short. Null where there is none.
   */
  machine(key: string, path: string, known?: string): MachineReading | null {
    const { runtime } = this.#stand(key, path).player;
    return runtime.machine(path, known === undefined ? {} : { known }) ?? null;
  }

  /** The last events of an actor before `key`, oldest first. */
  eventsOf(key: string, path: string, count: number): TimeEvent[] {
    const { events, actors } = this.#index;
    const actor = actors.find(path);
    const list: TimeEvent[] = [];
    let at = this.#stand(key).cursor.event + 1;
    while (actor !== undefined && list.length < Math.min(count, MOST_ROWS)) {
      const found = events.ofActor(actor, at, -1);
      if (found === undefined) break;
      const { kind, atUs, record } = events.event(found - 1);
      list.push({ event: found, kind: KIND_NAMES.get(kind) ?? 'fault', atUs, record });
      at = found;
    }
    return list.reverse();
  }

  /** Of all that the tree is there. */
  digest(key: string): string {
    return treeDigest(this.#stand(key).player.runtime);
  }

  decisions(from: number, count: number): TimeDecision[] {
    const { before } = this.#recording;
    const first = Math.max(0, from - before.decisions);
    const rows = [];
    for (let number = first; number < Math.min(this.#index.decisions, first + Math.min(count, MOST_ROWS)); number += 1) {
      rows.push({ ...this.#index.decisionAt(number), number: number + before.decisions });
    }
    return rows;
  }

  restarts(from: number, count: number): TimeRestart[] {
    const rows = [];
    for (let number = Math.max(0, from); number < Math.min(this.#index.restarts, from + Math.min(count, MOST_ROWS)); number += 1) rows.push(this.#index.restartAt(number));
    return rows;
  }

  marks(parts: number): TimeMarks {
    const { fromUs, toUs } = this.span;
    return this.#index.marks(fromUs, toUs, Math.max(1, Math.min(MOST_PARTS, Math.floor(parts))));
  }

  /** What led to a decision, or to the first decision that names an order or a trade. */
  causeOf(of: { readonly decision: number } | { readonly order: string } | { readonly trade: string }): TimeCause {
    const { before } = this.#recording;
    const number = 'decision' in of ? of.decision - before.decisions : this.#firstOf('order' in of ? of.order : of.trade);
    this.#mustHave('decision', number, this.#index.decisions, before.decisions);
    const cause = stimulusBefore(this.#index, this.#index.decisionEvents.at(number), this.#recording.merges);
    const after: TimeTarget = { event: this.#index.events.restFrom(cause.event + 1) };
    const target: TimeTarget = cause.kind === 'record' && !this.#recording.merges ? { record: cause.number + 1 } : after;
    return { decision: number + before.decisions, line: this.#index.decisionAt(number).line, ...this.#fromOf(cause), target };
  }

  #fromOf(cause: Stimulus): TimeFrom {
    switch (cause.kind) {
      case 'record': {
        const record = this.#recording.record(cause.number, this.#checkpoints.best(({ records }) => records <= cause.number));
        return { ...NOTHING, record, text: record === null ? `record ${cause.number}, which is there no more` : recordText(record) };
      }
      case 'input': {
        const input = this.#recording.input(cause.number, this.#checkpoints.best(({ inputs }) => inputs <= cause.number));
        if (input === null) return { ...NOTHING, text: `input ${cause.number}, which is there no more` };
        return { ...NOTHING, input: { ...input, message: plainCopy(input.message, MESSAGE_LIMITS) as typeof input.message }, text: inputText(input) };
      }
      case 'timer': {
        const { path, atUs, ofKernel } = cause;
        const key = ofKernel ? null : this.#timerAt(cause);
        const what = ofKernel ? `what was due in ${path} between two records` : path === '' ? 'a time-out of the runtime' : `time-out ${key === null ? '' : `${key} `}of ${path}`;
        return { ...NOTHING, timer: { path, key, atUs }, text: `${what}, ${isoUs(atUs)}` };
      }
      case 'other':
        return { ...NOTHING, text: cause.text };
    }
  }

  /** Name of the timer that fires next; null where it cannot be told from others. */
  #timerAt({ event, path, atUs }: { readonly event: number; readonly path: string; readonly atUs: number }): string | null {
    const { player } = this.#play({ events: event }, null);
    const due = player.runtime.inspect(path)?.timers.filter(({ dueUs }) => dueUs === atUs) ?? [];
    player.close();
    return due.length === 1 ? due[0]!.key : null;
  }

  close(): void {
    this.#standing?.player.close();
    this.#standing = undefined;
    this.#pass.close();
  }

  #ofActor(actor: number, event: number, direction: 1 | -1): TimeCursor | null {
    const { events } = this.#index;
    for (let count = events.ofActor(actor, event, direction); count !== undefined; count = events.ofActor(actor, count, direction)) {
      const rest = events.restFrom(count);
      if (direction > 0 ? rest > event : rest < event) return this.seek({ event: rest });
    }
    return null;
  }

  /** The next or the one before of what happened at `column`, by the moments after it at which one can stand. */
  #among(column: RunIndex['decisionEvents'], event: number, direction: 1 | -1): TimeCursor | null {
    const { events } = this.#index;
    let at = column.countUpTo(event) - (direction > 0 ? 0 : 1);
    for (; at >= 0 && at < column.length; at += direction) {
      const rest = events.restFrom(column.at(at));
      if (direction > 0 ? rest > event : rest < event) return this.seek({ event: rest });
    }
    return null;
  }

  #firstOf(id: string): number {
    const number = this.#index.firstOf(id);
    if (number === undefined) throw new TimeError('target', `no decision of the recording names ${JSON.stringify(id)}`);
    return number;
  }

  #mustHave(what: string, number: number, count: number, first = 0): void {
    if (Number.isInteger(number) && number >= 0 && number < count) return;
    throw new TimeError('target', `there is no ${what} ${number + first}`, count === 0 ? 'the recording has none' : `${first} to ${count + first - 1}`);
  }

  /** The one name of a place: `e` and a number of events, `r` of records, `t` and a time. */
  #keyOf(target: TimeTarget): string {
    const { events, decisionEvents, restartEvents, effectEvents, decisions, restarts } = this.#index;
    const { before } = this.#recording;
    if ('key' in target) return target.key;
    // After the last event time may have passed.
    if ('end' in target) return `t${this.span.toUs}`;
    if ('event' in target) {
      this.#mustHave('event', target.event, events.length + 1);
      return `e${events.restFrom(target.event)}`;
    }
    if ('turn' in target) {
      const count = events.countByTurn(target.turn);
      if (count === undefined) throw new TimeError('target', `there is no turn ${target.turn}`, `1 to ${events.turns}`);
      return `e${events.restFrom(count)}`;
    }
    if ('record' in target) {
      this.#mustHave('record', target.record, this.#pass.records + 1);
      return `r${target.record}`;
    }
    if ('atUs' in target) {
      if (!Number.isFinite(target.atUs)) throw new TimeError('target', 'a time is a number of microseconds');
      const { fromUs, toUs } = this.span;
      return `t${Math.min(toUs, Math.max(fromUs, Math.floor(target.atUs)))}`;
    }
    if ('restart' in target) {
      this.#mustHave('restart', target.restart, restarts);
      return `e${events.restFrom(restartEvents.at(target.restart))}`;
    }
    if ('effect' in target) {
      this.#mustHave('effect', target.effect - before.effects, effectEvents.length, before.effects);
      return `e${events.restFrom(effectEvents.at(target.effect - before.effects))}`;
    }
    const number = 'decision' in target ? target.decision - before.decisions : this.#firstOf('order' in target ? target.order : target.trade);
    this.#mustHave('decision', number, decisions, before.decisions);
    return `e${events.restFrom(decisionEvents.at(number))}`;
  }

  #stand(key: string, probed: string | null = null): Standing {
    if (this.#standing?.key === key && (probed === null || this.#standing.probed === probed)) return this.#standing;
    const [, letter, digits] = /^([ert])(\d{1,16})$/.exec(key) ?? [];
    const number = Number(digits);
    if (letter === undefined || (letter === 'e' && number > this.#index.events.length)) throw new TimeError('target', `${JSON.stringify(key.slice(0, 40))} is no place of this recording`);
    const goal: Goal = letter === 'e' ? { events: number } : letter === 'r' ? { records: number } : { atUs: number };
    const player = this.#play(goal, probed);
    // The one before is let go only now: it is what is shown if this one cannot be had.
    this.#standing?.player.close();
    const cursor = this.#cursorOf(key, goal, player.player, player.events);
    this.#standing = { key, probed, player: player.player, cursor };
    return this.#standing;
  }

  #play(goal: Goal, probed: string | null): { readonly player: Player; readonly events: number } {
    const { events: wanted = Infinity, records = Infinity, atUs = Infinity } = goal as { readonly events?: number } & StopWithin;
    // Time may pass and records be taken after the last of so many events: the moment meant is the one right after it.
    let base = this.#checkpoints.best((point) => (wanted === Infinity || point.events < wanted) && point.records <= records && point.clockUs <= atUs);
    if (probed !== null && base !== undefined) base = this.#checkpoints.before(base);
    let count = (): number => -1;
    const hooks: PlayHooks = {
      traceEvents: 8192, onDecision: () => {}, onAsked: () => {}, onGiven: () => {},
      onRest: () => {
        if (count() >= wanted) throw HERE;
      },
    };
    const player = this.#recording.play(hooks, base);
    if (probed !== null) player.runtime.machine(probed, { leaseMs: PROBE_MS });
    const trace = player.runtime.trace();
    const before = base === undefined ? 0 : base.events - trace.count;
    count = () => before + trace.count;
    try {
      while (count() < wanted && player.records < records) {
        if (player.step({ records, atUs }) !== 'more') break;
        this.#saveNear(base, player, count());
        this.checkWanted();
      }
    } catch (error) {
      // Where the first pass could not go on, this one cannot either: that is the end.
      if (error !== HERE && (error instanceof TimeError || !(this.#pass.failed && count() >= this.#index.events.length))) {
        player.close();
        throw error;
      }
    }
    return { player, events: count() };
  }

  #saveNear(base: Checkpoint | undefined, player: Player, events: number): void {
    if (!this.#checkpoints.wantedNear(base, { records: player.records, events })) return;
    const saved = player.save();
    if (saved !== null) this.#checkpoints.addNear({ ...saved, events });
  }

  #cursorOf(key: string, goal: Goal, player: Player, played: number): TimeCursor {
    const { events, actors, decisionEvents, restartEvents, inputEvents, inputTimes } = this.#index;
    const { before } = this.#recording;
    const within = !('events' in goal);
    const atUs = player.clockNow;
    const record = within ? Math.max(player.records, player.recordsNow) : played === 0 ? 0 : events.event(Math.min(played, events.length) - 1).record;
    // A stretch that was cut short is one turn of the kernel more than the recording has.
    const event = 'events' in goal ? Math.min(played, events.length) : goal.atUs !== undefined ? events.countByUs(goal.atUs) : this.#eventsAt(record, played);
    const last = event === 0 ? null : events.event(event - 1);
    return {
      key, atUs, event, turn: events.turnsIn(event), record,
      input: goal !== null && 'atUs' in goal ? inputTimes.countUpTo(goal.atUs!) : inputEvents.countUpTo(event - 1),
      decision: before.decisions + decisionEvents.countUpTo(event), restart: restartEvents.countUpTo(event),
      last: last === null ? null : { kind: KIND_NAMES.get(last.kind) ?? 'fault', path: actors.list[last.actor]! },
      atEnd: event >= events.length,
    };
  }

  /** Events of the recording that have happened where a player stopped after `record` records, having had `played`. */
  #eventsAt(record: number, played: number): number {
    const { events } = this.#index;
    if (played === 0) return 0;
    const count = Math.min(played, events.length);
    return events.event(count - 1).record <= record ? count : Math.min(count - 1, events.countByRecord(record));
  }
}

const HERE = new Error('here');
