import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMoney, money } from '../../../actors/account/money.js';
import type { SessionReport } from '../../../actors/account/session.js';
import { DEFAULT_CONFIG, type Config } from '../../../config/index.js';
import type { StoredRow } from '../../../data/store/index.js';
import { LiveLanes } from '../../../actors/market/index.js';
import { type EngineBoot, engineTree, paperHoldings } from '../../../supervisors/index.js';
import { LaneSession } from '../../../tools/engine/lanes/session.js';
import { killedSessions } from '../../../tools/engine/sessions.js';
import { EngineSession } from '../../../tools/engine/session.js';
import { generatedTape } from '../../support/replay-tape.js';

const TAPE = generatedTape({ scenario: 'flash-crash', seed: 5, minutes: 14, symbols: 1, rate: 0.2 });
const CONFIG: Config = { ...DEFAULT_CONFIG, trading: { ...DEFAULT_CONFIG.trading, strategy: 'eager', eager: { ...DEFAULT_CONFIG.trading.eager, holdMs: 20_000 } } };

interface Line {
  readonly by: string;
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A run in mode paper that keeps its rows as the record does. */
function run(from: EngineBoot): { readonly session: EngineSession; readonly rows: () => StoredRow[]; readonly lines: Line[] } {
  const kept = new Map<string, StoredRow>(from.recovered.map((row) => [`${row.table} ${row.key}`, row]));
  const lines: Line[] = [];
  const session = new EngineSession({
    startUs: from.startUs,
    tree: (onKernel) => engineTree(from, CONFIG, onKernel),
    effects: {
      decision: ({ line }) => lines.push(JSON.parse(line) as Line),
      'store.write': ({ rows }) => {
        for (const row of JSON.parse(JSON.stringify(rows)) as typeof rows) kept.set(`${row.table} ${row.key}`, { ...row, seq: kept.size, atUs: from.startUs });
      },
    },
  });
  // As EngineStore.recovered.
  return { session, lines, rows: () => [...kept.values()].filter(({ table, row }) => table === 'snapshots' || row['open'] === true) };
}

const F = TAPE.F.slice();
const batch = { F, I: new Int32Array(F.buffer) };
const base = { mode: 'paper', instruments: TAPE.header.instruments, rules: [] } as const;
const openTrade = (rows: readonly StoredRow[]): StoredRow | undefined => rows.find(({ table, row }) => table === 'trades' && row['openLots'] !== 0);

/** The simulated venue of lanes holds what the run before held: the trade can be closed there. */
async function closesInLanes(boot: EngineBoot, at: number, trade: string): Promise<void> {
  const { startUs, instruments } = boot;
  const lines: Line[] = [];
  const config: Config = { ...CONFIG, lanes: { ...CONFIG.lanes, placement: 'ring', count: 1 } };
  const session = new LaneSession({
    startUs, instruments, config, holdings: paperHoldings(boot), tree: (lanes) => engineTree(boot, config, undefined, lanes), onOrder: () => undefined,
    effects: { decision: ({ line }) => lines.push(JSON.parse(line) as Line) },
  });
  const closed = (): Line | undefined => lines.find(({ kind, data }) => kind === 'trade' && data['id'] === trade);
  const { kernel } = session;
  assert.ok(kernel instanceof LiveLanes);
  try {
    session.listen(() => undefined);
    const untilMs = performance.now() + 60_000;
    for (let from = at; from < TAPE.records && closed() === undefined; from += 50) {
      session.records(batch, from, Math.min(TAPE.records, from + 50));
      do {
        assert.ok(performance.now() < untilMs, 'the lane does not get on');
        await new Promise((resolve) => setTimeout(resolve, 1));
        session.advanceTo(session.clockUs);
      } while (!kernel.feeds.every(({ idle, answers }) => idle && answers.length === 0));
    }
    assert.equal(closed()?.data['exitReason'], 'restart');
  } finally {
    await session.close();
  }
}

test('a run that dies with an open trade and an awake detector hands both over', async () => {
  const first = run({ ...base, startUs: TAPE.startUs, recovered: [], run: 'first' });
  let at = 0;
  const detector = (): unknown => first.rows().find(({ key }) => key.startsWith('detector '))?.row['state'];
  while (at < TAPE.records && !(openTrade(first.rows()) !== undefined && detector() === 'ACTIVE')) {
    first.session.records(batch, at, Math.min(TAPE.records, at + 50));
    at += 50;
  }
  const left = openTrade(first.rows());
  assert.ok(left !== undefined, 'no trade was open while the detector was active');
  const equity = first.rows().find(({ table, key }) => table === 'snapshots' && key === 'account');

  // 002-166: the killed run's trades, as the journal has them.
  const trades = first.lines.filter(({ kind }) => kind === 'trade').map(({ data }) => data as { readonly pnl: string; readonly fees: string; readonly holdMs: number });
  assert.ok(trades.length > 0, 'no trade was closed');
  const dead: StoredRow = { table: 'sessions', key: 'first', row: { mode: 'paper', startedUs: TAPE.startUs, open: true }, seq: 0, atUs: 0 };
  const [killed] = killedSessions([...first.rows(), dead], 77);
  const { statistics, ...rest } = killed!.row as unknown as { readonly statistics: SessionReport };
  assert.deepEqual(rest, { mode: 'paper', startedUs: TAPE.startUs, open: false, end: 'killed', foundUs: 77 });
  const sum = (amounts: readonly string[]): string => formatMoney(amounts.reduce((total, each) => total + money(each), 0n));
  const winners = trades.filter(({ pnl }) => money(pnl) > 0n).length;
  let [total, peak, deepest] = [0n, 0n, 0n];
  for (const { pnl } of trades) {
    total += money(pnl);
    if (total > peak) peak = total;
    if (peak - total > deepest) deepest = peak - total;
  }
  assert.deepEqual(
    [statistics.trades, statistics.winners, statistics.losers, statistics.winRate, statistics.assets['USDT']!.pnl, statistics.assets['USDT']!.fees, statistics.assets['USDT']!.maxDrawdown],
    [trades.length, winners, trades.length - winners, Math.round((winners / trades.length) * 10_000) / 10_000, sum(trades.map(({ pnl }) => pnl)), sum(trades.map(({ fees }) => fees)), formatMoney(deepest)],
  );
  assert.ok(Math.abs(statistics.averageHoldMs! - trades.reduce((all, { holdMs }) => all + holdMs, 0) / trades.length) <= 1);
  // Of a run that the row does not speak of nothing is said.
  assert.equal(killedSessions([...first.rows(), { ...dead, key: 'older', row: { ...dead.row, startedUs: TAPE.startUs - 1 } }], 77)[0]!.row['statistics'], null);

  // Ten seconds later: older than the restart rule lets ACTIVE be.
  const second = run({ ...base, startUs: first.session.clockUs + 10_000_000, recovered: first.rows(), run: 'second' });
  const restart = second.lines.find(({ kind, by }) => kind === 'transition' && by.startsWith('/market/detectors/'));
  assert.deepEqual([restart?.data['rule'], restart?.data['to']], ['restart', 'RECOVERY']);
  const inherited = second.lines.find(({ data }) => data['control'] === 'inherited');
  assert.equal(inherited?.data['trade'], (left.row['trade'] as { readonly id: string }).id);
  second.session.records(batch, at, TAPE.records);
  const closed = second.lines.find(({ kind, data }) => kind === 'trade' && data['id'] === inherited.data['trade']);
  assert.equal(closed?.data['exitReason'], 'restart');
  assert.ok(second.lines.filter(({ kind }) => kind === 'trade').length > 1, 'the second run trades no more');
  // Profit goes on where it was.
  if (equity !== undefined) {
    const before = BigInt((equity.row['equity'] as Readonly<Record<string, string>>)['USDT']!);
    assert.notEqual(before, 0n);
    assert.ok(Math.abs(Number(closed.data['equity']) - Number(before) / 1e18 - Number(closed.data['pnl'])) < 1e-6);
  }

  await closesInLanes({ ...base, startUs: first.session.clockUs + 10_000_000, recovered: first.rows(), run: 'lanes' }, at, String(inherited.data['trade']));

  // At once: an active detector may go on.
  const third = run({ ...base, startUs: first.session.clockUs + 1_000_000, recovered: first.rows(), run: 'third' });
  assert.equal(third.lines.find(({ kind }) => kind === 'transition')?.data['to'], 'ACTIVE');
});
