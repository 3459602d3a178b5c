import assert from 'node:assert/strict';
import type { EngineEffects, EngineEffect } from '../../../../actors/engine/effects.js';
import type { EngineInput, StoreRow, VenueProduct } from '../../../../actors/engine/io.js';
import type { VenueCall, VenueOutcome, VenueReport } from '../../../../actors/engine/venue-calls.js';
import { clockBehaviour } from '../../../../actors/feeds/index.js';
import { VenueInstruments } from '../../../../actors/gateway/decode/index.js';
import { journalBehaviour } from '../../../../actors/journal/journal.js';
import { DEFAULT_CONFIG, type EngineParams } from '../../../../config/index.js';
import { createRuntime, supervisor, VirtualClock, worker, type Behaviour, type Runtime } from '../../../../runtime/index.js';
import { venueGateway } from '../../../../supervisors/venue-gateway.js';
import { venueInstruments } from '../../../../tools/engine/boot.js';
import { EngineClock } from '../../../../tools/engine/clock.js';
import type { EngineDoor, EnginePart, VenueAccess, VenueKeys } from '../../../../tools/engine/parts.js';
import { deskOf, restPart, secretsOf } from '../../../../tools/engine/rest/index.js';
import { socketPart } from '../../../../tools/engine/sockets/index.js';
import { LIBRARY, parseScript, readScript } from '../../../../tools/exchange/troubles/index.js';
import type { ProcessLog } from '../../../../tools/process/log.js';
import type { OpenedExchange } from '../../../support/open-exchange.js';

const DEADLINE_MS = 30_000;
const TICK_MS = 3;

export interface RigOptions {
  readonly symbols: Record<VenueProduct, string[]>;
  readonly kind?: VenueKeys['kind'];
  readonly account?: number;
  readonly userStream?: Partial<EngineParams['userStream']>;
  readonly breaker?: Partial<EngineParams['breaker']>;
  readonly rateLimits?: Partial<EngineParams['rateLimits']>;
  /** How far the engine's clock is ahead of the venue's, ms of venue time. */
  readonly aheadMs?: number;
}

/** Gateway and user streams of an engine against an exchange in a box, on real sockets: the tree on its virtual clock, moved as a host moves it. */
export class VenueRig {
  readonly runtime: Runtime;
  readonly instruments: VenueInstruments;
  readonly keys: VenueKeys;
  /** Everything the tree was given, asked of the world, decided, logged. */
  readonly given: EngineInput[] = [];
  readonly asked: { readonly effect: EngineEffect; readonly payload: unknown }[] = [];
  readonly logged: unknown[] = [];
  readonly rows: StoreRow[] = [];
  readonly reports: VenueReport[] = [];
  readonly #outcomes = new Map<string, VenueOutcome>();
  readonly #opened: OpenedExchange;
  readonly #parts: readonly EnginePart[];
  readonly #ticker: NodeJS.Timeout;
  #calls = 0;
  #troubles = 0;

  static async open(opened: OpenedExchange, options: RigOptions): Promise<VenueRig> {
    const { instruments, rules } = await venueInstruments(options.symbols, opened.origins as unknown as VenueAccess['origins'], DEADLINE_MS);
    return new VenueRig(opened, options, instruments, rules);
  }

