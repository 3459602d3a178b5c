import assert from 'node:assert/strict';
import type { EngineEffects } from '../../../actors/engine/effects.js';
import type { Json, LimitHeaders, RestOutcome, RestRequest, SocketOpen, SocketSend, StoreRow, VenueProduct } from '../../../actors/engine/io.js';
import type { VenueCall, VenueOutcome, VenueReport } from '../../../actors/engine/venue-calls.js';
import { CLOCK_TOPIC, type ClockOffset } from '../../../actors/feeds/messages.js';
import { journalBehaviour } from '../../../actors/journal/journal.js';
import type { Decision } from '../../../actors/journal/decision.js';
import type { BreakerEdge, KeyEdge } from '../../../actors/risk/messages.js';
import type { TruthSuspicion } from '../../../actors/truth/messages.js';
import { breakerSchema, gatewaySchema, limitsSchema, userStreamSchema } from '../../../config/engine/gateway.js';
import type { Instrument } from '../../../data/records/index.js';
import { createRuntime, supervisor, VirtualClock, worker, type Behaviour, type Runtime } from '../../../runtime/index.js';
import { venueGateway, type VenueGatewayOptions } from '../../../supervisors/venue-gateway.js';
import { probe } from '../support/tree.js';

/** Engine time at the start, µs. */
export const START_US = 1_700_000_000_000_000;
export const NO_HEADERS: LimitHeaders = { usedWeight: {}, orderCount: {}, retryAfterS: null };

const instrument = (index: number, symbol: string, venue: string, product: Instrument['product'], tickSize: string, lotSize: string): Instrument =>
  ({ index, symbol, venue, product, tickSize, lotSize, multiplier: '1', settle: 'USDT', inferred: [] });
export const INSTRUMENTS: readonly Instrument[] = [
  instrument(0, 'BTCUSDT', 'binance-spot', 'spot', '0.01', '0.00001'),
  instrument(1, 'BTCUSDT', 'binance-usdm', 'linear', '0.10', '0.001'),
];

/** The venue's part of the engine's tree on a virtual clock; the world is played by the test. */
export class GatewayHarness {
  readonly runtime: Runtime;
  readonly decisions: Decision[] = [];
  readonly requests: RestRequest[] = [];
  readonly opens: SocketOpen[] = [];
  readonly sends: SocketSend[] = [];
  readonly closes: string[] = [];
  readonly rows: StoreRow[] = [];
  readonly outcomes: VenueOutcome[] = [];
  readonly reports: VenueReport[] = [];
  readonly suspicions: TruthSuspicion[] = [];
  readonly edges: BreakerEdge[] = [];
  readonly keys: KeyEdge[] = [];
  readonly clock: { readonly type: string; readonly product: VenueProduct }[] = [];
  #calls = 0;

