import type { Venue } from '../../../actors/exchange/engine.js';
import type { DeribitVenue } from '../../../actors/exchange/deribit/venue.js';
import { type AsOf, RULES } from '../../../actors/exchange/rules.js';
import type { FuturesVenue } from '../../../actors/exchange/futures/usdm/index.js';
import type { SpotVenue } from '../../../actors/exchange/spot/venue.js';
import { CliError } from '../../cli/errors.js';
import type { Accounts } from '../accounts/accounts.js';
import { EnginePort } from '../product/engine-port.js';
import { accountName } from '../accounts/key-store.js';
import { depthText } from '../market-data/queries.js';
import type { Product, ProductName, Scene } from '../product/product.js';
import type { Connection } from '../web/index.js';
import { isSocket, type TroubleWorks } from './desk.js';
import type { OldBook, StepMemory } from './fates.js';
import type { Cause, Step } from './script.js';
import { SpotDeeds } from './spot-deeds.js';
import { UsdmDeeds } from './usdm-deeds.js';

/** What a deed is done to. */
export interface Subject {
  readonly account: string;
  readonly symbol: string;
  readonly cause: Cause;
}

/** Deeds on the orders and positions of one product's venue. */
export interface VenueDeeds {
  /** As the account's owner would by other means than this client. */
  placeOrder(step: Step, subject: Subject): Promise<string>;
  cancelOrders(subject: Subject): Promise<string>;
  /** The market trades through the price of the account's open orders, or of the one that the cause names. */
  fillOrders(subject: Subject): Promise<string>;
  forgetFills(subject: Subject): Promise<string>;
  /** Takes no new orders, or nothing, until what it answers is called. */
  suspend(symbols: readonly string[], halt: boolean): () => void;
  /** What only futures have. */
  readonly futures?: {
    closePosition(step: Step, subject: Subject): Promise<string>;
    positionMode(hedge: boolean, subject: Subject): Promise<string>;
    forceClose(kind: 'liquidation' | 'adl' | 'settlement', subject: Subject): Promise<string>;
  };
}

/** Update ids that a restart of the matching engine skips. */
const RESTART_IDS = 100_000;
const DEEPEST = 5000;
const FREEZE_TRIES = 50;
const AGAIN_US = 200_000;

/** What scripts do to an exchange: to its sockets, its listenKeys, its venues. */
export class ExchangeWorks implements TroubleWorks {
  readonly #products: readonly Product[];
  readonly #accounts: Accounts;
  readonly #clock: Scene['clock'];
  readonly #asOf: AsOf;
  readonly #symbols: readonly string[];
  readonly #deeds: Partial<Readonly<Record<ProductName, VenueDeeds>>>;
  readonly #engines: ReadonlyMap<ProductName, EnginePort<Venue>>;
  /** How many steps that are open want a product's market to stand still. */
  readonly #freezes = new Map<ProductName, number>();
  readonly #ports: { readonly spot: EnginePort<SpotVenue>; readonly usdm: EnginePort<FuturesVenue> };

  constructor(scene: Pick<Scene, 'runtime' | 'clock' | 'accounts' | 'listings' | 'asOf'>, products: readonly Product[]) {
    const { runtime, clock, accounts, listings } = scene;
    this.#products = products;
    this.#accounts = accounts;
    this.#clock = clock;
    this.#asOf = scene.asOf;
    this.#symbols = listings.map(({ symbol }) => symbol);
    this.#ports = { spot: new EnginePort<SpotVenue>(runtime, 'spot', clock.speed), usdm: new EnginePort<FuturesVenue>(runtime, 'usdm', clock.speed) };
    this.#engines = new Map(products.map(({ name }) => [name, new EnginePort<Venue>(runtime, name, clock.speed)]));
    this.#deeds = { spot: new SpotDeeds(this.#ports.spot), usdm: new UsdmDeeds(this.#ports.usdm) };
  }

