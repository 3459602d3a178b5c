import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { CancelTimer, WebClock } from '../clock.js';
import type { MessageFacts, Troubles } from '../troubles.js';
import { textFrame } from './frames.js';
import { OutBatch } from './out-batch.js';

/** How a product treats its websockets. Times are of the venue's clock. */
export interface ConnectionRules {
  readonly pingEveryUs: number;
  /** A ping that is not answered for so long ends the connection. */
  readonly pongWithinUs: number;
  readonly lifetimeUs: number;
  /** The serverShutdown event comes so long before the end of a connection (ten minutes, the venue said when it was new); 0 for none. */
  readonly shutdownNoticeUs: number;
  /** Frames a second that a client may send, pings and pongs counted; Infinity on the websocket API. */
  readonly messagesPerSecond: number;
  /** Bytes that may wait for a reader who does not read; beyond them he is dropped. */
  readonly mostBufferedBytes: number;
}

const SECOND_US = 1e6;
const HOUR_US = 3600 * SECOND_US;
const BUFFERED_BYTES = 32 * 2 ** 20;

export const SPOT_STREAM_RULES: ConnectionRules = {
  pingEveryUs: 20 * SECOND_US, pongWithinUs: 60 * SECOND_US, lifetimeUs: 24 * HOUR_US, shutdownNoticeUs: 600 * SECOND_US, messagesPerSecond: 5,
  mostBufferedBytes: BUFFERED_BYTES,
};
export const SPOT_WS_API_RULES: ConnectionRules = { ...SPOT_STREAM_RULES, messagesPerSecond: Infinity };
export const FUTURES_STREAM_RULES: ConnectionRules = {
  pingEveryUs: 180 * SECOND_US, pongWithinUs: 600 * SECOND_US, lifetimeUs: 24 * HOUR_US, shutdownNoticeUs: 600 * SECOND_US, messagesPerSecond: 10,
  mostBufferedBytes: BUFFERED_BYTES,
};
export const FUTURES_WS_API_RULES: ConnectionRules = { ...FUTURES_STREAM_RULES, messagesPerSecond: Infinity };

/** Why a connection ended, for the counts. */
export type EndReason = 'client' | 'slowReader' | 'noPong' | 'tooManyMessages' | 'lifetime' | 'server' | 'trouble';

/** What the connections of a product share. */
export interface Crowd {
  /** Bytes that may wait in each of them, so that all together stay within the process's means. */
  mostBytesEach: number;
}

export interface ConnectionOptions {
  readonly id: number;
  readonly product: string;
  readonly face: 'stream' | 'wsApi';
  readonly ip: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly rules: ConnectionRules;
  readonly limited: boolean;
  /** Whether the serverShutdown event is known on the day that is served. */
  readonly tellsShutdown: boolean;
  readonly clock: WebClock;
  readonly troubles: Troubles;
  readonly crowd: Crowd;
  /** Told of what a protocol throws, which is a defect; the connection is closed with 1011. */
  readonly onDefect: (error: unknown, name: string) => void;
}

/** What speaks over a connection. */
export interface Protocol {
  /** One text frame. */
  message(text: string): void;
  /** The serverShutdown event in the form of this face. */
  shutdownNotice(nowMs: number): string;
  closed(): void;
}

export type MessageKind = MessageFacts['kind'];

/**
 * One websocket of a client: pings, lifetime, message rate, and writing that is bounded. Frames of one callback of the event loop leave in
 * one system call.
 */
export class Connection {
  readonly id: number;
  readonly face: 'stream' | 'wsApi';
  readonly product: string;
  readonly ip: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly connectedUs: number;
  /** Why it ended; undefined while it is open. */
  ended: EndReason | undefined;
  /** Nothing goes out and nothing that comes in is looked at, but the socket stays. */
  halfOpen = false;
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #rules: ConnectionRules;
  readonly #limited: boolean;
  readonly #tellsShutdown: boolean;
  readonly #clock: WebClock;
  readonly #troubles: Troubles;
  readonly #crowd: Crowd;
  readonly #onDefect: ConnectionOptions['onDefect'];
  readonly #timers = new Set<CancelTimer>();
  #protocol: Protocol | undefined;
  /** Frames for this client alone that leave at the end of the turn. */
  readonly #batch: OutBatch;
  #corked = false;
  #second = -1;
  #inSecond = 0;
  /** Pings that nobody answered yet, oldest first. */
  readonly #unanswered: { readonly payload: string; readonly sentUs: number }[] = [];
  #held: Buffer | undefined;
  /** What waits on a slow line, in the order in which it will go out. */
  readonly #line: { readonly frame: Buffer; readonly dueUs: number }[] = [];
  /** Bytes of frames that troubles hold back, to be sent later. */
  #heldBytes = 0;
  readonly #uncork = (): void => {
    if (!this.#corked) return;
    this.#batch.flush();
    this.#corked = false;
    this.#socket.uncork();
  };

