/** Keeps the rules of the run's instruments as the venue states them now; a change is published on {@link RULES_TOPIC}. */
import type { RulesParams } from '../../../config/engine/feeds.js';
import type { Instrument } from '../../../data/records/instrument.js';
import type { ActorContext, Behaviour } from '../../../runtime/types.js';
import type { RestAnswer, RestRequest, VenueProduct } from '../../engine/io.js';
import { GATEWAY_PATH } from '../../engine/paths.js';
import type { VenueCall, VenueOutcome } from '../../engine/venue-calls.js';
import {
  RULES_TOPIC, type Bracket, type InstrumentRules, type ProductRules, type RulesAnswer, type RulesChanged, type RulesQuery, type RulesSuspicion, type VenueLimit,
} from '../../engine/venue-rules.js';
import { productOf, REST_PATHS } from '../products.js';
import { changedFields, decodeBrackets, decodeRules } from './decode.js';

export interface RulesInput {
  readonly instruments: readonly Instrument[];
  readonly params: RulesParams;
  /** As they were before the run. */
  readonly boot: readonly ProductRules[];
  /** There is a key: brackets of USD-M are asked for, through the gateway. */
  readonly brackets: boolean;
}

export type RulesMessage =
  | RestAnswer | VenueOutcome | RulesQuery | RulesSuspicion | { readonly type: 'rules.refresh'; readonly product: VenueProduct } | { readonly type: 'rules.brackets' };

interface Kept {
  readonly product: VenueProduct;
  readonly rules: ProductRules;
  /** Under way, "" for none. */
  readonly request: string;
  readonly refreshedUs: number;
  readonly problems: readonly string[];
  readonly failures: number;
}

export interface RulesState {
  readonly input: RulesInput;
  readonly kept: readonly Kept[];
  /** By name of the symbol; what the venue said last. */
  readonly brackets: readonly { readonly name: string; readonly brackets: readonly Bracket[] }[];
  readonly bracketCall: string;
}

type Context = ActorContext<RulesMessage>;

const BRACKETS_PATH = '/fapi/v1/leverageBracket';
const SAYS_NOTHING = 'nothing has been read yet';

export const rulesBehaviour: Behaviour<RulesState, RulesMessage, RulesInput> = {
  name: 'venue-rules',
  version: 1,
  init(ctx, input) {
    const products = (['spot', 'usdm', 'options'] as const).filter((product) => own(input, product).length > 0);
    const kept = products.map((product): Kept => {
      const boot = input.boot.find((rules) => rules.product === product);
      if (boot === undefined) {
        ctx.startTimer(product, 1, { type: 'rules.refresh', product });
        return { product, rules: { product, venueMs: 0, limits: [], instruments: [] }, request: '', refreshedUs: 0, problems: [SAYS_NOTHING], failures: 0 };
      }
      ctx.startTimer(product, input.params.everyMs, { type: 'rules.refresh', product });
      return { product, rules: boot, request: '', refreshedUs: ctx.nowUs(), problems: [], failures: 0 };
    });
    if (input.brackets && products.includes('usdm')) ctx.startTimer('brackets', 1, { type: 'rules.brackets' });
    return { input, kept, brackets: [], bracketCall: '' };
  },
  step(state, message, ctx) {
    switch (message.type) {
      case 'rules.get': {
        const answer: RulesAnswer = { products: state.kept.map(({ rules }) => rules) };
        ctx.reply(answer);
        return state;
      }
      case 'rules.refresh': return change(state, message.product, (kept) => (kept.request === '' ? request(kept, state.input, ctx) : kept));
      case 'rules.suspect': return change(state, message.product, (kept) => suspect(kept, state.input, ctx));
      case 'rest.answer': return answered(state, message, ctx);
      case 'rules.brackets': return askBrackets(state, ctx);
      case 'venue.outcome': return message.id === state.bracketCall ? bracketsTold(state, message, ctx) : state;
    }
  },
  view: ({ kept }) => kept.map(({ product, refreshedUs, problems, failures, rules }) => ({
    product, refreshedUs, problems, failures, instruments: rules.instruments.map(({ name, status, tickSize, lotSize, brackets }) => ({ name, status, tickSize, lotSize, brackets: brackets.length })),
  })),
};

const own = ({ instruments }: RulesInput, product: VenueProduct): readonly Instrument[] => instruments.filter((instrument) => productOf(instrument) === product);

function change(state: RulesState, product: VenueProduct, make: (kept: Kept) => Kept): RulesState {
  return { ...state, kept: state.kept.map((kept) => (kept.product === product ? make(kept) : kept)) };
}

function request(kept: Kept, input: RulesInput, ctx: Context): Kept {
  const { product } = kept;
  const id = ctx.nextId();
  // Spot can be asked for some; the others list everything.
  const params: Record<string, string> = product === 'spot' ? { symbols: JSON.stringify(own(input, product).map(({ symbol }) => symbol)) } : {};
  const sent: RestRequest = { id, to: ctx.path, product, method: 'GET', path: REST_PATHS[product].info, params, security: 'none', timeoutMs: input.params.timeoutMs, flushFirst: false };
  ctx.effect('rest.send', sent);
  return { ...kept, request: id };
}

