import assert from 'node:assert/strict';
import { test } from 'node:test';
import { booksBehaviour, feedBehaviour, feedPlans, type FeedReport } from '../../../actors/feeds/index.js';
import { DEFAULT_FEEDS } from '../../../config/engine/feeds.js';
import { ok, Stage, START_US, USDM_BTC } from './harness.js';

const DEPTH = feedPlans([USDM_BTC], DEFAULT_FEEDS).find((plan) => plan.class === 'depth')!;
const STREAM = DEPTH.streams[0]!.name;

test('002-059: a book that is in step is compared with a snapshot as often as is configured, and never where that is 0', () => {
  for (const [everyMs, expected] of [[10_000, 6], [60_000, 1], [0, 0]] as const) {
    const stage = new Stage(booksBehaviour as never, { product: 'usdm', instruments: [USDM_BTC], params: { ...DEFAULT_FEEDS.books, everyMs }, reportTo: '/other', kernelPath: '/ear' });
    stage.tell({ type: 'feed.edge', feed: '/feeds/usdm/depth-1', product: 'usdm', class: 'depth', symbols: [0], up: true, reason: '', atUs: 0 } as never);
    stage.tell({ type: 'book', symbol: 0, seq: 0, atUs: 0, from: 'SYNCING', to: 'LIVE' } as never);
    stage.answer(stage.asked[0]!, ok({ lastUpdateId: 7, levels: 2000 }));
    const first: number = stage.asked.length;
    for (let at = 0; at < 605; at += 1) {
      stage.pass(100);
      const last = stage.asked.at(-1)!;
      if (stage.asked.length > first && last.atUs === stage.runtime.nowUs()) stage.answer(last, ok({ lastUpdateId: 8 + at, levels: 2000 }), 0);
    }
    assert.equal(stage.asked.length - first, expected, `every ${everyMs} ms`);
  }
});

test('002-058: a line whose median lag stays above the most is replaced beside it; one that recovers is not', () => {
  const params = { ...DEFAULT_FEEDS, lagMaxMs: 500, lagHoldMs: 5000 };
  const slowFor = (ms: number): Stage => {
    const stage = new Stage(feedBehaviour as never, { plan: DEPTH, params, listeners: ['/ear'], reportTo: '/other' });
    const { socket } = stage.opened[0]!;
    stage.tell({ type: 'socket.opened', socket } as never);
    for (let at = 0; at < 80; at += 1) {
      const lagP50Us = at * 100 < ms ? 500_001 : 500_000;
      stage.tell({
        type: 'socket.pulse', socket, frames: at, records: at, refused: 0, duplicates: 0, gaps: 0, disagreements: 0, exchUs: START_US, lagUs: 900_000, lagMeanUs: 600_000, lagP50Us, lagP99Us: 800_000,
        lastUs: { [STREAM]: stage.runtime.nowUs() },
      } as never);
      stage.pass(100);
    }
    return stage;
  };
  const brief = slowFor(4900);
  assert.deepEqual([brief.opened.length, brief.closed.length], [1, 0]);
  const slow = slowFor(8000);
  assert.equal(slow.opened.length, 2);
  assert.deepEqual(slow.closed, [], 'the slow one goes only when the other speaks');
  assert.deepEqual(slow.of<FeedReport>('feed.report').at(-1)!.latencyMs, { mean: 600, p50: 500, p99: 800, worst: 900 });
});
