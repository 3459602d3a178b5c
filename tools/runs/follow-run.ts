import type { EngineInput } from '../../actors/engine/io.js';
import type { EffectHandlers } from '../../actors/engine/effects.js';
import { KERNEL_PATH } from '../../actors/index.js';
import { FollowingKernel, parseOrderLine, type FollowingState, type OrderEntry } from '../../actors/market/index.js';
import type { NextRecords } from '../../actors/market/lanes/following-kernel.js';
import type { Config } from '../../config/index.js';
import { allocateBatch, BLOCK_RECORDS, SEQ, WORDS_F, WORDS_I } from '../../data/records/index.js';
import { isBeingWritten, readManifest, RunError, type JsonValue, type RunFeed, type RunFeedPlace, type RunLogReader, type RunReader } from '../../data/runs/index.js';
import { createRuntime, VirtualClock, worker, type Behaviour, type Runtime, type RuntimeOptions, type WorkerSpec } from '../../runtime/index.js';
import { engineTree, paperHoldings, type EngineBoot } from '../../supervisors/engine.js';
import { planLanes } from '../../supervisors/lane-plan.js';
import type { TakeAsked } from '../engine/asked.js';
import { HandledEffects } from '../engine/effect-table.js';
import { partKernel } from '../engine/lanes/part-kernel.js';
import { ENGINE_SEED, type SessionSnapshot } from '../engine/session.js';
import { mergeMessage } from '../live/live-session.js';

export interface FollowingOptions {
  /** As EngineSession's. */
  readonly onAsked?: TakeAsked | undefined;
  /** Hears of what lanes gave before the tree gets it, when everything due by then is done. */
  readonly onEntry?: ((entry: Extract<OrderEntry, { readonly type: 'turn' | 'death' }>, atUs: number) => void) | undefined;
  /** The tape that it begins with, and how things stood there. */
  readonly from?: number;
  readonly resume?: SessionSnapshot | undefined;
  /** Goes on from where another session of the same run stood; takes the place of `from` and `resume`. */
  readonly saved?: FollowingSnapshot | undefined;
  /** As EngineSession's. */
  readonly watch?: Pick<RuntimeOptions, 'onRest' | 'traceEvents'>;
}

/** A session at rest, as data, and where its kernel's records go on. */
export interface FollowingSnapshot {
  readonly session: SessionSnapshot;
  readonly kernel: FollowingState;
  readonly records: RunFeedPlace;
}

/** The tree of a run whose kernel ran in lanes, on a kernel that takes the run's tapes inline and gives what the lanes answered in the order in which it was merged then. */
export class FollowingSession {
  readonly runtime: Runtime;
  readonly #reader: RunReader;
  readonly #log: RunLogReader;
  readonly #kernel: FollowingKernel;
  readonly #records: RunRecords;
  readonly #effects: HandledEffects;
  readonly #message = mergeMessage();
  readonly #onEntry: FollowingOptions['onEntry'];

