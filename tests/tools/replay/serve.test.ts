import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PassResult } from '../../../tools/replay/pass-result.js';
import { Playground, type Served } from '../../support/served.js';

const playground = new Playground();
after(() => playground.close());
let tape = '';
/** What a replay of the tape in one go decides. */
let whole: { readonly digest: string; readonly decisions: number };

before(async () => {
  tape = await playground.tape();
  whole = JSON.parse((await playground.command(['replay', tape, ...WINDOW, '--json'])).stdout) as typeof whole;
});

/** The four minutes in which something happens. */
const WINDOW = ['--from', '+330s', '--to', '+570s'];
const MINUTES = 4;

const serve = (name: string, ...more: string[]): Served => playground.serve(['replay', tape, '--serve', '--name', name, '--json', ...WINDOW, ...more]);
const results = (served: Served): PassResult[] => served.lines.map((line) => JSON.parse(line) as PassResult);
const ask = (name: string, verb: 'suspend' | 'resume' | 'restart' | 'terminate', path: string): Promise<unknown> => playground.ask(name, verb, { path });

describe('a served replay', () => {
  test('prints one line a pass, all with the digest of the replay in one go, and ends after the last one asked for', async () => {
    const served = serve('passes', '--speed', '5000', '--passes', '2');
    assert.deepEqual(await served.ended, { code: 0, signal: null });
    const passes = results(served);
    assert.deepEqual(passes.map(({ pass, digest, decisions: count, touched, resumedAt }) => [pass, digest, count, touched, resumedAt]), [1, 2].map((pass) => [pass, whole.digest, whole.decisions, [], null]));
    assert.ok(whole.decisions > 50, 'there is something to decide');
    assert.ok(readFileSync(playground.at('log/passes.log'), 'utf8').split('"event":"pass.end"').length === 3);
    const plain = await playground.run(['replay', tape, '--serve', '--passes', '1', '--speed', '5000', '--lanes', '1', ...WINDOW]);
    assert.match(plain.stdout, new RegExp(`^pass 1 {2}digest ${whole.digest} {2}${whole.decisions} decisions {2}\\d+ records {2}[\\d.]+ s\\n$`));
  });

  test('is paced: a pass takes the tape\'s time over the speed', async () => {
    const served = serve('paced', '--speed', '120', '--passes', '1');
    await served.ended;
    assert.ok(results(served)[0]!.wallMs >= (MINUTES * 60_000) / 120 - 50);
  });

  test('restarts with the last good state change no decision; suspend and terminate mark the pass, and only that', async () => {
    const served = serve('operated', '--speed', '60');
    await served.ready();
    for (const actor of ['/trading/account', '/market/kernel', '/journal', '/trading/account']) await ask('operated', 'restart', actor);
    await playground.ask('operated', 'logLevel.set', { level: 'debug' });
    await served.passes(1);
    const [first] = results(served);
    assert.deepEqual([first!.digest, first!.decisions, first!.touched], [whole.digest, whole.decisions, []]);
    // Restarting the account restarts those that began after it too.
    assert.ok(first!.restarts >= 4);
    await ask('operated', 'suspend', '/market/kernel');
    await ask('operated', 'resume', '/market/kernel');
    await ask('operated', 'terminate', '/trading');
    await served.passes(2);
    const second = results(served)[1]!;
    assert.deepEqual(second.touched, ['suspend /market/kernel', 'terminate /trading']);
    // What the detectors had to say to the strategies; no record was lost.
    assert.ok(second.deadLetters > 0 && second.deadLettered === 0 && first!.deadLetters === 0);
    assert.notEqual(second.digest, whole.digest);
    await served.passes(3);
    assert.deepEqual([results(served)[2]!.digest, results(served)[2]!.touched], [whole.digest, []]);
    assert.equal((await served.kill('SIGINT')).code, 0);
  });

  test('faults are injected into every pass; beyond the budget the root gives up with code 10', async () => {
    const served = serve('faults', '--speed', '5000', '--passes', '2', '--fault', 'crash:/trading/account@1000', '--fault', 'poison:/journal@1000');
    assert.equal((await served.ended).code, 0);
    assert.ok(results(served).every(({ restarts }) => restarts >= 1));
    const gives = serve('gives-up', '--speed', '5000', ...Array.from({ length: 21 }, () => ['--fault', 'crash:/journal@1000']).flat());
    assert.equal((await gives.ended).code, 10);
    assert.equal(results(gives)[0]!.gaveUp!.kind, 'error');
    assert.match(readFileSync(playground.at('log/gives-up.log'), 'utf8'), /"event":"supervisor\.shutdown"/);
  });

  test('with a journal a pass goes on where SIGKILL ended it, as often as it comes, and its digest is the same', async () => {
    const args = ['--speed', '60', '--passes', '2', '--journal', playground.at('journal')];
    const kills: number[] = [];
    for (const least of [10, 40]) {
      const served = serve('killed', ...args);
      await served.ready();
      while (served.lines.length === 0 && (await playground.decisions('killed')) < least) await sleep(20);
      await served.kill('SIGKILL');
      if (served.lines.length > 0) break;
      kills.push(least);
    }
    assert.ok(kills.length >= 1, 'it was killed in the middle');
    const served = serve('killed', ...args);
    assert.equal((await served.ended).code, 0);
    const passes = results(served);
    assert.deepEqual(passes.map(({ pass, digest, decisions: count }) => [pass, digest, count]), [1, 2].map((pass) => [pass, whole.digest, whole.decisions]));
    assert.ok(passes[0]!.resumedAt! >= 10 && passes[0]!.resumedAt! < whole.decisions, 'some of it was there already, and not all');
    assert.equal(passes[1]!.resumedAt, null);
  });

  test('the journal of something else is refused with code 78 and left alone; a pass an operator touched is not gone on with', async () => {
    const other = await playground.run(['replay', tape, '--serve', '--name', 'other', ...WINDOW, '--journal', playground.at('journal'), '--fault', 'crash:/journal@1']);
    assert.equal(other.code, 78);
    assert.match(other.stderr, /is of other passes: faults was \[\], is \["crash:\/journal@1"\]/);
    // Slow enough that the kill falls into the first pass, however long the looks take.
    const args = ['--speed', '4', '--journal', playground.at('touched')];
    const served = serve('touched', ...args);
    await served.ready();
    await ask('touched', 'suspend', '/trading/account');
    for (const endMs = performance.now() + 60_000; ; await sleep(100)) {
      const { stdout } = await playground.run(['journal', 'export', playground.at('touched')]);
      if (stdout.includes('"touched"')) break;
      assert.ok(performance.now() < endMs, 'what was done is not on the disk');
    }
    await served.kill('SIGKILL');
    const next = serve('touched', '--speed', '5000', '--passes', '2', '--journal', playground.at('touched'));
    assert.equal((await next.ended).code, 0, next.stderr);
    assert.deepEqual(results(next).map(({ pass, digest }) => [pass, digest]), [[2, whole.digest]]);
    assert.match(readFileSync(playground.at('log/touched.log'), 'utf8'), /"event":"pass\.given-up"/);
  });

  test('options that make no sense are refused with the way out', async () => {
    for (const [args, message] of [
      [['--journal', 'x'], /--journal is for a served replay\n {2}fix: add --serve/],
      [['--serve', '--live'], /not for a served replay/], [['--serve', '--name', 'a/b'], /'a\/b' is not a name/],
    ] as const) {
      const { code, stderr } = await playground.command(['replay', tape, ...args]);
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
  });
});
