import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { namedScripts, parseScript } from '../../../../tools/exchange/troubles/index.js';
import { TRIGGERS } from '../../../../tools/exchange/troubles/classes.js';
import { ACTS, ON } from '../../../../tools/exchange/troubles/schema.js';
import { openExchange } from '../../../support/open-exchange.js';

const DOC = readFileSync('docs/exchange-troubles.md', 'utf8');

test('the page lists every script with its summary, every act, every target and every trigger', () => {
  for (const { name, summary } of namedScripts()) assert.ok(DOC.includes(`| \`${name}\` | ${summary}`), name);
  for (const word of [...ACTS, ...ON, ...TRIGGERS]) if (word !== 'connect') assert.ok(DOC.includes(`\`${word}\``), word);
});

test('its examples run', async () => {
  const blocks = [...DOC.matchAll(/```toml\n(.*?)```/gs)].map((match) => match[1]!);
  assert.ok(blocks.length >= 3);
  const opened = await openExchange({ speed: 60 });
  try {
    for (const [at, block] of blocks.entries()) opened.exchange.troubles.start(parseScript(block, `example-${at}.toml`));
    assert.equal(opened.exchange.troubles.reports().length, blocks.length);
    opened.exchange.troubles.stopAll();
    assert.deepEqual(opened.defects, []);
  } finally {
    await opened.close();
  }
});

test('its commands name scripts that there are', () => {
  const names = new Set(namedScripts().map(({ name }) => name));
  const started = [...DOC.matchAll(/faultline exchange (?:start|stop) (\S+)/g)].map((match) => match[1]!);
  assert.ok(started.length >= 3);
  for (const name of started) assert.ok(names.has(name) || name === 'mine.toml', name);
});
