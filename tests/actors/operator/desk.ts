/** The operator, truth, ledger, risk gate and account on a virtual clock, at an exchange of a few lines with one instrument a product. */
import { accountBehaviour } from '../../../actors/account/account.js';
import type { AccountMessage, AccountReply } from '../../../actors/account/messages.js';
import type { CommandAnswer, CommandInput, Json, StoreRow, StoreWrite } from '../../../actors/engine/io.js';
import type { VenueCall, VenueOutcome } from '../../../actors/engine/venue-calls.js';
import type { GatewayStatus } from '../../../actors/gateway/gateway.js';
import { journalBehaviour } from '../../../actors/journal/journal.js';
import type { KeyRelease, LimitsRelease } from '../../../actors/gateway/messages.js';
import type { CancelOrders, GiveUpOrder, PlaceOrder } from '../../../actors/orders/messages.js';
import { operatorBehaviour } from '../../../actors/operator/operator.js';
import type { OperatorMessage } from '../../../actors/operator/messages.js';
import type { RiskMessage } from '../../../actors/risk/messages.js';
import type { LedgerStatus } from '../../../actors/ledger/messages.js';
import type { OrdersAnswer, TruthPace, TruthRefresh, TruthRefreshed, TruthStatus } from '../../../actors/truth/messages.js';
import type { LocalOrder, PositionSide, VenueOrder } from '../../../actors/truth/views.js';
import type { VenueControl, VenueEvent } from '../../../actors/venue/messages.js';
import { tradingSchema } from '../../../config/index.js';
import type { Instrument } from '../../../data/records/index.js';
import { type Behaviour, createRuntime, type Runtime, supervisor, VirtualClock, worker } from '../../../runtime/index.js';
import { btc } from '../support/instruments.js';

export const perp: Instrument = btc;
export const coin: Instrument = { ...btc, index: 1, venue: 'binance-spot', product: 'spot' };

/** What the exchange has, and how it takes orders. */
export class World {
  positions: { symbol: number; positionSide: PositionSide; signedLots: number }[] = [];
  holdings: { symbol: number; asset: string; quantity: string }[] = [];
  orders: LocalOrder[] = [];
  /** Market orders that close are refused so many times before they fill. */
  refusals = 0;
  /** Those of these symbols always. */
  refuses: readonly number[] = [];
  markTicks: Readonly<Record<number, number>> = {};
  /** Truth has never read anything. */
  unread = false;
  /** Truth is so much older than now, ms. */
  lagMs = 0;
  errors: GatewayStatus['errors'] = { counts: {}, standing: [] };
  readonly log: string[] = [];
  refreshOk = true;
}

export const order = (clientId: string, change: Partial<LocalOrder> = {}): LocalOrder => ({
  service: 'order', symbol: 0, clientId, venueId: clientId, listId: null, side: 'buy', positionSide: 'BOTH', kind: 'limit', reduceOnly: false, closePosition: false, priceTicks: 1, triggerTicks: 0, lots: 1, filledLots: 0,
  owner: 'ours', purpose: 'entry', state: 'open', changedMs: 0, expiresMs: 0, ...change,
});
export const stop = (clientId: string, change: Partial<LocalOrder> = {}): LocalOrder => order(clientId, { purpose: 'stop', kind: 'stop', side: 'sell', reduceOnly: true, ...change });

interface Recorder { readonly type: string }

export class Desk {
  readonly world = new World();
  readonly runtime: Runtime;
  readonly answers: CommandAnswer[] = [];
  readonly rows: StoreRow[] = [];
  /** Of the journal: the sources' events, with what they say. */
  readonly events: Readonly<Record<string, unknown>>[] = [];
  readonly replies: AccountReply[] = [];
  readonly paused: string[] = [];
  #ids = 0;

