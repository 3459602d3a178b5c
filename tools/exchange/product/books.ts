/** What the books of every product have in common, as plain data: for `exchange books`, and for tests that hold clients to it. */
import type { AccountId } from '../../../actors/exchange/ids.js';
import { formatAmount, type Ledger, ZERO } from '../../../actors/exchange/ledger/index.js';

/** Everybody's balances, the house's too; `more` is what else a client's account shows. */
export function accountBooks<A>(ledger: Ledger, clients: ReadonlyMap<AccountId, A>, more: (account: A | undefined) => object): object[] {
  return [...ledger.accounts()].map((id) => ({
    account: id,
    house: !clients.has(id),
    balances: Object.fromEntries([...ledger.balances(id)].map(([asset, { free, locked }]) => [asset, { free: formatAmount(free), locked: formatAmount(locked) }])),
    ...more(clients.get(id)),
  }));
}

/** What everybody holds of an asset, and what was ever brought in less what was taken out: equal, always. */
export function assetSums(ledger: Ledger): object {
  const supply = ledger.supply();
  return Object.fromEntries([...ledger.sumByAsset()].map(([asset, sum]) => [asset, { held: formatAmount(sum), supply: formatAmount(supply.get(asset) ?? ZERO) }]));
}

/** The `limit` newest of `items`, oldest first. */
export function newest<T>(items: readonly T[], limit: number, at: (item: T) => number): T[] {
  return limit === 0 ? [] : items.toSorted((a, b) => at(a) - at(b)).slice(-limit);
}
