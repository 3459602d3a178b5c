/**
 * `/venue/limits`: whether a request may go by the venue's limits. Every product has buckets of its own; a share of each is kept for calls that take
 * risk off. After 429 a product waits until the venue lets it come again; after 418 (banned) so do, on the other products, all but calls that take
 * risk off; an operator may end either. Who goes on in spite of a ban is banned longer.
 */
import type { LimitsParams } from '../../../config/engine/gateway.js';
import type { ActorContext, Behaviour } from '../../../runtime/index.js';
import type { StoreWrite, VenueProduct } from '../../engine/io.js';
import { RULES_TOPIC, type RulesChanged, type VenueLimit } from '../../engine/venue-rules.js';
import { decide } from '../../journal/decide.js';
import type { LimitsPermit, LimitsQuestion, LimitsRelease, LimitsReport, LimitsStated } from '../messages.js';
import { type Bucket, bucketsOf, costIn, refilled, waitUs } from './bucket.js';

export interface LimitsInput {
  /** As the venue stated them before the run began. */
  readonly stated: { readonly [product in VenueProduct]?: readonly VenueLimit[] };
  /** Unique for ever: part of the keys of rows in the record. */
  readonly run: string;
}

interface Blocked {
  readonly kind: 'limit' | 'ban';
  readonly untilUs: number;
  readonly reason: string;
}

interface ProductLimits {
  readonly buckets: readonly Bucket[];
  readonly blocked: Blocked | null;
  /** Calls wait for tokens: told once, until one goes again. */
  readonly short?: boolean;
}

export interface LimitsState {
  readonly run: string;
  readonly products: { readonly [product in VenueProduct]?: ProductLimits };
  /** Requests that had to wait, were never allowed, and answers 429 and 418. */
  readonly counts: { readonly waited: number; readonly never: number; readonly over: number; readonly banned: number };
}

/** Sent by the actor to itself when a block is over. */
interface BlockOver {
  readonly type: 'limits.over';
  readonly product: VenueProduct;
}
export type LimitsMessage = LimitsQuestion | LimitsReport | LimitsStated | LimitsRelease | RulesChanged | BlockOver;
type Context = ActorContext<LimitsMessage>;

const PRODUCTS: readonly VenueProduct[] = ['spot', 'usdm', 'options'];
const [TOO_MANY, BANNED] = [429, 418] as const;
const OVER_CODES: ReadonlySet<number> = new Set([-1003, -1015]);
const NO_SYMBOL = -1;
const NO_SEQ = -1;

const withProduct = (state: LimitsState, product: VenueProduct, limits: ProductLimits): LimitsState => ({ ...state, products: { ...state.products, [product]: limits } });

/** Pure: what is allowed now, and the product's buckets after it. */
export function judge(
  state: LimitsState, question: LimitsQuestion, limits: ProductLimits, reserveShare: number, nowUs: number,
): { readonly permit: LimitsPermit; readonly limits: ProductLimits } {
  const { product, weight, orders, reducing } = question;
  const wait = (untilUs: number, reason: string): { readonly permit: LimitsPermit; readonly limits: ProductLimits } => ({ permit: { kind: 'wait', untilUs, reason }, limits });
  if (limits.blocked !== null && limits.blocked.untilUs > nowUs) return wait(limits.blocked.untilUs, limits.blocked.reason);
  if (!reducing) {
    for (const name of PRODUCTS) {
      const blocked = state.products[name]?.blocked;
      if (name !== product && blocked?.kind === 'ban' && blocked.untilUs > nowUs) return wait(blocked.untilUs, blocked.reason);
    }
  }
  const buckets = limits.buckets.map((bucket) => refilled(bucket, nowUs));
  let longestUs = 0;
  let slowest = '';
  for (const bucket of buckets) {
    const cost = costIn(bucket, weight, orders);
    const floor = reducing ? 0 : bucket.limit * reserveShare;
    const us = waitUs(bucket, cost, floor);
    if (us === Infinity) return { permit: { kind: 'never', reason: `costs ${cost} of ${bucket.limit} ${bucket.kind} per ${bucket.name}${reducing ? '' : ', less the reserve'}` }, limits: { ...limits, buckets } };
    if (us > longestUs) [longestUs, slowest] = [us, `${bucket.kind} per ${bucket.name}`];
  }
  if (longestUs > 0) return { permit: { kind: 'wait', untilUs: nowUs + longestUs, reason: `${product}: ${slowest} used up` }, limits: { ...limits, buckets } };
  return { permit: { kind: 'go' }, limits: { ...limits, buckets: buckets.map((bucket) => ({ ...bucket, tokens: bucket.tokens - costIn(bucket, weight, orders) })) } };
}

/** Pure: the buckets with what the venue says is used, where that is more. */
export function synced(limits: ProductLimits, { usedWeight, orderCount }: LimitsReport['headers'], nowUs: number): ProductLimits {
  const buckets = limits.buckets.map((bucket) => {
    const used = (bucket.kind === 'weight' ? usedWeight : orderCount)[bucket.name];
    const full = refilled(bucket, nowUs);
    return used === undefined ? full : { ...full, tokens: Math.max(0, Math.min(full.tokens, full.limit - used)) };
  });
  return { ...limits, buckets };
}

