import { deserialize, serialize } from 'node:v8';
import { RECV_US, WORDS_F, type RecordBatch } from '../../data/records/index.js';
import type { RunFeed, RunReader, RunStep } from '../../data/runs/index.js';
import { RowMaker } from '../../data/tape/index.js';
import { isBeingWritten, readManifest, type RunManifest } from '../../data/runs/index.js';
import { engineTree, type EngineBoot } from '../../supervisors/engine.js';
import { instanceNames } from '../../supervisors/instance-names.js';
import type { Config } from '../../config/index.js';
import { EngineSession, type SessionSnapshot } from '../engine/session.js';
import { engineBoot, takeStep } from '../runs/engine-replay.js';
import { FollowingSession, type FollowingSnapshot } from '../runs/follow-run.js';
import { runConfig } from '../runs/run-config.js';
import { snapshotOf } from '../runs/session-data.js';
import { otherVersion } from './other-version.js';
import type { PlayHooks, Player, Recording, Saved, StepOutcome, StopWithin } from './player.js';

/** A run of the engine: finished, killed or still being written. */
export class EngineRecording implements Recording {
  readonly about: Recording['about'];
  readonly reader: RunReader;
  readonly #boot: EngineBoot;
  readonly #config: Config;
  /** The tape that it begins with. */
  readonly #from: number;
  readonly before: Recording['before'];
  readonly startUs: number;

