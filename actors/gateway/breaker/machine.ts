/**
 * The circuit breaker of one class of calls of one product (FORMULAS 4.6; the pattern is Nygard's, "Release It!"). It opens when the venue cannot be
 * reached or does not work, never because it refuses a call by its rules.
 *
 *   closed    counts; opens on failures in a row, or on their share of the calls of the last minute
 *   open      refuses; only what takes risk off goes, without counting; 30 s, doubled at each failed probe, 10 min at most
 *   halfOpen  one probe at a time: enough successes close, one failure opens again
 *
 * Time is `nowUs`, stamped on every event by the behaviour.
 */
import { assign, setup } from 'xstate';
import type { BreakerParams } from '../../../config/engine/gateway.js';
import type { VenueProduct } from '../../engine/io.js';
import type { CallClass } from '../../engine/venue-calls.js';
import type { BreakerQuestion, BreakerResult } from '../messages.js';

export type BreakerState = 'closed' | 'open' | 'halfOpen';

/** Calls of one second, for the share of the last minute. */
interface Second {
  readonly second: number;
  readonly calls: number;
  readonly failures: number;
}

export interface BreakerInput {
  readonly product: VenueProduct;
  readonly class: CallClass;
  /** Unique for ever: part of the keys of rows in the record. */
  readonly run: string;
  /** Paths that are told of every edge. */
  readonly listeners: readonly string[];
  /** Row {@link breakerKey} of the record's table `snapshots`, as an earlier run left it. */
  readonly recovered?: unknown;
}

export const breakerKey = ({ product, class: callClass }: Pick<BreakerInput, 'product' | 'class'>): string => `breaker ${product}-${callClass}`;

/** To itself, at the beginning of a run: an earlier one left it open. */
export interface BreakerRestored {
  readonly type: 'breaker.restored';
  readonly opened: number;
  readonly untilUs: number;
  readonly cause: string;
}

export interface BreakerContext {
  readonly params: BreakerParams;
  readonly input: BreakerInput;
  readonly state: BreakerState;
  readonly previous: BreakerState;
  readonly enteredUs: number;
  readonly window: readonly Second[];
  /** Failures without a success between them, and when the last was. */
  readonly inRow: number;
  readonly lastFailureUs: number;
  /** Openings since it was closed. */
  readonly opened: number;
  /** Probes that have succeeded since it was half-opened. */
  readonly succeeded: number;
  /** Why it is where it is. */
  readonly cause: string;
  /** How long it still stays open, ms, where an earlier run has opened it; null for as long as it says. */
  readonly leftMs: number | null;
  /** Edges so far. */
  readonly edges: number;
}

type Stamped = { readonly nowUs: number };
export type BreakerEvent = (BreakerQuestion | BreakerResult | BreakerRestored) & Stamped;

const stampOf = (event: unknown): number => (event as Partial<Stamped>).nowUs ?? 0;
const secondOf = (us: number): number => Math.floor(us / 1e6);

/** What the counters are after a result. */
function counted(context: BreakerContext, event: BreakerEvent): Pick<BreakerContext, 'window' | 'inRow' | 'lastFailureUs'> {
  const { params, window, inRow, lastFailureUs } = context;
  if (event.type !== 'breaker.result' || event.result === 'unsent') return { window, inRow, lastFailureUs };
  const second = secondOf(event.nowUs);
  const failed = event.result === 'failed';
  const kept = window.filter((entry) => entry.second > second - Math.ceil(params.windowMs / 1000));
  const last = kept.at(-1);
  const grown = last?.second === second
    ? [...kept.slice(0, -1), { second, calls: last.calls + 1, failures: last.failures + (failed ? 1 : 0) }]
    : [...kept, { second, calls: 1, failures: failed ? 1 : 0 }];
  if (!failed) return { window: grown, inRow: 0, lastFailureUs };
  const recent = event.nowUs - lastFailureUs <= params.windowMs * 1000;
  return { window: grown, inRow: recent ? inRow + 1 : 1, lastFailureUs: event.nowUs };
}

/** Why a result opens a closed breaker; undefined when it does not. */
function tripCause(context: BreakerContext, event: BreakerEvent): string | undefined {
  if (event.type !== 'breaker.result' || event.result !== 'failed') return undefined;
  const { params } = context;
  const { window, inRow } = counted(context, event);
  if (inRow >= params.consecutiveFailures) return `${inRow} failures in a row, the last: ${event.cause}`;
  let calls = 0;
  let failures = 0;
  for (const entry of window) {
    calls += entry.calls;
    failures += entry.failures;
  }
  if (calls >= params.windowCalls && failures >= calls * params.failureShare) return `${failures} of ${calls} calls failed within ${params.windowMs / 1000} s, the last: ${event.cause}`;
  return undefined;
}

