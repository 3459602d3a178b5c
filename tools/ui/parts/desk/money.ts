/** Balances by the exchange and by our ledger, and what was made. */
import { parseDecimal } from '../../../../data/instruments/decimal.js';
import type { BalanceRow, LedgerRow, PnlRow, PositionRow } from '../../wire/desk.js';
import { minus, plus, textOf } from './decimals.js';
import type { DeskFacts } from './facts.js';

export function balancesOf({ truth, ledger }: DeskFacts): BalanceRow[] {
  const rows = new Map<string, { product: string; asset: string; exchange: string; ledger: string }>();
  const at = (product: string, asset: string): { product: string; asset: string; exchange: string; ledger: string } => {
    const key = `${product} ${asset}`;
    const row = rows.get(key) ?? { product, asset, exchange: '', ledger: '' };
    rows.set(key, row);
    return row;
  };
  for (const { product, balances } of truth?.products.rows ?? []) for (const { asset, total } of balances.rows) at(product, asset).exchange = total;
  for (const { product, balances } of ledger?.products.rows ?? []) for (const [asset, total] of Object.entries(balances)) at(product, asset).ledger = total;
  return [...rows.values()].map((row) => {
    const [exchange, booked] = [parseDecimal(row.exchange), parseDecimal(row.ledger)];
    return { ...row, difference: exchange === undefined || booked === undefined ? '' : textOf(minus(exchange, booked)) };
  }).sort((a, b) => Number(a.difference === '0') - Number(b.difference === '0') || (a.product < b.product ? -1 : a.product > b.product ? 1 : a.asset < b.asset ? -1 : 1));
}

export function ledgerOf({ ledger }: DeskFacts): LedgerRow[] {
  return (ledger?.products.rows ?? []).flatMap(({ product, totals }) => {
    const { realised, venueRealised, fees, funding, other, unexplained } = totals;
    const of = (sums: Readonly<Record<string, string>>, asset: string): string => (Object.hasOwn(sums, asset) ? sums[asset]! : '0');
    return [...new Set([realised, venueRealised, fees, funding, other, unexplained].flatMap((each) => Object.keys(each)))].sort().map((asset) => ({
      product, asset, realised: of(realised, asset), venueRealised: of(venueRealised, asset), fees: of(fees, asset), funding: of(funding, asset), other: of(other, asset), unexplained: of(unexplained, asset),
    }));
  });
}

/** What the record says of the day. */
export interface DayPnl {
  readonly pnl: string;
  readonly fees: string;
  readonly trades: number;
}

export function pnlOf({ account }: DeskFacts, positions: readonly PositionRow[], day: ReadonlyMap<string, DayPnl> | null): PnlRow[] {
  const session = account?.session;
  const assets = new Set([...Object.keys(account?.equity ?? {}), ...Object.keys(account?.session?.assets ?? {}), ...(day?.keys() ?? []), ...positions.map(({ asset }) => asset)]);
  return [...assets].filter((asset) => asset !== '').sort().map((asset) => {
    const run = account?.session?.assets[asset];
    const today = day?.get(asset);
    return {
      asset, day: day === null ? '' : today?.pnl ?? '0', dayFees: day === null ? '' : today?.fees ?? '0', dayTrades: today?.trades ?? 0, run: run?.pnl ?? (session === undefined || session === null ? '' : '0'),
      runTrades: account?.session?.trades ?? null, equity: account?.equity[asset] ?? '', unrealised: unrealisedSum(positions.filter((each) => each.asset === asset)),
    };
  });
}

/** '' when what one of them is worth is not known. */
function unrealisedSum(positions: readonly PositionRow[]): string {
  let sum = parseDecimal('0')!;
  for (const { unrealised } of positions) {
    const amount = parseDecimal(unrealised);
    if (amount === undefined) return '';
    sum = plus(sum, amount);
  }
  return textOf(sum);
}
