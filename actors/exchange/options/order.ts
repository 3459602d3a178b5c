import { type Amount, ZERO } from '../ledger/index.js';
import { ClientOrder, type PlaceRequest } from '../matching/index.js';
import type { OptionMarket } from './option-market.js';

export interface OptionOrderTerms {
  readonly market: OptionMarket;
  readonly clientId: string;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly mmp: boolean;
  readonly createdMs: number;
  readonly liquidation: boolean;
  /** As the client named it. */
  readonly selfTradePrevention: 'NONE' | 'EXPIRE_TAKER' | 'EXPIRE_MAKER' | 'EXPIRE_BOTH';
}

/** One order on an option: always a limit order. */
export class OptionOrder extends ClientOrder {
  readonly terms: OptionOrderTerms;
  updatedMs: number;
  fee: Amount = ZERO;

  constructor(request: PlaceRequest, terms: OptionOrderTerms) {
    super(request);
    this.terms = terms;
    this.updatedMs = terms.createdMs;
  }
}

export type OptionStatus = 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'EXPIRED' | 'REJECTED';

export function statusOf(order: OptionOrder): OptionStatus {
  switch (order.state) {
    case 'idle':
    case 'queued':
    case 'untriggered':
    case 'triggered':
    case 'taking':
    case 'resting':
      return order.filledLots > 0 ? 'PARTIALLY_FILLED' : 'NEW';
    case 'filled':
      return 'FILLED';
    case 'canceled':
      return 'CANCELED';
    case 'expired':
      return 'EXPIRED';
    case 'rejected':
      return 'REJECTED';
  }
}