const openMsOf = ({ params, opened, leftMs }: BreakerContext): number => {
  if (leftMs !== null) return leftMs;
  let ms = params.openMs;
  for (let k = 1; k < opened && ms < params.longestOpenMs; k += 1) ms *= 2;
  return Math.min(ms, params.longestOpenMs);
};

const move = (to: BreakerState) => [{ type: 'moved' as const, params: { to } }, { type: 'announce' as const }];
const answer = (allowed: boolean, probe = false) => ({ type: 'answer' as const, params: { allowed, probe } });
const isProbe = (event: BreakerEvent): boolean => event.type === 'breaker.result' && event.probe;

export const breakerMachine = setup({
  types: {} as { context: BreakerContext; events: BreakerEvent; input: { params: BreakerParams; input: BreakerInput; nowUs: number } },
  guards: {
    trips: ({ context, event }) => tripCause(context, event) !== undefined,
    reducing: ({ event }) => event.type === 'breaker.permit' && event.reducing,
    probeFailed: ({ event }) => isProbe(event) && event.type === 'breaker.result' && event.result === 'failed',
    lastProbeSucceeded: ({ context, event }) =>
      isProbe(event) && event.type === 'breaker.result' && event.result === 'ok' && context.succeeded + 1 >= context.params.probes,
    probeSucceeded: ({ event }) => isProbe(event) && event.type === 'breaker.result' && event.result === 'ok',
    probeUnsent: ({ event }) => isProbe(event) && event.type === 'breaker.result' && event.result === 'unsent',
  },
  actions: {
    count: assign(({ context, event }) => counted(context, event)),
    countProbe: assign(({ context }) => ({ succeeded: context.succeeded + 1 })),
    moved: assign(({ context, event }, { to }: { readonly to: BreakerState }) => {
      const { state, params, opened } = context;
      const failure = event.type === 'breaker.result' ? event.cause : '';
      return {
        state: to, previous: state, enteredUs: stampOf(event), edges: context.edges + 1, succeeded: 0, leftMs: null, window: [], inRow: 0,
        opened: to === 'open' ? opened + 1 : to === 'closed' ? 0 : opened,
        cause: state === 'closed' ? (tripCause(context, event) ?? '') : to === 'open' ? `a probe failed: ${failure}` : to === 'closed' ? `${params.probes} probes succeeded` : 'its time is over',
      };
    }),
    restore: assign(({ context, event }) => {
      if (event.type !== 'breaker.restored') return {};
      const { opened, untilUs, cause } = event;
      const leftMs = Math.min(context.params.longestOpenMs, Math.max(1, Math.ceil((untilUs - event.nowUs) / 1000)));
      return { state: 'open' as const, previous: context.state, enteredUs: event.nowUs, edges: context.edges + 1, opened, leftMs, cause: `in an earlier run: ${cause}` };
    }),
    // Effects: carried out by the behaviour.
    announce: () => {},
    answer: (_args, _params: { readonly allowed: boolean; readonly probe: boolean }) => {},
  },
  delays: {
    open: ({ context }) => openMsOf(context),
    probeLost: ({ context }) => context.params.probeLostMs,
  },
}).createMachine({
  id: 'breaker',
  context: ({ input }) => ({
    params: input.params, input: input.input, state: 'closed', previous: 'closed', enteredUs: input.nowUs, window: [], inRow: 0, lastFailureUs: 0, opened: 0, succeeded: 0, cause: 'start',
    leftMs: null, edges: 0,
  }),
  initial: 'closed',
  states: {
    closed: {
      on: {
        'breaker.permit': { actions: answer(true) },
        'breaker.restored': { target: 'open', actions: ['restore', { type: 'announce' }] },
        'breaker.result': [{ guard: 'trips', target: 'open', actions: move('open') }, { actions: 'count' }],
      },
    },
    open: {
      after: { open: { target: 'halfOpen', actions: move('halfOpen') } },
      on: { 'breaker.permit': [{ guard: 'reducing', actions: answer(true) }, { actions: answer(false) }] },
    },
    halfOpen: {
      initial: 'waiting',
      states: {
        waiting: { on: { 'breaker.permit': { target: 'probing', actions: answer(true, true) } } },
        probing: {
          after: { probeLost: { target: 'waiting' } },
          on: {
            'breaker.permit': [{ guard: 'reducing', actions: answer(true) }, { actions: answer(false) }],
            'breaker.result': [
              { guard: 'probeFailed', target: '#breaker.open', actions: move('open') },
              { guard: 'lastProbeSucceeded', target: '#breaker.closed', actions: move('closed') },
              { guard: 'probeSucceeded', target: 'waiting', actions: 'countProbe' },
              { guard: 'probeUnsent', target: 'waiting' },
            ],
          },
        },
      },
    },
  },
});

/** How long an open breaker stays open, ms. */
export const openMs = (context: BreakerContext): number => openMsOf(context);
