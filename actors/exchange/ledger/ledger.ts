/**
 * Who owns what: one balance an account and asset, split into free and locked. Money only ever moves from one account to
 * another; what comes into being (`mint`) or leaves (`burn`) is counted, so that the sum over all accounts of an asset
 * always equals what was minted less what was burned.
 */
import type { AccountId } from '../ids.js';
import { type Amount, formatAmount, ZERO } from './amount.js';

declare const brand: unique symbol;
/** Name of an asset as the venue writes it: BTC, USDT. */
export type Asset = string & { readonly [brand]: 'Asset' };
export const asset = (name: string): Asset => name as Asset;

export interface Balance {
  readonly free: Amount;
  readonly locked: Amount;
}

interface MutableBalance {
  free: Amount;
  locked: Amount;
}

interface Account {
  readonly mayOverdraw: boolean;
  readonly balances: Map<Asset, MutableBalance>;
}

/** An account was asked for more than it holds. The venue turns it into its own error text. */
export class InsufficientFunds extends Error {
  readonly account: AccountId;
  readonly asset: Asset;

  constructor(account: AccountId, asset: Asset, wanted: Amount, held: Amount) {
    super(`account ${account} holds ${formatAmount(held)} ${asset}, not ${formatAmount(wanted)}`);
    this.account = account;
    this.asset = asset;
  }
}

export class Ledger {
  readonly #accounts = new Map<AccountId, Account>();
  /** Minted less burned. */
  readonly #supply = new Map<Asset, Amount>();

  /**
   * Opens an account with nothing in it. Only the house's accounts, and margined accounts whose losses may pass their balance
   * until the insurance pays, `mayOverdraw`: their free amount may fall below zero; everybody else's never does.
   * @throws RangeError when the account exists already.
   */
  open(account: AccountId, options: { readonly mayOverdraw?: boolean } = {}): void {
    if (this.#accounts.has(account)) throw new RangeError(`account ${account} is open already`);
    this.#accounts.set(account, { mayOverdraw: options.mayOverdraw === true, balances: new Map() });
  }

  has(account: AccountId): boolean {
    return this.#accounts.has(account);
  }

  accounts(): Iterable<AccountId> {
    return this.#accounts.keys();
  }

  free(account: AccountId, asset: Asset): Amount {
    return this.#account(account).balances.get(asset)?.free ?? ZERO;
  }

  locked(account: AccountId, asset: Asset): Amount {
    return this.#account(account).balances.get(asset)?.locked ?? ZERO;
  }

  total(account: AccountId, asset: Asset): Amount {
    const balance = this.#account(account).balances.get(asset);
    return balance === undefined ? ZERO : ((balance.free + balance.locked) as Amount);
  }

  /** Every asset that the account has ever held, in the order of first use; zero balances included. */
  balances(account: AccountId): Iterable<readonly [Asset, Balance]> {
    return this.#account(account).balances;
  }

  /** Free → locked. @throws InsufficientFunds; nothing has changed then. */
  lock(account: AccountId, asset: Asset, amount: Amount): void {
    const balance = this.#take(account, asset, amount);
    balance.locked = (balance.locked + amount) as Amount;
  }

  /** Locked → free. @throws RangeError when less is locked: a book-keeping error of the caller's. */
  unlock(account: AccountId, asset: Asset, amount: Amount): void {
    const balance = this.#release(account, asset, amount);
    balance.free = (balance.free + amount) as Amount;
  }

  /** Free → free. @throws InsufficientFunds; nothing has changed then. */
  transfer(from: AccountId, to: AccountId, asset: Asset, amount: Amount): void {
    const target = this.#balance(to, asset);
    this.#take(from, asset, amount);
    target.free = (target.free + amount) as Amount;
  }

  /** Locked of one → free of another. @throws RangeError when less is locked. */
  transferLocked(from: AccountId, to: AccountId, asset: Asset, amount: Amount): void {
    const target = this.#balance(to, asset);
    this.#release(from, asset, amount);
    target.free = (target.free + amount) as Amount;
  }

  /** Brings money into being: deposits and the house's opening stock. */
  mint(account: AccountId, asset: Asset, amount: Amount): void {
    requirePositive(amount);
    const balance = this.#balance(account, asset);
    balance.free = (balance.free + amount) as Amount;
    this.#supply.set(asset, ((this.#supply.get(asset) ?? ZERO) + amount) as Amount);
  }

  /** Takes money out of the world: withdrawals. @throws InsufficientFunds. */
  burn(account: AccountId, asset: Asset, amount: Amount): void {
    this.#take(account, asset, amount);
    this.#supply.set(asset, ((this.#supply.get(asset) ?? ZERO) - amount) as Amount);
  }

  /** Minted less burned of every asset: what {@link sumByAsset} must equal. */
  supply(): ReadonlyMap<Asset, Amount> {
    return this.#supply;
  }

  /** Sum over all accounts, free and locked, of every asset that anybody ever held. */
  sumByAsset(): Map<Asset, Amount> {
    const sums = new Map<Asset, Amount>();
    for (const { balances } of this.#accounts.values()) {
      for (const [name, balance] of balances) sums.set(name, ((sums.get(name) ?? ZERO) + balance.free + balance.locked) as Amount);
    }
    return sums;
  }

  #account(id: AccountId): Account {
    const account = this.#accounts.get(id);
    if (account === undefined) throw new RangeError(`no account ${id}`);
    return account;
  }

  #balance(id: AccountId, asset: Asset): MutableBalance {
    const { balances } = this.#account(id);
    let balance = balances.get(asset);
    if (balance === undefined) {
      balance = { free: ZERO, locked: ZERO };
      balances.set(asset, balance);
    }
    return balance;
  }

  /** Takes from the free part. */
  #take(id: AccountId, asset: Asset, amount: Amount): MutableBalance {
    requirePositive(amount);
    const balance = this.#balance(id, asset);
    if (balance.free < amount && !this.#account(id).mayOverdraw) throw new InsufficientFunds(id, asset, amount, balance.free);
    balance.free = (balance.free - amount) as Amount;
    return balance;
  }

  /** Takes from the locked part. */
  #release(id: AccountId, asset: Asset, amount: Amount): MutableBalance {
    requirePositive(amount);
    const balance = this.#balance(id, asset);
    if (balance.locked < amount) {
      throw new RangeError(`account ${id} has ${formatAmount(balance.locked)} ${asset} locked, not ${formatAmount(amount)}`);
    }
    balance.locked = (balance.locked - amount) as Amount;
    return balance;
  }
}

/** Zero is allowed: a fee may round to nothing. */
function requirePositive(amount: Amount): void {
  if (amount < 0n) throw new RangeError(`a negative amount cannot move: ${formatAmount(amount)}`);
}
