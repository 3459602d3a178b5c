import { FlightRecorder, type FlightFeeds } from '../../../time/flight/recorder.js';
import type { Sources } from '../../sources/index.js';
import type { TimeOpened } from '../../wire/time.js';

const TELL_MS = 2_000;
/** A recorder that nobody wants any more goes on so long: a page that is loaded again finds what it had. */
const LINGER_MS = 60_000;

interface Kept {
  readonly recorder: FlightRecorder;
  readonly listeners: Set<{ readonly push: (value: TimeOpened) => void; readonly parts: number }>;
  toldVersion: number;
  toldReady: boolean;
  idle: NodeJS.Timeout | undefined;
}

/** The flight recordings of processes that write no run: one a process, while somebody looks at it. */
export class Flights {
  readonly #sources: Sources;
  readonly #feedsOf: (id: string) => FlightFeeds;
  readonly #kept = new Map<string, Kept>();
  #timer: NodeJS.Timeout | undefined;

  constructor(sources: Sources, feedsOf: (id: string) => FlightFeeds) {
    this.#sources = sources;
    this.#feedsOf = feedsOf;
  }

  /** Undefined where none is recorded. */
  find(id: string): FlightRecorder | undefined {
    return this.#kept.get(id)?.recorder;
  }

  listen(id: string, parts: number, push: (value: TimeOpened) => void): () => void {
    const kept = this.#take(id);
    const listener = { push, parts };
    kept.listeners.add(listener);
    const { recorder } = kept;
    if (recorder.isEmpty && recorder.state.problem !== null) push({ kind: 'none', why: 'it is gone, and nobody looked at it while it ran: nothing of it is recorded', again: false });
    else push({ kind: 'state', state: recorder.state, marks: recorder.recording.marks(parts) });
    return () => {
      kept.listeners.delete(listener);
      this.#leave(id, kept);
    };
  }

  /** @returns the way to end it; nothing is looked at where nothing is recorded */
  look(id: string, paths: readonly string[]): () => void {
    const kept = this.#take(id);
    const stop = kept.recorder.look(paths);
    return () => {
      stop();
      this.#leave(id, kept);
    };
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { recorder, idle } of this.#kept.values()) {
      clearTimeout(idle);
      recorder.close();
    }
    this.#kept.clear();
  }

  #take(id: string): Kept {
    let kept = this.#kept.get(id);
    if (kept === undefined) {
      kept = { recorder: new FlightRecorder(this.#sources, id, this.#feedsOf(id)), listeners: new Set(), toldVersion: 0, toldReady: false, idle: undefined };
      const made = kept;
      kept.recorder.listen(() => this.#first(made));
      this.#kept.set(id, kept);
      this.#timer ??= setInterval(() => this.#tell(), TELL_MS).unref();
    }
    clearTimeout(kept.idle);
    return kept;
  }

  #leave(id: string, kept: Kept): void {
    if (kept.listeners.size > 0) return;
    clearTimeout(kept.idle);
    kept.idle = setTimeout(() => {
      if (this.#kept.get(id) === kept && kept.listeners.size === 0) this.#end(id, kept);
    }, LINGER_MS).unref();
  }

  #end(id: string, kept: Kept): void {
    clearTimeout(kept.idle);
    this.#kept.delete(id);
    kept.recorder.close();
  }

  /** That there is something to look at is told at once. */
  #first(kept: Kept): void {
    if (kept.toldReady === !kept.recorder.isEmpty) return;
    kept.toldReady = !kept.recorder.isEmpty;
    this.#tellOne(kept);
  }

  #tell(): void {
    for (const [id, kept] of this.#kept) {
      const info = this.#sources.info(id);
      // It has said by now that it writes one: its past is that of the run.
      if (info?.kind === 'process' && info.run !== null) this.#end(id, kept);
      else if (kept.listeners.size > 0 && kept.toldVersion !== kept.recorder.version) this.#tellOne(kept);
    }
  }

  #tellOne(kept: Kept): void {
    const { recorder, listeners } = kept;
    kept.toldVersion = recorder.version;
    const { state } = recorder;
    for (const { push, parts } of listeners) push({ kind: 'state', state, marks: recorder.recording.marks(parts) });
  }
}
