import { listings } from '../../actors/exchange/listings.js';
import { AsOf } from '../../actors/exchange/rules.js';
import { Accounts, demoAccounts, demoBalances } from '../../tools/exchange/accounts/accounts.js';
import { Exchange, type ExchangeOptions } from '../../tools/exchange/exchange.js';

/** An exchange in this process, on free ports of the loopback. */
export interface OpenedExchange {
  readonly exchange: Exchange;
  readonly accounts: Accounts;
  readonly origins: ReturnType<Exchange['origins']>;
  /** Defects that requests met; a test that ends with any has found one. */
  readonly defects: unknown[];
  close(): Promise<void>;
}

/** Opens one and waits until every face listens. Limits are off and one demo account is there unless told otherwise. */
export async function openExchange(options: Partial<ExchangeOptions> & { readonly symbols?: string; readonly accountCount?: number } = {}): Promise<OpenedExchange> {
  const { symbols = 'BTCUSDT', accountCount = 1, ...rest } = options;
  const listed = listings(symbols);
  const seed = options.seed ?? 1;
  const accounts = options.accounts ?? new Accounts(await demoAccounts(accountCount, seed, demoBalances(listed)));
  const defects: unknown[] = [];
  const exchange = new Exchange({
    accounts, listings: listed, seed, scenario: 'calm', tape: null, limits: 'off', speed: 1, asOf: new AsOf(), host: '127.0.0.1', port: 0, tls: null,
    onDefect: (_product, error) => defects.push(error),
    onFatal: (reason) => defects.push(reason),
    ...rest,
  });
  await exchange.start();
  return {
    exchange, accounts, origins: exchange.origins(), defects,
    close: async () => void (await exchange.runtime.shutdown({ reason: 'the test is over', deadlineMs: 5000 * Math.max(1, exchange.clock.speed) })),
  };
}