export function limitsBehaviour(params: LimitsParams): Behaviour<LimitsState, LimitsMessage, LimitsInput> {
  const limitsOf = (state: LimitsState, product: VenueProduct, nowUs: number): ProductLimits =>
    state.products[product] ?? { buckets: bucketsOf(params.until, [], nowUs), blocked: null };

  const tell = (state: LimitsState, ctx: Context, product: VenueProduct, to: 'short' | 'enough' | 'blocked' | 'banned' | 'free', cause: string, untilUs: number): void => {
    const data = { limits: product, to, cause, untilUs };
    decide(ctx, 'control', NO_SYMBOL, NO_SEQ, data);
    const write: StoreWrite = { rows: [{ table: 'breakers', key: `${state.run}/${ctx.nextId()}`, row: { breaker: 'limits', product, to, cause, untilUs, atUs: ctx.nowUs() } }] };
    ctx.effect('store.write', write);
  };

  const block = (state: LimitsState, ctx: Context, { product, status, code, headers }: LimitsReport): LimitsState => {
    const nowUs = ctx.nowUs();
    const limits = limitsOf(state, product, nowUs);
    const ban = status === BANNED;
    const ms = headers.retryAfterS === null ? params.blockedMs * (ban ? 2 : 1) : headers.retryAfterS * 1000;
    // Never shorter than it was: answers to requests that were on their way come late.
    const untilUs = Math.max(limits.blocked?.untilUs ?? 0, nowUs + ms * 1000);
    const kind = ban || limits.blocked?.kind === 'ban' ? 'ban' : 'limit';
    const reason = `${product}: ${ban ? 'banned' : 'over the limit'} (${status}, ${code})`;
    const counts = ban ? { ...state.counts, banned: state.counts.banned + 1 } : { ...state.counts, over: state.counts.over + 1 };
    if (limits.blocked === null || limits.blocked.kind !== kind || untilUs > limits.blocked.untilUs) tell(state, ctx, product, ban ? 'banned' : 'blocked', reason, untilUs);
    ctx.startTimerAt(`over ${product}`, untilUs, { type: 'limits.over', product });
    return { ...withProduct(state, product, { ...limits, blocked: { kind, untilUs, reason } }), counts };
  };

  const free = (state: LimitsState, ctx: Context, product: VenueProduct, cause: string): LimitsState => {
    const limits = limitsOf(state, product, ctx.nowUs());
    if (limits.blocked === null) return state;
    ctx.cancelTimer(`over ${product}`);
    tell(state, ctx, product, 'free', cause, 0);
    return withProduct(state, product, { ...limits, blocked: null });
  };

  /** One call more and it would be dry again: not told as over. */
  const nearlyDry = ({ tokens, limit }: Bucket): boolean => tokens < limit * (params.reserveShare + 0.05);

  /** Buckets that run dry, and the first call after it that does not live on the reserve. */
  const tellShort = (state: LimitsState, ctx: Context, { product, reducing }: LimitsQuestion, permit: LimitsPermit, limits: ProductLimits): ProductLimits => {
    const { short = false } = limits;
    if (limits.blocked !== null || permit.kind === 'never' || short === (permit.kind === 'wait') || (short && (reducing || limits.buckets.some(nearlyDry)))) return limits;
    if (permit.kind === 'wait') tell(state, ctx, product, 'short', permit.reason, permit.untilUs);
    else tell(state, ctx, product, 'enough', 'its tokens have come again', 0);
    return { ...limits, short: !short };
  };

  const stated = (state: LimitsState, product: VenueProduct, limits: readonly VenueLimit[], nowUs: number): LimitsState => {
    const known = limitsOf(state, product, nowUs);
    return withProduct(state, product, { ...known, buckets: bucketsOf(limits, known.buckets, nowUs) });
  };

  return {
    name: 'limits',
    version: 1,
    init(ctx, input) {
      ctx.subscribe(RULES_TOPIC);
      let state: LimitsState = { run: input.run, products: {}, counts: { waited: 0, never: 0, over: 0, banned: 0 } };
      for (const product of PRODUCTS) {
        const limits = input.stated[product];
        if (limits !== undefined) state = stated(state, product, limits, ctx.nowUs());
      }
      return state;
    },
    step(state, message, ctx) {
      const nowUs = ctx.nowUs();
      switch (message.type) {
        case 'limits.permit': {
          const { permit, limits } = judge(state, message, limitsOf(state, message.product, nowUs), params.reserveShare, nowUs);
          ctx.reply(permit);
          const edge = tellShort(state, ctx, message, permit, limits);
          const { waited, never } = state.counts;
          const counts = { ...state.counts, waited: waited + (permit.kind === 'wait' ? 1 : 0), never: never + (permit.kind === 'never' ? 1 : 0) };
          return { ...withProduct(state, message.product, edge), counts };
        }
        case 'limits.report': {
          const next = withProduct(state, message.product, synced(limitsOf(state, message.product, nowUs), message.headers, nowUs));
          return message.status === TOO_MANY || message.status === BANNED || OVER_CODES.has(message.code) ? block(next, ctx, message) : next;
        }
        case 'limits.stated': return stated(state, message.product, message.limits, nowUs);
        case 'rules.changed': return message.limits === null ? state : stated(state, message.product, message.limits, nowUs);
        case 'limits.over': return free(state, ctx, message.product, 'the time that the venue gave is over');
        case 'limits.release': return free(state, ctx, message.product, 'released by an operator');
      }
    },
  };
}
