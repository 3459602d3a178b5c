import type { WebSocket } from 'ws';
import { z } from 'zod';
import type { StreamMessage } from '../wire/stream.js';
import { UiError, type StopTopic, type TopicMode } from './host.js';

export interface Topic {
  readonly schema: z.ZodType;
  readonly mode: TopicMode;
  readonly start: (params: never, push: (value: unknown) => void) => StopTopic | Promise<StopTopic>;
}

const MOST_SUBSCRIPTIONS = 64;
/** Values of one subscription that wait for a slow page. */
const MOST_WAITING = 256;
/** Bytes on their way to a page above which nothing is added. */
const FULL_BYTES = 1 << 20;
const MOST_UNREAD_BYTES = 16 << 20;
const AGAIN_MS = 25;
const MOST_ERROR_TEXT = 2_000;
const PING_MS = 15_000;
/** A page may say what is no request so often before it is cut off. */
const MOST_WRONG = 16;

const request = z.union([
  z.strictObject({ id: z.number().int().min(0), subscribe: z.string().max(100), params: z.unknown() }),
  z.strictObject({ id: z.number().int().min(0), unsubscribe: z.literal(true) }),
]);

interface Subscription {
  readonly id: number;
  readonly mode: TopicMode;
  readonly waiting: string[];
  dropped: number;
  stop: StopTopic | undefined;
  over: boolean;
}

/** One page's websocket: its subscriptions, and what waits for it. */
export class Stream {
  readonly #socket: WebSocket;
  readonly #topics: ReadonlyMap<string, Topic>;
  readonly #onFault: (error: unknown) => void;
  readonly #subscriptions = new Map<number, Subscription>();
  #again: NodeJS.Timeout | undefined;
  #ping: NodeJS.Timeout;
  #heard = true;
  #wrong = 0;

  constructor(socket: WebSocket, topics: ReadonlyMap<string, Topic>, onFault: (error: unknown) => void) {
    this.#socket = socket;
    this.#topics = topics;
    this.#onFault = onFault;
    socket.on('message', (data, isBinary) => this.#hear(isBinary ? '' : (data as Buffer).toString('utf8')));
    socket.on('pong', () => (this.#heard = true));
    socket.on('close', () => this.#end());
    socket.on('error', () => socket.terminate());
    this.#ping = setInterval(() => this.#beat(), PING_MS).unref();
  }

  #beat(): void {
    if (!this.#heard) return this.#socket.terminate();
    this.#heard = false;
    this.#socket.ping();
  }

  #hear(text: string): void {
    const parsed = request.safeParse(parseJson(text));
    if (!parsed.success) {
      this.#wrong += 1;
      if (this.#wrong >= MOST_WRONG) this.#socket.close(1008, 'no requests of this protocol');
      return;
    }
    const said = parsed.data;
    if ('unsubscribe' in said) return this.#stop(said.id);
    if (this.#subscriptions.has(said.id)) return this.#say({ id: said.id, error: `subscription ${said.id} is there already` });
    if (this.#subscriptions.size >= MOST_SUBSCRIPTIONS) return this.#say({ id: said.id, error: `more than ${MOST_SUBSCRIPTIONS} subscriptions of one page` });
    const topic = this.#topics.get(said.subscribe);
    if (topic === undefined) return this.#say({ id: said.id, error: `there is no topic '${said.subscribe}'` });
    const params = topic.schema.safeParse(said.params);
    if (!params.success) return this.#say({ id: said.id, error: z.prettifyError(params.error).slice(0, MOST_ERROR_TEXT) });
    void this.#start(said.id, topic, params.data as never);
  }

  async #start(id: number, topic: Topic, params: never): Promise<void> {
    const subscription: Subscription = { id, mode: topic.mode, waiting: [], dropped: 0, stop: undefined, over: false };
    this.#subscriptions.set(id, subscription);
    try {
      const stop = await topic.start(params, (value) => this.#push(subscription, value));
      // The page may have gone while the topic began.
      if (subscription.over) stop();
      else subscription.stop = stop;
    } catch (error) {
      if (!(error instanceof UiError)) this.#onFault(error);
      // Over already: its number may be another one's by now, and nobody waits for its answer.
      if (subscription.over) return;
      this.#subscriptions.delete(id);
      subscription.over = true;
      this.#say({ id, error: error instanceof UiError ? error.message : 'a defect of faultline ui; its log says what' });
    }
  }

  #push(subscription: Subscription, value: unknown): void {
    if (subscription.over) return;
    const { waiting } = subscription;
    if (subscription.mode === 'latest') waiting.length = 0;
    else if (waiting.length >= MOST_WAITING) {
      waiting.shift();
      subscription.dropped += 1;
    }
    waiting.push(`{"id":${subscription.id},"value":${jsonOf(value)}}`);
    this.#flush();
  }

  /** Hands over what waits, as long as the page reads. */
  #flush(): void {
    for (const subscription of this.#subscriptions.values()) {
      while (subscription.waiting.length > 0) {
        if (this.#socket.bufferedAmount > FULL_BYTES) {
          this.#again ??= setTimeout(() => {
            this.#again = undefined;
            this.#flush();
          }, AGAIN_MS);
          return;
        }
        if (subscription.dropped > 0) {
          this.#say({ id: subscription.id, dropped: subscription.dropped });
          subscription.dropped = 0;
        }
        this.#socket.send(subscription.waiting.shift()!);
      }
    }
  }

  #say(message: StreamMessage): void {
    // Answers are no values that could be left out: a page that asks and never reads is cut off.
    if (this.#socket.bufferedAmount > MOST_UNREAD_BYTES) return this.#socket.terminate();
    this.#socket.send(JSON.stringify(message));
  }

  #stop(id: number): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) return;
    this.#subscriptions.delete(id);
    subscription.over = true;
    try {
      subscription.stop?.();
    } catch (error) {
      this.#onFault(error);
    }
  }

  #end(): void {
    clearInterval(this.#ping);
    clearTimeout(this.#again);
    for (const id of [...this.#subscriptions.keys()]) this.#stop(id);
  }
}

/** A value that several pages are told, such as a tree of thousands of actors, is written once. */
const written = new WeakMap<object, string>();

function jsonOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  let text = written.get(value);
  if (text === undefined) written.set(value, (text = JSON.stringify(value)));
  return text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
