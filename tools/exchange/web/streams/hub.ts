import type { TimeUnit } from '../endpoint.js';
import type { Connection } from '../socket/connection.js';
import { textFrame } from '../socket/frames.js';

/** Which of the futures' three ways a stream belongs to. */
export type StreamClass = 'public' | 'market' | 'private';
/** Which way a connection was opened by; `root` has none of the three in its path. */
export type Route = StreamClass | 'root';

/** Writes an event as the raw stream has it; asked at most once a time unit, and only when somebody listens. */
export type MakeText = (unit: TimeUnit) => string;

/** One client of streams. */
export interface StreamSubscriber {
  readonly connection: Connection;
  readonly route: Route;
  readonly timeUnit: TimeUnit;
  /** Whether events are wrapped in `{"stream":…,"data":…}`; SET_PROPERTY changes it. */
  combined: boolean;
  /** User events that are wanted, where the connection said which. */
  readonly events: ReadonlySet<string> | undefined;
}

/** Whoever takes an account's events by another way than a listenKey: sessions of the websocket API. */
export interface UserSink {
  userEvent(account: string, eventType: string, makeText: MakeText): void;
}

export interface StreamHubOptions {
  /**
   * Gives each stream name its class where the product is routed (USD-M and options since 2026-04-23): a connection then gets only the streams of its own
   * way, and one of no way only the public ones; nobody is told. Left out, every connection gets all that it subscribes.
   */
  readonly classify?: (stream: string) => StreamClass;
}

/** Names that clients may have subscribed in all, whatever they are: names cost memory, and nobody checks that they exist. */
const MOST_TOPICS = 200_000;

class Topic {
  readonly name: string;
  readonly prefix: string;
  readonly cls: StreamClass | undefined;
  readonly subscribers = new Set<StreamSubscriber>();

  constructor(name: string, cls: StreamClass | undefined) {
    this.name = name;
    this.prefix = `{"stream":${JSON.stringify(name)},"data":`;
    this.cls = cls;
  }

  /** Whether this subscriber really gets what it subscribed. */
  reaches(subscriber: StreamSubscriber): boolean {
    if (this.cls === undefined || this.cls === subscriber.route) return true;
    return subscriber.route === 'root' && this.cls === 'public';
  }
}

/** The frames of one event, each written when the first who needs it comes. */
class EventFrames {
  readonly #topic: Topic;
  readonly #makeText: MakeText;
  readonly #texts: (string | undefined)[] = [undefined, undefined];
  readonly #frames: (Buffer | undefined)[] = [undefined, undefined, undefined, undefined];

  constructor(topic: Topic, makeText: MakeText) {
    this.#topic = topic;
    this.#makeText = makeText;
  }

