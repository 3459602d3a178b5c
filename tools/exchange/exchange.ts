import type { ScenarioName } from '../../actors/generator/scenario.js';
import type { AsOf } from '../../actors/exchange/rules.js';
import type { Listing } from '../../actors/exchange/listings.js';
import { linkBehaviour } from '../../actors/exchange/market/link.js';
import { type ChildSpec, createRuntime, type ExitReason, type Runtime, worker } from '../../runtime/index.js';
import { exchangeTree } from '../../supervisors/exchange.js';
import type { Accounts } from './accounts/accounts.js';
import { faceSpec } from './product/face.js';
import { enginePath, type Product, type ProductName, type Scene } from './product/product.js';
import { PRODUCTS } from './products.js';
import { scenarioStartables, Startables } from './startables.js';
import type { ExchangeTape } from './tape-source.js';
import { ExchangeWorks, namedScripts, TroubleDesk } from './troubles/index.js';
import { VenueClock } from './venue-clock.js';

export interface ExchangeOptions {
  readonly accounts: Accounts;
  readonly listings: readonly Listing[];
  readonly seed: number;
  readonly scenario: ScenarioName;
  readonly tape: ExchangeTape | null;
  readonly limits: 'venue' | 'off';
  readonly speed: number;
  readonly asOf: AsOf;
  readonly host: string;
  /** Of the first product, the others follow; 0 = any free ones. */
  readonly port: number;
  readonly tls: { readonly key: string; readonly cert: string } | null;
  onDefect(product: ProductName, error: unknown): void;
  /** Told of what scripts of troubles do. */
  onTrouble?(level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>>): void;
  onFatal(reason: ExitReason): void;
}

/** Where clients reach a product. `rest` and `ws` are bare origins, `wsApi` has its path. */
export interface Origins {
  readonly rest: string;
  readonly ws: string;
  readonly wsApi?: string;
}

/** Milliseconds of the wall's time between two looks of an engine at its market. */
const SLICE_WALL_MS = 5;
/** Share of the difference between spot and perpetual that arbitrage takes off in a second. */
const ARBITRAGE = 0.05;
/** A tape does not come to meet the other side, and may move faster than a crowd. */
const ARBITRAGE_WITH_TAPE = 0.4;
const WS_API_PATH: Readonly<Partial<Record<ProductName, string>>> = { spot: '/ws-api/v3', usdm: '/ws-fapi/v1' };

/** The whole venue in one supervised tree. */
export class Exchange {
  readonly runtime: Runtime;
  readonly clock: VenueClock;
  readonly products: readonly Product[];
  readonly troubles: TroubleDesk;
  /** What `faultline exchange start` can start. */
  readonly startables = new Startables();
  readonly #options: ExchangeOptions;
  readonly #ports = new Map<ProductName, { value: number; had: boolean }>();
  #fatal: (reason: ExitReason) => void = () => {};

