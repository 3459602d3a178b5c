/** What a market source's thread is asked, and answers. */
import type { CalledOff } from '../threads/called-off.js';
import type { MarketTarget } from './market-source.js';
import type { ViewQuery } from './view.js';

export interface MarketThreadData {
  readonly target: MarketTarget;
  readonly mostBytes?: number;
  readonly calledOff: CalledOff;
}

export type MarketQuestion =
  | { readonly id: number; readonly ask: 'symbols'; readonly source: string }
  | { readonly id: number; readonly ask: 'tail'; readonly source: string; readonly symbol: string }
  | { readonly id: number; readonly ask: 'view'; readonly source: string; readonly query: ViewQuery };

/** `refused`: what was asked for is not there; `failed`: the source cannot be read at all, or a defect. */
export type MarketAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly how: 'refused' | 'failed'; readonly message: string };
