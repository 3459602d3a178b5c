import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { binanceSpot } from './binance-spot.js';
import { binanceUsdm } from './binance-usdm.js';
import { ccxtDeribitWalk } from './ccxt-deribit.js';
import { ccxtHosts } from './ccxt-hosts.js';
import { ccxtOptions } from './ccxt-options.js';
import { ccxtSpot } from './ccxt-spot.js';
import { ccxtUsdm } from './ccxt-usdm.js';
import { overTls } from './tls.js';
import { ClientVenue } from './venue.js';

/*
 * Public clients as npm has them, told the exchange's addresses and keys and nothing else, against a `faultline exchange` in a process
 * of its own with the venue's limits. What a client refuses by itself stands in docs/exchange-clients.md.
 */

const ACCOUNTS = ['ccxt-spot-market', 'ccxt-spot', 'ccxt-spot-errors', 'ccxt-spot-limits', 'ccxt-usdm-market', 'ccxt-usdm', 'ccxt-usdm-errors', 'ccxt-hosts', 'ccxt-options', 'ccxt-deribit', 'binance-spot', 'binance-usdm'];

describe('unmodified clients', { concurrency: true, timeout: 120_000 }, () => {
  let venue: ClientVenue;
  const { setInterval: every } = globalThis;
  before(async () => {
    // `binance` leaves a timer of fifty minutes behind for each futures user stream, which would keep this process as long.
    globalThis.setInterval = ((...args: Parameters<typeof every>) => every(...args).unref()) as typeof every;
    venue = await ClientVenue.open(ACCOUNTS, '--name', 'clients');
  });
  after(async () => {
    globalThis.setInterval = every;
    const { code, stderr } = await venue.close();
    assert.equal(code, 0);
    assert.doesNotMatch(stderr, /defect/i);
  });
  ccxtSpot(() => venue);
  ccxtUsdm(() => venue);
  ccxtHosts(() => venue);
  ccxtOptions(() => venue);
  ccxtDeribitWalk(() => venue);
  binanceSpot(() => venue);
  binanceUsdm(() => venue);
  overTls();
});
