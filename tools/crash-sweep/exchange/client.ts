import { createConnection, type Socket } from 'node:net';
import { lines, type ExchangeReply, type ExchangeRequest, type OrderReport } from './protocol.js';

type Request = ExchangeRequest extends infer R ? (R extends { readonly req: number } ? Omit<R, 'req'> : never) : never;

/** The desk's line to the exchange. It knows whether anything sent has not been taken up yet, and when the next held answer is due. */
export class ExchangeClient {
  readonly #socket: Socket;
  readonly acked: number;
  readonly nowUs: number;
  #nextReq = 1;
  /** Requests the exchange has not taken up. */
  readonly #open = new Map<number, (report: OrderReport) => void>();
  readonly #held = new Map<number, number>();
  readonly #advances = new Map<number, () => void>();
  #quiet: (() => void)[] = [];

  private constructor(socket: Socket, acked: number, nowUs: number) {
    this.#socket = socket;
    this.acked = acked;
    this.nowUs = nowUs;
  }

  static connect(path: string): Promise<ExchangeClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      let client: ExchangeClient | null = null;
      socket.on('error', reject);
      socket.on('data', lines((line) => {
        const reply = JSON.parse(line) as ExchangeReply;
        if ('hello' in reply) resolve(client = new ExchangeClient(socket, reply.acked, reply.nowUs));
        else client?.take(reply);
      }));
    });
  }

  /** Requests that were written and not taken up. */
  get outstanding(): number {
    return this.#open.size - this.#held.size;
  }

  /** When the next held answer is due, Infinity when there is none. */
  get nextDueUs(): number {
    let next = Infinity;
    for (const dueUs of this.#held.values()) next = Math.min(next, dueUs);
    return next;
  }

  request(request: Exclude<Request, { op: 'advance' }>, onReport: (report: OrderReport) => void): void {
    const req = this.#nextReq++;
    this.#open.set(req, onReport);
    this.#write({ ...request, req });
  }

  ack(input: number): void {
    this.#write({ op: 'ack', input });
  }

  /** Moves the exchange's clock; resolves when every answer that became due has been handed on. */
  advance(us: number): Promise<void> {
    const req = this.#nextReq++;
    return new Promise((resolve) => {
      this.#advances.set(req, resolve);
      this.#write({ op: 'advance', req, us });
    });
  }

  /** Resolves when the exchange has taken up all that was written. */
  quiet(): Promise<void> {
    if (this.outstanding === 0) return Promise.resolve();
    return new Promise((resolve) => this.#quiet.push(resolve));
  }

  close(): void {
    this.#socket.destroy();
  }

  take(reply: Exclude<ExchangeReply, { hello: true }>): void {
    if ('advancedUs' in reply) {
      this.#advances.get(reply.req)?.();
      this.#advances.delete(reply.req);
    } else if ('heldUntilUs' in reply) {
      this.#held.set(reply.req, reply.heldUntilUs);
    } else {
      const onReport = this.#open.get(reply.req);
      this.#open.delete(reply.req);
      this.#held.delete(reply.req);
      onReport?.(reply.report);
    }
    if (this.outstanding === 0 && this.#quiet.length > 0) {
      const quiet = this.#quiet;
      this.#quiet = [];
      for (const resolve of quiet) resolve();
    }
  }

  #write(request: ExchangeRequest): void {
    this.#socket.write(`${JSON.stringify(request)}\n`);
  }
}