  constructor(options: ExchangeOptions) {
    this.#options = options;
    const { accounts, listings, seed, scenario, tape, limits, speed, asOf, host, tls, onDefect } = options;
    this.clock = new VenueClock(speed);
    this.runtime = createRuntime({ clock: this.clock, seed, onFatal: (reason) => this.#fatal(reason) });
    this.troubles = new TroubleDesk({ clock: this.clock, seed, log: (level, message, fields) => options.onTrouble?.(level, message, fields) });
    const scene: Scene = {
      runtime: this.runtime, clock: this.clock, accounts, listings, seed, scenario, tape, limits, asOf, troubles: this.troubles, host, tls,
      sliceUs: Math.round(SLICE_WALL_MS * 1000 * speed), onDefect,
    };
    this.products = PRODUCTS.map((make) => make(scene));
    this.troubles.attach(new ExchangeWorks(scene, this.products));
    for (const scenario of scenarioStartables(this)) this.startables.add(scenario);
    for (const script of namedScripts()) this.startables.add({ name: script.name, kind: 'script', summary: script.summary, start: () => Promise.resolve(this.troubles.start(script)) });
    this.products.forEach(({ name }, at) => this.#ports.set(name, { value: options.port === 0 ? 0 : options.port + at, had: false }));
  }

  /** Starts the tree; resolves when every face listens. Rejects with what kept one from it; nothing is left running then. */
  async start(): Promise<void> {
    const { runtime } = this;
    const tree = exchangeTree(this.#markets(), this.products.map((product) => ({
      name: product.name, engine: product.engine, faces: [faceSpec({ product, runtime, port: this.#ports.get(product.name)! }, this.clock.speed)],
    })), this.clock.speed);
    const last = `/${this.products.at(-1)!.name}`;
    await new Promise<void>((resolve, reject) => {
      const leave = runtime.onReport((report) => {
        if (report.kind !== 'progress' || report.started.path !== last) return;
        leave();
        this.#fatal = (reason) => this.#options.onFatal(reason);
        resolve();
      });
      this.#fatal = (reason) => reject(startError(reason));
      const started = runtime.start(tree);
      if (!started.ok) reject(startError(started.reason.kind === 'start_failed' ? { kind: 'error', cause: started.reason.cause } : { kind: 'shutdown', info: started.reason }));
      else runtime.run();
    });
  }

  /** What stands beside the products: the link between the crowds of spot and USD-M. */
  #markets(): ChildSpec[] {
    const spot = this.products.find(({ name }) => name === 'spot')?.feed;
    const usdm = this.products.find(({ name }) => name === 'usdm')?.feed;
    if (spot === undefined || usdm === undefined) return [];
    const share = this.#options.tape === null ? ARBITRAGE : ARBITRAGE_WITH_TAPE;
    return [worker({
      id: 'market', behaviour: linkBehaviour,
      input: {
        spot: enginePath('spot'), usdm: enginePath('usdm'),
        spotMids: () => spot.midPrices(), usdmMids: () => usdm.midPrices(),
        drawSpot: (prices) => spot.drawTo(prices, share), drawUsdm: (prices) => usdm.drawTo(prices, share),
        setIndex: (prices, nowUs) => usdm.setIndexPrices(prices, nowUs),
        followers: this.products.flatMap(({ name, follow }) => (follow === undefined ? [] : [{
          path: enginePath(name), follow: (prices: readonly number[]) => follow(new Map(this.#options.listings.map(({ base }, at) => [base, prices[at]!]))),
        }])),
      },
    })];
  }

  origins(): Readonly<Record<ProductName, Origins>> {
    const { host, tls } = this.#options;
    const at = host.includes(':') ? `[${host}]` : host;
    const secure = tls === null ? '' : 's';
    return Object.fromEntries([...this.#ports].map(([name, { value }]) => {
      const ws = `ws${secure}://${at}:${value}`;
      const path = WS_API_PATH[name];
      return [name, { rest: `http${secure}://${at}:${value}`, ws, ...(path === undefined ? {} : { wsApi: `${ws}${path}` }) }];
    })) as Record<ProductName, Origins>;
  }

  /** What can be started, and what of the scripts runs or ran. */
  scripts(): readonly object[] {
    const reports = new Map(this.troubles.reports().map((report) => [report.name, report]));
    const listed = this.startables.list();
    const own = [...reports.values()].filter(({ name }) => listed.every((one) => one.name !== name)).map(({ name }) => ({ name, kind: 'script', summary: 'a script of your own' }));
    return [...listed, ...own].map((one) => {
      const { running, startedMs, endedMs, steps } = reports.get(one.name) ?? {};
      return { ...one, running: running ?? false, ...(steps === undefined ? {} : { startedMs, ...(endedMs === undefined ? {} : { endedMs }), steps }) };
    });
  }

  /** The venue's own truth of every product. */
  async books(limit: number): Promise<Readonly<Record<string, unknown>>> {
    const entries = await Promise.all(this.products.map(async (product) => [product.name, await product.books(limit)] as const));
    return { clock: this.clockNow(), ...Object.fromEntries(entries) };
  }

  /** How far each market is behind the venue's clock: more than a slice or two when the machine is too slow for the speed. */
  marketLagMs(): Readonly<Record<string, number>> {
    const nowUs = this.clock.nowUs();
    return Object.fromEntries(this.products.flatMap(({ name, feed }) => (feed === undefined ? [] : [[name, Math.max(0, Math.round((nowUs - feed.inside.nextUs) / 1000))]])));
  }

  clockNow(): { readonly venueMs: number; readonly wallMs: number; readonly speed: number } {
    return { venueMs: Math.floor(this.clock.nowUs() / 1000), wallMs: Date.now(), speed: this.clock.speed };
  }
}

function startError(reason: ExitReason): Error {
  if (reason.kind !== 'error') return new Error(`the tree did not start: ${JSON.stringify(reason)}`);
  let cause = reason.cause;
  while (cause.cause !== undefined) cause = cause.cause;
  return Object.assign(new Error(cause.message), { name: cause.name, path: cause.path });
}
