/** Accounts, balances and positions as the venue writes them, in their versions. Amounts are strings of eight decimals. */
import { adlQuantile, type FuturesAccount, type FuturesVenue, formatShort, type Holding, type MarginSummary } from '../../../actors/exchange/futures/usdm/index.js';
import { initialMargin } from '../../../actors/exchange/futures/brackets.js';
import { liquidationPrice } from '../../../actors/exchange/futures/liquidation-price.js';
import { type Amount, amount, type Asset, formatAmount, ZERO } from '../../../actors/exchange/ledger/index.js';
import { ms } from './order-views.js';

type View = Record<string, unknown>;

const positive = (value: Amount): Amount => (value > 0n ? value : ZERO);
const initialOf = (margin: MarginSummary): Amount => amount(margin.positionInitial + margin.orderInitial);

/** Margin assets of the venue, and what else the account ever held. */
function assetsOf(account: FuturesAccount, venue: FuturesVenue): Asset[] {
  const found = venue.core.marginAssets();
  for (const [name] of venue.ledger.balances(account.id)) found.add(name);
  return [...found];
}

function lastUpdateMs(account: FuturesAccount): number {
  let latest = account.openedUs;
  for (const { both, long, short } of account.symbols.values()) latest = Math.max(latest, both.updatedUs, long.updatedUs, short.updatedUs);
  return ms(latest);
}

function withdrawable(margin: MarginSummary): Amount {
  const least = margin.crossUnrealised < 0n ? margin.available : amount(margin.available - margin.crossUnrealised);
  return positive(least);
}

function assetView(name: Asset, margin: MarginSummary, updateTime: number): View {
  return {
    asset: name,
    walletBalance: formatAmount(margin.wallet),
    unrealizedProfit: formatAmount(margin.unrealised),
    marginBalance: formatAmount(amount(margin.wallet + margin.unrealised)),
    maintMargin: formatAmount(margin.maintenance),
    initialMargin: formatAmount(initialOf(margin)),
    positionInitialMargin: formatAmount(margin.positionInitial),
    openOrderInitialMargin: formatAmount(margin.orderInitial),
    crossWalletBalance: formatAmount(margin.crossWallet),
    crossUnPnl: formatAmount(margin.crossUnrealised),
    availableBalance: formatAmount(positive(margin.available)),
    maxWithdrawAmount: formatAmount(withdrawable(margin)),
    updateTime,
  };
}

/** Sums over the margin assets, each counted as one dollar, as the venue does for USDT and USDC in single-asset mode. */
function totals(margins: readonly MarginSummary[]): View {
  const sum = (of: (margin: MarginSummary) => bigint): string => formatAmount(amount(margins.reduce((total, margin) => total + of(margin), 0n)));
  return {
    totalInitialMargin: sum(initialOf),
    totalMaintMargin: sum(({ maintenance }) => maintenance),
    totalWalletBalance: sum(({ wallet }) => wallet),
    totalUnrealizedProfit: sum(({ unrealised }) => unrealised),
    totalMarginBalance: sum(({ wallet, unrealised }) => wallet + unrealised),
    totalPositionInitialMargin: sum(({ positionInitial }) => positionInitial),
    totalOpenOrderInitialMargin: sum(({ orderInitial }) => orderInitial),
    totalCrossWalletBalance: sum(({ crossWallet }) => crossWallet),
    totalCrossUnPnl: sum(({ crossUnrealised }) => crossUnrealised),
    availableBalance: sum(({ available }) => positive(available)),
    maxWithdrawAmount: sum(withdrawable),
  };
}

function everyHolding(account: FuturesAccount, venue: FuturesVenue): Holding[] {
  return [...venue.markets.values()].flatMap((market) => account.of(market).holdings());
}

/** Positions that are held, and flat ones with open orders: what version 3 shows. */
function shownHoldings(account: FuturesAccount): Holding[] {
  return [...account.symbols.values()].flatMap((state) => state.holdings().filter((holding) => holding.lots !== 0 || orderMarginOf(holding) > 0n));
}

