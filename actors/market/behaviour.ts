/**
 * The kernel as an actor: `{type:'records'}` runs a stretch of records and sends every edge to the actors that
 * decide. The message object belongs to the driver, is reused, and carries the answer back in `next`.
 */
import type { IndicatorParams } from '../../config/indicators.js';
import type { Instrument } from '../../data/records/instrument.js';
import type { ActorContext, Behaviour } from '../../runtime/types.js';
import type { PriceReference } from '../risk/messages.js';
import type { VenueMatcher } from '../venue/matcher-port.js';
import type { Control } from './control-queue.js';
import { MarketKernel } from './kernel.js';
import type { KernelPort } from './kernel-port.js';
import type { KernelSnapshot } from './snapshot.js';

/**
 * Records [from, to) of (F, I) before tape clock `untilUs`; the kernel writes the first index not processed to
 * `next` and its tape clock to `clockUs`. A `mute` stretch warms up: its edges are told to nobody.
 */
export interface RecordsMessage {
  readonly type: 'records';
  F: Float64Array;
  I: Int32Array;
  from: number;
  to: number;
  untilUs: number;
  mute: boolean;
  next: number;
  clockUs: number;
  /** Answer: it stopped at `next` because lanes are not done; the same stretch is to be sent again from there. */
  stalled: boolean;
}
/** The clock has come to `us`, and no record with an earlier stamp will follow: `KernelPort.passTime`. `clockUs`: the kernel's answer. */
export interface TimeMessage {
  readonly type: 'time';
  us: number;
  untilUs: number;
  clockUs: number;
}
/**
 * `retell`: tell the machines afresh at the next record of each symbol (after a mute stretch). `prices`: say now what `pricesTo` is to know.
 * `told-prices`: what lanes know, some time after `prices`. `finish`: no record will follow.
 */
export type MarketKernelMessage = RecordsMessage | TimeMessage | Control | ToldPrices | { readonly type: 'retell' } | { readonly type: 'prices' } | { readonly type: 'finish' };
/** An input of the run. */
export interface ToldPrices {
  readonly type: 'told-prices';
  readonly prices: readonly PriceReference[];
}

export interface MarketKernelInput {
  readonly instruments: readonly Instrument[];
  readonly params: (instrument: Instrument) => IndicatorParams;
  readonly makeMatcher?: (symbol: number) => VenueMatcher;
  /** Takes the place of a kernel of its own: lanes. What they know survives this actor. */
  readonly lanes?: KernelPort;
  /** Called with the kernel of every incarnation: what an earlier one counted must not be lost with it. */
  readonly onKernel?: (kernel: KernelPort) => void;
  /** Paths of the actors that take each kind of edge. */
  readonly routes: {
    readonly levelTo: (symbol: number) => string;
    readonly candleTo: (symbol: number) => string;
    readonly venueTo: (symbol: number) => string;
    readonly bookTo?: (symbol: number) => string;
    /** Who else is told of a book: whoever puts it in step again. */
    readonly bookAlsoTo?: (symbol: number) => string;
    /** Besides `levelTo`. */
    readonly levelAlsoTo?: (symbol: number) => string;
    /** Told the prices of every level and candle, before who decides by it, and of every symbol when somebody asks for `prices`. */
    readonly pricesTo?: readonly string[];
  };
}

export interface MarketKernelState {
  readonly kernel: KernelPort;
  readonly instruments: readonly Instrument[];
  readonly routes: MarketKernelInput['routes'];
  /** Records that came through whole. */
  taken: number;
}

function sendEdges({ kernel, routes }: MarketKernelState, ctx: ActorContext<MarketKernelMessage>): void {
  for (const edge of kernel.edges) {
    if (routes.pricesTo !== undefined && (edge.type === 'level' || edge.type === 'candle')) {
      const { bestBidTicks, bestAskTicks, price } = edge.features;
      const prices: PriceReference = { type: 'price', symbol: edge.symbol, bidTicks: bestBidTicks, askTicks: bestAskTicks, markTicks: price, atUs: edge.atUs };
      for (const path of routes.pricesTo) ctx.send(ctx.ref<PriceReference>(path), prices);
    }
    switch (edge.type) {
      case 'level':
        ctx.send(ctx.ref(routes.levelTo(edge.symbol)), edge);
        if (routes.levelAlsoTo !== undefined) ctx.send(ctx.ref(routes.levelAlsoTo(edge.symbol)), edge);
        break;
      case 'candle':
        ctx.send(ctx.ref(routes.candleTo(edge.symbol)), edge);
        break;
      case 'book':
        if (routes.bookTo !== undefined) ctx.send(ctx.ref(routes.bookTo(edge.symbol)), edge);
        if (routes.bookAlsoTo !== undefined) ctx.send(ctx.ref(routes.bookAlsoTo(edge.symbol)), edge);
        break;
      default:
        ctx.send(ctx.ref(routes.venueTo(edge.symbol)), edge);
    }
  }
}

