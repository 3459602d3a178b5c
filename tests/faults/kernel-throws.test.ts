import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SymbolKernel } from '../../actors/market/symbol.js';
import type { Decision } from '../../actors/index.js';
import { Replay } from '../../tools/replay/replay.js';
import type { ReplayReport } from '../../tools/replay/report.js';
import { EAGER } from '../support/eager-config.js';
import { generatedTape, sourceOf } from '../support/replay-tape.js';

const tape = generatedTape({ scenario: 'flash-crash', seed: 7, minutes: 12, symbols: 1, rate: 0.5 });

interface Run {
  readonly decisions: readonly Decision[];
  readonly report: ReplayReport;
  readonly account: { readonly openTrades: number; readonly trades: readonly unknown[] };
}

/** Plays the tape; the kernel throws once, for real, at the input `throwAt`: before it has taken the record, or after (`late`). */
function run(throwAt = Infinity, late = false): Run {
  const decisions: Decision[] = [];
  const replay = new Replay({
    header: tape.header, source: sourceOf(tape), config: EAGER, startUs: tape.startUs, onDecision: (decision) => void decisions.push(decision),
  });
  const take = SymbolKernel.prototype.take;
  let thrown = false;
  SymbolKernel.prototype.take = function (F, I, record): void {
    const now = !thrown && F[record * 8]! >= throwAt;
    thrown ||= now;
    if (!now || late) take.call(this, F, I, record);
    if (now) throw new Error('a defect of the kernel');
  };
  try {
    while (!replay.ended) replay.advance(65_536);
  } finally {
    SymbolKernel.prototype.take = take;
  }
  const account = replay.runtime.inspect('/trading/account')!.value as Run['account'];
  return { decisions, account, report: replay.finish(0) };
}

test('a kernel that throws and starts from nothing leaves no position without an exit', () => {
  const entryEvents = run().decisions.filter(({ kind, data }) => kind === 'venue' && data['purpose'] === 'entry' && data['type'] !== 'order.canceled');
  assert.ok(entryEvents.length >= 4);
  // Just after an entry arrived, and just after it filled; one record earlier it is still on its way to the venue.
  for (const { seq } of entryEvents.slice(0, 4)) {
    for (const at of [seq - 1, seq + 1]) {
      const { report, account } = run(at, at === seq + 1);
      assert.equal(report.deadLettered, 1);
      assert.equal(account.openTrades, 0, `thrown at ${at}: ${JSON.stringify(account.trades)}`);
      assert.equal(report.timeline.at(-1)?.to, 'SLEEP');
      assert.equal(report.processed + report.gapped + report.deadLettered, report.records);
    }
  }
});
