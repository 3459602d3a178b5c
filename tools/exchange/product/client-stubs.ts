/**
 * What clients load from Binance beside the product they trade: wallet, margin and COIN-M. The exchange has none of these, so each origin
 * answers them with what an account without them would get. A key's rights are the true ones.
 */
import type { Accounts } from '../accounts/accounts.js';
import type { Caller, Endpoint, RateLimit } from '../web/index.js';

export interface WalletCoin {
  readonly coin: string;
  readonly free: string;
  readonly locked: string;
}

export interface StubOptions {
  readonly accounts: Accounts;
  /** What the caller's wallet shows, listed coins included that he has none of. */
  readonly coins: (caller: Caller) => Promise<readonly WalletCoin[]>;
  readonly nowMs: () => number;
}

const NO_LIMITS: readonly RateLimit[] = [];
/** The one network a coin is listed with: nothing can be deposited or withdrawn. */
const NETWORK = 'FAULTLINE';

export function clientStubs({ accounts, coins, nowMs }: StubOptions): readonly Endpoint[] {
  const signed = { method: 'GET', security: 'signed', permission: 'USER_DATA' } as const;
  return [
    {
      ...signed, path: '/sapi/v1/capital/config/getall', weight: 10,
      handle: async (params, caller) => {
        params.end();
        return (await coins(caller)).map(({ coin, free, locked }) => ({
          coin, depositAllEnable: false, withdrawAllEnable: false, name: coin, free, locked, freeze: '0', withdrawing: '0', ipoing: '0', ipoable: '0', storage: '0',
          isLegalMoney: false, trading: true,
          networkList: [{
            network: NETWORK, coin, name: NETWORK, isDefault: true, depositEnable: false, withdrawEnable: false, depositDesc: '', withdrawDesc: '', specialTips: '',
            resetAddressStatus: false, addressRegex: '', memoRegex: '', withdrawFee: '0', withdrawMin: '0', withdrawMax: '0', withdrawIntegerMultiple: '0.00000001',
            minConfirm: 1, unLockConfirm: 0, sameAddress: false, estimatedArrivalTime: 0, busy: false,
          }],
        }));
      },
    },
    {
      ...signed, path: '/sapi/v1/account/apiRestrictions', weight: 1,
      handle: (params, caller) => {
        params.end();
        const key = caller.key === undefined ? undefined : accounts.key(caller.key.id);
        const may = (right: 'read' | 'spot' | 'futures' | 'options' | 'withdraw'): boolean => key?.permissions.has(right) === true;
        return {
          ipRestrict: (key?.ips?.length ?? 0) > 0, createTime: caller.key?.createdMs ?? 0, enableReading: may('read'), enableWithdrawals: may('withdraw'),
          enableInternalTransfer: false, enableMargin: false, enableFutures: may('futures'), permitsUniversalTransfer: false, enableVanillaOptions: may('options'),
          enableFixApiTrade: false, enableFixReadOnly: false, enableSpotAndMarginTrading: may('spot'), enablePortfolioMarginTrading: false,
        };
      },
    },
    { method: 'GET', path: '/sapi/v1/system/status', security: 'none', weight: 1, handle: (params) => (params.end(), { status: 0, msg: 'normal' }) },
    { method: 'GET', path: '/sapi/v1/margin/allPairs', security: 'key', weight: 1, handle: (params) => (params.optionalString('symbol'), params.end(), []) },
    { method: 'GET', path: '/sapi/v1/margin/isolated/allPairs', security: 'key', weight: 10, handle: (params) => (params.optionalString('symbol'), params.end(), []) },
    {
      method: 'GET', path: '/dapi/v1/exchangeInfo', security: 'none', weight: 1,
      handle: (params) => (params.end(), { timezone: 'UTC', serverTime: nowMs(), rateLimits: NO_LIMITS, exchangeFilters: [], symbols: [] }),
    },
  ];
}
