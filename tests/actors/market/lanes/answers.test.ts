import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Edge } from '../../../../actors/market/index.js';
import { answerPosition, answerSlots, packEdge, putAnswer, takeAnswer } from '../../../../actors/market/lanes/answers.js';

const SLOTS = 64;
const slots = (): { F: Float64Array; I: Int32Array } => {
  const F = new Float64Array(SLOTS * 8);
  return { F, I: new Int32Array(F.buffer) };
};
const owns = (symbol: number): boolean => symbol === 0 || symbol === 3;

test('whatever is in the slots: an answer of the lane, or an error, and nothing beyond the slots that are there', () => {
  let taken = 0;
  const word = fc.oneof(fc.integer(), fc.nat(64), fc.constantFrom(0, 1, 2, 3, 4, 29, 32, 5, 0x7ff80000, 0x7ff00000, -1));
  fc.assert(
    fc.property(fc.array(word, { minLength: 64, maxLength: SLOTS * 16 }), fc.nat(SLOTS - 1), fc.integer({ min: 1, max: 4 }), fc.nat(1100), fc.boolean(), (words, at, kind, length, aimed) => {
      const ring = slots();
      ring.I.set(words);
      if (aimed) {
        ring.I[at * 16 + 2] = kind;
        ring.I[at * 16 + 3] = length;
      }
      const size = answerSlots(ring, at);
      if (!(size > 0 && size <= SLOTS - at)) return;
      try {
        const edge = takeAnswer(ring, at, owns);
        assert.ok(owns(edge.symbol) && typeof edge.seq === 'number' && Number.isFinite(edge.atUs));
        taken += 1;
      } catch (error) {
        assert.ok(error instanceof Error && !(error instanceof TypeError) && !(error instanceof RangeError), String(error));
      }
    }),
    { numRuns: 20_000, seed: 5 },
  );
  assert.ok(taken > 0, 'some of it was an answer');
});

test('any text where a venue event should be is an event with all its fields, or an error', () => {
  // Sequence numbers travel as text: a tape may hold any number there, and JSON does not.
  const fill = { id: 'o-1', symbol: 3, seq: '7', atUs: 1e15, type: 'order.fill', priceTicks: 5, lots: 1, remainingLots: 0, liquidity: 'maker', reason: 'took_book' };
  const put = (text: string): { F: Float64Array; I: Int32Array } => {
    const ring = slots();
    putAnswer(ring, 0, 12, { kind: 4, edge: undefined, text, slots: Math.ceil((2 + Math.ceil(text.length / 4)) / 8) });
    return ring;
  };
  assert.deepEqual(takeAnswer(put(JSON.stringify(fill)), 0, owns), { ...fill, seq: 7 });
  for (const name of Object.keys(fill)) {
    for (const value of [undefined, null, [], 'x', 5].filter((other) => typeof other !== typeof fill[name as keyof typeof fill])) {
      assert.throws(() => takeAnswer(put(JSON.stringify({ ...fill, [name]: value })), 0, owns), Error, `${name}: ${String(value)}`);
    }
  }
  for (const text of ['', 'null', '5', '[]', '{}', '{"type":"__proto__"}', '{"type":"constructor"}', '{"type":"order.new"}', '{', '"order.fill"']) assert.throws(() => takeAnswer(put(text), 0, owns), Error, text);
  assert.throws(() => takeAnswer(put(JSON.stringify({ ...fill, symbol: 1 })), 0, owns), /symbol 1, which is not the lane's/);
});

test('an edge crosses the slots as it is, NaN, infinities and minus zero too', () => {
  const number = fc.double();
  const integer = fc.maxSafeNat();
  const text = fc.string({ maxLength: 200 });
  const edge: fc.Arbitrary<Edge> = fc.oneof(
    fc.record({ type: fc.constant('book' as const), symbol: fc.constantFrom(0, 3), seq: integer, atUs: integer, from: fc.constantFrom('SYNCING' as const, 'LIVE' as const), to: fc.constantFrom('LIVE' as const, 'GAP' as const) }),
    fc.record({ type: fc.constant('order.canceled' as const), id: text, symbol: fc.constantFrom(0, 3), seq: integer, atUs: integer, remainingLots: integer, reason: text }),
    fc.record({
      type: fc.constant('level' as const), symbol: fc.constantFrom(0, 3), seq: integer, atUs: integer, exchUs: number, mask: integer, votes: integer, voters: integer, need: number,
      pauses: integer, triggered: fc.boolean(), calm: fc.boolean(), violent: fc.boolean(), warm: fc.boolean(),
      features: fc.record({
        price: number, bestBidTicks: number, bestAskTicks: number, volatilityRatio: number, volatilityNow: number, acceleration: number, obi: number, spreadRatio: number,
        spreadBps: number, volumeDeltaZ: number, velocityRatio: number, eventsPerSecond: number, pattern: number, depthBid: number, depthAsk: number, walls: number, spoofs: number,
        violentRange: number, latencyMs: number,
      }),
    }),
  );
  fc.assert(
    fc.property(edge, fc.nat(SLOTS - 40), integer, (sent, at, position) => {
      const ring = slots();
      const packed = packEdge(sent);
      putAnswer(ring, at, position, packed);
      assert.equal(answerSlots(ring, at), packed.slots);
      assert.equal(answerPosition(ring, at), position);
      // fast-check's records have no prototype.
      assert.deepEqual(structuredClone(takeAnswer(ring, at, owns)), structuredClone(sent));
    }),
  );
});
