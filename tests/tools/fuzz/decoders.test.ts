import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { DecoderTarget } from '../../../tools/fuzz/decoder-target.js';
import { fuzzDecoders, type FuzzReport } from '../../../tools/fuzz/fuzz.js';
import { sharedData } from '../../support/shared-data.js';
import { projectRoot, runNode } from '../cli/run-node.js';

const decodeFolder = fileURLToPath(new URL('../../../data/decode/', import.meta.url));
/** `npm run fuzz` runs as many as one likes. */
const RUNS = process.env['FAULTLINE_LONG'] === '1' ? 25_000 : 8_000;
const command = join(projectRoot, 'dist/tools/fuzz/main.js');

/** A copy of the compiled decoders with `from` replaced by `to` in one file. */
class PlantedDecoder {
  readonly folder = mkdtempSync(join(tmpdir(), 'faultline-planted-'));
  readonly module: string;

  constructor(file: string, from: string, to: string) {
    cpSync(decodeFolder, this.folder, { recursive: true });
    for (const name of readdirSync(this.folder).filter((entry) => entry.endsWith('.js'))) {
      const path = join(this.folder, name);
      let source = readFileSync(path, 'utf8').replaceAll(/from '\.\.\//g, `from '${pathToFileURL(join(decodeFolder, '..')).href}/`);
      if (name === file) {
        assert.ok(source.includes(from), `${file} has no ${from}`);
        source = source.replaceAll(from, to);
      }
      writeFileSync(path, source);
    }
    writeFileSync(join(this.folder, 'package.json'), '{"type":"module"}');
    this.module = pathToFileURL(join(this.folder, 'index.js')).href;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function fuzzPlanted(file: string, from: string, to: string, runs: number, hangMs?: number): Promise<FuzzReport> {
  using planted = new PlantedDecoder(file, from, to);
  return await fuzzDecoders({ runs, seed: 5, module: planted.module, ...(hangMs === undefined ? {} : { hangMs }) });
}

test('a sample of mutated frames: no crash, no hang, and nothing that JSON.parse with the schema decides otherwise', async () => {
  const report = await fuzzDecoders({ runs: RUNS, seed: 20_261_121, dataFolder: sharedData() });
  assert.deepEqual({ ...report, seconds: 0 }, { runs: RUNS, crashes: 0, hangs: 0, disagreements: 0, seconds: 0 });
});

test('the same seed makes the same frames, another one others', async () => {
  const frames = async (seed: number): Promise<string[]> => {
    const target = await DecoderTarget.load(seed, Infinity, undefined);
    return Array.from({ length: 300 }, (_, run) => target.frame(run).bytes.toString('latin1'));
  };
  assert.deepEqual(await frames(7), await frames(7));
  assert.notDeepEqual(await frames(7), await frames(8));
});

describe('a bug planted in a copy of the decoder is found', () => {
  const disagreements: readonly (readonly [string, string, string, string])[] = [
    ['a key that is missing', 'message-parser.js', '(seen & TICKER_NEEDS) !== TICKER_NEEDS', 'false'],
    ['a zero before other digits', 'number-lexer.js', '(digits > 1 && (a & 0xff) === 0)', 'false'],
    ['bytes behind the last brace', 'frame-parser.js', 'return at === end ? this.kind : FALLBACK;', 'return this.kind;'],
    ['a string with a control character', 'frame-lexer.js', 'code < 32 ||', ''],
    ['a fraction finer than the step', 'number-lexer.js', 'if (steps * divisor !== fraction)', 'if (false)'],
    ['maker and taker exchanged', 'message-parser.js', 'v.getUint8(at + 5) === 116', 'v.getUint8(at + 5) !== 116'],
    ['the last level forgotten', 'record-writer.js', 'level < count', 'level < count - 1'],
    ['written without room', 'frame-decoder.js', 'if (needed > room)', 'if (false)'],
  ];
  /** Few frames show these. */
  const RARE: ReadonlySet<string> = new Set(['a key that is missing', 'a string with a control character']);
  for (const [what, file, from, to] of disagreements) {
    test(what, async () => {
      const report = await fuzzPlanted(file, from, to, RARE.has(what) ? 5000 : 2000);
      assert.ok(report.disagreements > 0, JSON.stringify(report));
    });
  }

  test('reading behind the end of the memory, as a crash', async () => {
    const report = await fuzzPlanted('number-lexer.js', 'LOOK_AHEAD = 64', 'LOOK_AHEAD = 0', 2000);
    assert.ok(report.crashes > 0, JSON.stringify(report));
  });

  test('looking at the same bytes again and again, as a hang', async () => {
    const report = await fuzzPlanted('frame-lexer.js', 'skipString(v, from) {', 'skipString(v, from) { for (let k = 0; k < 5000; k += 1) v.getUint8(from);', 2000);
    assert.ok(report.hangs > 0, JSON.stringify(report));
    assert.equal(report.crashes + report.disagreements, 0);
  });

  test('a loop without an end, as a hang: its thread is ended and the runs behind it are run', async () => {
    // Only a frame with a rare key loops, so a few threads are enough.
    const report = await fuzzPlanted('message-parser.js', 'case KEY_NQ:', 'case KEY_NQ: for (;;) { if (v.getUint8(from) > 255) break; }', 800, 1500);
    assert.ok(report.hangs > 0, JSON.stringify(report));
    assert.equal(report.crashes + report.disagreements, 0);
  });
});

describe('npm run fuzz', () => {
  test('--json prints exactly one report, and nothing else', async () => {
    const { code, stdout } = await runNode(command, ['--target', 'decoders', '--runs', '500', '--seed', '9', '--json']);
    assert.equal(code, 0);
    const report = JSON.parse(stdout) as FuzzReport;
    assert.deepEqual(Object.keys(report), ['runs', 'crashes', 'hangs', 'disagreements', 'seconds']);
    assert.deepEqual({ ...report, seconds: 0 }, { runs: 500, crashes: 0, hangs: 0, disagreements: 0, seconds: 0 });
  });

  test('what it finds ends it with code 6, and names the run to repeat', async () => {
    using planted = new PlantedDecoder('record-writer.js', 'level < count', 'level < count - 1');
    const { code, stdout, stderr } = await runNode(command, ['--target', 'decoders', '--runs', '400', '--seed', '5', '--json', '--decoder', planted.module]);
    assert.equal(code, 6);
    assert.ok((JSON.parse(stdout) as FuzzReport).disagreements > 0);
    const run = /--first (\d+) --runs 1/.exec(stderr)?.[1];
    const again = await runNode(command, ['--target', 'decoders', '--runs', '1', '--seed', '5', '--first', run ?? '', '--decoder', planted.module]);
    assert.equal(again.code, 6);
    assert.match(again.stdout, /^1 frames in [\d.]+ s: 0 crashes, 0 hangs, 1 disagreements\n$/);
  });

  test('a wrong command line ends it with code 2', async () => {
    for (const args of [[], ['--target', 'nothing'], ['--target', 'decoders', '--runs', '0'], ['--target', 'decoders', '--runs', '1e6'], ['--target', 'decoders', '--seed', '-1'], ['--target', 'decoders', '--nope']]) {
      const { code, stderr } = await runNode(command, args);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, /^faultline: .+\n {2}fix: /);
    }
  });
});
