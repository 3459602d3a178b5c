import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { RunReader } from '../../../data/runs/index.js';
import { liveFrame } from '../../../tools/demo/live/frame.js';
import type { LiveReport } from '../../../tools/demo/live/report.js';
import { ReportBuilder } from '../../../tools/replay/report.js';
import { isAlive, listRecords, readRecord } from '../../../tools/process/record.js';
import type { SourceList } from '../../../tools/ui/wire/sources.js';
import { Playground, type Served } from '../../support/served.js';

/** Twice as fast as what people see: the same work in half the time. */
const FAST = ['--speed', '20'];
/** So slow that it never gets past its warm-up. */
const SLOW = ['--speed', '1', '--patience', '600'];

class Stalls extends Playground {
  readonly tmp = this.at('tmp');
  readonly more = { FAULTLINE_VAR_DIR: this.at('var'), TMPDIR: this.tmp };

  constructor() {
    super();
    mkdirSync(this.tmp);
  }
  demo(...args: readonly string[]): Served {
    return this.serve(['demo', ...args], { env: this.more });
  }
  /** Nothing but runs, logs and records of what has ended. */
  nothingLeft(): void {
    for (const record of listRecords(this.at('run'))) assert.ok(!isAlive(record), `${record.name} is left, pid ${record.pid}`);
    assert.deepEqual(readdirSync(this.tmp), []);
    assert.deepEqual(readdirSync(this.at('var/accounts')), []);
  }
  async replays(run: string): Promise<void> {
    const { code, stdout, stderr } = await this.command(['live-vs-replay', run, '--json'], { env: this.more });
    assert.equal(code, 0, stdout + stderr);
    assert.equal((JSON.parse(stdout) as { readonly equal: boolean }).equal, true);
  }
}

