import type { Amount, Asset } from '../../ledger/index.js';
import { Recent } from '../../recent.js';
import type { AlgoOrder, Fill, FuturesOrder, PositionSide } from './order.js';

export type IncomeType = 'TRANSFER' | 'REALIZED_PNL' | 'FUNDING_FEE' | 'COMMISSION' | 'INSURANCE_CLEAR' | 'API_REBATE';

export interface Income {
  /** "" for transfers. */
  readonly symbol: string;
  readonly type: IncomeType;
  readonly income: Amount;
  readonly asset: Asset;
  readonly info: string;
  readonly atUs: number;
  /** Unique per account and type. */
  readonly tranId: number;
  /** "" when no trade made it. */
  readonly tradeId: string;
}

export interface ForcedOrder {
  readonly order: FuturesOrder;
  readonly kind: 'LIQUIDATION' | 'ADL';
}

export interface MarginChange {
  readonly symbol: string;
  readonly type: 1 | 2;
  readonly amount: Amount;
  readonly asset: Asset;
  readonly atUs: number;
  readonly positionSide: PositionSide;
}

const KEPT = 2000;

/** What is remembered of an account: every final state and every movement, until newer ones push it out. */
export class History {
  /** Ended orders. */
  readonly orders = new Recent<FuturesOrder>(KEPT);
  readonly algos = new Recent<AlgoOrder>(KEPT);
  readonly fills = new Recent<Fill>(KEPT);
  readonly incomes = new Recent<Income>(KEPT);
  readonly forced = new Recent<ForcedOrder>(KEPT);
  readonly marginChanges = new Recent<MarginChange>(KEPT);
}