/** At once, unless it was asked only just now: then when that is no longer so. */
function suspect(kept: Kept, input: RulesInput, ctx: Context): Kept {
  if (kept.request !== '') return kept;
  const sinceUs = ctx.nowUs() - kept.refreshedUs;
  const waitMs = input.params.suspicionMs - sinceUs / 1000;
  if (waitMs <= 0) return request(kept, input, ctx);
  ctx.startTimer(kept.product, waitMs, { type: 'rules.refresh', product: kept.product });
  return kept;
}

function answered(state: RulesState, { id, outcome }: RestAnswer, ctx: Context): RulesState {
  const kept = state.kept.find(({ request: asked }) => asked === id);
  if (kept === undefined) return state;
  const { product } = kept;
  const { params } = state.input;
  const again = (ms: number): void => ctx.startTimer(product, ms, { type: 'rules.refresh', product });
  const failedWith = (problem: string): RulesState => {
    again(outcome.kind === 'answer' && outcome.headers.retryAfterS !== null ? Math.max(params.retryMs, outcome.headers.retryAfterS * 1000) : params.retryMs);
    return change(state, product, () => ({ ...kept, request: '', problems: [problem], failures: kept.failures + 1 }));
  };
  if (outcome.kind !== 'answer') return failedWith(outcome.kind === 'malformed' ? outcome.problem : outcome.reason);
  // One symbol that spot does not know makes it refuse the whole question: that is how it tells that one is gone.
  if (product === 'spot' && outcome.status === 400) return wholeSpot(state, kept, ctx);
  if (outcome.status !== 200) return failedWith(`answered with ${outcome.status}`);
  const decoded = decodeRules(product, outcome.body, own(state.input, product));
  if (!decoded.ok) return failedWith(decoded.problem);
  again(params.everyMs);
  const rules = merged(kept.rules, decoded.rules, state.brackets);
  tellChanges(kept.rules, rules, ctx);
  return change(state, product, () => ({ product, rules, request: '', refreshedUs: ctx.nowUs(), problems: decoded.problems, failures: 0 }));
}

function wholeSpot(state: RulesState, kept: Kept, ctx: Context): RulesState {
  const id = ctx.nextId();
  ctx.effect('rest.send', {
    id, to: ctx.path, product: 'spot', method: 'GET', path: REST_PATHS.spot.info, params: {}, security: 'none', timeoutMs: state.input.params.timeoutMs, flushFirst: false,
  } satisfies RestRequest);
  return change(state, 'spot', () => ({ ...kept, request: id }));
}

/** What was read now; of instruments that could not be read, what was known before. */
function merged(before: ProductRules, now: ProductRules, brackets: RulesState['brackets']): ProductRules {
  const read = new Set(now.instruments.map(({ symbol }) => symbol));
  const unread = before.instruments.filter(({ symbol }) => !read.has(symbol));
  const instruments = [...now.instruments.map((rules) => ({ ...rules, brackets: brackets.find(({ name }) => name === rules.name)?.brackets ?? [] })), ...unread];
  return { ...now, limits: now.limits.length === 0 ? before.limits : now.limits, instruments: instruments.sort((a, b) => a.symbol - b.symbol) };
}

function tellChanges(before: ProductRules, after: ProductRules, ctx: Context): void {
  const changed = after.instruments.flatMap((rules): { rules: InstrumentRules; changed: readonly string[] }[] => {
    const old = before.instruments.find(({ symbol }) => symbol === rules.symbol);
    const fields = old === undefined ? ['symbol'] : changedFields(old, rules);
    return fields.length === 0 ? [] : [{ rules, changed: fields }];
  });
  const limits: readonly VenueLimit[] | null = JSON.stringify(before.limits) === JSON.stringify(after.limits) ? null : after.limits;
  if (changed.length === 0 && limits === null) return;
  const told: RulesChanged = { type: 'rules.changed', product: after.product, instruments: changed, limits };
  ctx.publish(RULES_TOPIC, told);
}

function askBrackets(state: RulesState, ctx: Context): RulesState {
  const id = ctx.nextId();
  const call: VenueCall = {
    type: 'venue.call', id, replyTo: ctx.path, class: 'account', reducing: false, product: 'usdm', method: 'GET', path: BRACKETS_PATH, params: {}, security: 'signed', weight: 1, orders: 0,
  };
  ctx.send(ctx.ref(GATEWAY_PATH), call);
  // Its outcome sets the next time; without one, a gateway that is not there, this does.
  ctx.startTimer('brackets', state.input.params.everyMs, { type: 'rules.brackets' });
  return { ...state, bracketCall: id };
}

function bracketsTold(state: RulesState, { outcome }: VenueOutcome, ctx: Context): RulesState {
  const found = outcome.kind === 'ok' ? decodeBrackets(outcome.body) : null;
  ctx.startTimer('brackets', found === null ? state.input.params.retryMs : state.input.params.everyMs, { type: 'rules.brackets' });
  if (found === null) return { ...state, bracketCall: '' };
  const brackets = own(state.input, 'usdm').flatMap(({ symbol }) => (found.has(symbol) ? [{ name: symbol, brackets: found.get(symbol)! }] : []));
  const next = change({ ...state, brackets, bracketCall: '' }, 'usdm', (kept) => ({ ...kept, rules: merged(kept.rules, kept.rules, brackets) }));
  const of = (from: RulesState): ProductRules => from.kept.find(({ product }) => product === 'usdm')!.rules;
  tellChanges(of(state), of(next), ctx);
  return next;
}
