/**
 * Between strategies, the account and the venue. Every order goes through the account, which checks, sizes and forwards it;
 * every venue event comes back to the account first, which books it and passes it on to the order's owner.
 */
import type { SessionReport } from './session.js';
import type { Instrument } from '../../data/records/index.js';
import type { AskResult } from '../../runtime/index.js';
import type { RiskAnswer, RiskGuard } from '../risk/messages.js';
import type { PositionGone, TruthState } from '../truth/messages.js';
import type { Side, TimeInForce, VenueEvent } from '../venue/messages.js';
import type { RecoveredAccount } from './rows.js';

/** Why an exit is sent; becomes the trade's exit reason. */
export type ExitPurpose = 'target' | 'stop' | 'time' | 'shutdown' | 'restart' | 'feed_lost' | 'trading_disabled' | 'manual';

/** Ask to open a position. The account sizes it: lots = floor(equity x equityShare / value of a lot at priceTicks). */
export interface EntryRequest {
  readonly type: 'entry.request';
  /** Order id, also the id of the trade it opens. Unique for ever. */
  readonly id: string;
  /** Path of the actor that gets the answer and the order's events. */
  readonly owner: string;
  readonly strategy: string;
  readonly symbol: number;
  readonly side: Side;
  readonly kind: 'limit' | 'market';
  /** Limit price, or for a market order the price it is sized at. */
  readonly priceTicks: number;
  readonly timeInForce: TimeInForce;
  readonly equityShare: number;
  readonly seq: number;
  readonly dueUs: number;
}

/** Close (part of) a trade; always reduce-only, never refused for risk. */
export interface ExitRequest {
  readonly type: 'exit.request';
  readonly id: string;
  readonly tradeId: string;
  readonly owner: string;
  readonly kind: 'limit' | 'market' | 'stop';
  readonly priceTicks: number;
  readonly lots: number;
  readonly timeInForce: TimeInForce;
  readonly purpose: ExitPurpose;
  readonly seq: number;
  readonly dueUs: number;
}

export interface CancelRequest {
  readonly type: 'cancel.request';
  readonly id: string;
  readonly owner: string;
  readonly seq: number;
  readonly dueUs: number;
}

/** Cancel every entry of an owner and close all that it has open, now and as late fills come in. */
export interface FlattenRequest {
  readonly type: 'flatten.request';
  readonly owner: string;
  readonly purpose: ExitPurpose;
  readonly seq: number;
}

/** From the operator: close every trade of a symbol, or of all (null): entries and targets are cancelled, then all is closed at market. */
export interface FlattenAll {
  readonly type: 'account.flatten';
  readonly symbol: number | null;
  readonly purpose: ExitPurpose;
}
/** From the operator: withdraw entries, and with `targets` the targets too. Stops stay. */
export interface CancelAll {
  readonly type: 'account.cancel';
  readonly symbol: number | null;
  readonly targets: boolean;
}

/** Switches new entries on or off; exits always pass. */
export interface TradingSwitch {
  readonly type: 'trading';
  readonly enabled: boolean;
  readonly reason: string;
}

export type AccountMessage =
  | EntryRequest | ExitRequest | CancelRequest | FlattenRequest | FlattenAll | CancelAll | TradingSwitch | VenueEvent
  | { readonly type: 'account.retry'; readonly tradeId: string }
  /** Trades of an earlier run are closed now. */
  | { readonly type: 'account.inherited' }
  /** Of `trading.truth`, while there are such trades. */
  | TruthState
  /** From the orders: what the trade still has open is too little to be sold (fees took the rest on spot). It is written off, and the trade is over. */
  | { readonly type: 'account.dust'; readonly tradeId: string }
  | PositionGone
  /** What the risk gate said of an entry; `down` when nobody did. */
  | { readonly type: 'account.risk'; readonly id: string; readonly result: AskResult<RiskAnswer> }
  /** Asked, answers an {@link AccountStatus}; `markTicks` by symbol values what is open (0 or absent: no value). */
  | { readonly type: 'account.status'; readonly markTicks?: readonly number[] };

/** A trade that has filled and is not closed. */
export interface OpenTrade {
  readonly id: string;
  readonly symbol: number;
  readonly side: Side;
  readonly openLots: number;
  readonly entryPrice: string;
  readonly markTicks: number;
  /** What closing it all at the mark would make of the trade, after the fees paid so far; decimal string, null without a mark. */
  readonly unrealised: string | null;
  readonly settle: string;
}

export interface AccountStatus {
  /** Equity per settlement asset as decimal strings: starting balance plus all closed trades, net of fees. */
  readonly equity: Readonly<Record<string, string>>;
  readonly openTrades: number;
  readonly open: readonly OpenTrade[];
  /** Entries that may still fill, or that the risk gate is asked about. */
  readonly entries: number;
  readonly tradingEnabled: boolean;
  /** What the trades of this run came to. */
  readonly session: SessionReport;
}

export type EntryRefusal =
  | 'trading_disabled' | 'unknown_symbol' | 'duplicate_id' | 'max_concurrent' | 'below_lot' | 'min_notional' | 'symbol_exposure_cap' | 'total_exposure_cap'
  /** Taken back while the risk gate was asked. */
  | 'withdrawn'
  /** The risk gate's. */
  | RiskGuard;

/** From the account to the owner of an order. `seq` is the input in effect. */
export type AccountReply =
  | { readonly type: 'entry.granted'; readonly id: string; readonly lots: number; readonly seq: number }
  | { readonly type: 'entry.refused'; readonly id: string; readonly reason: EntryRefusal; readonly seq: number; readonly detail?: string }
  | { readonly type: 'exit.refused'; readonly id: string; readonly tradeId: string; readonly reason: string; readonly seq: number }
  | { readonly type: 'venue'; readonly tradeId: string; readonly purpose: 'entry' | ExitPurpose; readonly event: VenueEvent; readonly seq: number }
  /** The trade is over: nothing open, nothing working. `filledLots` 0 when the entry never filled. */
  | { readonly type: 'trade.closed'; readonly tradeId: string; readonly filledLots: number; readonly profitable: boolean; readonly seq: number }
  | TradingSwitch;

/** From the account to a detector: whether its symbol has a position or an order (T6 waits for none). */
export interface ExposureMessage {
  readonly type: 'exposure';
  readonly symbol: number;
  readonly on: boolean;
  readonly seq: number;
}

/** What a supervisor tells the account. */
export interface AccountInput {
  readonly symbols: readonly {
    readonly instrument: Instrument;
    /** Told about exposure; null = nobody. */
    readonly detectorPath: string | null;
  }[];
  /** Told when trading is switched. */
  readonly strategyPaths: readonly string[];
  readonly kernelPath?: string;
  /** May close any trade, whoever owns it. */
  readonly guardPath?: string;
  readonly journalPath?: string;
  /** Who is asked before anything opens; without it, the account's own checks are all (replay, paper). */
  readonly risk?: { readonly path: string; readonly timeoutMs: number };
  /** Engine: trades and equity are written down, and begin with what an earlier run left. `mark` tells orders of this run from those of others; `startedUs`: when it began; `truth`: there is one to wait for. */
  readonly record?: { readonly mark: string; readonly startedUs: number; readonly recovered: RecoveredAccount; readonly truth: boolean };
}