/** In a calm market no edge comes for minutes. What lanes know is not known here at any certain record: they are asked. */
function sendPrices({ kernel, routes }: MarketKernelState, ctx: ActorContext<MarketKernelMessage>): void {
  if (routes.pricesTo === undefined) return;
  if (!(kernel instanceof MarketKernel)) {
    kernel.askPrices?.();
    return;
  }
  for (const symbol of kernel.symbols) {
    const { bestBidTicks, bestAskTicks, price } = symbol.features();
    if (!(price > 0)) continue;
    const prices: PriceReference = { type: 'price', symbol: symbol.index, bidTicks: bestBidTicks, askTicks: bestAskTicks, markTicks: price, atUs: symbol.clockUs };
    for (const path of routes.pricesTo) ctx.send(ctx.ref<PriceReference>(path), prices);
  }
}

/** Runs the stretch and writes the answer, also when a record throws: the driver must know where to go on. */
function runRecords(state: MarketKernelState, message: RecordsMessage): void {
  const { kernel } = state;
  try {
    message.next = kernel.run(message.F, message.I, message.from, message.to, message.untilUs);
    while (message.mute && kernel.edges.length > 0) {
      message.next = kernel.run(message.F, message.I, message.next, message.to, message.untilUs);
    }
  } catch (thrown) {
    message.next = kernel.position;
    kernel.disown(state.taken + message.next - message.from);
    throw thrown;
  } finally {
    state.taken += message.next - message.from;
    message.clockUs = kernel.clockUs;
    message.stalled = kernel.stalled;
  }
}

export const marketKernel: Behaviour<MarketKernelState, MarketKernelMessage, MarketKernelInput> = {
  name: 'market-kernel',
  version: 1,
  stateKind: 'mutable',
  init(ctx, input) {
    const kernel = input.lanes ?? new MarketKernel(input.instruments, input.params, input);
    input.onKernel?.(kernel);
    // A kernel that begins anew knows less than the machines were told by the one before it, and machines that began anew with
    // it know less than lanes do: they must hear so.
    if (ctx.incarnation > 1) kernel.retell();
    return { kernel, instruments: input.instruments, routes: input.routes, taken: 0 };
  },
  step(state, message, ctx) {
    switch (message.type) {
      case 'records':
        runRecords(state, message);
        if (state.kernel.edges.length > 0) sendEdges(state, ctx);
        return state;
      case 'time':
        state.kernel.passTime(message.us, message.untilUs);
        message.clockUs = state.kernel.clockUs;
        if (state.kernel.edges.length > 0) sendEdges(state, ctx);
        return state;
      case 'retell':
        state.kernel.retell();
        return state;
      case 'prices':
        sendPrices(state, ctx);
        return state;
      case 'told-prices':
        for (const prices of message.prices) for (const path of state.routes.pricesTo ?? []) ctx.send(ctx.ref<PriceReference>(path), prices);
        return state;
      case 'finish':
        state.kernel.finish();
        return state;
      default:
        state.kernel.control(message);
        return state;
    }
  },
  // Lanes keep their own checkpoints.
  snapshot: ({ kernel }) => (kernel instanceof MarketKernel ? kernel.snapshot() : null),
  restore(data, _ctx, input) {
    if (input.lanes !== undefined) return { kernel: input.lanes, instruments: input.instruments, routes: input.routes, taken: input.lanes.counters().records };
    const kernel = new MarketKernel(input.instruments, input.params, input);
    kernel.restore(data as KernelSnapshot);
    input.onKernel?.(kernel);
    return { kernel, instruments: input.instruments, routes: input.routes, taken: kernel.counters().records };
  },
  view: (state) => ({
    seq: state.kernel.seq,
    clockUs: state.kernel.clockUs,
    ...state.kernel.counters(),
    symbols: state.instruments.flatMap(({ index }) => {
      const facts = state.kernel.facts(index);
      if (facts === undefined) return [];
      const { live, frozen, warm, mask, pauses, features } = facts;
      return [{ index, live, frozen, warm, mask, pauses, ...features }];
    }),
  }),
};
