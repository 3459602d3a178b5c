import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Kind } from '../../../../data/records/index.js';
import { LaneSession } from '../../../../tools/engine/lanes/session.js';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import { FeedsLab } from '../feeds/lab.js';

/** Nothing here may depend on how busy the machine is: who waits, waits long. */
const FEEDS = {
  openTimeoutMs: 120_000, lagMaxMs: 60_000, pulseEveryMs: 100, backoffMinMs: 100, backoffMaxMs: 1000, overlapMs: 200, rolloverLeadMs: 2000, firstFrameMs: 120_000,
  books: { everyMs: 600, timeoutMs: 60_000, backoffMaxMs: 500 }, silence: { depthMs: 600_000, bookTickerMs: 600_000, aggTradeMs: 600_000 },
};
const SYMBOLS = ['BTCUSDT', 'ETHUSDT'];

describe('lanes that have the market\'s sockets', () => {
  let opened: OpenedExchange;
  let lab: FeedsLab;
  before(async () => {
    opened = await openExchange({ speed: 3, symbols: SYMBOLS.join() });
    lab = await FeedsLab.open(opened, { feeds: FEEDS }, { spot: [], usdm: SYMBOLS, options: [] }, {
      lanes: { placement: 'socket', count: 2, checkpointSlots: 400 }, indicators: { warmupSamples: 1, latencyPauseMs: 60_000 }, trading: { strategy: 'eager', eager: { holdMs: 500, pauseMs: 200 } },
    });
  });
  after(async () => {
    // Holds the whole run against its replay, and moments of it against what checkpoints give.
    try {
      await lab.close();
    } finally {
      await opened.close();
    }
  });

  const session = (): LaneSession => {
    assert.ok(lab.host.session instanceof LaneSession);
    return lab.host.session;
  };
  const isLive = (symbol: number): boolean => session().kernel.facts(symbol)?.live === true;
  /** More is decided than was. */
  const goesOn = async (): Promise<void> => {
    const { count } = session().journal;
    await lab.until(() => session().journal.count > count + 20, 'it trades');
  };
  const reconnects = (symbol: number): number => lab.health().feeds.filter(({ symbols }) => symbols.includes(symbol)).reduce((sum, feed) => sum + feed.reconnects, 0);

  test('each connection carries symbols of one lane, books get in step, and it trades', async () => {
    await lab.healthy();
    const { feeds } = lab.health();
    assert.ok(feeds.length >= 6 && feeds.every(({ symbols }) => symbols.length === 1), JSON.stringify(feeds.map(({ symbols }) => symbols)));
    await lab.until(() => isLive(0) && isLive(1), 'both books are in step');
    await goesOn();
  });

  test('holes are told, and books get in step again', async () => {
    const gaps = lab.total('gaps');
    lab.trouble('holes', '[[step]]\ndo = "lose"\non = "depth"\nchance = 0.3\nfor = "2s"\n[[step]]\ndo = "repeat"\non = "market"\nchance = 0.2\nfor = "2s"');
    await lab.until(() => lab.total('gaps') > gaps && lab.duplicates > 0, 'some were lost and some came twice');
    await lab.over('holes');
    await lab.healthy();
    lab.host.flush();
    lab.lookAtTape();
    assert.ok((lab.gaps.get(Kind.DEPTH) ?? 0) > 0, 'the tape tells of them');
  });

  test('a thread that dies takes its sockets with it, its successor opens them anew, and the other lane hears nothing of it', async () => {
    const [own, other] = [reconnects(0), reconnects(1)];
    session().thread(0)!.kill('by a test');
    await lab.until(() => reconnects(0) >= own + 3, 'its feeds have come back');
    await lab.healthy();
    await lab.until(() => isLive(0), 'its book is in step');
    await goesOn();
    lab.host.flush();
    lab.lookAtTape();
    assert.deepEqual(lab.violations, [], 'nothing twice, no hole untold');
    assert.equal(reconnects(1), other);
    assert.equal(session().runtime.inspect('/market/lanes/0')?.state, 'running');
  });

  test('connections are replaced side by side when the venue announces their end', async () => {
    const { rollovers } = lab.health().feeds[0]!;
    const before = lab.total('reconnects');
    lab.trouble('announced', '[[step]]\ndo = "announce-shutdown"');
    await lab.until(() => lab.health().feeds[0]!.rollovers > rollovers, 'it goes on');
    assert.equal(lab.total('reconnects'), before);
  });

  test('no request met a defect', () => assert.deepEqual(opened.defects, []));
});