  constructor({ venue = true, recovered = null as unknown, whenRecordFails = 'hold' as 'hold' | 'flatten' } = {}) {
    const { world } = this;
    const nowMs = (ctx: { nowUs(): number }): number => Math.floor(ctx.nowUs() / 1000);
    const actor = <M extends Recorder>(id: string, step: Behaviour<null, M, undefined>['step']) => worker({ id, behaviour: { name: id, version: 1, init: () => null, step } satisfies Behaviour<null, M, undefined>, restore: 'lastGood' });
    const orders = actor<PlaceOrder | CancelOrders | GiveUpOrder | VenueControl | { readonly type: 'orders.open'; readonly product: string }>('orders', (state, message, ctx) => {
      if (message.type === 'orders.open') ctx.reply({ orders: world.orders.filter(({ symbol }) => (message.product === 'spot') === (symbol === 1)) } satisfies OrdersAnswer);
      if (message.type === 'orders.giveUp') {
        world.log.push(`give up ${message.clientId} by ${message.by}`);
        world.orders = world.orders.filter(({ clientId }) => clientId !== message.clientId);
      }
      if (message.type === 'orders.cancel') {
        const gone = world.orders.filter((each) => each.owner === 'ours' && (message.symbol === null || each.symbol === message.symbol) && (message.clientId === undefined || each.clientId === message.clientId) && !(message.entriesOnly && each.reduceOnly) && !(message.spareStops === true && each.kind === 'stop'));
        world.log.push(...gone.map(({ clientId }) => `cancel ${clientId}`));
        world.orders = world.orders.filter((each) => !gone.includes(each));
      }
      if (message.type === 'orders.place') {
        const { intent } = message;
        const locked = intent.symbol === 1 && world.orders.some(({ symbol, purpose }) => symbol === 1 && purpose === 'stop');
        world.log.push(`${intent.side} ${intent.lots} ${intent.symbol} ${intent.positionSide}${intent.reduceOnly ? ' reduce' : ''}${locked ? ' locked' : ''}`);
        const base = { id: intent.id, symbol: intent.symbol, seq: -1, atUs: ctx.nowUs() };
        if (locked || world.refusals > 0 || world.refuses.includes(intent.symbol)) {
          world.refusals -= locked || world.refusals === 0 ? 0 : 1;
          ctx.send(ctx.ref<VenueEvent>(intent.owner), { ...base, type: 'order.rejected', reason: '-2010 refused' });
        } else {
          world.positions = world.positions.map((each) => (each.symbol === intent.symbol && each.positionSide === intent.positionSide ? { ...each, signedLots: 0 } : each));
          world.holdings = world.holdings.filter(({ symbol }) => symbol !== intent.symbol);
          ctx.send(ctx.ref<VenueEvent>(intent.owner), { ...base, type: 'order.fill', priceTicks: 1, lots: intent.lots, remainingLots: 0, liquidity: 'taker', reason: 'took_book' });
        }
      }
      if (message.type === 'order.new' || message.type === 'order.cancel') world.log.push(`account ${message.type} ${message.id}`);
      return state;
    });
    const truth = actor<TruthRefresh | TruthPace | { readonly type: 'truth.status' }>('truth', (state, message, ctx) => {
      if (message.type === 'truth.refresh') ctx.send(ctx.ref<TruthRefreshed>(message.replyTo), { type: 'truth.refreshed', id: message.id, products: [{ product: 'usdm', ok: world.refreshOk, problem: world.refreshOk ? '' : 'no answer' }] });
      if (message.type === 'truth.pace') world.log.push(`pace ${message.closing}`);
      if (message.type === 'truth.status') {
        const askedMs = nowMs(ctx) - world.lagMs;
        const venueOrders = (spot: boolean): VenueOrder[] => world.orders.filter(({ symbol, state: stands }) => (symbol === 1) === spot && stands !== 'unknown');
        ctx.reply({
          products: (['usdm', 'spot'] as const).map((product) => ({
            type: 'truth.state', product, freshness: 'fresh', reasons: [], asOfMs: askedMs, readMs: askedMs, positions: [], unjudged: [], differencesSeen: 0,
            view: world.unread ? null : {
              product, askedMs, answeredMs: askedMs, hedgeMode: false, orders: venueOrders(product === 'spot'), lookups: [], trades: [], incomes: [], balances: [{ asset: 'USDT', total: '100' }],
              positions: product === 'usdm' ? world.positions.map((each) => ({ ...each, entryPrice: '' })) : [],
            },
          })),
        } satisfies TruthStatus);
      }
      return state;
    });
    const ledger = actor<{ readonly type: 'ledger.status' }>('ledger', (state, _message, ctx) => {
      const totals = { realised: {}, venueRealised: {}, fees: {}, funding: {}, other: {}, unexplained: {}, fills: 0, trades: 0 };
      ctx.reply({ products: [{ product: 'spot', balances: {}, positions: [], holdings: world.holdings.map((each) => ({ ...each, dust: false })), totals }] } satisfies LedgerStatus);
      return state;
    });
    const risk = actor<RiskMessage>('risk', (state, message, ctx) => {
      if (message.type === 'risk.pause') this.paused.push(message.on ? message.reason : 'open');
      if (message.type === 'store.failed') world.log.push('risk store.failed');
      if (message.type === 'risk.status') ctx.reply({ closed: [], limits: { maxSymbolNotional: '0', maxTotalNotional: '0', maxOpenOrders: 0 }, asked: 0, refused: {}, markTicks: world.markTicks });
      return state;
    });
    const gateway = actor<VenueCall | KeyRelease | { readonly type: 'gateway.status' }>('gateway', (state, call, ctx) => {
      if (call.type === 'gateway.status') {
        ctx.reply({ counts: { ok: 0, refused: 0, unknown: 0, notSent: 0 }, errors: world.errors } satisfies GatewayStatus);
        return state;
      }
      if (call.type === 'gateway.keyRelease') {
        world.log.push(`${call.type} ${call.product}`);
        return state;
      }
      world.log.push(`${call.method} ${call.path} ${call.params['orderId'] ?? call.params['algoId']}`);
      world.orders = world.orders.filter(({ venueId }) => venueId !== call.params['orderId']);
      ctx.send(ctx.ref<VenueOutcome>(call.replyTo), { type: 'venue.outcome', id: call.id, stampMs: 1, recvWindowMs: 1, outcome: { kind: 'ok', status: 200, body: null } });
      return state;
    });
    const limits = actor<LimitsRelease>('limits', (state, message) => {
      world.log.push(`${message.type} ${message.product}`);
      return state;
    });
    const owner = actor<AccountReply>('owner', (state, message) => {
      this.replies.push(message);
      return state;
    });
    this.runtime = createRuntime({
      clock: new VirtualClock(1_000_000_000_000_000), seed: 1,
      effects: { 'store.write': ({ rows }: StoreWrite) => void this.rows.push(...rows), 'command.answer': (answer: CommandAnswer) => void this.answers.push(answer), decision: ({ line }: { readonly line: string }) => {
          const { data } = JSON.parse(line) as { readonly data: Readonly<Record<string, unknown>> };
          if (data['control'] === 'event') this.events.push(data);
        },
      },
    });
    const started = this.runtime.start(supervisor({
      id: 'root', strategy: 'oneForOne', intensity: { restarts: 100, withinMs: 1000 },
      children: [
        worker({ id: 'journal', behaviour: journalBehaviour() }), owner, orders, truth, ledger, risk, gateway, limits,
        worker({ id: 'account', restart: 'permanent', restore: 'init', behaviour: accountBehaviour(tradingSchema.parse({ account: { maxConcurrent: 10, maxTotalExposureShare: 9, maxSymbolExposureShare: 9 } })), input: { symbols: [{ instrument: perp, detectorPath: null }, { instrument: coin, detectorPath: null }], strategyPaths: ['/owner'], kernelPath: '/orders' } }),
        worker({
          id: 'operator', restore: 'lastGood', behaviour: operatorBehaviour(),
          input: {
            mode: venue ? 'demo' : 'paper', instruments: [perp, coin], products: venue ? ['usdm', 'spot'] : [], ownPrefixes: ['fl'], speed: 1, recovered, whenRecordFails,
            paths: { account: '/account', feedsHealth: null, venue: venue ? { risk: '/risk', truth: '/truth', ledger: '/ledger', orders: '/orders', gateway: '/gateway', limits: '/limits' } : null },
          },
        }),
      ],
    }));
    if (!started.ok) throw new Error(JSON.stringify(started.reason));
    this.runtime.drain();
  }