  constructor(ws: WebSocket, socket: Socket, options: ConnectionOptions) {
    this.id = options.id;
    this.face = options.face;
    this.product = options.product;
    this.ip = options.ip;
    this.path = options.path;
    this.query = options.query;
    this.connectedUs = options.clock.nowUs();
    this.#ws = ws;
    this.#socket = socket;
    this.#batch = new OutBatch(socket);
    this.#rules = options.rules;
    this.#limited = options.limited;
    this.#tellsShutdown = options.tellsShutdown;
    this.#clock = options.clock;
    this.#troubles = options.troubles;
    this.#crowd = options.crowd;
    this.#onDefect = options.onDefect;
  }

  /** Starts listening and pinging. `onEnd` is called once. */
  open(protocol: Protocol, onEnd: (reason: EndReason) => void): void {
    this.#protocol = protocol;
    const ws = this.#ws;
    const socket = this.#socket;
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      if (this.ended !== undefined || this.halfOpen || !this.#withinRate()) return;
      // SBE is not spoken here.
      if (isBinary) this.close(1003, 'Unsupported data');
      else this.#take(protocol, data.toString('utf8'));
    });
    ws.on('ping', (payload: Buffer) => {
      if (this.ended !== undefined || this.halfOpen || !this.#withinRate()) return;
      // A client that pings and never reads is as slow a reader as any.
      if (socket.writableLength > this.#allowance()) this.terminate('slowReader');
      else ws.pong(payload);
    });
    ws.on('pong', (payload: Buffer) => {
      if (this.ended !== undefined || !this.#withinRate()) return;
      const at = this.#unanswered.findIndex((ping) => ping.payload === payload.toString('latin1'));
      if (at >= 0) this.#unanswered.splice(0, at + 1);
    });
    // A frame that is no frame, too long or no UTF-8: ws has sent the close code that says so.
    ws.on('error', () => {});
    ws.on('close', () => {
      this.ended ??= 'client';
      for (const cancel of this.#timers) cancel();
      this.#timers.clear();
      this.#batch.drop();
      protocol.closed();
      onEnd(this.ended);
    });
    this.#after(this.#rules.pingEveryUs, this.#ping);
    this.#after(this.#rules.lifetimeUs, () => this.close(1001, 'Connection lifetime exceeded', 'lifetime'));
    const { shutdownNoticeUs } = this.#rules;
    if (shutdownNoticeUs > 0) this.#after(this.#rules.lifetimeUs - shutdownNoticeUs, () => this.notifyShutdown());
  }

  /** Tells the client that this connection ends soon. */
  notifyShutdown(): void {
    if (!this.#tellsShutdown) return;
    const text = this.#protocol?.shutdownNotice(Math.floor(this.#clock.nowUs() / 1000));
    if (text !== undefined) this.sendText(text, 'notice', 'serverShutdown', undefined);
  }

  sendText(text: string, kind: MessageKind, name: string, account: string | undefined): void {
    if (this.ended !== undefined || this.halfOpen) return;
    if (this.#isTroubled) {
      this.#sendTroubled(textFrame(text), kind, name, account);
      return;
    }
    const bytes = Buffer.byteLength(text);
    if (this.#makesRoom(bytes)) this.#batch.add(text, bytes);
  }

  /** Sends a frame of `textFrame`; it may be shared with other connections and is not changed. */
  sendFrame(frame: Buffer, kind: MessageKind, name: string, account: string | undefined): void {
    if (this.ended !== undefined || this.halfOpen) return;
    if (this.#isTroubled) this.#sendTroubled(frame, kind, name, account);
    else this.#write(frame);
  }

  /** Closes with a code; a client that does not answer it is dropped two seconds later. */
  close(code: number, reason: string, why: EndReason = 'server'): void {
    if (this.ended !== undefined) return;
    this.ended = why;
    this.#uncork();
    this.#ws.close(code, reason);
  }

  /** Drops the socket without a word. */
  terminate(why: EndReason): void {
    this.ended ??= why;
    this.#batch.drop();
    this.#ws.terminate();
  }

  #take(protocol: Protocol, text: string): void {
    try {
      protocol.message(text);
      // What ws itself answers to the next frame of this packet, a close above all, comes after what was answered at once.
      this.#batch.flush();
    } catch (error) {
      this.#onDefect(error, `${this.face} ${this.path}`);
      this.close(1011, 'Internal error');
    }
  }

  /** Whether something may happen to a message, or one that was held back has to go first. */
  get #isTroubled(): boolean {
    return !this.#troubles.quiet || this.#held !== undefined || this.#line.length > 0;
  }

  #write(frame: Buffer): void {
    if (!this.#makesRoom(frame.length)) return;
    this.#batch.flush();
    this.#socket.write(frame);
  }

  /** Looks after the end of the turn and the bound of what may wait; false when the client does not read and is gone. */
  #makesRoom(bytes: number): boolean {
    const socket = this.#socket;
    const most = this.#allowance() - bytes;
    // What waits only for the end of this turn is not the reader's fault.
    if (socket.writableLength + this.#batch.length > most) this.#uncork();
    if (socket.writableLength > most) {
      this.terminate('slowReader');
      return false;
    }
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      process.nextTick(this.#uncork);
    }
    return true;
  }

  #sendTroubled(frame: Buffer, kind: MessageKind, name: string, account: string | undefined): void {
    const { product, face, id: connection } = this;
    const fate = this.#troubles.quiet ? undefined : this.#troubles.message({ product, face, kind, name, account, connection, frame });
    if (fate?.drop === true) return;
    if (fate?.cut === true) {
      this.#write(frame.subarray(0, frame.length >> 1));
      this.#uncork();
      this.ended ??= 'trouble';
      this.#socket.destroySoon();
      return;
    }
    const send = (): void => {
      if (this.ended !== undefined || this.halfOpen) return;
      const told = fate?.frame ?? frame;
      this.#write(told);
      const more = (fate?.copies ?? 1) - 1;
      const repeat = (): void => {
        for (let copy = 0; copy < more && this.ended === undefined && !this.halfOpen; copy += 1) this.#write(told);
      };
      if (fate?.copiesAfterUs === undefined) repeat();
      else this.#later(told.length, fate.copiesAfterUs, repeat);
      const held = this.#held;
      this.#held = undefined;
      if (held !== undefined) this.#write(held);
    };
    if (fate?.swapWithNext === true && this.#held === undefined) this.#held = frame;
    else if (fate?.inOrder === true || this.#line.length > 0) this.#queue(fate?.frame ?? frame, fate?.delayUs ?? 0);
    else if (fate?.delayUs !== undefined && fate.delayUs > 0) this.#later(frame.length, fate.delayUs, send);
    else send();
  }

  /** Counts bytes that a trouble holds back: no more than may wait for a reader, or the connection is dropped. False when it was. */
  #holds(bytes: number): boolean {
    this.#heldBytes += bytes;
    if (this.#heldBytes <= this.#rules.mostBufferedBytes) return true;
    this.terminate('trouble');
    return false;
  }

  #later(bytes: number, us: number, fire: () => void): void {
    if (!this.#holds(bytes)) return;
    this.#after(us, () => {
      this.#heldBytes -= bytes;
      fire();
    });
  }

  /** Puts a frame on the slow line, never before what is on it already. */
  #queue(frame: Buffer, delayUs: number): void {
    if (!this.#holds(frame.length)) return;
    const line = this.#line;
    line.push({ frame, dueUs: Math.max(line.at(-1)?.dueUs ?? 0, this.#clock.nowUs() + delayUs) });
    if (line.length === 1) this.#after(delayUs, this.#leave);
  }

  readonly #leave = (): void => {
    const line = this.#line;
    const nowUs = this.#clock.nowUs();
    while (line.length > 0 && line[0]!.dueUs <= nowUs) {
      const { frame } = line.shift()!;
      this.#heldBytes -= frame.length;
      if (this.ended === undefined && !this.halfOpen) this.#write(frame);
    }
    if (line.length > 0) this.#after(line[0]!.dueUs - nowUs, this.#leave);
  };

  /** Bytes that may wait in this socket: its own bound, or its part of what all may hold together. */
  #allowance(): number {
    return Math.min(this.#rules.mostBufferedBytes, this.#crowd.mostBytesEach);
  }

  /** Counts a frame of the client; false when it was one too many and the connection is gone. */
  #withinRate(): boolean {
    if (!this.#limited || this.#rules.messagesPerSecond === Infinity) return true;
    const second = Math.floor(this.#clock.nowUs() / SECOND_US);
    if (second !== this.#second) {
      this.#second = second;
      this.#inSecond = 0;
    }
    this.#inSecond += 1;
    if (this.#inSecond <= this.#rules.messagesPerSecond) return true;
    this.close(1008, 'Too many requests', 'tooManyMessages');
    return false;
  }

  readonly #ping = (): void => {
    if (this.ended !== undefined) return;
    const nowUs = this.#clock.nowUs();
    if (this.#unanswered.length > 0 && nowUs - this.#unanswered[0]!.sentUs >= this.#rules.pongWithinUs) {
      this.close(1008, 'Pong timeout', 'noPong');
      return;
    }
    if (!this.halfOpen) {
      const payload = String(Math.floor(nowUs / 1000));
      this.#unanswered.push({ payload, sentUs: nowUs });
      this.#ws.ping(payload);
    }
    this.#after(this.#rules.pingEveryUs, this.#ping);
  };

  #after(us: number, fire: () => void): void {
    const cancel = this.#clock.after(us, () => {
      this.#timers.delete(cancel);
      fire();
    });
    this.#timers.add(cancel);
  }
}
