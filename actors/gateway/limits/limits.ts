/**
 * `/venue/limits`: whether a request may go by the venue's limits. Every product has buckets of its own; a share of each is kept for calls that take
 * risk off. After 429 a product waits until the venue lets it come again; after 418 (banned) so do, on the other products, all but calls that take
 * risk off; an operator may end either. Who goes on in spite of a ban is banned longer.
 */
import type { LimitsParams } from '../../../config/engine/gateway.js';
import type { ActorContext, Behaviour } from '../../../runtime/index.js';
import { LONGEST_RETRY_AFTER_S, type StoreWrite, type VenueProduct } from '../../engine/io.js';
import { RULES_TOPIC, type RulesChanged, type VenueLimit } from '../../engine/venue-rules.js';
import { decide } from '../../journal/decide.js';
import type { LimitsPermit, LimitsQuestion, LimitsRelease, LimitsReport, LimitsStated } from '../messages.js';
import { type Bucket, bucketsOf, costIn, refilled, waitUs } from './bucket.js';

export interface LimitsInput {
  /** As the venue stated them before the run began. */
  readonly stated: { readonly [product in VenueProduct]?: readonly VenueLimit[] };
  /** Unique for ever: part of the keys of rows in the record. */
  readonly run: string;
  /** Row {@link LIMITS_KEY} of the record's table `snapshots`, as an earlier run left it. */
  readonly recovered?: unknown;
}

/** A ban outlives the process that earned it. */
export const LIMITS_KEY = 'limits';

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

  /** For the next run. */
  const keep = (state: LimitsState, ctx: Context): LimitsState => {
    const blocked = Object.fromEntries(PRODUCTS.flatMap((product) => {
      const found = state.products[product]?.blocked ?? null;
      return found === null ? [] : [[product, { ...found }]];
    }));
    ctx.effect('store.write', { rows: [{ table: 'snapshots', key: LIMITS_KEY, row: { blocked } }] } satisfies StoreWrite);
    return state;
  };

  const block = (state: LimitsState, ctx: Context, { product, status, code, headers }: LimitsReport): LimitsState => {
    const nowUs = ctx.nowUs();
    const limits = limitsOf(state, product, nowUs);
    const ban = status === BANNED;
    const ms = headers.retryAfterS === null ? params.blockedMs * (ban ? 2 : 1) : headers.retryAfterS * 1000;
    // Never shorter than it was: answers to requests that were on their way come late.
    const untilUs = Math.max(limits.blocked?.untilUs ?? 0, nowUs + ms * 1000);
    const kind = ban || limits.blocked?.kind === 'ban' ? 'ban' : 'limit';
    const bounded = headers.retryAfterS === LONGEST_RETRY_AFTER_S ? `, to wait ${LONGEST_RETRY_AFTER_S} s or more: no longer than that is believed` : '';
    const reason = `${product}: ${ban ? 'banned' : 'over the limit'} (${status}, ${code}${bounded})`;
    const counts = ban ? { ...state.counts, banned: state.counts.banned + 1 } : { ...state.counts, over: state.counts.over + 1 };
    if (limits.blocked === null || limits.blocked.kind !== kind || untilUs > limits.blocked.untilUs) tell(state, ctx, product, ban ? 'banned' : 'blocked', reason, untilUs);
    ctx.startTimerAt(`over ${product}`, untilUs, { type: 'limits.over', product });
    return keep({ ...withProduct(state, product, { ...limits, blocked: { kind, untilUs, reason } }), counts }, ctx);
  };

  const free = (state: LimitsState, ctx: Context, product: VenueProduct, cause: string): LimitsState => {
    const limits = limitsOf(state, product, ctx.nowUs());
    if (limits.blocked === null) return state;
    ctx.cancelTimer(`over ${product}`);
    tell(state, ctx, product, 'free', cause, 0);
    return keep(withProduct(state, product, { ...limits, blocked: null }), ctx);
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
        const blocked = blockedOf(input.recovered, product, ctx.nowUs());
        if (blocked === null) continue;
        state = withProduct(state, product, { ...limitsOf(state, product, ctx.nowUs()), blocked });
        tell(state, ctx, product, blocked.kind === 'ban' ? 'banned' : 'blocked', `in an earlier run: ${blocked.reason}`, blocked.untilUs);
        ctx.startTimerAt(`over ${product}`, blocked.untilUs, { type: 'limits.over', product });
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

/** What an earlier run was told to wait for; what is over, is no wait, or would be longer than any is none. */
function blockedOf(row: unknown, product: VenueProduct, nowUs: number): Blocked | null {
  const { blocked } = (typeof row === 'object' && row !== null ? row : {}) as { readonly blocked?: Readonly<Record<string, unknown>> };
  const found = (typeof blocked === 'object' && blocked !== null ? blocked[product] : undefined) as Partial<Blocked> | null | undefined;
  if (typeof found !== 'object' || found === null) return null;
  const { kind, untilUs, reason } = found;
  if ((kind !== 'limit' && kind !== 'ban') || typeof untilUs !== 'number' || typeof reason !== 'string') return null;
  return untilUs > nowUs && untilUs <= nowUs + LONGEST_RETRY_AFTER_S * 1e6 ? { kind, untilUs, reason } : null;
}