  constructor(options: Partial<VenueGatewayOptions> & { readonly config?: { readonly gateway?: object; readonly userStream?: object } } = {}) {
    const { config = {}, ...rest } = options;
    const params = {
      gateway: gatewaySchema.parse(config.gateway ?? {}), breaker: breakerSchema.parse({}), rateLimits: limitsSchema.parse({}), userStream: userStreamSchema.parse(config.userStream ?? {}),
    };
    const note = <K extends keyof EngineEffects>(into: (payload: EngineEffects[K]) => void) => (payload: unknown): void => into(payload as EngineEffects[K]);
    this.runtime = createRuntime({
      clock: new VirtualClock(START_US), seed: 1,
      effects: {
        'decision': note<'decision'>(({ decision }) => this.decisions.push(decision)),
        'rest.send': note<'rest.send'>((request) => this.requests.push(request)),
        'socket.open': note<'socket.open'>((open) => this.opens.push(open)),
        'socket.send': note<'socket.send'>((send) => this.sends.push(send)),
        'socket.close': note<'socket.close'>(({ socket }) => this.closes.push(socket)),
        'store.write': note<'store.write'>(({ rows }) => this.rows.push(...rows)),
      },
    });
    const truth: (VenueReport | TruthSuspicion)[] = this.reports as (VenueReport | TruthSuspicion)[];
    const both: Behaviour<null, VenueReport | TruthSuspicion, undefined> = {
      name: 'probe', version: 1, init: () => null,
      step: (state, message) => {
        if (message.type === 'truth.suspect') this.suspicions.push(message);
        else truth.push(message);
        return state;
      },
    };
    const risk: Behaviour<null, BreakerEdge | KeyEdge, undefined> = {
      name: 'probe', version: 1, init: () => null,
      step: (state, message) => {
        if (message.type === 'key') this.keys.push(message);
        else this.edges.push(message);
        return state;
      },
    };
    const publisher: Behaviour<null, ClockOffset, undefined> = {
      name: 'publisher', version: 1, init: () => null,
      step: (state, message, ctx) => {
        ctx.publish(CLOCK_TOPIC, message);
        return state;
      },
    };
    const started = this.runtime.start(supervisor({
      id: 'root', strategy: 'oneForOne', intensity: { restarts: 1000, withinMs: 1000 },
      children: [
        worker({ id: 'journal', behaviour: journalBehaviour(), restore: 'lastGood' }),
        probe('caller', this.outcomes),
        worker({ id: 'publisher', behaviour: publisher }),
        supervisor({
          id: 'trading', strategy: 'oneForOne', intensity: { restarts: 10, withinMs: 1000 },
          children: [worker({ id: 'truth', behaviour: both }), worker({ id: 'risk', behaviour: risk })],
        }),
        supervisor({
          id: 'venue', strategy: 'oneForOne', intensity: { restarts: 100, withinMs: 1000 },
          children: [
            probe('clock', this.clock),
            ...venueGateway({
              products: ['usdm'], instruments: INSTRUMENTS, params, run: 'run-1', keyId: 'hmac abcd…wxyz', rights: null, listeners: ['/trading/truth'],
              limits: {
                usdm: [
                  { kind: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 2400 }, { kind: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 300 },
                  { kind: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: 1200 },
                ],
              },
              ...rest,
            }),
          ],
        }),
      ],
    }));
    assert.ok(started.ok, JSON.stringify(started));
    this.runtime.drain();
  }

  get nowMs(): number {
    return (this.runtime.nowUs() - START_US) / 1000;
  }
  /** Moves the clock on; timers due until then fire. */
  pass(ms: number): this {
    this.runtime.advanceTo(this.runtime.nowUs() + ms * 1000);
    return this;
  }
  give(to: string, message: unknown): this {
    this.runtime.send(to, message);
    this.runtime.drain();
    return this;
  }

  /** Calls the gateway, and says under which id. */
  call(changed: Partial<VenueCall> = {}): string {
    this.#calls += 1;
    const id = changed.id ?? `call-${this.#calls}`;
    this.give('/venue/gateway', {
      type: 'venue.call', id, replyTo: '/caller', class: 'order', reducing: false, product: 'usdm', method: 'POST', path: '/fapi/v1/order', params: { symbol: 'BTCUSDT' }, security: 'signed',
      weight: 0, orders: 1, ...changed,
    } satisfies VenueCall);
    return id;
  }
  answer(request: RestRequest, outcome: RestOutcome): this {
    return this.give(request.to, { type: 'rest.answer', id: request.id, sentUs: this.runtime.nowUs(), receivedUs: this.runtime.nowUs(), outcome });
  }
  /** Answers the newest request with JSON. */
  reply(status: number, body: Json, headers: Partial<LimitHeaders> = {}): this {
    return this.answer(this.requests.at(-1)!, { kind: 'answer', status, headers: { ...NO_HEADERS, ...headers }, body });
  }
  /** A call, and its answer. */
  exchange(status: number, body: Json, changed: Partial<VenueCall> = {}): VenueOutcome {
    const id = this.call(changed);
    this.reply(status, body);
    return this.outcome(id);
  }
  outcome(id: string): VenueOutcome {
    const found = this.outcomes.filter((outcome) => outcome.id === id);
    assert.equal(found.length, 1, `${found.length} outcomes of ${id}`);
    return found[0]!;
  }
  /** "blocked 60000": controls of the journal with the ms since the start. */
  get controls(): string[] {
    return this.decisions.filter(({ kind }) => kind === 'control').map(({ data, atUs }) => `${String(data['to'] ?? data['problem'])} ${(atUs - START_US) / 1000}`);
  }
}