  send(path: string, message: AccountMessage | OperatorMessage): this {
    this.runtime.send(path, message);
    this.runtime.drain();
    return this;
  }
  wait(ms: number): this {
    this.runtime.advanceTo(this.runtime.nowUs() + ms * 1000);
    this.runtime.drain();
    return this;
  }
  command(verb: string, args: CommandInput['args'] = {}, id = `c${(this.#ids += 1)}`): this {
    return this.send('/operator', { type: 'command', id, verb, args, issuer: 'tester' });
  }
  /** The last answer. */
  get answer(): { readonly ok: boolean; readonly answer: { readonly [name: string]: Json } } {
    return this.answers.at(-1) as { readonly id: string; readonly ok: boolean; readonly answer: { readonly [name: string]: Json } };
  }
  enter(id: string): this {
    return this.send('/account', { type: 'entry.request', id, owner: '/owner', strategy: 's', symbol: 0, side: 'buy', kind: 'limit', priceTicks: 100_000, timeInForce: 'GTC', equityShare: 0.1, seq: 1, dueUs: 0 });
  }
  fate(id: string): string {
    const reply = this.replies.findLast((each) => (each.type === 'entry.granted' || each.type === 'entry.refused') && each.id === id);
    return reply === undefined ? 'nothing' : reply.type === 'entry.refused' ? reply.reason : 'granted';
  }
}