  account(name: string): string {
    const found = this.#accounts.all.find((account) => account.name === name || String(account.id) === name);
    if (found === undefined) throw new CliError('refused', `there is no account ${name}`, `there are ${this.#accounts.all.slice(0, 20).map((account) => account.name).join(', ')}`);
    return accountName(found.id);
  }

  outOfReach({ act, product, sockets }: Step): string | undefined {
    if (product !== 'spot' || !this.#asOf.holds('spotListenKeysGone')) return undefined;
    if (act === 'end-listen-keys') return `spot has had no listenKeys since ${RULES.spotListenKeysGone}: the exchange would have to be opened with an earlier --as-of`;
    return sockets === 'user' ? `spot's account events have come over the websocket API since ${RULES.spotListenKeysGone}: \`sockets = "api"\`` : undefined;
  }

  enter(step: Step, memory: StepMemory): () => void {
    switch (step.act) {
      case 'stale-snapshot':
        void this.#remember(step, memory);
        return nothing;
      case 'limit-weight':
      case 'ban':
        if (step.act === 'ban') for (const connection of this.#connections(step)) if (connection.face === 'wsApi') connection.close(1008, 'IP banned', 'trouble');
        return nothing;
      case 'partition': {
        const held = [...this.#connections(step)];
        for (const connection of held) connection.halfOpen = true;
        return () => {
          for (const connection of this.#connections(step)) {
            if (!connection.halfOpen) continue;
            if (step.heal === true) connection.halfOpen = false;
            else connection.terminate('trouble');
          }
        };
      }
      case 'maintenance': {
        const symbols = step.symbol === undefined ? this.#symbols : [step.symbol];
        const ends = this.#products.filter(({ name }) => isOf(step, name)).map(({ name }) => this.#deeds[name]?.suspend(symbols, step.halt ?? false) ?? (name === 'deribit' ? this.#lockDeribit() : nothing));
        return () => {
          for (const end of ends) end();
        };
      }
      case 'freeze-market': {
        const frozen = this.#products.filter(({ name }) => isOf(step, name));
        for (const product of frozen) this.#freeze(product, 1);
        return () => {
          for (const product of frozen) this.#freeze(product, -1);
        };
      }
      default:
        return nothing;
    }
  }

  /** The platform as a whole: it has no closed instruments. */
  #lockDeribit(): () => void {
    const engine = this.#engines.get('deribit') as EnginePort<DeribitVenue>;
    const set = (locked: boolean): void => void engine.ask((venue) => venue.lock(locked)).catch(() => undefined);
    set(true);
    return () => set(false);
  }

  /** A market stands still as long as anybody wants it to. */
  #freeze({ name, crowd }: Product, more: 1 | -1): void {
    this.#freezes.set(name, (this.#freezes.get(name) ?? 0) + more);
    const apply = (tries: number): void => {
      this.#engines.get(name)!.ask((_venue, nowUs) => (this.#freezes.get(name)! > 0 ? crowd()?.stop(nowUs) : crowd()?.goOn(nowUs)))
        // An engine that is being restarted has its market again in a moment.
        .catch(() => (tries > 0 ? this.#clock.after(AGAIN_US, () => apply(tries - 1)) : undefined));
    };
    apply(FREEZE_TRIES);
  }

  async perform(step: Step, cause: Cause): Promise<string> {
    switch (step.act) {
      case 'disconnect': return this.#disconnect(step);
      case 'announce-shutdown': {
        const servers = this.#servers(step);
        for (const server of servers) server.announceShutdown();
        return `${servers.length} products told their clients`;
      }
      case 'restart-engine': return this.#restartEngines(step);
      case 'end-listen-keys': return this.#endListenKeys(step);
      case 'place-order': return this.#venue(step, cause).placeOrder(step, this.#subject(step, cause));
      case 'cancel-orders': return this.#venue(step, cause).cancelOrders(this.#subject(step, cause));
      case 'fill-orders': return this.#venue(step, cause).fillOrders(this.#subject(step, cause));
      case 'forget-fills': return this.#venue(step, cause).forgetFills(this.#subject(step, cause));
      case 'close-position': return this.#futures(step, cause).closePosition(step, this.#subject(step, cause));
      case 'position-mode': return this.#futures(step, cause).positionMode(step.hedge!, this.#subject(step, cause));
      case 'liquidate': return this.#futures(step, cause).forceClose('liquidation', this.#subject(step, cause));
      case 'deleverage': return this.#futures(step, cause).forceClose('adl', this.#subject(step, cause));
      case 'settle': return this.#futures(step, cause).forceClose('settlement', this.#subject(step, cause));
      default: throw new Error(`${step.act} is no deed`);
    }
  }

  #servers(step: Step): NonNullable<ReturnType<NonNullable<Product['server']>>>[] {
    return this.#products.filter(({ name }) => isOf(step, name)).flatMap((product) => product.server?.() ?? []);
  }

  *#connections(step: Step): Generator<Connection> {
    for (const server of this.#servers(step)) {
      for (const connection of server.connections) if (isSocket(step, connection) && (step.name === undefined || connection.path.includes(step.name))) yield connection;
    }
  }

  #disconnect(step: Step): string {
    const all = [...this.#connections(step)];
    for (const connection of all) {
      if (step.close === true) connection.close(1001, 'Connection lifetime exceeded', 'trouble');
      else connection.terminate('trouble');
    }
    return `${all.length} websockets`;
  }

  async #restartEngines(step: Step): Promise<string> {
    const feeds = this.#products.filter(({ name, feed }) => isOf(step, name) && feed !== undefined);
    for (const { name, feed } of feeds) {
      await this.#ports[name as 'spot' | 'usdm'].ask(() => {
        for (const { data } of feed!.symbols) if (step.symbol === undefined || data.symbol === step.symbol) data.depth.restart(RESTART_IDS);
      });
    }
    return `${feeds.map(({ name }) => name).join(' and ')} go on with other update ids`;
  }

  #endListenKeys(step: Step): string {
    const accounts = step.account === undefined ? this.#accounts.all.map(({ id }) => accountName(id)) : [step.account];
    let ended = 0;
    for (const { name, listenKeys } of this.#products) {
      if (listenKeys === undefined || !isOf(step, name)) continue;
      for (const account of accounts) {
        if (listenKeys.of(account) === undefined) continue;
        ended += 1;
        if (step.silent === true) listenKeys.close(account);
        else listenKeys.expire(account);
      }
    }
    return `${ended} listenKeys`;
  }

  /** Keeps the books as they are now, for the snapshots that will be asked for. */
  async #remember(step: Step, { books }: StepMemory): Promise<void> {
    for (const { name, feed } of this.#products) {
      if (feed === undefined || !isOf(step, name)) continue;
      await this.#ports[name as 'spot' | 'usdm'].ask(() => {
        for (const symbol of feed.symbols) books.set(`${name} ${symbol.data.symbol}`, JSON.parse(depthText(symbol, DEEPEST).text) as OldBook);
      }).catch(() => undefined);
    }
  }

  #venue(step: Step, cause: Cause): VenueDeeds {
    const product = step.product ?? (cause.product as ProductName | undefined) ?? 'usdm';
    const deeds = this.#deeds[product];
    if (deeds === undefined) throw new Error(`${product} has no ${step.act}`);
    return deeds;
  }

  #futures(step: Step, cause: Cause): NonNullable<VenueDeeds['futures']> {
    const { futures } = this.#venue(step, cause);
    if (futures === undefined) throw new Error(`only usdm has ${step.act}`);
    return futures;
  }

  #subject(step: Step, cause: Cause): Subject {
    return { account: step.account ?? cause.account ?? accountName(this.#accounts.all[0]!.id), symbol: step.symbol ?? cause.symbol ?? this.#symbols[0]!, cause };
  }
}

const nothing = (): void => undefined;
const isOf = (step: Step, product: ProductName): boolean => step.product === undefined || step.product === product;
