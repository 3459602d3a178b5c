import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openExchange } from '../../support/open-exchange.js';

/** FAULTLINE_LONG=1: an hour of the venue's clock, a minute of the wall's and more on a busy machine. */
const LONG = process.env['FAULTLINE_LONG'] === '1';
const MINUTES = LONG ? 60 : 1;
const SPEED = 60;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const usedMb = (): number => {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 2 ** 20;
};

interface Row {
  readonly symbol: string;
  readonly bidPrice: string;
  readonly askPrice: string;
}

test(`${MINUTES} minutes of the venue's clock: never crossed, spot and perpetuals together, candles without a hole, memory flat`, { timeout: 900_000 }, async () => {
  const opened = await openExchange({ symbols: '2', speed: SPEED, scenario: 'volatile' });
  try {
    const { origins, exchange } = opened;
    const startUs = exchange.clock.nowUs();
    const venueMinutes = (): number => (exchange.clock.nowUs() - startUs) / 60e6;
    // On a machine that is busy with others the port's own deadlines (408) may be over before a request is looked at: it is sent again.
    const quotes = async (product: 'spot' | 'usdm'): Promise<readonly Row[]> => {
      const answer = await fetch(`${origins[product].rest}${product === 'spot' ? '/api/v3' : '/fapi/v1'}/ticker/bookTicker`);
      return answer.status === 408 ? quotes(product) : answer.json() as Promise<readonly Row[]>;
    };
    let earlyMb = Infinity;
    while (venueMinutes() < MINUTES) {
      const [spot, usdm] = [await quotes('spot'), await quotes('usdm')];
      for (const [at, row] of spot.entries()) {
        const other = usdm[at]!;
        for (const { bidPrice, askPrice } of [row, other]) assert.ok(Number(bidPrice) === 0 || Number(askPrice) === 0 || Number(bidPrice) < Number(askPrice), `${bidPrice} ${askPrice}`);
        assert.ok(Math.abs(Number(row.askPrice) / Number(other.askPrice) - 1) < 0.02, `spot ${row.askPrice}, perpetual ${other.askPrice}`);
      }
      // The rings are full by then.
      if (earlyMb === Infinity && venueMinutes() > MINUTES * 0.4) earlyMb = usedMb();
      await sleep(200);
    }
    const lateMb = usedMb();
    if (LONG) assert.ok(lateMb < earlyMb * 1.25 + 20, `${earlyMb.toFixed(1)} MiB, then ${lateMb.toFixed(1)}`);
    const klines = (await (await fetch(`${origins.spot.rest}/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1000`)).json()) as readonly (readonly [number, ...unknown[]])[];
    for (const [at, [openMs]] of klines.entries()) if (at > 0) assert.equal(openMs, klines[at - 1]![0] + 60_000);
    assert.deepEqual(opened.defects, []);
    const tree = exchange.runtime.tree()!;
    assert.ok(tree.children.every(({ restarts }) => restarts === 0));
  } finally {
    await opened.close();
  }
});
