import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BINANCE_MARKETS } from '../../../data/decode/index.js';
import { FRAME_KINDS, FrameMaker, INSTRUMENTS } from '../../../tools/fuzz/frames.js';
import { Random } from '../../../tools/fuzz/random.js';
import { Pair } from './compare.js';

const FRAMES = 400;

for (const market of BINANCE_MARKETS) {
  describe(`generated frames of ${market} give the records that JSON.parse with the schema gives`, () => {
    for (const kind of FRAME_KINDS) {
      test(kind, () => {
        const pair = new Pair(market, INSTRUMENTS[market]);
        const maker = new FrameMaker(market);
        for (let run = 0; run < FRAMES; run += 1) pair.check(maker.make(new Random(11, run), kind).text);
        const { fast, fallback, refused, ignored } = pair.decoder.counts;
        assert.equal(fast + fallback + refused + ignored, FRAMES);
        if (kind === 'other') assert.equal(fast, 0);
        // Averages between two ticks, empty sides, ids near 2^53 and other rarities are the slow path's.
        else assert.ok(fast > FRAMES * (kind === 'forceOrder' ? 0.4 : 0.7), `only ${fast} of ${FRAMES} on the fast path: ${JSON.stringify(pair.decoder.counts)}`);
      });
    }
  });
}
