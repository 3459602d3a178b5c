import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runChain } from '../../../tools/crash-sweep/chain.js';
import { type LifeImage, makeImage } from '../../../tools/crash-sweep/image.js';
import type { SweepResult } from '../../../tools/crash-sweep/sweep.js';
import { projectRoot, runNode } from '../cli/run-node.js';

const MAIN = join(projectRoot, 'dist/tools/crash-sweep/main.js');

let image: LifeImage;
before(() => {
  image = makeImage();
});
after(() => image.remove());

test('a hundred deaths at journal writes, some at random instants and a full disk: nothing lost, nothing doubled', { timeout: 280_000 }, async () => {
  const ended = await runNode(MAIN, ['--json', '--points', '100', '--parallel', '1']);
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  const { points, lost, doubled, seconds, stages, randomKills, diskFull, writes } = JSON.parse(ended.stdout) as SweepResult;
  assert.deepEqual({ points, lost, doubled }, { points: 100, lost: 0, doubled: 0 });
  assert.ok(seconds > 0 && writes > 300);
  for (const [stage, { died }] of Object.entries(stages)) assert.equal(died, 20, stage);
  assert.ok(randomKills > 0);
  assert.ok(diskFull !== null && diskFull.ended > 0, 'the kernel refused a write, and the life ended with code 11');
});

test('a life that was stopped in good order loses nothing either, also when its modules are run as they are', { timeout: 120_000 }, async () => {
  const chain = await runChain({ orders: 3, seed: 1, stopEvery: 2, kill: (life) => (life < 8 ? { stage: 'committed', nth: 3 } : null), mostLives: 9 });
  assert.deepEqual({ kills: chain.kills, lost: chain.lost, doubled: chain.doubled }, { kills: 8, lost: [], doubled: [] });
});

test('a recovery that sends unknown effects again is found out', { timeout: 120_000 }, async () => {
  const { doubled } = await runChain({ orders: 6, seed: 1, program: image.program, broken: 'resend', kill: (life) => (life < 12 ? { stage: 'after-effect', nth: 2 } : null), mostLives: 13 });
  assert.ok(doubled.some((sentence) => /placed 2 times/.test(sentence)), doubled.join('\n'));
});

test('a recovery that drops the tail of the journal is found out', { timeout: 120_000 }, async () => {
  const { lost } = await runChain({ orders: 6, seed: 1, program: image.program, broken: 'drop-tail', kill: () => ({ stage: 'flushed', nth: 4 }), mostLives: 60 });
  assert.ok(lost.some((sentence) => /never reached the exchange|missed/.test(sentence)), lost.join('\n'));
});