/** Order margin that belongs to one holding: in hedge mode buys open LONG and sells SHORT. */
function orderMarginOf(holding: Holding): Amount {
  const { owner, side } = holding;
  if (side === 'BOTH') return owner.orderMargin();
  return initialMargin(side === 'LONG' ? owner.bidNotional : owner.askNotional, owner.leverage);
}

function signedNotional(holding: Holding): Amount {
  const notional = holding.markNotional();
  return holding.lots < 0 ? amount(0n - notional) : notional;
}

const isolatedMargin = (holding: Holding): Amount => (holding.owner.isolated && holding.lots !== 0 ? amount(holding.isolatedWallet + holding.profit()) : ZERO);

/** Whatever stands behind a position apart from its own profit: see liquidationPrice. */
function behind(account: FuturesAccount, holding: Holding): Amount {
  if (holding.owner.isolated) return holding.isolatedWallet;
  const margin = account.margin(holding.owner.market.symbol.marginAsset);
  return amount(margin.crossWallet + margin.crossUnrealised - holding.profit() - (margin.crossMaintenance - holding.maintenance()));
}

export function accountV3(account: FuturesAccount, venue: FuturesVenue): View {
  const assets = assetsOf(account, venue);
  const margins = assets.map((name) => account.margin(name));
  const updateTime = lastUpdateMs(account);
  return {
    ...totals(margins),
    assets: assets.map((name, at) => assetView(name, margins[at]!, updateTime)),
    positions: shownHoldings(account).map((holding) => ({
      symbol: holding.owner.market.symbol.name,
      positionSide: holding.side,
      positionAmt: holding.owner.market.symbol.formatLots(holding.lots),
      unrealizedProfit: formatAmount(holding.profit()),
      isolatedMargin: formatAmount(isolatedMargin(holding)),
      notional: formatAmount(signedNotional(holding)),
      isolatedWallet: formatAmount(holding.isolatedWallet),
      initialMargin: formatAmount(amount(holding.initial() + orderMarginOf(holding))),
      maintMargin: formatAmount(holding.maintenance()),
      updateTime: ms(holding.updatedUs),
    })),
  };
}

/** Version 2, and the websocket API's first: every symbol's positions, held or not. */
export function accountV2(account: FuturesAccount, venue: FuturesVenue): View {
  const assets = assetsOf(account, venue);
  const margins = assets.map((name) => account.margin(name));
  const updateTime = lastUpdateMs(account);
  return {
    feeTier: 0, feeBurn: false, canTrade: account.canTrade, canDeposit: true, canWithdraw: true, updateTime: 0, multiAssetsMargin: false, tradeGroupId: -1,
    ...totals(margins),
    assets: assets.map((name, at) => ({ ...assetView(name, margins[at]!, updateTime), marginAvailable: true })),
    positions: everyHolding(account, venue).map((holding) => {
      const { symbol } = holding.owner.market;
      return {
        symbol: symbol.name,
        initialMargin: formatAmount(amount(holding.initial() + orderMarginOf(holding))),
        maintMargin: formatAmount(holding.maintenance()),
        unrealizedProfit: formatAmount(holding.profit()),
        positionInitialMargin: formatAmount(holding.initial()),
        openOrderInitialMargin: formatAmount(orderMarginOf(holding)),
        leverage: String(holding.owner.leverage),
        isolated: holding.owner.isolated,
        entryPrice: formatShort(holding.entryPrice()),
        breakEvenPrice: formatShort(holding.breakEvenPrice()),
        maxNotional: formatShort(symbol.brackets.maxNotional(holding.owner.leverage)),
        bidNotional: formatShort(holding.owner.bidNotional),
        askNotional: formatShort(holding.owner.askNotional),
        positionSide: holding.side,
        positionAmt: symbol.formatLots(holding.lots),
        notional: formatAmount(signedNotional(holding)),
        isolatedWallet: formatAmount(holding.isolatedWallet),
        updateTime: ms(holding.updatedUs),
      };
    }),
  };
}

