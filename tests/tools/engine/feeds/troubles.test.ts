import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Kind } from '../../../../data/records/index.js';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import { FeedsLab } from './lab.js';

/** Nothing here may depend on how busy the machine is: who waits, waits long. */
const PATIENT = { openTimeoutMs: 120_000, lagMaxMs: 60_000, pulseEveryMs: 100, books: { everyMs: 600, timeoutMs: 60_000, backoffMaxMs: 500 } };
/** Quick to notice silence and to come back. */
const HASTY = { ...PATIENT, silence: { depthMs: 400, bookTickerMs: 400, aggTradeMs: 10_000 }, firstFrameMs: 2000, backoffMaxMs: 1000 };
/** Never takes anything for silent. */
const CALM = { ...PATIENT, silence: { depthMs: 600_000, bookTickerMs: 600_000, aggTradeMs: 600_000 }, firstFrameMs: 120_000 };

describe('feeds through the troubles of a venue', () => {
  let opened: OpenedExchange;
  let lab: FeedsLab;
  before(async () => {
    opened = await openExchange({ speed: 3 });
    lab = await FeedsLab.open(opened, { feeds: HASTY });
  });
  after(async () => {
    await lab.close();
    await opened.close();
  });

  /** After the trouble everything is well again, the book is the exchange's, nothing was counted twice or lost in silence. */
  const meet = (name: string, script: string, seen: () => Promise<void>): void => {
    test(name, async () => {
      await lab.healthy();
      lab.trouble(name.split(':')[0]!, script);
      await seen();
      await lab.over(name.split(':')[0]!);
      // What the trouble left behind without a trace in the sequence, the next snapshot takes away.
      const { snapshots } = lab.book();
      await lab.until(() => lab.book().snapshots > snapshots + 1, 'a snapshot after it');
      await lab.healthy();
      await lab.sameBook();
      assert.deepEqual(lab.violations, []);
    });
  };

  meet('cut: all connections end and nobody comes in for a while', '[[step]]\ndo = "disconnect"\n[[step]]\ndo = "refuse"\nstatus = 503\nfor = "1s"', async () => {
    const before = lab.gaps.get(Kind.DEPTH) ?? 0;
    // The tape says at once that the book is in doubt.
    await lab.until(() => (lab.gaps.get(Kind.DEPTH) ?? 0) > before, 'the loss is on the tape');
    await lab.until(() => lab.total('reconnects') >= 5, 'all are tried again');
  });

  meet('dead: connections fall silent without being closed', '[[step]]\ndo = "partition"\nsockets = "market"\nfor = "4s"', async () => {
    await lab.until(() => lab.ended.some((reason) => reason.startsWith('silent')), 'the silence is noticed');
  });

  meet('mute: one stream falls silent and the others go on', '[[step]]\ndo = "lose"\non = "depth"\nfor = "4s"', async () => {
    const from = lab.ended.length;
    await lab.until(() => lab.ended.slice(from).some((reason) => reason === 'silent: btcusdt@depth@100ms'), 'the silence is noticed');
  });

  meet('shuffled: diffs are lost, come twice, and overtake each other', [
    '[[step]]\ndo = "lose"\non = "depth"\nchance = 0.2\nfor = "3s"', '[[step]]\ndo = "repeat"\non = "market"\nchance = 0.2\nfor = "3s"', '[[step]]\ndo = "swap"\non = "market"\nchance = 0.2\nfor = "3s"',
  ].join('\n'), async () => {
    const [gaps, duplicates] = [lab.gaps.get(Kind.DEPTH) ?? 0, lab.duplicates];
    await lab.until(() => (lab.gaps.get(Kind.DEPTH) ?? 0) > gaps && lab.duplicates > duplicates, 'some were lost and some came twice');
  });

  const failing = async (): Promise<void> => {
    const { failures } = lab.book();
    await lab.until(() => lab.book().failures > failures + 1, 'snapshots did not help');
  };

  meet('old: snapshots are older than the first diff that was kept', '[[step]]\ndo = "stale-snapshot"\n[[step]]\ndo = "restart-engine"\nproduct = "usdm"\nat = "200ms"', async () => {
    await failing();
    assert.equal(lab.symbol().live, false, 'nothing is read from a book that is not in step');
    opened.exchange.troubles.stop('old');
  });

  meet('failing: snapshots are no JSON, or are slow', '[[step]]\ndo = "fail"\non = "snapshot"\nstatus = 502\npage = "<html>502</html>"\nchance = 0.7\n[[step]]\ndo = "delay-answer"\non = "snapshot"\nby = "300ms"', async () => {
    await failing();
    opened.exchange.troubles.stop('failing');
  });

  meet('ghosts: deletions are not told, which no sequence shows', '[[step]]\ndo = "lose-deletes"\nfor = "2s"', () => Promise.resolve());

  meet('broken: frames are cut in the middle', '[[step]]\ndo = "cut-frame"\non = "market"\nskip = 20\ntimes = 3', async () => {
    const before = lab.total('reconnects');
    await lab.until(() => lab.total('reconnects') >= before + 1, 'a connection was broken');
  });

  test('connections are replaced before the venue ends them, announced or at the end of their day, and nothing is missed', async () => {
    const own = await FeedsLab.open(opened, { feeds: { ...CALM, rolloverLeadMs: 4000, lifetimeMs: 6000, overlapMs: 300 } });
    try {
      await own.healthy();
      await own.until(() => own.total('rollovers') >= 8, 'connections were replaced by age');
      own.trouble('announced', '[[step]]\ndo = "announce-shutdown"');
      const { rollovers } = own.health().feeds[0]!;
      await own.until(() => own.health().feeds[0]!.rollovers > rollovers, 'it goes on');
      assert.deepEqual([...own.gaps], [], 'no hole');
      assert.equal(own.total('reconnects'), 0);
      assert.ok(own.total('duplicates') > 0, 'old and new ran side by side');
      assert.equal(own.book().breaks, 0);
      await own.sameBook();
      assert.deepEqual(own.violations, []);
    } finally {
      await own.close();
    }
  });

  test('no request met a defect', () => assert.deepEqual(opened.defects, []));
});
