import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { faultline, type Outcome } from '../tools/cli/run-node.js';

// Ctrl-C in the middle of every command that takes long: one line, code 130, and nothing half done under a finished name.
const folder = mkdtempSync(join(tmpdir(), 'faultline-interrupt-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

/** Runs a command that would take long and sends it SIGINT once it has begun to write. */
async function interrupted(args: readonly string[]): Promise<Outcome & { readonly stopMs: number }> {
  const before = readdirSync(folder).length;
  let sentMs = 0;
  const strike = async (child: ChildProcess): Promise<void> => {
    while (readdirSync(folder).length === before && child.exitCode === null) await sleep(20);
    await sleep(150);
    sentMs = performance.now();
    child.kill('SIGINT');
  };
  const outcome = await faultline(args, { onStart: (child) => void strike(child) });
  return { ...outcome, stopMs: performance.now() - sentMs };
}

describe('Ctrl-C', () => {
  before(async () => {
    const made = await faultline(['market', 'generate', '--scenario', 'flash-crash', '--minutes', '60', '--seed', '5', '--out', at('long.tape')]);
    assert.equal(made.code, 0, made.stderr);
    const csv = createWriteStream(at('long.csv'));
    csv.write('time,price,quantity,side\n');
    for (let row = 0; row < 1_500_000; row++) {
      const line = `${1_700_000_000_000 + row},${100 + (row % 7)},${1 + (row % 5)},${row % 2 === 0 ? 'buy' : 'sell'}\n`;
      if (!csv.write(line)) await once(csv, 'drain');
    }
    csv.end();
    await once(csv, 'close');
  });

  for (const [what, args, finished] of [
    ['market generate', ['market', 'generate', '--scenario', 'flash-crash', '--minutes', '1400', '--seed', '6', '--out', at('made.tape')], 'made.tape'],
    ['tape import', ['tape', 'import', '--format', 'generic-csv', '--symbol', 'X', '--venue', 'x', '--out', at('imported.tape'), at('long.csv')], 'imported.tape'],
    ['tape merge', ['tape', 'merge', at('long.tape'), at('long.tape'), at('long.tape'), at('long.tape'), '--out', at('merged.tape')], 'merged.tape'],
    ['tape export', ['tape', 'export', '--format', 'jsonl', at('long.tape'), '--out', at('exported.jsonl')], 'exported.jsonl'],
  ] as const) {
    test(what, async () => {
      const { code, stderr, stopMs } = await interrupted(args);
      assert.equal(code, 130, stderr);
      assert.match(stderr, /^faultline: interrupted; what was complete is kept\n$/);
      assert.ok(stopMs < 2000, `took ${stopMs} ms to stop`);
      assert.ok(!readdirSync(folder).includes(finished), `${finished} looks finished`);
    });
  }

  test('replay with --out', async () => {
    const { code, stderr, stopMs } = await interrupted(['replay', at('long.tape'), '--speed', '600', '--out', at('report')]);
    assert.equal(code, 130, stderr);
    assert.match(stderr, /^faultline: interrupted; what was complete is kept\n$/);
    assert.ok(stopMs < 2000, `took ${stopMs} ms to stop`);
    assert.ok(!existsSync(join(at('report'), 'report.json')), 'no report of a replay that did not end');
  });

  test('a tape that was being written can be saved as far as it is complete', async () => {
    const repaired = await faultline(['tape', 'repair', at('made.tape.partial'), '--out', at('saved.tape'), '--json']);
    assert.equal(repaired.code, 0, repaired.stderr);
    const verified = await faultline(['tape', 'verify', at('saved.tape'), '--json']);
    const verdict = JSON.parse(verified.stdout) as { ok: boolean; goodRecords: number };
    assert.ok(verdict.ok && verdict.goodRecords > 1000, verified.stdout);
    assert.ok(readFileSync(at('saved.tape')).length > 64_000);
  });
});
