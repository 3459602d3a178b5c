import type { AskResult, Behaviour } from '../../../runtime/index.js';
import type { EngineReply } from '../engine.js';

/** The two engines whose markets are of the same things, and how their prices are asked and told. */
export interface LinkInput {
  readonly spot: string;
  readonly usdm: string;
  /** Calls on the engines' market, by whoever built them: mid prices of all symbols in the same order, and what to do with the other's. */
  spotMids(): readonly number[];
  usdmMids(): readonly number[];
  drawSpot(prices: readonly number[]): void;
  drawUsdm(prices: readonly number[]): void;
  /** Spot's prices are the perpetuals' index. */
  setIndex(prices: readonly number[], nowUs: number): void;
  /** Other engines that are told spot's prices: those of derivatives on them. */
  readonly followers: readonly { readonly path: string; follow(prices: readonly number[]): void }[];
}

type LinkMessage =
  | { readonly type: 'second' }
  | { readonly type: 'spot'; readonly result: AskResult<EngineReply<readonly number[]>> }
  | { readonly type: 'usdm'; readonly result: AskResult<EngineReply<readonly number[]>> };

interface LinkState {
  readonly input: LinkInput;
  rounds: number;
  /** Rounds in which an engine did not answer. */
  missed: number;
}

const SECOND_MS = 1000;
/** At a high speed a second of the venue is a moment of the wall's. */
const PATIENCE_MS = 30_000;

/**
 * Keeps the crowds of spot and USD-M on one latent value: every second of the venue's clock it reads both sides' prices, makes spot's the
 * index of the perpetuals, and draws each side a little towards the other, as arbitrage does. While an engine is down it waits for it.
 */
export const linkBehaviour: Behaviour<LinkState, LinkMessage, LinkInput> = {
  name: 'market-link',
  version: 1,
  stateKind: 'mutable',
  init(ctx, input) {
    ctx.startTimer('second', SECOND_MS, { type: 'second' });
    return { input, rounds: 0, missed: 0 };
  },
  step(state, message, ctx) {
    const { input } = state;
    const call = (run: (nowUs: number) => void): object => ({ type: 'tell', call: (_venue: unknown, nowUs: number) => run(nowUs) });
    switch (message.type) {
      case 'second':
        state.rounds += 1;
        ctx.startTimer('second', SECOND_MS, { type: 'second' });
        ctx.ask<EngineReply<readonly number[]>>(ctx.ref(input.spot), { type: 'call', call: () => input.spotMids() }, PATIENCE_MS, (result) => ({ type: 'spot', result }));
        ctx.ask<EngineReply<readonly number[]>>(ctx.ref(input.usdm), { type: 'call', call: () => input.usdmMids() }, PATIENCE_MS, (result) => ({ type: 'usdm', result }));
        return state;
      case 'spot': {
        const prices = pricesOf(message.result);
        if (prices === null) state.missed += 1;
        else {
          ctx.send(ctx.ref(input.usdm), call((nowUs) => {
            input.setIndex(prices, nowUs);
            input.drawUsdm(prices);
          }));
          for (const { path, follow } of input.followers) ctx.send(ctx.ref(path), call(() => follow(prices)));
        }
        return state;
      }
      case 'usdm': {
        const prices = pricesOf(message.result);
        if (prices === null) state.missed += 1;
        else ctx.send(ctx.ref(input.spot), call(() => input.drawSpot(prices)));
        return state;
      }
    }
  },
  view: ({ rounds, missed }) => ({ rounds, missed }),
};

function pricesOf(result: AskResult<EngineReply<readonly number[]>>): readonly number[] | null {
  return result.ok && result.value.ok ? result.value.value : null;
}