  private constructor(opened: OpenedExchange, { kind = 'hmac', account = 0, userStream = {}, breaker = {}, rateLimits = {}, aheadMs = 0 }: RigOptions, ...[instruments, rules]: [Awaited<ReturnType<typeof venueInstruments>>['instruments'], Awaited<ReturnType<typeof venueInstruments>>['rules']]) {
    this.#opened = opened;
    this.instruments = new VenueInstruments(instruments);
    const { key, secret } = opened.accounts.all[account]!.keys.find((one) => one.kind === kind)!;
    this.keys = { kind, key, secret: secret! };
    const access: VenueAccess = { origins: opened.origins as unknown as VenueAccess['origins'], keys: this.keys, ca: null };
    const line = opened.exchange.clockNow();
    const clock = new EngineClock({ ...line, venueMs: line.venueMs + aheadMs });
    const log = { write: (...line: readonly unknown[]) => void this.logged.push(line) } as unknown as ProcessLog;
    const door: EngineDoor = {
      clock, instruments, log, give: (input) => this.#give(input), records: () => {}, flush: () => true,
      fail: (error) => { throw error; },
    };
    const secrets = secretsOf(access);
    this.#parts = [restPart(door, access, { params: DEFAULT_CONFIG.engine.rest }), socketPart(door, access, deskOf(secrets, () => clock.nowUs()))];
    const carryOut = (effect: EngineEffect) => (payload: unknown): void => {
      this.asked.push({ effect, payload });
      if (effect === 'store.write') this.rows.push(...(payload as EngineEffects['store.write']).rows);
      for (const { effects } of this.#parts) (effects[effect] as ((payload: unknown) => void) | undefined)?.(payload);
    };
    const effects = Object.fromEntries((['decision', 'rest.send', 'socket.open', 'socket.send', 'socket.close', 'store.write'] as const).map((effect) => [effect, carryOut(effect)]));
    this.runtime = createRuntime({ clock: new VirtualClock(clock.nowUs()), seed: 1, effects });
    const products = [...new Set(rules.map(({ product }) => product))];
    const started = this.runtime.start(supervisor({
      id: 'root', strategy: 'oneForOne', intensity: { restarts: 10, withinMs: 1000 },
      children: [
        worker({ id: 'journal', behaviour: journalBehaviour(), restore: 'lastGood' }),
        worker({ id: 'caller', behaviour: this.#keeper<VenueOutcome>((outcome) => {
          assert.ok(!this.#outcomes.has(outcome.id), `two outcomes of ${outcome.id}`);
          this.#outcomes.set(outcome.id, outcome);
        }) }),
        supervisor({
          id: 'trading', strategy: 'oneForOne', intensity: { restarts: 10, withinMs: 1000 },
          children: [worker({ id: 'truth', behaviour: this.#keeper<VenueReport>((report) => this.reports.push(report)) }), worker({ id: 'risk', behaviour: this.#keeper(() => {}) })],
        }),
        supervisor({
          id: 'venue', strategy: 'oneForOne', intensity: { restarts: 10, withinMs: 1000 },
          children: [
            worker({ id: 'clock', behaviour: clockBehaviour, input: { products, params: DEFAULT_CONFIG.engine.clock } }),
            ...venueGateway({
              products, instruments, params: { ...DEFAULT_CONFIG.engine, userStream: { ...DEFAULT_CONFIG.engine.userStream, ...userStream }, breaker: { ...DEFAULT_CONFIG.engine.breaker, ...breaker }, rateLimits: { ...DEFAULT_CONFIG.engine.rateLimits, ...rateLimits } }, run: 'run-1', keyId: secrets.vault!.keyId, rights: null, speed: clock.speed, listeners: ['/trading/truth'],
              limits: Object.fromEntries(rules.map(({ product, limits }) => [product, limits])),
            }),
          ],
        }),
      ],
    }));
    assert.ok(started.ok, JSON.stringify(started));
    this.runtime.drain();
    this.#ticker = setInterval(() => this.runtime.advanceTo(Math.max(this.runtime.nowUs(), clock.nowUs())), TICK_MS);
    this.#clock = clock;
  }
  readonly #clock: EngineClock;

  #keeper<M>(keep: (message: M) => void): Behaviour<null, M, undefined> {
    return { name: 'keeper', version: 1, init: () => null, step: (state, message) => { keep(message); return state; } };
  }

  #give(input: EngineInput): void {
    this.given.push(input);
    this.runtime.advanceTo(Math.max(this.runtime.nowUs(), this.#clock.nowUs()));
    this.runtime.send(input.to, input.message);
    this.runtime.drain();
  }

  async until<T>(read: () => T | undefined | false, what: string): Promise<T> {
    const endMs = Date.now() + DEADLINE_MS;
    for (;;) {
      const found = read();
      if (found !== undefined && found !== false) return found;
      if (Date.now() > endMs) throw new Error(`waited in vain until ${what}`);
      await new Promise((resolve) => { setTimeout(resolve, TICK_MS); });
    }
  }

  /** Calls the gateway and waits for the outcome. */
  async call(method: VenueCall['method'], path: string, params: VenueCall['params'], changed: Partial<VenueCall> = {}): Promise<VenueOutcome> {
    this.#calls += 1;
    const id = `call-${this.#calls}`;
    const product: VenueProduct = path.startsWith('/fapi') ? 'usdm' : path.startsWith('/eapi') ? 'options' : 'spot';
    const callClass = method === 'GET' ? 'account' : method === 'DELETE' ? 'cancel' : 'order';
    this.runtime.send('/venue/gateway', {
      type: 'venue.call', id, replyTo: '/caller', class: callClass, reducing: false, product, method, path, params, security: 'signed', weight: 1, orders: callClass === 'order' ? 1 : 0, ...changed,
    } satisfies VenueCall);
    this.runtime.drain();
    return this.until(() => this.#outcomes.get(id), `${method} ${path} has its outcome`);
  }

  /** The call's body, when all is well. */
  async ok(...call: Parameters<VenueRig['call']>): Promise<Extract<VenueOutcome['outcome'], { kind: 'ok' }>['body']> {
    const { outcome } = await this.call(...call);
    assert.ok(outcome.kind === 'ok', `${call[0]} ${call[1]}: ${JSON.stringify(outcome)}`);
    return outcome.body;
  }

  /** How often the product's stream has become `live` or `down`. */
  edges(product: VenueProduct, state: 'live' | 'down'): number {
    return this.reports.filter((report) => report.type === 'user-stream' && report.product === product && report.state === state).length;
  }
  async live(product: VenueProduct, times = 1): Promise<void> {
    await this.until(() => this.edges(product, 'live') >= times, `${product} is live for the ${times}th time`);
  }
  /** A report that fits, from now or before. */
  async report<T extends VenueReport['type']>(type: T, fits: (report: Extract<VenueReport, { type: T }>) => boolean, what: string): Promise<Extract<VenueReport, { type: T }>> {
    return this.until(() => this.reports.find((report): report is Extract<VenueReport, { type: T }> => report.type === type && fits(report as Extract<VenueReport, { type: T }>)), what);
  }
  /** Requests that went out by effect since a moment. */
  requests(from = 0): readonly EngineEffects['rest.send'][] {
    return this.asked.slice(from).filter(({ effect }) => effect === 'rest.send').map(({ payload }) => payload as EngineEffects['rest.send']);
  }

  /** Nothing that was asked is still on its way: no late answer tells of a trouble that is over. */
  async answered(): Promise<void> {
    const answers = (): number => this.given.filter(({ message }) => (message as { readonly type: string }).type === 'rest.answer').length;
    await this.until(() => answers() >= this.requests().length, 'every request is answered');
  }

  /** Starts a script of troubles: of the library by its name, or written out. */
  trouble(script: string): () => void {
    const named = script.includes('\n') ? parseScript(script, `trouble-${(this.#troubles += 1)}.toml`) : readScript(`${LIBRARY}${script}.toml`);
    this.#opened.exchange.troubles.start(named);
    return () => void this.#opened.exchange.troubles.stop(named.name);
  }

  async close(): Promise<void> {
    clearInterval(this.#ticker);
    for (const part of this.#parts) await part.close();
  }
}
