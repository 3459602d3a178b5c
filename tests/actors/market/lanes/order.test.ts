import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { orderLine, parseOrderLine } from '../../../../actors/market/index.js';
import type { OrderEntry } from '../../../../actors/market/index.js';

const whole = fc.nat(2 ** 40);
const clockUs = fc.double({ min: 0, max: 8e15, noNaN: true }).map((us) => us + 0);
const entry: fc.Arbitrary<OrderEntry> = fc.oneof(
  fc.record({ type: fc.constant('turn' as const), seq: whole, control: fc.integer({ min: -1, max: 1e6 }), clockUs }),
  fc.record({ type: fc.constant('clock' as const), clockUs }),
  fc.record({ type: fc.constant('control' as const), number: whole, seq: whole, clockUs, symbol: fc.nat(65_535) }),
  fc.record({ type: fc.constant('skip' as const), seq: whole, symbols: fc.array(fc.nat(65_535), { maxLength: 5 }) }),
);

test('an entry of the order record reads back as it was written', () => {
  fc.assert(fc.property(entry, (one) => assert.deepEqual(parseOrderLine(orderLine(one)), { ...one })));
});

test('any other line is refused in one sentence', () => {
  const refused = (line: string): void => assert.throws(() => parseOrderLine(line), (error: unknown) => error instanceof Error && error.message.length < 200 && error.message.includes('order record'));
  for (const line of ['', 'x', 'null', '[]', '{}', '{"type":"turn"}', '{"type":"turn","seq":1.5,"control":-1,"clockUs":1}', '{"type":"turn","seq":1,"control":-2,"clockUs":1}', '{"type":"clock","clockUs":"1"}', '{"type":"stop","clockUs":1}']) refused(line);
  fc.assert(fc.property(entry, fc.nat(), (one, cut) => {
    const line = orderLine(one);
    refused(line.slice(0, cut % line.length));
  }));
});
