/**
 * The price at which a position's margin falls to its maintenance margin, all else equal.
 * With S = +1 long / −1 short, Q lots' quantity, C = cost (signed value paid), `margin` = what stands behind this position
 * apart from its own profit (isolated: its wallet; cross: wallet + profit of all others − maintenance of all others):
 *   linear:  margin + S·Q·P − C = Q·P·r − cum   →  P = (C − margin − cum) / (Q·(S − r))       [C = S·Q·entry]
 *   inverse: margin − S·Q/P − C = (Q/P)·r − cum  →  P = Q·(S + r) / (margin − C + cum)
 * r and cum depend on the bracket that P itself falls into, so brackets are tried in order until one holds its own price.
 * Source: Binance "How to calculate liquidation price of USDⓈ-M futures contracts", solved for one position.
 */
import { type Amount, ONE } from '../ledger/index.js';
import type { BracketTable } from './brackets.js';
import { type Price, divideRounded } from './contract.js';
import type { Position } from './position.js';

/** 0 when the position cannot be liquidated by its own price alone. */
export function liquidationPrice(position: Position, brackets: BracketTable, margin: Amount): Price {
  const { lots, contract, cost } = position;
  if (lots === 0) return 0n as Price;
  const side = lots > 0 ? 1n : -1n;
  const quantity = BigInt(Math.abs(lots)) * contract.terms.lotSize;
  let nearest = 0n as Price;
  for (const bracket of brackets.brackets) {
    let at: bigint;
    if (contract.inverse) {
      const denominator = margin - cost + bracket.cum;
      // Linear in 1/P: side and denominator must agree, else no positive price satisfies it.
      const numerator = quantity * (side * ONE + bracket.maintenanceRate);
      if (denominator === 0n || numerator > 0n !== denominator > 0n) continue;
      at = numerator > 0n ? divideRounded(numerator, denominator) : divideRounded(-numerator, -denominator);
    } else {
      const numerator = (cost - margin - bracket.cum) * ONE * ONE;
      const denominator = quantity * (side * ONE - bracket.maintenanceRate);
      if (numerator === 0n || numerator > 0n !== denominator > 0n) continue;
      at = numerator > 0n ? divideRounded(numerator, denominator) : divideRounded(-numerator, -denominator);
    }
    if (at <= 0n) continue;
    nearest = at as Price;
    const notional = contract.notional(nearest, lots);
    if (notional > bracket.notionalFloor && notional <= bracket.notionalCap) return nearest;
  }
  return nearest;
}

/** The price at which closing the whole position leaves exactly nothing of `margin`; 0 when no positive price does. */
export function bankruptcyPrice(position: Position, margin: Amount): Price {
  if (position.lots === 0) return 0n as Price;
  const value = position.cost - margin;
  const longValue = position.lots > 0 ? value : -value;
  return position.contract.priceFor((position.contract.inverse ? -longValue : longValue) as Amount, Math.abs(position.lots));
}
