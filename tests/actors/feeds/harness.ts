import { createRuntime, supervisor, VirtualClock, worker, type Behaviour, type Runtime } from '../../../runtime/index.js';
import type { Instrument } from '../../../data/records/index.js';
import type { RestAnswer, RestOutcome, RestRequest, SocketClose, SocketOpen } from '../../../actors/engine/io.js';

export const START_US = 1_760_000_000_000_000;
const EARS = ['/ear', '/other'];

/** One actor on virtual time, what it asks of the world, and what it tells others. */
export class Stage {
  readonly runtime: Runtime;
  readonly opened: SocketOpen[] = [];
  readonly closed: SocketClose[] = [];
  readonly probed: string[] = [];
  readonly asked: (RestRequest & { readonly atUs: number })[] = [];
  readonly heard: { readonly type: string }[] = [];
  readonly #topics: string[];

  constructor(behaviour: Behaviour<never, never, never>, input: unknown, topics: readonly string[] = []) {
    this.#topics = [...topics];
    const ear: Behaviour<null, { readonly type: string }> = {
      name: 'ear', version: 1,
      init: (ctx) => {
        if (ctx.path === '/ear') for (const topic of this.#topics) ctx.subscribe(topic);
        return null;
      },
      step: (state, message) => {
        this.heard.push(message);
        return state;
      },
    };
    this.runtime = createRuntime({
      clock: new VirtualClock(START_US), seed: 1,
      effects: {
        'store.write': () => undefined,
        'socket.open': (open: SocketOpen) => void this.opened.push(open),
        'socket.close': (close: SocketClose) => void this.closed.push(close),
        'socket.probe': ({ socket }: { readonly socket: string }) => void this.probed.push(socket),
        'rest.send': (request: RestRequest) => void this.asked.push({ ...request, atUs: this.runtime.nowUs() }),
      } as never,
    });
    this.runtime.start(supervisor({
      id: 'root', strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1000 },
      children: [...EARS.map((path) => worker({ id: path.slice(1), behaviour: ear, mailbox: { capacity: 65_536 } })), worker({ id: 'actor', behaviour, input })],
    }));
    this.runtime.drain();
  }

  get seconds(): number {
    return (this.runtime.nowUs() - START_US) / 1e6;
  }

  tell(message: { readonly type: string }): void {
    this.runtime.send('/actor', message);
    this.runtime.drain();
  }

  pass(ms: number): void {
    this.runtime.advanceTo(this.runtime.nowUs() + ms * 1000);
  }

  answer(request: RestRequest & { readonly atUs: number }, outcome: RestOutcome, tookMs = 10): void {
    this.pass(tookMs);
    this.tell({ type: 'rest.answer', id: request.id, sentUs: request.atUs, receivedUs: this.runtime.nowUs(), outcome } as RestAnswer);
  }

  ask<T>(message: { readonly type: string }): T {
    let found: unknown;
    this.runtime.ask<T>('/actor', message, 1000, (result) => void (found = result.ok ? result.value : undefined));
    this.runtime.drain();
    return found as T;
  }

  of<T extends { readonly type: string }>(type: T['type']): T[] {
    return this.heard.filter((message): message is T => message.type === type);
  }

  get dead(): boolean {
    return this.runtime.ended !== null;
  }
}

export const USDM_BTC: Instrument = { index: 0, symbol: 'BTCUSDT', venue: 'binance-usdm', product: 'linear', tickSize: '0.10', lotSize: '0.001', multiplier: '1', settle: 'USDT', inferred: [] };
export const USDM_ETH: Instrument = { ...USDM_BTC, index: 1, symbol: 'ETHUSDT', tickSize: '0.01' };
export const ok = (body: unknown, status = 200, retryAfterS: number | null = null): RestOutcome => ({ kind: 'answer', status, headers: { usedWeight: {}, orderCount: {}, retryAfterS }, body: body as never });
export const timeout: RestOutcome = { kind: 'failed', reason: 'timeout', sent: 'maybe' };
