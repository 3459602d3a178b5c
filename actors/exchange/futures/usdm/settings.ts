/** What an account sets of itself: leverage, margin type, position mode, isolated margin. */
import { type Amount, amount, parseAmount, ZERO } from '../../ledger/index.js';
import { initialMargin } from '../brackets.js';
import type { FuturesAccount, Holding } from './account.js';
import type { FuturesCore } from './core.js';
import * as refuse from './errors.js';
import type { PositionSide } from './order.js';

export class SettingsDesk {
  readonly #core: FuturesCore;

  constructor(core: FuturesCore) {
    this.#core = core;
  }

  /** Answers the largest notional at the new leverage. @throws VenueError -4028, -4161, -2027, -2028. */
  setLeverage(account: FuturesAccount, symbol: string, leverage: number): Amount {
    const core = this.#core;
    const market = core.market(symbol);
    const { brackets, marginAsset } = market.symbol;
    if (!Number.isInteger(leverage) || leverage < 1 || leverage > brackets.maxLeverage) throw refuse.invalidLeverage(leverage);
    const holder = core.holder(account, market);
    const most = brackets.maxNotional(leverage);
    const before = holder.leverage;
    if (leverage === before) return most;
    if (holder.isolated && leverage < before && !holder.isFlat) throw refuse.isolatedLeverageWithPosition();
    for (const buys of [true, false]) if (holder.reach(buys, holder.bidNotional, holder.askNotional) > most) throw refuse.positionTooLarge();
    holder.leverage = leverage;
    if (leverage < before && !(holder.isFlat && holder.orders.size === 0) && account.margin(marginAsset).available < 0n) {
      holder.leverage = before;
      throw refuse.leverageTooSmall();
    }
    core.users.leverageChanged(account.id, symbol, leverage, core.nowUs);
    return most;
  }

  /** @throws VenueError -4046, -4047, -4048. */
  setMarginType(account: FuturesAccount, symbol: string, isolated: boolean): void {
    const core = this.#core;
    const holder = core.holder(account, core.market(symbol));
    if (holder.isolated === isolated) throw refuse.sameMarginType();
    if (holder.orders.size > 0 || holder.algos.size > 0) throw refuse.marginTypeWithOrders();
    if (!holder.isFlat) throw refuse.marginTypeWithPosition();
    holder.isolated = isolated;
    core.users.accountChanged({ account, reason: 'MARGIN_TYPE_CHANGE', asset: holder.market.symbol.marginAsset, balanceChange: ZERO, holdings: holder.holdings(), atUs: core.nowUs });
  }

  /** Hedge mode on or off, for all symbols. @throws VenueError -4059, -4067, -4068. */
  setDual(account: FuturesAccount, dual: boolean): void {
    if (account.dual === dual) throw refuse.samePositionSide();
    if (account.hasOpenOrders) throw refuse.positionSideWithOrders();
    if (!account.isFlat) throw refuse.positionSideWithPosition();
    account.dual = dual;
  }

  /** Adds margin to (type 1) or takes it from (type 2) an isolated position. @throws VenueError -4049, -4050, -4051, -4054, -4055, -4061. */
  changeMargin(account: FuturesAccount, symbol: string, side: PositionSide | undefined, text: string, type: 1 | 2): Amount {
    const core = this.#core;
    const market = core.market(symbol);
    const holder = core.holder(account, market);
    if (account.dual === ((side ?? 'BOTH') === 'BOTH')) throw refuse.positionSideMismatch();
    const holding = holder.holding(side ?? 'BOTH');
    const change = parseAmount(text);
    if (change === undefined) throw refuse.badPrecision();
    if (change <= 0n) throw refuse.amountNotPositive();
    if (!holder.isolated) throw refuse.marginOfCross();
    if (holding.lots === 0) throw refuse.marginWithoutPosition();
    const { marginAsset } = market.symbol;
    if (type === 1 && account.margin(marginAsset).available < change) throw refuse.crossInsufficient();
    if (type === 2 && removable(holding) < change) throw refuse.isolatedInsufficient();
    holding.isolatedWallet = amount(type === 1 ? holding.isolatedWallet + change : holding.isolatedWallet - change);
    holding.updatedUs = core.nowUs;
    account.history.marginChanges.push({ symbol, type, amount: change, asset: marginAsset, atUs: core.nowUs, positionSide: holding.side });
    core.users.accountChanged({ account, reason: 'MARGIN_TRANSFER', asset: marginAsset, balanceChange: ZERO, holdings: [holding], atUs: core.nowUs });
    return change;
  }
}

/** What may be taken from an isolated position: its wallet and loss beyond its initial margin. */
function removable(holding: Holding): bigint {
  const profit = holding.profit();
  const equity = holding.isolatedWallet + (profit < 0n ? profit : 0n);
  return equity - initialMargin(holding.markNotional(), holding.owner.leverage);
}
