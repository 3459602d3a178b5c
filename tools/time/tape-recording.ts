import { basename, resolve } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { KERNEL_PATH, type DecisionEffect } from '../../actors/index.js';
import type { KernelPort } from '../../actors/market/index.js';
import type { LoadedConfig } from '../../config/index.js';
import { isBeingWritten, readManifest, type RunReader } from '../../data/runs/index.js';
import { createRuntime, VirtualClock, type Runtime, type TreeSnapshot } from '../../runtime/index.js';
import { instanceNames } from '../../supervisors/instance-names.js';
import { marketSession } from '../../supervisors/market-session.js';
import { SESSION_SEED } from '../replay/replay.js';
import { prepareReplay, type ReplayRequest } from '../replay/run.js';
import { ReplaySession } from '../replay/session.js';
import { parseTimeUs } from '../replay/time.js';
import { recordOf } from '../runs/inputs.js';
import { otherVersion } from './other-version.js';
import type { PlayHooks, Player, Recording, Saved, StepOutcome, StopWithin } from './player.js';
import { TapeSource } from './tape-source.js';

/** What of a session is not in its tree. */
interface SavedSession {
  readonly tree: TreeSnapshot;
  readonly insideMessage: boolean;
  readonly mute: boolean;
}

interface Window {
  readonly fromUs: number;
  readonly toUs: number;
}

/** A tape and how it is played: a run of kind `replay` or `demo`, or a tape by itself. */
export class TapeRecording implements Recording {
  readonly about: Recording['about'];
  readonly startUs: number;
  readonly #request: ReplayRequest;
  readonly #loaded: LoadedConfig;
  readonly #records: number;
  readonly #window: Window;
  readonly #reader: RunReader | null;

  /** @throws CliError, TapeError for a tape or configuration that cannot be used. */
  constructor(request: ReplayRequest, loaded: LoadedConfig, reader: RunReader | null) {
    this.#request = request;
    this.#loaded = loaded;
    this.#reader = reader;
    const { records, span, firstUs } = prepareReplay(request, loaded);
    this.#records = records;
    this.startUs = firstUs;
    this.#window = {
      fromUs: request.from === undefined ? -Infinity : parseTimeUs(request.from, '--from', span.startUs), toUs: request.to === undefined ? Infinity : parseTimeUs(request.to, '--to', span.startUs),
    };
    const source = this.#source();
    const symbols = [...instanceNames(source.instruments).values()];
    source.close();
    const placed = (request.lanes ?? (loaded.config.lanes.placement === 'ring' ? 1 : 0)) > 0;
    const notes = placed ? ['it was played in lanes; here the kernel runs inline, which decides the same'] : [];
    this.about = reader === null
      ? { path: resolve(request.tape), name: basename(request.tape), kind: 'tape', mode: '', version: null, configDigest: loaded.digest, symbols, notes }
      : { path: reader.folder, name: reader.manifest.id, kind: reader.manifest.kind, mode: '', version: reader.manifest.code.version, configDigest: loaded.digest, symbols, notes: [...otherVersion(reader.manifest), ...notes] };
  }

  readonly before = { decisions: 0, effects: 0 };

  get growing(): boolean {
    return false;
  }

  readonly merges = false;

  record(number: number): ReturnType<Recording['record']> {
    const { tape, faults } = this.#request;
    return recordOf(tape, faults, number);
  }

  input(): null {
    return null;
  }

  /** The run that it is of goes on: it has not made all of its decisions. */
  get running(): boolean {
    return this.#reader !== null && isBeingWritten(readManifest(this.#reader.folder));
  }

  records(): number {
    return this.#records;
  }

  decided(): readonly string[] | null {
    return this.#reader?.decisions() ?? null;
  }

  play(hooks: PlayHooks, from?: Saved): Player {
    return new TapePlayer(this.#source(from?.records), this.#loaded, this.#window, hooks, from);
  }

  #source(from?: number): TapeSource {
    const { tape, partial = false, faults } = this.#request;
    return new TapeSource(tape, partial, faults, from);
  }
}

