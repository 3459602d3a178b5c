import assert from 'node:assert/strict';
import { createWriteStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { struckWhenWriting } from '../support/strike.js';
import { faultline } from '../tools/cli/run-node.js';

// Ctrl-C in the middle of every command that takes long: one line, code 130, and nothing half done under a finished name.
const folder = mkdtempSync(join(tmpdir(), 'faultline-interrupt-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

/** Runs a command that gets SIGINT once it has written so many bytes of `out`, and then has to end at once, with 130. */
async function interrupted(args: readonly string[], out: string, bytes: number): Promise<void> {
  const told = `${folder}.struck`;
  const { code, stderr } = await faultline(args, { env: struckWhenWriting(at(out), bytes, told) });
  assert.equal(code, 130, stderr);
  assert.match(stderr, /^faultline: interrupted; what was complete is kept\n$/);
  const stopMs = Number(readFileSync(told));
  rmSync(told);
  assert.ok(stopMs < 1000, `took ${stopMs} ms of processor time to stop`);
}

describe('Ctrl-C', () => {
  before(async () => {
    const made = await faultline(['market', 'generate', '--scenario', 'flash-crash', '--minutes', '20', '--seed', '5', '--out', at('long.tape')]);
    assert.equal(made.code, 0, made.stderr);
    const csv = createWriteStream(at('long.csv'));
    csv.write('time,price,quantity,side\n');
    for (let row = 0; row < 300_000; row++) {
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
      await interrupted(args, finished, what === 'market generate' ? 400_000 : 50_000);
      assert.ok(!readdirSync(folder).includes(finished), `${finished} looks finished`);
    });
  }

  test('replay with --out', async () => {
    await interrupted(['replay', at('long.tape'), '--speed', '60', '--out', at('report')], 'report', 0);
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
