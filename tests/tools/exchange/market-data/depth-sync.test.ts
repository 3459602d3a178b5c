import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import { DepthFollower, type DepthSnapshot } from './follow.js';

const SPEEDS = { spot: ['', '@100ms'], usdm: ['', '@100ms', '@500ms', '@0ms'] } as const;

type Levels = readonly (readonly [string, string])[];

/** The engine's whole book at the moment at which some diffs of a stream are made, by the diff's final id. */
function watchDiffs({ exchange }: OpenedExchange, product: 'spot' | 'usdm', watched: string, from: { armed: boolean }): ReadonlyMap<number, { readonly bids: Levels; readonly asks: Levels }> {
  const truths = new Map<number, { bids: Levels; asks: Levels }>();
  const feed = exchange.products.find(({ name }) => name === product)!.feed!;
  const publish = feed.hub.publish.bind(feed.hub);
  feed.hub.publish = (stream, makeText) => {
    if (stream === watched && from.armed && truths.size < 3) {
      const { text, data } = feed.symbol('BTCUSDT')!;
      const { bids, asks } = data.depth.partial(5000);
      const levels = (side: readonly number[]): [string, string][] => side.flatMap((tick, at) => (at % 2 === 0 ? [[text.price.text(tick), text.lots.text(side[at + 1]!)] as [string, string]] : []));
      truths.set((JSON.parse(makeText('ms')) as { readonly u: number }).u, { bids: levels(bids), asks: levels(asks) });
    }
    publish(stream, makeText);
  };
  return truths;
}

describe('depth streams, followed by the rules of the venue', { concurrency: true }, () => {
  let opened: OpenedExchange;
  before(async () => {
    opened = await openExchange({ scenario: 'volatile', speed: 2 });
  });
  after(() => opened.close());

  for (const product of ['spot', 'usdm'] as const) {
    for (const speed of SPEEDS[product]) {
      test(`${product} depth${speed}: snapshot and diffs give the engine's own book, level by level`, async () => {
        const futures = product === 'usdm';
        const { rest, ws } = opened.origins[product];
        const watch = { armed: false };
        const truths = watchDiffs(opened, product, `btcusdt@depth${speed}`, watch);
        const follower = new DepthFollower(`${ws}${futures ? '/public/ws' : '/ws'}/btcusdt@depth${speed}`, futures);
        try {
          await follower.buffered(2);
          const url = `${rest}${futures ? '/fapi/v1' : '/api/v3'}/depth?symbol=BTCUSDT&limit=1000`;
          let snapshot: DepthSnapshot;
          for (let tries = 0; ; tries++) {
            snapshot = (await (await fetch(url)).json()) as DepthSnapshot;
            if (follower.start(snapshot)) break;
            assert.ok(tries < 5, 'every snapshot is older than the first diff');
          }
          await follower.until(() => follower.applied >= 10);
          follower.stopAt = (id) => truths.has(id);
          watch.armed = true;
          await follower.until(() => truths.has(follower.lastId));
          assert.equal(follower.broken, undefined);
          const seen = truths.get(follower.lastId);
          assert.ok(seen !== undefined, `no diff of the engine's ended at ${follower.lastId}`);
          // What lies beyond the snapshot is unknown, not empty.
          const lowest = Number(snapshot.bids.at(-1)![0]);
          const highest = Number(snapshot.asks.at(-1)![0]);
          const known = (side: Iterable<readonly [string, string]>): Levels => [...side].filter(([price]) => Number(price) >= lowest && Number(price) <= highest).sort(([x], [y]) => Number(x) - Number(y));
          assert.ok(known(seen.bids).length > 100 && known(seen.asks).length > 100);
          assert.deepEqual(known(follower.book.bids), known(seen.bids));
          assert.deepEqual(known(follower.book.asks), known(seen.asks));
        } finally {
          follower.close();
        }
      });
    }
  }

  test('no request met a defect', () => assert.deepEqual(opened.defects, []));
});
