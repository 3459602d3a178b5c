import type { AskResult } from '../../../runtime/types.js';
import type { OrderReport } from '../exchange/protocol.js';
import type { Numbered } from './links.js';

export type Outcome = 'filled' | 'cancelled';

/** An order as the desk's actors know it; how the exchange will treat it they do not know. */
export interface DeskOrder {
  readonly order: number;
  readonly side: 1 | -1;
  readonly lots: number;
  readonly ticks: number;
  /** Cancel it this long after it was accepted, null: wait until it is filled. */
  readonly cancelMs: number | null;
}

/** The input: one a scripted order, numbered from 0 without gaps. */
export interface Signal extends DeskOrder {
  readonly type: 'signal';
  readonly slot: number;
}

export type RouterMessage = Signal | (Numbered & { readonly type: 'done'; readonly order: number; readonly outcome: Outcome });

export type AccountMessage =
  | { readonly type: 'reserve'; readonly order: number; readonly amount: number }
  | (Numbered & { readonly type: 'fill'; readonly order: number; readonly side: 1 | -1; readonly lots: number; readonly ticks: number })
  | (Numbered & { readonly type: 'release'; readonly order: number })
  | { readonly type: 'mark'; readonly dueUs: number };

export type SlotMessage =
  | (Numbered & DeskOrder & { readonly type: 'place' })
  | { readonly type: 'reserved'; readonly order: number; readonly result: AskResult<boolean> }
  /** What the exchange says; `attempt` is the placement it was asked about, `polls` how often it had been polled by then. */
  | (OrderReport & { readonly type: 'report'; readonly attempt: number; readonly polls: number })
  | { readonly type: 'impatient'; readonly order: number; readonly attempt: number }
  | { readonly type: 'poll'; readonly order: number; readonly polls: number }
  | { readonly type: 'cancelDue'; readonly order: number }
  /** After a recovery: nobody knows whether the effect happened. */
  | { readonly type: 'runtime.effect_unknown'; readonly effect: string; readonly key: string; readonly payload: ExchangeCall };

/** Payload of the effects `place`, `cancel` and `query`. */
export interface ExchangeCall {
  readonly order: number;
  readonly attempt: number;
  readonly polls: number;
  readonly side: 1 | -1;
  readonly lots: number;
  readonly ticks: number;
}
