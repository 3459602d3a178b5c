import { plainCopy } from '../../../runtime/observe/inspect.js';
import { ControlError } from '../../../runtime/control/errors.js';
import type { ControlClient, WireTraceEvent } from '../../../runtime/control/index.js';
import type { ProcessEvents } from '../../ui/parts/tree/events.js';
import type { TreeFeed } from '../../ui/parts/tree/feed.js';
import type { Sources } from '../../ui/sources/index.js';
import type { MachineView } from '../../ui/wire/chart.js';
import { MOST_LOOKED, type TimeState } from '../../ui/wire/time.js';
import type { TreeShape } from '../../ui/wire/tree.js';
import { LIFE_KINDS } from './log.js';
import { FlightRecording, KEPT_MS } from './recording.js';

/** Actors of which every event is recorded: a connection has four subscriptions, and one is for what all actors have. */
const MOST_FOLLOWED = 3;
const LOOK_MS = 1_000;
/** Of the events that were there before anybody looked, as many as the process tells at once. */
const MOST_EARLIER = 1_000;
const VALUE = { depth: 8, entries: 100, values: 800, textLength: 500 };
const MOST_NAMES = 50;

/** Where the samples come from: what a window asks of the process for its tree anyway. */
export interface FlightFeeds {
  readonly feed: TreeFeed;
  readonly events: ProcessEvents;
  /** Called when they are needed no more. */
  readonly leave: () => void;
}

/**
 * Records what a process that writes no run is seen and heard to do, as long as somebody wants it. It asks for nothing that the live tree does not ask
 * for, but for the events of actors' lives, and once a second the states of the few actors that somebody looks at.
 */
export class FlightRecorder {
  recording = new FlightRecording();
  readonly #sources: Sources;
  readonly #id: string;
  readonly #stops: (() => void)[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #looked = new Map<string, number>();
  #client: ControlClient | null = null;
  #followed = new Map<string, () => void>();
  #shape: TreeShape | null = null;
  #life = 0;
  #traced = 0;
  #began = 0;
  /** Counts what was recorded. */
  #version = 0;

