import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generate } from './generate.js';
import { play } from './play.js';

// The scripts that mutants of the runtime are judged by, see docs/mutation.md; `npm test` plays many more.

const BLOCKS = 8;
const SCRIPTS = 20;
const SEED = 7;

for (let block = 0; block < BLOCKS; block++) {
  test(`random fault scripts ${block * SCRIPTS} to ${(block + 1) * SCRIPTS - 1}: every invariant holds`, () => {
    for (let number = block * SCRIPTS; number < (block + 1) * SCRIPTS; number++) assert.equal(play(generate(SEED, number))?.message, undefined);
  });
}