  for(subscriber: StreamSubscriber): Buffer {
    const unit = subscriber.timeUnit === 'ms' ? 0 : 1;
    const at = subscriber.combined ? unit + 2 : unit;
    const kept = this.#frames[at];
    if (kept !== undefined) return kept;
    const text = (this.#texts[unit] ??= this.#makeText(subscriber.timeUnit));
    return (this.#frames[at] = textFrame(subscriber.combined ? `${this.#topic.prefix}${text}}` : text));
  }
}

/**
 * Who listens to which stream. Products publish by name; an event is written once for all raw and once for all combined listeners, and not at
 * all when there is none.
 */
export class StreamHub {
  readonly #topics = new Map<string, Topic>();
  readonly #classify: ((stream: string) => StreamClass) | undefined;
  readonly #sinks = new Map<string, Set<UserSink>>();
  readonly #listenKeys = new Map<string, string>();
  readonly #watchers = new Set<(stream: string, wanted: boolean) => void>();

  constructor(options: StreamHubOptions = {}) {
    this.#classify = options.classify;
  }

  /** Whether publishing to this stream would reach anybody. */
  hasSubscribers(stream: string): boolean {
    return this.#topics.has(stream);
  }

  /** Names of the streams that somebody subscribed, for publishers that go through them at each tick of their clock. */
  streams(): Iterable<string> {
    return this.#topics.keys();
  }

  /** Calls `watch` when a stream gets its first subscriber (true) and when it has lost its last (false). Returns how to stop. */
  onWanted(watch: (stream: string, wanted: boolean) => void): () => void {
    this.#watchers.add(watch);
    return () => this.#watchers.delete(watch);
  }

  /** Sends an event to all who listen to `stream`. */
  publish(stream: string, makeText: MakeText): void {
    const topic = this.#topics.get(stream);
    if (topic === undefined) return;
    const frames = new EventFrames(topic, makeText);
    for (const subscriber of topic.subscribers) {
      if (topic.reaches(subscriber)) subscriber.connection.sendFrame(frames.for(subscriber), 'market', stream, undefined);
    }
  }

  /** Sends an event of an account to its listenKey's listeners and to its subscriptions on the websocket API. */
  user(account: string, eventType: string, makeText: MakeText): void {
    const key = this.#listenKeys.get(account);
    const topic = key === undefined ? undefined : this.#topics.get(key);
    const sinks = this.#sinks.get(account);
    if (topic === undefined && sinks === undefined) return;
    let inMs: string | undefined;
    let inUs: string | undefined;
    const once: MakeText = (unit) => (unit === 'ms' ? (inMs ??= makeText('ms')) : (inUs ??= makeText('us')));
    if (topic !== undefined) this.#toKey(topic, account, eventType, once);
    if (sinks !== undefined) for (const sink of sinks) sink.userEvent(account, eventType, once);
  }

  /** Whether an event of this account would reach anybody. */
  hasUser(account: string): boolean {
    const key = this.#listenKeys.get(account);
    return this.#sinks.has(account) || (key !== undefined && this.#topics.has(key));
  }

  addSink(account: string, sink: UserSink): void {
    let sinks = this.#sinks.get(account);
    if (sinks === undefined) this.#sinks.set(account, (sinks = new Set()));
    sinks.add(sink);
  }

  removeSink(account: string, sink: UserSink): void {
    const sinks = this.#sinks.get(account);
    sinks?.delete(sink);
    if (sinks?.size === 0) this.#sinks.delete(account);
  }

  /** Says which listenKey carries an account's events from now on; undefined for none. For the store of listenKeys. */
  setListenKey(account: string, key: string | undefined): void {
    if (key === undefined) this.#listenKeys.delete(account);
    else this.#listenKeys.set(account, key);
  }

  /** Sends an event to the listeners of one listenKey, live or dead. */
  toListenKey(key: string, account: string, eventType: string, makeText: MakeText): void {
    const topic = this.#topics.get(key);
    if (topic !== undefined) this.#toKey(topic, account, eventType, makeText);
  }

  /** False when no more names can be taken. */
  subscribe(subscriber: StreamSubscriber, stream: string): boolean {
    let topic = this.#topics.get(stream);
    if (topic === undefined) {
      if (this.#topics.size >= MOST_TOPICS) return false;
      topic = new Topic(stream, this.#classify?.(stream));
      this.#topics.set(stream, topic);
      topic.subscribers.add(subscriber);
      for (const watch of this.#watchers) watch(stream, true);
    } else {
      topic.subscribers.add(subscriber);
    }
    return true;
  }

  unsubscribe(subscriber: StreamSubscriber, stream: string): void {
    const topic = this.#topics.get(stream);
    if (topic === undefined || !topic.subscribers.delete(subscriber) || topic.subscribers.size > 0) return;
    this.#topics.delete(stream);
    for (const watch of this.#watchers) watch(stream, false);
  }

  #toKey(topic: Topic, account: string, eventType: string, makeText: MakeText): void {
    const frames = new EventFrames(topic, makeText);
    for (const subscriber of topic.subscribers) {
      if (!topic.reaches(subscriber) || subscriber.events?.has(eventType) === false) continue;
      subscriber.connection.sendFrame(frames.for(subscriber), 'user', eventType, account);
    }
  }
}
