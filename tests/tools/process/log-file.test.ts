import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { LogFollower, lastLines } from '../../../tools/control/log-reader.js';
import { closedFiles, RotatingFile, type RotationLimits } from '../../../tools/process/log-file.js';

const scratch = mkdtempSync(join(tmpdir(), 'faultline-log-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
const fresh = (): string => mkdtempSync(join(scratch, 'l-'));
const UNLIMITED: RotationLimits = { maxBytes: 1 << 30, maxAgeMs: 0, keepFiles: 10_000, keepAgeMs: 0 };
const lostLine = (lines: number, code: string): string => `lost ${lines} ${code}\n`;
const open = (folder: string, limits: Partial<RotationLimits> = {}, nowMs?: () => number): RotatingFile => new RotatingFile(folder, 'p', { ...UNLIMITED, ...limits }, lostLine, nowMs);

/** Everything that was logged, file after file. Between the closing of one file and the first line of the next there is no p.log. */
function everything(folder: string): string {
  return [...closedFiles(folder, 'p').map(({ path }) => path), join(folder, 'p.log')].filter((path) => existsSync(path)).map((path) => readFileSync(path, 'utf8')).join('');
}

describe('a log file that rotates', () => {
  test('cuts no line, loses none, keeps their order, and no file is bigger than asked; the reader shows the same from its end', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 80 }).map((text) => text.replaceAll(/[\r\n]/g, '')), { maxLength: 60 }), fc.integer({ min: 50, max: 400 }), fc.nat(70), (texts, maxBytes, tail) => {
        const folder = fresh();
        const lines = texts.map((text, index) => `${index} ${text}\n`);
        let file = open(folder, { maxBytes });
        lines.forEach((line, index) => {
          // A process that begins again goes on in the same file.
          if (index % 17 === 16) {
            file.close();
            file = open(folder, { maxBytes });
          }
          file.write(line);
        });
        file.close();
        assert.equal(everything(folder), lines.join(''));
        for (const { path } of closedFiles(folder, 'p')) {
          const text = readFileSync(path, 'utf8');
          assert.ok(text.endsWith('\n'));
          assert.ok(Buffer.byteLength(text) <= maxBytes || text.split('\n').length === 2, 'only a line that is longer by itself may be');
        }
        assert.deepEqual(lastLines(join(folder, 'p.log'), tail, () => true), lines.map((line) => line.slice(0, -1)).slice(Math.max(0, lines.length - tail)));
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 60 },
    );
  });

  test('a follower sees every line once, whatever was rotated between its looks', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 20 }), fc.integer({ min: 30, max: 200 }), (bursts, maxBytes) => {
        const folder = fresh();
        const file = open(folder, { maxBytes });
        file.write('before anybody follows\n');
        const follower = new LogFollower(join(folder, 'p.log'));
        const written: string[] = [];
        const seen: string[] = [];
        for (const burst of bursts) {
          for (let line = 0; line < burst; line++) {
            written.push(`line ${written.length} ${'ü'.repeat(burst)}`);
            file.write(`${written.at(-1)}\n`);
          }
          seen.push(...follower.poll());
        }
        assert.deepEqual(seen, written);
        follower.close();
        file.close();
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 60 },
    );
  });

  test('keeps as many closed files as asked, and numbers on after the removed ones', () => {
    const folder = fresh();
    const file = open(folder, { maxBytes: 20, keepFiles: 3 });
    for (let line = 0; line < 20; line++) file.write(`line number ${line}\n`);
    file.close();
    assert.deepEqual(readdirSync(folder).sort(), ['p.000017.log', 'p.000018.log', 'p.000019.log', 'p.log']);
    assert.equal(everything(folder), [16, 17, 18, 19].map((line) => `line number ${line}\n`).join(''));
  });

  test('closes a file that is old enough, and removes closed ones that are too old', () => {
    const folder = fresh();
    let nowMs = Date.now();
    const file = open(folder, { maxAgeMs: 1000, keepAgeMs: 60_000 }, () => nowMs);
    file.write('a\n');
    nowMs += 999;
    file.write('b\n');
    nowMs += 1;
    file.write('c\n');
    assert.deepEqual(closedFiles(folder, 'p').map(({ path }) => readFileSync(path, 'utf8')), ['a\nb\n']);
    utimesSync(closedFiles(folder, 'p')[0]!.path, 1, 1);
    nowMs += 1000;
    file.write('d\n');
    file.close();
    assert.deepEqual(closedFiles(folder, 'p').map(({ number, path }) => [number, readFileSync(path, 'utf8')]), [[2, 'c\n']]);
  });

  test('half a line that a power cut left does not become the beginning of another', () => {
    const folder = fresh();
    writeFileSync(join(folder, 'p.log'), 'whole\n{"level":"inf');
    const file = open(folder);
    file.write('next\n');
    file.close();
    assert.equal(everything(folder), 'whole\n{"level":"inf\nnext\n');
  });

  test('a file that somebody moves away or removes is made again', () => {
    const folder = fresh();
    let nowMs = 0;
    const file = open(folder, {}, () => nowMs);
    file.write('one\n');
    renameSync(join(folder, 'p.log'), join(folder, 'moved'));
    nowMs += 5000;
    file.write('two\n');
    rmSync(join(folder, 'p.log'));
    nowMs += 5000;
    file.write('three\n');
    file.close();
    assert.deepEqual([readFileSync(join(folder, 'moved'), 'utf8'), everything(folder)], ['one\n', 'three\n']);
  });

  test('is readable by its owner only, and is no symbolic link', () => {
    const folder = fresh();
    const file = open(folder);
    assert.equal(statSync(file.path).mode & 0o777, 0o600);
    file.close();
    rmSync(file.path);
    symlinkSync(join(folder, 'elsewhere'), file.path);
    assert.throws(() => open(folder), { code: 'ELOOP' });
    assert.ok(!existsSync(join(folder, 'elsewhere')));
  });

  test('a disk that takes no more: whole lines stay whole, the lost ones are counted, and told once there is room', () => {
    const folder = fresh();
    const writer = fileURLToPath(new URL('./log-writer.js', import.meta.url));
    // 8 KiB a file at most; the shell's limit gives EFBIG where a full disk gives ENOSPC.
    const { stdout, stderr } = spawnSync('sh', ['-c', `trap '' XFSZ; ulimit -f 16; exec "$0" "$@"`, process.execPath, writer, folder, 'until-full'], { encoding: 'utf8' });
    assert.equal(stderr, '');
    const { lost } = JSON.parse(stdout) as { lost: number };
    assert.ok(lost > 0);
    const full = readFileSync(join(folder, 'full.log'), 'utf8').split('\n');
    assert.equal(full.pop(), '');
    // The line that tells of a lost one is shorter and may have had room.
    full.filter((line) => !line.startsWith('lost')).forEach((line, index) => assert.equal(line, `line ${index} ${'x'.repeat(90)}`));
    const rest = readFileSync(join(folder, 'p.log'), 'utf8').split('\n');
    assert.deepEqual(rest.slice(-2), ['room again', '']);
    const told = [...full, ...rest].map((line) => /^lost (\d+) EFBIG$/.exec(line)?.[1] ?? '0');
    assert.equal(told.reduce((sum, count) => sum + Number(count), 0), lost);
  });

  test('SIGKILL at any instant loses no line whose write has returned, and leaves none cut', async () => {
    for (let round = 0; round < 3; round++) {
      const folder = fresh();
      const child = spawn(process.execPath, [fileURLToPath(new URL('./log-writer.js', import.meta.url)), folder, 'for-ever'], { stdio: ['ignore', 'pipe', 'inherit'] });
      let told = '';
      await new Promise<void>((resolve) => {
        child.stdout.on('data', (chunk: Buffer) => {
          told += chunk.toString();
          if (told.length > 4000 * (round + 1)) child.kill('SIGKILL');
        });
        child.on('close', () => resolve());
      });
      const acknowledged = Number(told.split('\n').slice(0, -1).at(-1));
      const lines = everything(folder).split('\n');
      assert.equal(lines.pop(), '');
      lines.forEach((line, index) => assert.equal(line, `line ${index} ${'x'.repeat(90)}`));
      assert.ok(lines.length > acknowledged, `${lines.length} lines on the disk, ${acknowledged} acknowledged`);
      assert.ok(closedFiles(folder, 'p').length > 0, 'it rotated meanwhile');
    }
  });

  test('lines that are no JSON and a tail without an end do not stop the reader', () => {
    const folder = fresh();
    writeFileSync(join(folder, 'p.log'), `a\n\n${'long '.repeat(40_000)}\nb`);
    assert.deepEqual(lastLines(join(folder, 'p.log'), 10, () => true).map((line) => line.length), [1, 200_000, 1]);
    const follower = new LogFollower(join(folder, 'p.log'));
    appendFileSync(join(folder, 'p.log'), 'c\nd');
    assert.deepEqual(follower.poll(), ['c']);
    follower.close();
  });
});
