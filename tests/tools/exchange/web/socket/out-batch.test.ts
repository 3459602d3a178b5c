import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { textFrame } from '../../../../../tools/exchange/web/socket/frames.js';
import { OutBatch } from '../../../../../tools/exchange/web/socket/out-batch.js';

const letters = fc.string({ unit: 'binary', maxLength: 300 });
const texts = fc.array(fc.oneof(letters, fc.tuple(letters, fc.nat(30_000)).map(([text, pad]) => text + 'x'.repeat(pad)), fc.constant('y'.repeat(70_000))), { maxLength: 30 });

test('a batch gives its socket the frames that each text would be alone, in order, however often it is flushed', () => {
  fc.assert(fc.property(texts, fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }), fc.boolean(), (sent, flushes, isSlow) => {
    const socket = new PassThrough({ highWaterMark: isSlow ? 1 : 2 ** 24 });
    const batch = new OutBatch(socket as unknown as Socket);
    const heard: Buffer[] = [];
    if (!isSlow) socket.on('data', (chunk: Buffer) => heard.push(Buffer.from(chunk)));
    sent.forEach((text, at) => {
      batch.add(text, Buffer.byteLength(text));
      if (flushes[at] === true) batch.flush();
    });
    batch.flush();
    assert.equal(batch.length, 0);
    for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) heard.push(Buffer.from(chunk));
    assert.ok(Buffer.concat(heard).equals(Buffer.concat(sent.map(textFrame))));
  }), { numRuns: 60 });
});

test('what is dropped is never sent', () => {
  const socket = new PassThrough();
  const batch = new OutBatch(socket as unknown as Socket);
  batch.add('lost', 4);
  batch.drop();
  batch.flush();
  assert.equal(socket.read(), null);
});