  constructor(reader: RunReader, boot: EngineBoot, config: Config, effects: EffectHandlers, { onAsked, onEntry, from = 0, saved, resume = saved?.session, watch = {} }: FollowingOptions = {}) {
    this.#onEntry = onEntry;
    const clock = new VirtualClock(resume?.tree.atUs ?? boot.startUs);
    this.#effects = new HandledEffects(effects, { nowUs: () => clock.nowUs(), onAsked, resume });
    this.#records = new RunRecords(reader.feed(saved?.records ?? from), saved?.records.records ?? resume?.taken ?? 0, saved?.kernel.taken);
    this.#reader = reader;
    this.#log = reader.log();
    // Asked before the log is read: of a run that is over then all of it is there.
    const open = goesOn(reader);
    const order = orderOf(this.#log);
    const sources = config.lanes.placement === 'socket';
    // Lanes that have sockets stamp what they bring, and know no clock but their own records'.
    const plan = sources ? planLanes(boot.instruments, config.lanes) : { lanes: [{ instruments: boot.instruments }], assignment: [] };
    const kernels = plan.lanes.map(({ instruments }) => partKernel(instruments, config, paperHoldings(boot)));
    if (resume?.lanes !== undefined && resume.lanes !== null) for (const kernel of kernels) kernel.restore(resume.lanes.kernel);
    this.#kernel = new FollowingKernel(kernels, () => this.#records.next(), order, {
      assignment: plan.assignment, sources, open, placed: resume?.lanes?.controls ?? 0, ...(saved === undefined ? {} : { resume: saved.kernel }),
    });
    this.runtime = createRuntime({ ...watch, clock, seed: ENGINE_SEED, effects: this.#effects.table, ...(resume === undefined ? {} : { resume: resume.tree }) });
    const started = this.runtime.start(engineTree(boot, config, undefined, { kernel: this.#kernel, children: standIns(boot, config) }));
    if (!started.ok) throw new Error(`the engine's tree does not start: ${JSON.stringify(started.reason)}`);
    this.runtime.drain();
  }

  get journal(): HandledEffects['journal'] {
    return this.#effects.journal;
  }
  get clockUs(): number {
    return this.runtime.nowUs();
  }

  /** Entries of the log as far as it is followed. */
  get entries(): number {
    return this.#log.entries;
  }
  /** What comes next is not known well enough yet: `lookAgain`. */
  get waits(): boolean {
    return this.#kernel.waits;
  }

  /** A run that goes on: takes note of what was written since. @throws RunError. */
  lookAgain(): void {
    const open = goesOn(this.#reader);
    const order = orderOf(this.#log);
    try {
      this.#kernel.learn(order, open);
    } catch (error) {
      throw new RunError('corrupt', error instanceof Error ? error.message : String(error));
    }
  }

  advanceTo(us: number): void {
    this.runtime.advanceTo(Math.max(us, this.clockUs));
    this.runtime.drain();
    this.#effects.throwFault();
  }

  input(atUs: number, { to, message }: EngineInput): void {
    this.advanceTo(atUs);
    this.runtime.send(to, message);
    this.runtime.drain();
    this.#effects.throwFault();
  }

  /** Merges what was merged then. @throws RunError `corrupt` when the tapes do not give it. */
  order(mark: JsonValue): void {
    const entry = entryOf(mark);
    // Where controls fell the kernel knows.
    if (entry.type !== 'turn' && entry.type !== 'death') return;
    this.advanceTo(entry.clockUs);
    this.#onEntry?.(entry, entry.clockUs);
    if (entry.type === 'death') {
      const { path, name, message } = entry;
      this.runtime.crash(path, { name, message });
      return;
    }
    try {
      this.#kernel.merge(entry.seq, entry.control);
    } catch (error) {
      throw new RunError('corrupt', error instanceof Error ? error.message : String(error));
    }
    this.runtime.send(KERNEL_PATH, this.#message);
    this.runtime.drain();
    this.#effects.throwFault();
  }

  /** How it stands between two steps; null where that cannot be had at this place. */
  save(): FollowingSnapshot | null {
    // A snapshot lets what is due be done first, which a replay that takes none would not do at this place.
    if (this.waits || this.runtime.nextTimerUs() <= this.clockUs || this.runtime.stateOf(KERNEL_PATH) !== 'running') return null;
    const taken = this.runtime.snapshotTree();
    if (!taken.ok) return null;
    const kernel = this.#kernel.save();
    return {
      session: { tree: taken.snapshot, taken: kernel.taken, insideMessage: false, journal: this.journal, asked: this.#effects.asked, lanes: null }, kernel, records: this.#records.place,
    };
  }

  close(): void {
    this.#records.close();
    this.#log.close();
  }
}

const IDLE: Behaviour<null, never, undefined> = { name: 'lane of a replay', version: 1, init: () => null, step: (state) => state };

/** Actors in the places of the lanes' own: ids that actors choose are made of their number in the tree. */
function standIns({ instruments }: EngineBoot, { lanes }: Config): WorkerSpec<never>[] {
  return planLanes(instruments, lanes).lanes.map(({ id }) => worker({ id: String(id), behaviour: IDLE, input: undefined }));
}

/** The records of a run, numbered through. */
class RunRecords {
  /** Where the stretch that was handed out last begins. */
  place: RunFeedPlace;
  readonly #feed: RunFeed;
  readonly #batch = allocateBatch(BLOCK_RECORDS);
  #seq: number;
  readonly #from: number;

  /** @param seq number of the feed's first record; @param from records before that one are passed over */
  constructor(feed: RunFeed, seq: number, from = seq) {
    this.#feed = feed;
    this.#seq = seq;
    this.#from = from;
    this.place = feed.place;
  }

  next(): ReturnType<NextRecords> {
    // Where it ended there may be more by now.
    this.#feed.again();
    for (;;) {
      const { place } = this.#feed;
      const step = this.#feed.next();
      if (step === undefined) return undefined;
      if (step.kind !== 'records') continue;
      this.place = place;
      const left = Math.max(0, Math.min(step.to - step.from, this.#from - this.#seq));
      this.#seq += left;
      const { to } = step;
      const from = step.from + left;
      if (from === to) continue;
      const batch = this.#batch;
      batch.F.set(step.batch.F.subarray(from * WORDS_F, to * WORDS_F));
      batch.I.set(step.batch.I.subarray(from * WORDS_I, to * WORDS_I));
      batch.length = to - from;
      for (let at = 0; at < batch.length; at += 1) batch.F[at * WORDS_F + SEQ] = this.#seq++;
      return batch;
    }
  }

  close(): void {
    this.#feed.close();
  }
}

function goesOn({ folder }: RunReader): boolean {
  const manifest = readManifest(folder);
  return manifest.endedAt === null && isBeingWritten(manifest);
}

/** Where controls fell and what was left out, from where the log stands to where it ends now. */
function orderOf(log: RunLogReader): readonly OrderEntry[] {
  const order: OrderEntry[] = [];
  for (let entry = log.next(); entry !== undefined; entry = log.next()) if (entry.kind === 'mark' && entry.mark.mark === 'order') order.push(entryOf(entry.mark.entry));
  return order.filter(({ type }) => type === 'control' || type === 'skip');
}

function entryOf(mark: JsonValue): OrderEntry {
  try {
    return parseOrderLine(JSON.stringify(mark));
  } catch (error) {
    throw new RunError('corrupt', error instanceof Error ? error.message : String(error));
  }
}
