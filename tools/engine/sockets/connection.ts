import { WebSocket, type ClientOptions, type RawData } from 'ws';

/** Times here are the wall's. */
export interface ConnectionOptions {
  readonly url: string;
  readonly openTimeoutMs: number;
  /** Longest frame that is taken; a longer one ends the connection. */
  readonly mostFrameBytes: number;
  /** Every so often the other side is asked for a sign of life; it has until the next time. */
  readonly pingEveryMs: number;
  /** Certificate authority to trust besides the system's. */
  readonly ca: string | null;
}

export interface ConnectionEvents {
  opened(): void;
  frame(frame: Buffer, binary: boolean): void;
  /** Exactly once, also when it never opened. */
  closed(code: number, reason: string): void;
}

/** How long a close may take before the line is cut. */
const CLOSE_MS = 2000;
const ABNORMAL = 1006;
const TOO_LONG = 1009;

/** One websocket to the venue: bounded frames, no compression, pings answered, and a line that is dead found out. */
export class Connection {
  readonly #ws: WebSocket;
  readonly #events: ConnectionEvents;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  #alive = true;
  /** Why we ended it, or the error that did. */
  #why = '';

  constructor({ url, openTimeoutMs, mostFrameBytes, pingEveryMs, ca }: ConnectionOptions, events: ConnectionEvents) {
    this.#events = events;
    const options: ClientOptions = { perMessageDeflate: false, maxPayload: mostFrameBytes, handshakeTimeout: Math.max(1, openTimeoutMs), followRedirects: false, ...(ca === null ? {} : { ca }) };
    const ws = new WebSocket(url, options);
    this.#ws = ws;
    ws.on('open', () => {
      if (this.#ended) return;
      this.#watch(pingEveryMs);
      events.opened();
    });
    ws.on('message', (data: RawData, binary: boolean) => {
      this.#alive = true;
      if (!this.#ended) events.frame(asBuffer(data), binary);
    });
    ws.on('ping', () => void (this.#alive = true));
    ws.on('pong', () => void (this.#alive = true));
    // Node closes the connection after an error; `close` follows.
    ws.on('error', (error: Error) => {
      if (this.#why === '') this.#why = reasonOf(error);
      if (/max payload/i.test(error.message)) this.#end(TOO_LONG, 'a frame that is too long');
    });
    ws.on('close', (code: number, reason: Buffer) => this.#end(code, this.#why || reason.toString('utf8')));
  }

  /** Whether what is sent now may arrive. */
  get open(): boolean {
    return !this.#ended && this.#ws.readyState === WebSocket.OPEN;
  }

  send(text: string): void {
    if (this.open) this.#ws.send(text, () => {});
  }

  /** Ends it: politely, and by force when that takes too long; at once with `cut`. */
  close(reason: string, cut = false): void {
    if (this.#ended || this.#ws.readyState === WebSocket.CLOSING) return;
    this.#why = reason;
    clearTimeout(this.#timer);
    // A line that is dead or not yet there has nobody to be polite to.
    if (cut || !this.#alive || this.#ws.readyState === WebSocket.CONNECTING) {
      this.#ws.terminate();
      return;
    }
    this.#ws.close(1000);
    this.#timer = setTimeout(() => this.#ws.terminate(), CLOSE_MS);
  }

  #watch(everyMs: number): void {
    this.#timer = setTimeout(() => {
      // A process that stood still hears its timers first: what lies in the line is read before it is judged.
      setImmediate(() => this.#judge(everyMs));
    }, everyMs);
  }

  #judge(everyMs: number): void {
    if (this.#ended || this.#ws.readyState !== WebSocket.OPEN) return;
    if (!this.#alive) {
      this.#why = 'no sign of life';
      this.#ws.terminate();
      return;
    }
    this.#alive = false;
    this.#ws.ping(undefined, undefined, () => {});
    this.#watch(everyMs);
  }

  #end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#events.closed(code === 0 ? ABNORMAL : code, reason.slice(0, 200));
  }
}

function asBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** What went wrong, without the address: it may hold a secret. */
function reasonOf(error: Error & { readonly code?: string }): string {
  const unexpected = /Unexpected server response: (\d+)/.exec(error.message);
  if (unexpected !== null) return `answered with ${unexpected[1]!}`;
  if (/timed out/i.test(error.message)) return 'did not open in time';
  return error.code ?? 'connection failed';
}
