import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocateBatch, Kind, SYMBOL_SHIFT, TAG, WORDS_I } from '../../../../data/records/index.js';
import { offerByLane } from '../../../../tools/engine/lanes/part.js';

test('snapshots that come together go each to the lane of its symbol', () => {
  const symbols = [0, 0, 2, 1, 1, 1, 3, 0];
  const batch = allocateBatch(symbols.length);
  symbols.forEach((symbol, at) => void (batch.I[at * WORDS_I + TAG] = Kind.SNAPSHOT | (symbol << SYMBOL_SHIFT)));
  const offered: (readonly [lane: number, from: number, to: number])[] = [];
  const laneOf = (symbol: number): number => symbol % 2;
  offerByLane({ laneOf, offer: (symbol, _batch, from, to) => offered.push([laneOf(symbol), from, to]) > 0 }, batch, 0, symbols.length);
  assert.deepEqual(offered, [[0, 0, 3], [1, 3, 7], [0, 7, 8]]);
});