describe('faultline demo, live', () => {
  const stalls = new Stalls();
  after(() => stalls.close());

  test('without a terminal it ends by itself with code 0, and leaves a run that decides the same again, and nothing else', { timeout: 280_000 }, async () => {
    const served = stalls.demo('--json', ...FAST);
    assert.deepEqual(await served.ended, { code: 0, signal: null }, served.stderr);
    const report = JSON.parse(served.stdout) as LiveReport;
    const [id, ...others] = readdirSync(stalls.at('var/runs'));
    assert.deepEqual([report.run, others], [stalls.at(`var/runs/${id!}`), []]);
    const { manifest } = RunReader.open(report.run);
    assert.deepEqual([manifest.kind, manifest.mode, manifest.exit?.code, manifest.decisions?.count], ['engine', 'demo', 0, report.decisions]);
    // What a busy machine makes of the market is its own affair; what is said of it has to be so.
    assert.ok(report.ended === 'calm' || report.ended === 'time', report.ended);
    if (report.ended === 'calm') {
      assert.ok(report.timeline.length >= 2 && report.activeAfterMs !== 0, JSON.stringify(report));
      assert.deepEqual(report.open, []);
    }
    const lines = readFileSync(join(report.run, 'decisions.jsonl'), 'utf8').split('\n');
    assert.equal(lines.filter((line) => line.includes('"kind":"order"')).length, report.orders);
    assert.equal(lines.filter((line) => line.includes('"kind":"trade"')).length, report.trades.length);
    await stalls.replays(report.run);
    stalls.nothingLeft();
  });

  test('two run beside each other; the death of a child, and SIGTERM, end everything, are said, and leave nothing running', { timeout: 280_000 }, async () => {
    const first = stalls.demo(...SLOW);
    await first.until(() => first.stdout.includes('warming up'), 'the first is warming up');
    const second = stalls.demo(...SLOW);
    await second.until(() => second.stdout.includes('warming up'), 'the second is warming up');
    const folder = stalls.at('run');
    for (const name of ['demo-exchange', 'demo-engine', 'demo-exchange-2', 'demo-engine-2']) assert.ok(isAlive(readRecord(folder, name)!), name);
    for (const { stdout } of [first, second]) {
      const { origin, hash } = new URL(/http:\S+/.exec(stdout)![0]);
      assert.equal((await fetch(`${origin}/api/sources`)).status, 401);
      const list = await fetch(`${origin}/api/sources`, { headers: { authorization: `Bearer ${hash.slice('#token='.length)}` } });
      assert.ok(((await list.json()) as SourceList).sources.some(({ id }) => id === 'process:demo-engine'), 'the window shows what runs');
    }

    process.kill(readRecord(folder, 'demo-exchange')!.pid, 'SIGKILL');
    assert.deepEqual(await first.ended, { code: 10, signal: null }, first.stderr);
    assert.match(first.stderr, /demo-exchange ended by itself, by SIGKILL/);
    assert.match(first.stdout, /Cut short: one of the two processes ended by itself\.[^]*live-vs-replay /);
    assert.equal(readRecord(folder, 'demo-engine')!.exitCode, 0);

    second.child.kill('SIGTERM');
    assert.deepEqual(await second.ended, { code: 143, signal: null }, second.stderr);
    assert.match(second.stdout, /Ended as asked \(SIGTERM\)\.[^]*npx faultline live-vs-replay \S+\n$/);
    await stalls.replays(/live-vs-replay (\S+)\n$/.exec(second.stdout)![1]!);
    stalls.nothingLeft();
  });

  test('when it is killed itself, its processes end in good order', { timeout: 120_000 }, async () => {
    const served = stalls.demo(...SLOW);
    await served.until(() => served.stdout.includes('warming up'), 'it is warming up');
    const folder = stalls.at('run');
    await served.kill('SIGKILL');
    for (const name of ['demo-exchange', 'demo-engine']) {
      while (isAlive(readRecord(folder, name)!)) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(readRecord(folder, name)!.exitCode, 0);
    }
    assert.ok(existsSync(folder));
  });

  test('a frame fits any terminal and shows states, book, orders, fills, money and reconciliation', () => {
    const report = new ReportBuilder([{ index: 0, symbol: 'BTCUSDT', venue: 'binance-usdm', product: 'linear', tickSize: '0.1', lotSize: '0.001', multiplier: '1', settle: 'USDT', inferred: [] }], 0);
    const frame = (columns: number, rows: number): string[] => liveFrame({
      speed: 10, phase: 'the market crashes', names: 'demo-exchange, demo-engine', prices: [[3, 2, 1]], events: Array.from({ length: 60 }, (_, k) => `event ${k}`),
      watch: {
        report, orders: 4, refused: 1, withdrawn: 0, fills: 2, price: (_index, ticks) => String(ticks),
        kernel: { clockUs: 1_760_130_630_000_000, records: 9, symbols: [{ index: 0, live: true, warm: true, price: 600_000, bestBidTicks: 599_999, bestAskTicks: 600_001, spreadBps: 0.03, eventsPerSecond: 9, violentRange: 0 }] },
        status: {
          trading: { equity: { USDT: '9990' }, entries: 0, open: [{ symbol: 'BTCUSDT', side: 'buy', openLots: 5, entryPrice: '60000', unrealised: '-1', settle: 'USDT' }] },
          truth: [{ product: 'usdm', freshness: 'stale', reasons: ['user stream: down'], differencesSeen: 3, unjudged: 1, positions: [], balances: { USDT: '9991' } }],
          ledger: [{ product: 'usdm', balances: { USDT: '9992' }, totals: { fees: {}, fills: 2, trades: 1, unexplained: {} } }], orders: [],
        },
      },
    }, columns, rows, false);
    for (const [columns, rows] of [[200, 50], [80, 24], [40, 10]] as const) {
      assert.ok(frame(columns, rows).length <= rows);
      for (const line of frame(columns, rows)) assert.ok(line.length <= columns, line);
    }
    const text = frame(200, 30).join('\n');
    for (const shown of ['10 times real time', 'the market crashes', 'BTCUSDT SLEEP', '599999 / 600001', 'orders 4', '1 refused', 'fills 2', 'buy 5 lots at 60000', 'reconciliation stale (user stream: down)', '3 seen, 1 open', 'wallet 9991 at the exchange, 9992 in our ledger', 'event 59']) assert.ok(text.includes(shown), shown);
  });

  test('options of a replay are refused', async () => {
    for (const args of [['--seconds', '3'], ['--fault', 'crash:/market/kernel@3'], ['--speed', '0']]) assert.equal((await stalls.command(['demo', ...args])).code, 2, args.join(' '));
  });
});