  /** @throws RunError. */
  constructor(reader: RunReader) {
    this.reader = reader;
    const { manifest } = reader;
    this.#config = runConfig(manifest);
    this.#boot = engineBoot(reader);
    this.#from = reader.startable()[0] ?? 0;
    const first = this.#from === 0 ? undefined : snapshotOf(reader, this.#from);
    this.before = { decisions: first?.journal.count ?? 0, effects: first?.asked?.count ?? 0 };
    this.startUs = first?.tree.atUs ?? this.#boot.startUs;
    const { placement } = this.#config.lanes;
    this.about = {
      path: reader.folder, name: manifest.id, kind: 'engine', mode: manifest.mode, version: manifest.code.version, configDigest: manifest.configDigest,
      symbols: [...instanceNames(this.#boot.instruments).values()],
      notes: [
        ...otherVersion(manifest),
        ...(this.#from === 0 ? [] : [`the tapes before number ${this.#from} were removed: it begins there`]),
        ...(placement === 'inline' ? [] : [`lanes ran with placement "${placement}"; they are replayed inline, in the order that the run's log has`]),
      ],
    };
  }

  get growing(): boolean {
    return this.manifest.endedAt === null && isBeingWritten(this.manifest);
  }

  /** As it is now. */
  get manifest(): RunManifest {
    return readManifest(this.reader.folder);
  }

  records(): number {
    const last = this.manifest.tapes.at(-1);
    if (last === undefined) return 0;
    if (last.records > 0) return last.firstRecord + last.records;
    try {
      const tape = this.reader.openTape(this.manifest.tapes.length - 1);
      tape.close();
      return last.firstRecord + Math.max(0, tape.records - last.preamble);
    } catch {
      return last.firstRecord;
    }
  }

  decided(): readonly string[] {
    return this.reader.decisions();
  }

  get merges(): boolean {
    return this.#config.lanes.placement !== 'inline';
  }

  record(number: number, from?: Saved): ReturnType<Recording['record']> {
    const rows = new RowMaker(this.reader.tapeHeader().instruments);
    return this.#found(from, (step, { records }) => (step.kind === 'records' && number >= records && number < records + step.to - step.from ? { ...rows.row(step.batch, step.from + number - records), seq: number } : null));
  }

  input(number: number, from?: Saved): ReturnType<Recording['input']> {
    return this.#found(from, (step, { inputs }) => (step.kind === 'input' && inputs === number ? { ...step.input, atUs: step.clockUs } : null));
  }

  #found<T>(from: Saved | undefined, look: (step: RunStep, before: { readonly records: number; readonly inputs: number }) => T | null): T | null {
    const feed = this.reader.feed(from?.feed ?? this.#from);
    try {
      let inputs = from?.inputs ?? 0;
      let { records } = feed.position;
      for (let step = feed.next(); step !== undefined; step = feed.next()) {
        const found = look(step, { records, inputs });
        if (found !== null) return found;
        if (step.kind === 'input') inputs += 1;
        if (step.kind === 'records') records += step.to - step.from;
      }
      return null;
    } finally {
      feed.close();
    }
  }

  play(hooks: PlayHooks, from?: Saved): Player {
    const first = from === undefined && this.#from > 0 ? snapshotOf(this.reader, this.#from) : undefined;
    return this.#config.lanes.placement === 'inline' ? this.#inline(hooks, from, from === undefined ? first : deserialize(from.bytes) as SessionSnapshot) : this.#following(hooks, from, first);
  }

  #inline(hooks: PlayHooks, from: Saved | undefined, resume: SessionSnapshot | undefined): Player {
    const session = new EngineSession({
      tree: (onKernel) => engineTree(this.#boot, this.#config, onKernel), startUs: this.#boot.startUs, onAsked: (line) => hooks.onAsked(line), onDue: (atUs) => hooks.onGiven({ kind: 'due' }, atUs),
      effects: { decision: ({ decision, line }) => hooks.onDecision(line, decision) }, watch: watchOf(hooks), ...(resume === undefined ? {} : { resume }),
    });
    return new RunPlayer(this.reader.feed(from?.feed ?? this.#from), hooks, from, {
      session,
      take: (step) => {
        if (step.kind === 'records') session.records(step.batch, step.from, step.to);
      },
      recordsNow: () => Math.max(session.kernel.seq + 1, resume?.taken ?? 0),
      clockNow: () => session.kernel.clockUs,
      save: () => {
        // A snapshot lets what is due be done first, which a replay that takes none would not do at this place.
        if (session.nextTimerUs() <= session.clockUs) return null;
        const taken = session.snapshot();
        return taken.ok ? serialize(taken.snapshot) : null;
      },
    });
  }

  #following(hooks: PlayHooks, from: Saved | undefined, resume: SessionSnapshot | undefined): Player {
    const session = new FollowingSession(this.reader, this.#boot, this.#config, { decision: ({ decision, line }) => hooks.onDecision(line, decision) }, {
      onAsked: (line) => hooks.onAsked(line), onEntry: (entry, atUs) => hooks.onGiven(entry.type === 'death' ? { kind: 'other', text: `the thread of ${entry.path} ended by itself` } : entry.control < 0 ? { kind: 'record', record: entry.seq } : { kind: 'due' }, atUs), from: this.#from, ...(resume === undefined ? {} : { resume }), watch: watchOf(hooks),
      ...(from === undefined ? {} : { saved: deserialize(from.bytes) as FollowingSnapshot }),
    });
    return new RunPlayer(this.reader.feed(from?.feed ?? this.#from), hooks, from, {
      session,
      take: (step) => {
        if (step.kind === 'mark' && step.mark.mark === 'order') session.order(step.mark.entry);
      },
      // Lanes answer for records long taken; what they were is known at the next entry of the log.
      recordsNow: null,
      clockNow: null,
      save: () => {
        const taken = session.save();
        return taken === null ? null : serialize(taken);
      },
    });
  }
}

const watchOf = ({ onRest, traceEvents }: PlayHooks): Pick<PlayHooks, 'onRest' | 'traceEvents'> => ({ onRest, traceEvents });

interface Driven {
  readonly session: EngineSession | FollowingSession;
  readonly take: (step: RunStep) => void;
  readonly recordsNow: (() => number) | null;
  readonly clockNow: (() => number) | null;
  readonly save: () => Uint8Array | null;
}

class RunPlayer implements Player {
  readonly #feed: RunFeed;
  readonly #hooks: PlayHooks;
  readonly #driven: Driven;
  #records: number;
  #inputs: number;
  #ended: string | null = null;
  /** The next step, of which the session does not know enough yet. */
  #next: RunStep | undefined;