/** Versions 2 and 3 are alike. */
export function balances(account: FuturesAccount, venue: FuturesVenue): View[] {
  const updateTime = lastUpdateMs(account);
  return assetsOf(account, venue).map((name) => {
    const margin = account.margin(name);
    return {
      accountAlias: ALIAS[account.id % ALIAS.length]!.repeat(2),
      asset: name,
      balance: formatAmount(margin.wallet),
      crossWalletBalance: formatAmount(margin.crossWallet),
      crossUnPnl: formatAmount(margin.crossUnrealised),
      availableBalance: formatAmount(positive(margin.available)),
      maxWithdrawAmount: formatAmount(withdrawable(margin)),
      marginAvailable: true,
      updateTime,
    };
  });
}
/** Aliases are six letters without a meaning. */
const ALIAS = ['Sgs', 'RsR', 'mXo', 'TiS', 'fWq', 'uXa', 'ozA'];

export function positionsV3(account: FuturesAccount, symbol: string | undefined): View[] {
  return shownHoldings(account).filter((holding) => symbol === undefined || holding.owner.market.symbol.name === symbol).map((holding) => {
    const { market } = holding.owner;
    return {
      symbol: market.symbol.name,
      positionSide: holding.side,
      positionAmt: market.symbol.formatLots(holding.lots),
      entryPrice: formatShort(holding.entryPrice()),
      breakEvenPrice: formatShort(holding.breakEvenPrice()),
      markPrice: formatAmount(amount(market.markPrice)),
      unRealizedProfit: formatAmount(holding.profit()),
      liquidationPrice: formatShort(liquidationPrice(holding, market.symbol.brackets, behind(account, holding))),
      isolatedMargin: formatShort(isolatedMargin(holding)),
      notional: formatAmount(signedNotional(holding)),
      marginAsset: market.symbol.marginAsset,
      isolatedWallet: formatShort(holding.isolatedWallet),
      initialMargin: formatAmount(amount(holding.initial() + orderMarginOf(holding))),
      maintMargin: formatAmount(holding.maintenance()),
      positionInitialMargin: formatAmount(holding.initial()),
      openOrderInitialMargin: formatAmount(orderMarginOf(holding)),
      adl: adlQuantile(holding),
      bidNotional: formatShort(holding.owner.bidNotional),
      askNotional: formatShort(holding.owner.askNotional),
      updateTime: ms(holding.updatedUs),
    };
  });
}

export function positionsV2(account: FuturesAccount, venue: FuturesVenue, symbol: string | undefined): View[] {
  return everyHolding(account, venue).filter((holding) => symbol === undefined || holding.owner.market.symbol.name === symbol).map((holding) => {
    const { market, isolated, leverage } = holding.owner;
    return {
      symbol: market.symbol.name,
      positionAmt: market.symbol.formatLots(holding.lots),
      entryPrice: formatShort(holding.entryPrice()),
      breakEvenPrice: formatShort(holding.breakEvenPrice()),
      markPrice: formatAmount(amount(market.markPrice)),
      unRealizedProfit: formatAmount(holding.profit()),
      liquidationPrice: formatShort(liquidationPrice(holding, market.symbol.brackets, behind(account, holding))),
      leverage: String(leverage),
      maxNotionalValue: formatShort(market.symbol.brackets.maxNotional(leverage)),
      marginType: isolated ? 'isolated' : 'cross',
      isolatedMargin: formatAmount(isolatedMargin(holding)),
      isAutoAddMargin: 'false',
      positionSide: holding.side,
      notional: formatAmount(signedNotional(holding)),
      isolatedWallet: formatShort(holding.isolatedWallet),
      updateTime: ms(holding.updatedUs),
      isolated,
      adlQuantile: adlQuantile(holding),
    };
  });
}
