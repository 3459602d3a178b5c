/**
 * Leverage brackets: the larger a position's notional, the lower the leverage that it may have and the larger the share of
 * it that must stay as maintenance margin. Within a bracket maintenance = notional × rate − cum, where `cum` makes the
 * whole piecewise linear and continuous (Binance's "maintenance amount").
 */
import { type Amount, amount, ONE } from '../ledger/index.js';
import { divideUp } from './contract.js';

export interface Bracket {
  /** 1-based. */
  readonly bracket: number;
  /** Highest leverage at this size. */
  readonly initialLeverage: number;
  /** Notional range (floor, cap] in the margin asset. */
  readonly notionalFloor: Amount;
  readonly notionalCap: Amount;
  /** Maintenance margin rate in 10^-8. */
  readonly maintenanceRate: Amount;
  readonly cum: Amount;
}

export type BracketRow = readonly [notionalCap: Amount, initialLeverage: number, maintenanceRate: Amount];

export class BracketTable {
  readonly brackets: readonly Bracket[];

  /** @throws RangeError when caps do not rise, rates fall, or leverages rise. */
  constructor(rows: readonly BracketRow[]) {
    const brackets: Bracket[] = [];
    for (const [notionalCap, initialLeverage, maintenanceRate] of rows) {
      const last = brackets.at(-1);
      const floor = last?.notionalCap ?? amount(0n);
      if (notionalCap <= floor || (last !== undefined && (maintenanceRate < last.maintenanceRate || initialLeverage > last.initialLeverage))) {
        throw new RangeError('leverage brackets: caps and rates must rise, leverages must fall');
      }
      const cum = last === undefined ? 0n : last.cum + (floor * (maintenanceRate - last.maintenanceRate)) / ONE;
      brackets.push({ bracket: brackets.length + 1, initialLeverage, notionalFloor: floor, notionalCap, maintenanceRate, cum: amount(cum) });
    }
    if (brackets.length === 0) throw new RangeError('leverage brackets: none given');
    this.brackets = brackets;
  }

  get maxLeverage(): number {
    return this.brackets[0]!.initialLeverage;
  }

  of(notional: Amount): Bracket {
    for (const bracket of this.brackets) if (notional <= bracket.notionalCap) return bracket;
    return this.brackets.at(-1)!;
  }

  /** What must stay of the margin balance lest the position be liquidated; rounded up. */
  maintenance(notional: Amount): Amount {
    const bracket = this.of(notional);
    const needed = divideUp(notional * bracket.maintenanceRate, ONE) - bracket.cum;
    return amount(needed > 0n ? needed : 0n);
  }

  /** Largest notional that may be held at a leverage; 0 when no bracket allows it. */
  maxNotional(leverage: number): Amount {
    let cap = amount(0n);
    for (const bracket of this.brackets) if (bracket.initialLeverage >= leverage) cap = bracket.notionalCap;
    return cap;
  }
}

/** What must be free to open or carry a notional at a leverage; rounded up. */
export const initialMargin = (notional: Amount, leverage: number): Amount => amount(divideUp(notional, BigInt(leverage)));