  constructor(feed: RunFeed, hooks: PlayHooks, from: Saved | undefined, driven: Driven) {
    this.#feed = feed;
    this.#hooks = hooks;
    this.#driven = driven;
    this.#records = feed.position.records;
    this.#inputs = from?.inputs ?? 0;
  }

  get runtime(): EngineSession['runtime'] {
    return this.#driven.session.runtime;
  }
  get records(): number {
    return this.#records;
  }
  get inputs(): number {
    return this.#inputs;
  }
  get clockUs(): number {
    return this.#driven.session.clockUs;
  }
  get recordsNow(): number {
    return this.#driven.recordsNow?.() ?? this.#records;
  }
  get clockNow(): number {
    return Math.max(this.clockUs, this.#driven.clockNow?.() ?? 0);
  }
  /** Why nothing can follow though the recording has more; null while something can. */
  get problem(): string | null {
    return this.#ended ?? this.#feed.end?.problem ?? null;
  }

  step({ records = Infinity, atUs = Infinity }: StopWithin = {}): StepOutcome {
    const { session, take } = this.#driven;
    if (this.#ended !== null) return 'end';
    const step = this.#next ?? (this.#feed.again() ? this.#feed.next() : undefined);
    if (step === undefined) return 'end';
    this.#next = undefined;
    if (step.kind === 'records') {
      const to = Math.min(step.to, step.from + Math.max(0, records - this.#records), firstAfter(step.batch, step.from, step.to, atUs));
      if (to > step.from) takeStep(session, { ...step, to }, take);
      this.#records += to - step.from;
      if (to === step.to) return 'more';
      if (Number.isFinite(atUs) && atUs > session.clockUs) session.advanceTo(atUs);
      return 'stopped';
    }
    if (session instanceof FollowingSession && (session.waits || this.#feed.position.entries > session.entries)) {
      this.#next = step;
      return 'end';
    }
    if (step.clockUs > atUs) {
      if (atUs > session.clockUs) session.advanceTo(atUs);
      return 'stopped';
    }
    if (step.kind === 'input' || step.mark.mark === 'control') {
      // What is due before it has not come from it.
      session.advanceTo(step.clockUs);
      this.#hooks.onGiven(step.kind === 'input' ? { kind: 'input', input: step.input } : { kind: 'other', text: operatorText(step.mark as { readonly method: string; readonly params: unknown }) }, step.clockUs);
    }
    if (step.kind === 'input') this.#inputs += 1;
    this.#ended = takeStep(session, step, take);
    return this.#ended === null ? 'more' : 'end';
  }

  lookAgain(): void {
    const { session } = this.#driven;
    if (session instanceof FollowingSession) session.lookAgain();
  }

  save(): Saved | null {
    const bytes = this.#next === undefined ? this.#driven.save() : null;
    return bytes === null ? null : { records: this.#records, inputs: this.#inputs, clockUs: this.clockUs, bytes, feed: this.#feed.place };
  }

  close(): void {
    this.#feed.close();
    if (this.#driven.session instanceof FollowingSession) this.#driven.session.close();
  }
}

function operatorText({ method, params }: { readonly method: string; readonly params: unknown }): string {
  const path = (params as { readonly path?: unknown } | null)?.path;
  return `an operator’s ${method}${typeof path === 'string' ? ` of ${path}` : ''}`;
}

/** Index of the first of the records [from, to) that came after `atUs`; `to` where none did. */
function firstAfter({ F }: RecordBatch, from: number, to: number, atUs: number): number {
  if (atUs === Infinity) return to;
  for (let at = from; at < to; at += 1) if (F[at * WORDS_F + RECV_US]! > atUs) return at;
  return to;
}