class TapePlayer implements Player {
  readonly runtime: Runtime;
  readonly inputs = 0;
  readonly problem = null;
  readonly #source: TapeSource;
  readonly #session: ReplaySession;
  readonly #window: Window;
  readonly #onGiven: PlayHooks['onGiven'];
  #finished = false;

  constructor(source: TapeSource, { config }: LoadedConfig, window: Window, { onRest, onDecision, onGiven, traceEvents }: PlayHooks, from: Saved | undefined) {
    this.#source = source;
    this.#window = window;
    this.#onGiven = onGiven;
    const saved = from === undefined ? undefined : deserialize(from.bytes) as SavedSession;
    const kernels: KernelPort[] = [];
    this.runtime = createRuntime({
      clock: new VirtualClock(saved?.tree.atUs ?? 0), seed: SESSION_SEED, onRest, traceEvents,
      effects: { decision: ({ decision, line }: DecisionEffect) => onDecision(line, decision) },
      ...(saved === undefined ? {} : { resume: saved.tree }),
    });
    const started = this.runtime.start(marketSession(source.instruments, config, { onKernel: (kernel) => void (kernels.includes(kernel) || kernels.push(kernel)) }));
    if (!started.ok) throw new Error(`the session does not start: ${JSON.stringify(started.reason)}`);
    this.#session = new ReplaySession(this.runtime, source, kernels);
    this.#session.onStrike = ({ kind, path }) => this.#given(`the fault ${kind} of ${path}`);
    this.#session.onDue = (atUs) => onGiven({ kind: 'due' }, atUs);
    this.#session.mute = saved?.mute ?? window.fromUs > 0;
    if (saved !== undefined) this.#session.goOn(saved);
  }

  get records(): number {
    return this.#session.taken;
  }
  get clockUs(): number {
    return this.runtime.nowUs();
  }
  get recordsNow(): number {
    return Math.max(this.#session.kernel.seq + 1, 0);
  }

  get clockNow(): number {
    return Math.max(this.clockUs, this.#session.kernel.clockUs);
  }

  step({ records = Infinity, atUs = Infinity }: StopWithin = {}): StepOutcome {
    if (this.#finished) return 'end';
    const session = this.#session;
    this.#source.endAt = records;
    const outcome = this.#stretch(atUs);
    if (outcome === 'stopped') {
      if (atUs > session.clockUs) session.advanceTo(atUs);
      return 'stopped';
    }
    if (session.taken >= records) return 'stopped';
    if (session.ended || this.#source.exhausted) {
      this.#finished = true;
      this.#given('the end of the tape');
      session.finish();
    }
    return 'more';
  }

  lookAgain(): void {}

  save(): Saved | null {
    const session = this.#session;
    if (this.#finished || session.ended || this.#source.strikesLast || session.taken !== this.#source.inputs || this.runtime.stateOf(KERNEL_PATH) !== 'running') return null;
    const taken = this.runtime.snapshotTree();
    if (!taken.ok) return null;
    const bytes = serialize({ tree: taken.snapshot, insideMessage: session.insideMessage, mute: session.mute } satisfies SavedSession);
    return { records: session.taken, inputs: 0, clockUs: this.clockUs, bytes };
  }

  close(): void {
    this.#source.close();
  }

  #given(text: string): void {
    this.#onGiven({ kind: 'other', text }, this.clockUs);
  }

  /** Takes a stretch of the tape, or what is left of one. */
  #stretch(atUs: number): StepOutcome {
    const session = this.#session;
    const { fromUs, toUs } = this.#window;
    for (let first = true; first || this.#source.inputs > session.taken; first = false) {
      if (session.ended) return 'more';
      const windowUs = session.mute ? fromUs : toUs;
      // A timer that is due at the limit fires: so this is between two microseconds.
      const beforeUs = Math.min(windowUs, atUs + 0.5);
      // A record loads the stretch, the rest is as long as it is.
      if (!session.advance(first ? 1 : this.#source.inputs - session.taken, beforeUs)) continue;
      if (windowUs > beforeUs) return 'stopped';
      if (!session.mute) {
        session.ended = true;
        return 'more';
      }
      this.#given('the beginning of what was asked for');
      session.unmute();
    }
    return 'more';
  }
}