  constructor(sources: Sources, id: string, feeds: FlightFeeds) {
    this.#sources = sources;
    this.#id = id;
    const stopEvents = feeds.events.listen((events) => {
      for (const event of events) if (event.life === this.#life || this.#life === 0) this.recording.report(event);
    });
    const stopFeed = feeds.feed.listen({
      shape: (update) => {
        this.#shape = update.kind === 'shape' ? update.shape : null;
        if (this.#shape !== null) this.#sample(this.#shape, this.#shape.figures);
      },
      figures: (figures) => {
        if (this.#shape !== null && figures.version === this.#shape.version && figures !== this.#shape.figures) this.#sample(this.#shape, figures);
      },
    });
    const unfollow = sources.follow(id, (_shared, life) => {
      const over = new AbortController();
      this.#begin(life);
      void this.#watch(over.signal);
      return () => {
        over.abort();
        this.#told();
      };
    });
    const timer = setInterval(() => void this.#look(), LOOK_MS).unref();
    this.#stops.push(stopEvents, stopFeed, unfollow, () => clearInterval(timer), () => this.#disconnect(), feeds.leave);
  }

  get version(): number {
    return this.#version;
  }

  /** Nothing was recorded yet. */
  get isEmpty(): boolean {
    return this.recording.samples.count === 0;
  }

  get state(): TimeState {
    const info = this.#sources.info(this.#id);
    const isGone = info?.state === 'gone';
    const { recording } = this;
    return {
      about: {
        path: '', name: this.#id, kind: 'flight', mode: '', version: null, configDigest: '', symbols: [],
        notes: [
          `this process writes no run. Recorded while this window looks: its last ${KEPT_MS / 60_000} minutes at most${recording.log.dropped > 0 ? `; ${recording.log.dropped.toLocaleString('en')} older events are gone` : ''}. `
          + 'Starts, ends, restarts and their causes are exact; mailboxes and machines as sampled four times a second, states of actors as sampled while they are selected or pinned, as are all their events',
        ],
      },
      span: recording.span, progress: 1, ready: !this.isEmpty, growing: !isGone, problem: isGone && info !== undefined ? `it ended there: ${info.note ?? 'it is gone'}` : null,
      differsAt: null, checkpoints: { count: 0, bytes: recording.samples.bytes }, passMs: 0,
    };
  }

  /** Calls `listener` when there is more, or another recording. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** From now on these actors are looked at, until the result is called. */
  look(paths: readonly string[]): () => void {
    for (const path of paths) this.#looked.set(path, (this.#looked.get(path) ?? 0) + 1);
    this.#follow();
    void this.#look(paths);
    return () => {
      for (const path of paths) {
        const left = (this.#looked.get(path) ?? 1) - 1;
        if (left > 0) this.#looked.set(path, left);
        else this.#looked.delete(path);
      }
      this.#follow();
    };
  }

  /** What the probe of an actor told somebody who has its chart open. */
  heard(view: MachineView): void {
    this.recording.reading(view);
    this.#told();
  }

  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#listeners.clear();
  }

  #sample(shape: TreeShape, figures: TreeShape['figures']): void {
    if (shape.life !== this.#life) this.#begin(shape.life);
    this.#traced = Math.max(this.#traced, figures.traced ?? 0);
    this.recording.sample(shape, figures, performance.now());
    this.#told();
  }

  /** Another life of the process, or another tree in it: what was before is not kept. */
  #begin(life: number): void {
    if (life === this.#life && life !== 0) return;
    if (this.#life !== 0) this.#anew();
    this.#life = life;
  }

  #anew(): void {
    this.recording = new FlightRecording();
    this.#traced = 0;
    this.#began = 0;
    this.#told();
  }

  async #watch(signal: AbortSignal): Promise<void> {
    try {
      const client = await this.#sources.dedicated(this.#id);
      if (signal.aborted) {
        client.close();
        return;
      }
      signal.addEventListener('abort', () => this.#disconnect());
      this.#disconnect();
      this.#client = client;
      void this.#hear(client, signal);
      this.#follow();
    } catch {
      // It went meanwhile, or takes no more connections: what the tree tells is recorded all the same.
    }
  }

  async #hear(client: ControlClient, signal: AbortSignal): Promise<void> {
    try {
      const batches = await client.subscribe({ kinds: [...LIFE_KINDS] });
      let isListening = false;
      void this.#earlier(client).finally(() => void (isListening = true));
      for await (const { events, dropped, missed, restarted } of batches) {
        if (signal.aborted) break;
        if (restarted === true) this.#anew();
        const first = events[0]?.seq ?? this.#traced;
        if (missed > 0 || dropped > 0) this.recording.lost(first);
        // Where it could not tell what was before.
        if (isListening) this.recording.log.hears(first);
        this.#take(events);
      }
    } catch {
      // The connection has ended, or the process has no such events.
    } finally {
      this.recording.log.deaf();
    }
  }

  /** What its flight recorder still holds of what was before. */
  async #earlier(client: ControlClient): Promise<void> {
    try {
      const { events, oldest } = await client.call('trace', { kinds: [...LIFE_KINDS], limit: MOST_EARLIER });
      const begin = events.length >= MOST_EARLIER ? events[0] : (oldest ?? events[0]);
      if (begin === undefined) return;
      // Heard before, and connected again: what was between may be gone.
      if (this.#began === 0) this.recording.begin(begin.seq, begin.atUs);
      else this.recording.log.hears(begin.seq);
      this.#take(events);
    } catch {
      // A process of an older version: it begins with the first sample.
    }
  }

  #take(events: readonly WireTraceEvent[]): void {
    for (const { seq, kind, path, cell, detail, atUs } of events) {
      this.recording.event({ seq, kind: kind.slice(0, 64), path: path?.slice(0, 1024) ?? null, cell, detail, atUs });
      this.#began = Math.max(this.#began, seq);
    }
    if (events.length > 0) this.#told();
  }

  /** Subscribes to all events of the actors looked at first, and of no others. */
  #follow(): void {
    const client = this.#client;
    const wanted = new Set([...this.#looked.keys()].slice(0, MOST_FOLLOWED));
    for (const [path, stop] of this.#followed) {
      if (wanted.has(path)) continue;
      stop();
      this.#followed.delete(path);
    }
    if (client === null) return;
    for (const path of wanted) {
      if (this.#followed.has(path)) continue;
      const over = new AbortController();
      this.#followed.set(path, () => over.abort());
      void this.#followOne(client, path, over.signal);
    }
  }

  async #followOne(client: ControlClient, path: string, signal: AbortSignal): Promise<void> {
    try {
      const { tree } = await client.call('tree', { path, depth: 0, nodes: 1 });
      // What a supervisor does is recorded of all; with it would come everything under it.
      if (signal.aborted || tree.kind !== 'worker') return;
      const batches = await client.subscribe({ path });
      signal.addEventListener('abort', () => void batches.close());
      if (signal.aborted) return void batches.close();
      const earlier = await client.call('trace', { path, limit: MOST_EARLIER });
      const own = (events: readonly WireTraceEvent[]): readonly WireTraceEvent[] => events.filter((event) => event.path === path);
      this.#take(own(earlier.events));
      for await (const { events } of batches) this.#take(own(events));
    } catch {
      // No such actor, or the connection has ended.
    }
  }

  async #look(paths: readonly string[] = [...this.#looked.keys()]): Promise<void> {
    const client = this.#client;
    if (client === null) return;
    const { recording } = this;
    for (const path of paths.slice(0, MOST_LOOKED)) {
      try {
        const { value, watching, topics, names, timers, incarnation, atUs, traced } = await client.call('inspect', { path });
        const short = (list: readonly string[]): string[] => list.slice(0, MOST_NAMES).map((name) => name.slice(0, 300));
        recording.look(path, {
          seq: traced ?? this.#traced, atUs: atUs ?? this.recording.toUs, incarnation, value: plainCopy(value, VALUE), watching: short(watching), topics: short(topics), names: short(names),
          timers: timers.slice(0, MOST_NAMES).map(({ key, dueUs }) => ({ key: key.slice(0, 300), dueUs })),
        });
      } catch (error) {
        // No such actor now; or the process has gone, and says so elsewhere.
        if (!(error instanceof ControlError) || error.code === 'disconnected') return;
      }
    }
  }

  #disconnect(): void {
    for (const stop of this.#followed.values()) stop();
    this.#followed.clear();
    this.#client?.close();
    this.#client = null;
  }

  #told(): void {
    this.#version += 1;
    for (const listener of this.#listeners) listener();
  }
}
