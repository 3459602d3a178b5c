import assert from 'node:assert/strict';
import { fork, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { open } from 'lmdb';
import { openLayout } from '../../../runtime/journal/layout.js';
import { openJournal } from '../../../runtime/journal/lmdb-journal.js';
import { command } from '../../support/shell.js';
import { faultline, type Outcome } from '../cli/run-node.js';
import { backup } from '../../../tools/journal/backup.js';
import { compact } from '../../../tools/journal/compact.js';
import { verify, type JournalVerdict } from '../../../tools/journal/verify.js';
import { JournalView } from '../../../tools/journal/view.js';
import { struckWhenWriting } from '../../support/strike.js';
import { BATCHES, DESK, folder, makeJournal, ORDER, START_US } from './fixture.js';

const WRITER = fileURLToPath(new URL('writer.js', import.meta.url));
const ENTRIES = 4 + 4 * BATCHES - 1;

const json = <T>({ stdout }: Outcome): T => JSON.parse(stdout) as T;
const digest = (dir: string): string => createHash('sha256').update(readFileSync(join(dir, 'data.mdb'))).digest('hex');

async function running(t: TestContext): Promise<string> {
  const dir = join(folder(t), 'journal');
  const child = fork(WRITER, [dir], { execArgv: [] });
  t.after(() => child.kill('SIGKILL'));
  const [said] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown];
  assert.equal(said, 'ready', 'the writer ended');
  return dir;
}

function refused(outcome: Outcome, code: number, message: RegExp, fix: RegExp): void {
  assert.equal(outcome.code, code, outcome.stderr);
  assert.match(outcome.stderr, message);
  assert.match(outcome.stderr, fix);
}

async function verified(dir: string): Promise<JournalVerdict> {
  const view = JournalView.open(dir);
  try {
    return await verify(view);
  } finally {
    view.close();
  }
}

/** Changes what stands in a stopped journal, past all its checks. */
async function tamper(dir: string, change: (layout: ReturnType<typeof openLayout>) => Promise<unknown>): Promise<void> {
  const layout = openLayout(dir, false);
  await change(layout);
  await layout.root.flushed;
  await layout.root.close();
}

describe('faultline journal inspect', () => {
  test('says what a stopped journal holds', async (t) => {
    const dir = await makeJournal(join(folder(t), 'j'), { snapshotAt: 30 });
    const text = await faultline(['journal', 'inspect', dir]);
    assert.equal(text.code, 0, text.stderr);
    for (const expected of [/format 1/, /closed in good order/, /order 3/, /feed: 40/, /in flight {2}place {2}\/orders\/btc#7:40\.0/]) assert.match(text.stdout, expected);
    const summary = json<{ owner: unknown; entries: { kept: number }; neededFrom: number; actors: { path: string; turns: number; entriesSinceSnapshot: number; effectsInFlight: { key: string }[] }[]; inputs: object }>(await faultline(['journal', 'inspect', dir, '--json']));
    assert.equal(summary.owner, null);
    assert.equal(summary.entries.kept, ENTRIES + 2);
    assert.deepEqual(summary.inputs, { feed: BATCHES });
    assert.deepEqual(summary.actors.map(({ path, turns }) => [path, turns]), [[DESK, 40], [ORDER, 40]]);
    assert.deepEqual(summary.actors[1]?.effectsInFlight, [{ key: `${ORDER}#7:40.0`, name: 'place' }]);
    assert.ok(summary.neededFrom > 120 && summary.neededFrom < ENTRIES);
  });

  test('reads the journal of a running process', async (t) => {
    const dir = await running(t);
    const summary = json<{ owner: { pid: number; alive: boolean }; entries: { kept: number } }>(await faultline(['journal', 'inspect', dir, '--json']));
    assert.equal(summary.owner.alive, true);
    assert.ok(summary.entries.kept >= 80);
  });

  test("shows one actor's entries", async (t) => {
    const dir = await makeJournal(join(folder(t), 'j'));
    const { entries } = json<{ entries: { kind: string; actor: string; position: number }[] }>(await faultline(['journal', 'inspect', dir, '--path', ORDER, '--limit', '3', '--json']));
    assert.deepEqual(entries.map(({ kind, actor }) => [kind, actor]), [['outcome', ORDER], ['turn', DESK], ['turn', ORDER]], 'its own, and the turn that sent to it');
    const from = json<{ entries: { position: number }[] }>(await faultline(['journal', 'inspect', dir, '--from', '10', '--limit', '2', '--json']));
    assert.deepEqual(from.entries.map(({ position }) => position), [10, 11]);
    refused(await faultline(['journal', 'inspect', dir, '--path', '/nobody']), 3, /has no actor \/nobody/, /it has: \/desk, \/orders\/btc/);
  });
});

describe('a folder that is no journal', () => {
  test('is named, with the way out, and left as it is', async (t) => {
    const base = folder(t);
    const missing = join(base, 'missing');
    refused(await command(['journal', 'inspect', missing]), 4, /no such folder/, /fix: give the folder of a journal/);
    assert.equal(existsSync(missing), false, 'LMDB would have made it');
    const file = join(base, 'file');
    writeFileSync(file, 'x');
    refused(await command(['journal', 'verify', file]), 4, /is a file/, /fix: give the folder/);
    const empty = join(base, 'empty');
    mkdirSync(empty);
    refused(await command(['journal', 'verify', empty]), 3, /holds no data\.mdb/, /fix:/);
    writeFileSync(join(empty, 'data.mdb'), '');
    refused(await command(['journal', 'export', empty]), 3, /data\.mdb is empty/, /fix:/);
    writeFileSync(join(empty, 'data.mdb'), Buffer.alloc(20_000, 7));
    refused(await faultline(['journal', 'backup', empty, '--out', join(base, 'copy')]), 3, /is not an LMDB file/, /fix:/);
    assert.deepEqual(readdirSync(empty), ['data.mdb']);
    const foreign = join(base, 'foreign');
    const db = open({ path: foreign, noSubdir: false });
    await db.put('a', 1);
    await db.close();
    const before = digest(foreign);
    refused(await faultline(['journal', 'inspect', foreign]), 3, /is not a journal/, /fix:/);
    assert.equal(digest(foreign), before);
  });

  test('one of another format is refused by every command and by the runtime, and never harmed', async (t) => {
    for (const format of [99, 0]) {
      const dir = await makeJournal(join(folder(t), 'j'));
      await tamper(dir, async ({ meta }) => meta.put('meta', { kind: 'faultline journal', format, createdUs: 1 }));
      const before = digest(dir);
      const message = new RegExp(`has format ${format}`);
      const fix = /this one reads format 1/;
      refused(await faultline(['journal', format === 99 ? 'compact' : 'verify', dir]), 3, message, fix);
      assert.throws(() => JournalView.open(dir), { exit: 'badInput', message, fix });
      await assert.rejects(compact(dir, { maxAgeMs: 0, maxBytes: 0 }, 0), { exit: 'badInput', message, fix });
      await assert.rejects(backup(dir, `${dir}-copy`, { overwrite: false, compact: false }), { exit: 'badInput', message, fix });
      await assert.rejects(openJournal({ dir }), { name: 'JournalFailure', code: 'format', message });
      assert.equal(digest(dir), before, `format ${format}`);
      assert.equal(existsSync(`${dir}-copy`), false);
    }
  });
});

describe('faultline journal verify', () => {
  test('ends with 0 for a good one, also while it is written', async (t) => {
    const dir = await running(t);
    for (let round = 0; round < 2; round += 1) {
      const verdict = await faultline(['journal', 'verify', dir, '--json']);
      assert.deepEqual([verdict.code, json<{ ok: boolean }>(verdict).ok], [0, true], verdict.stdout + verdict.stderr);
    }
  });

  test('says what is wrong and where', async (t) => {
    const damaged = async (change: Parameters<typeof tamper>[1]): Promise<string[]> => {
      const dir = await makeJournal(join(folder(t), 'j'), { snapshotAt: 30 });
      await tamper(dir, change);
      const verdict = await verified(dir);
      assert.equal(verdict.ok, false);
      return verdict.problems.map(({ where, problem }) => `${where}: ${problem}`);
    };
    const keyOf = (log: { getKeys: (options: object) => Iterable<number> }, nth: number): number => [...log.getKeys({})][nth]!;
    const flipped = await damaged(async ({ log }) => {
      const key = keyOf(log, 10);
      const bytes = Buffer.from(log.get(key)!);
      bytes[60]! ^= 1;
      await log.put(key, bytes);
    });
    assert.match(flipped[0]!, /^entry \d+: checksum [0-9a-f]{8}, written down as [0-9a-f]{8}$/);
    const gap = await damaged(async ({ log }) => log.remove(keyOf(log, 10)));
    assert.match(gap.join('; '), /entry (\d+): entries \1 to \d+ are missing/);
    assert.match(gap.join('; '), /turns \d+ to \d+ of \/desk are missing|of \/desk comes/);
    const tail = await damaged(async ({ log }) => log.remove([...log.getKeys({})].at(-1)!));
    assert.match(tail.join('; '), /are missing at the end/);
    const snapshots = await damaged(async ({ snapshots: stored }) => {
      const bytes = Buffer.from(stored.get(1)!);
      bytes[30]! ^= 1;
      await stored.put(1, bytes);
    });
    assert.match(snapshots.join('; '), /snapshot of \/desk: checksum/);
    const needed = await damaged(async ({ meta, log }) => {
      for (const key of [...log.getKeys({})].slice(0, 35)) await log.remove(key);
      await meta.put('state', { ...(meta.get('state') as object), floor: 120 });
    });
    assert.match(needed.join('; '), /state: entries 120 to \d+ are gone, and a recovery needs them/);
    const twice = await damaged(async ({ log }) => {
      const keys = [...log.getKeys({})];
      await log.put(keys[11]!, log.get(keys[10]!)!);
    });
    assert.match(twice.join('; '), /handles message [\d.]+, which is not there or was handled before/);
  });

  test('reports a file that was cut off, where LMDB would end the process', async (t) => {
    const dir = await makeJournal(join(folder(t), 'j'), { inputs: 400 });
    truncateSync(join(dir, 'data.mdb'), Math.floor(statSync(join(dir, 'data.mdb')).size / 3));
    const before = digest(dir);
    const verdict = await faultline(['journal', 'verify', dir, '--json']);
    assert.equal(verdict.code, 6, verdict.stderr);
    const { ok, problems } = json<{ ok: boolean; problems: { problem: string }[] }>(verdict);
    assert.equal(ok, false);
    assert.match(problems[0]?.problem ?? '', /page|entr|missing/);
    const inspected = await faultline(['journal', 'inspect', dir]);
    assert.equal(inspected.code, 3, inspected.stdout);
    assert.match(inspected.stderr, /fix: see how much is good: faultline journal verify/);
    assert.equal(digest(dir), before);
  });

  test('reports pages that LMDB itself cannot follow, and nobody calls that a defect', async (t) => {
    const dir = await makeJournal(join(folder(t), 'j'), { inputs: 400 });
    const file = openSync(join(dir, 'data.mdb'), 'r+');
    for (let at = 2 * 4096 + 100; at < statSync(join(dir, 'data.mdb')).size; at += 4096) writeSync(file, Buffer.alloc(64, 0xab), 0, 64, at);
    closeSync(file);
    const before = digest(dir);
    const verdict = await faultline(['journal', 'verify', dir, '--json']);
    assert.equal(verdict.code, 6, verdict.stderr);
    assert.match(json<{ problems: { problem: string }[] }>(verdict).problems[0]?.problem ?? '', /a page is damaged|checksum/);
    const inspected = await faultline(['journal', 'inspect', dir]);
    refused(inspected, 3, /a page of it is damaged or missing/, /fix: see how much is good: faultline journal verify/);
    assert.doesNotMatch(inspected.stderr, /defect/);
    assert.equal(digest(dir), before);
    // The runtime refuses it as damaged, or LMDB ends the process; it never opens.
    const program = `import { openJournal } from ${JSON.stringify(new URL('../../../runtime/journal/index.js', import.meta.url).href)}; await openJournal({ dir: ${JSON.stringify(dir)} }).then(() => console.log('opened'), (error) => console.log(error.name, error.code));`;
    const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    if (signal === null) assert.equal(stdout, 'JournalFailure corrupt\n');
    else assert.equal(stdout, '');
  });
});

describe('faultline journal compact', () => {
  test('is refused while a process has the journal open, and says what to do instead', async (t) => {
    const dir = await running(t);
    refused(await faultline(['journal', 'compact', dir]), 5, /written by process \d+/, /fix: stop that process first .*backup --compact/);
    assert.equal((await faultline(['journal', 'verify', dir])).code, 0);
  });

  test('takes out what is old and not needed, gives the space back, and the runtime finds what it needs', async (t) => {
    const dir = await makeJournal(join(folder(t), 'j'), { inputs: 400, snapshotAt: 380 });
    const before = statSync(join(dir, 'data.mdb')).size;
    const kept = await compact(dir, { maxAgeMs: 3_600_000, maxBytes: 1e9 }, START_US);
    assert.equal(kept.removed, 0, 'nothing is as old');
    const bySize = await compact(dir, { maxAgeMs: 3_600_000, maxBytes: 100 * 1024 }, START_US);
    assert.ok(bySize.removed > 0 && bySize.kept > 20);
    const result = json<{ removed: number; kept: number; neededFrom: number; bytesAfter: number }>(await faultline(['journal', 'compact', dir, '--older-than', '0s', '--json']));
    assert.equal(bySize.removed + result.removed + result.kept, 4 + 4 * 400 - 1 + 2);
    assert.ok(result.bytesAfter < before / 3, `${result.bytesAfter} of ${before}`);
    assert.equal(statSync(join(dir, 'data.mdb')).size, result.bytesAfter);
    assert.deepEqual((await verified(dir)).problems, []);
    const journal = await openJournal({ dir });
    const history = journal.history(ORDER);
    assert.equal(history?.snapshot.turn, 380);
    assert.equal(history.entries.filter(({ entry }) => entry.kind === 'turn' && entry.actor === ORDER).length, 20);
    assert.equal(journal.lastInput('feed'), 400);
    await journal.close();
  });

  test('keeps everything when there is no snapshot to recover from', async (t) => {
    const dir = await makeJournal(join(folder(t), 'j'));
    const { removed, kept } = await compact(dir, { maxAgeMs: 0, maxBytes: 0 }, START_US * 2);
    assert.deepEqual([removed <= 4, removed + kept], [true, ENTRIES]);
  });
});

describe('faultline journal backup', () => {
  test('copies the journal of a running process; the copy is whole, and a journal of its own', async (t) => {
    const dir = await running(t);
    const copy = join(folder(t), 'deep', 'copy');
    const first = await faultline(['journal', 'backup', dir, '--out', copy, '--json']);
    assert.equal(first.code, 0, first.stderr);
    const { entries } = json<{ entries: number }>(first);
    assert.ok(entries >= 80);
    assert.equal((await verified(copy)).entries, entries);
    const journal = await openJournal({ dir: copy });
    await journal.close();

    refused(await faultline(['journal', 'backup', dir, '--out', copy]), 5, /exists already/, /fix: choose another folder, or pass --overwrite/);
    const second = json<{ entries: number }>(await faultline(['journal', 'backup', dir, '--out', copy, '--overwrite', '--compact', '--json']));
    assert.ok(second.entries > entries);
    assert.deepEqual(readdirSync(join(copy, '..')), ['copy'], 'nothing is left beside it');
  });

  test('never replaces a folder that is no backup', async (t) => {
    const dir = await makeJournal(join(folder(t), 'j'));
    const other = folder(t);
    writeFileSync(join(other, 'precious'), 'x');
    await assert.rejects(backup(dir, other, { overwrite: true, compact: false }), { exit: 'cannotWrite', message: /is no backup of a journal/ });
    assert.deepEqual(readdirSync(other), ['precious']);
    await assert.rejects(backup(dir, dir, { overwrite: true, compact: false }), { exit: 'usage', message: /cannot be its own backup/ });
  });

  test('never writes into the journal that it copies, by whatever path', async (t) => {
    const base = folder(t);
    const dir = await makeJournal(join(base, 'j'));
    symlinkSync(dir, join(base, 'link'));
    const before = readdirSync(dir);
    for (const out of [join(dir, 'inside'), join(dir, 'deep', 'inside'), join(base, 'link', 'inside'), join(dir, '..', 'j', 'inside')]) {
      await assert.rejects(backup(dir, out, { overwrite: true, compact: false }), { exit: 'usage', message: `${out}: a backup cannot stand inside the journal that it is of`, fix: `give --out a folder outside ${dir}` });
    }
    assert.deepEqual(readdirSync(dir), before);
    await backup(dir, `${dir}-copy`, { overwrite: false, compact: false });
    assert.ok(existsSync(`${dir}-copy`), 'a name that only begins alike is outside');
  });
});

describe('faultline journal export', () => {
  test('writes one JSON line for each state and entry between a first and a last line', async (t) => {
    const dir = await makeJournal(join(folder(t), 'j'), { snapshotAt: 30 });
    const { stdout, code } = await faultline(['journal', 'export', dir]);
    assert.equal(code, 0);
    const lines = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as { kind: string; position?: number; entries?: number });
    assert.deepEqual(lines[0], { kind: 'journal', schema: 1, format: 1, createdUs: 1_790_000_000_000_000, first: 0, next: ENTRIES + 2 });
    assert.deepEqual(lines.filter(({ kind }) => kind === 'state').length, 2);
    assert.deepEqual(lines.at(-1), { kind: 'end', entries: ENTRIES + 2 });
    assert.deepEqual(lines.slice(3, -1).map(({ position }) => position), Array.from({ length: ENTRIES + 2 }, (_, at) => at));
    const one = await faultline(['journal', 'export', dir, '--path', ORDER, '--from', '100', '--limit', '5']);
    assert.equal(one.stdout.trimEnd().split('\n').length, 1 + 1 + 5 + 1);
  });

  test('interrupted it leaves no file, and it does not replace one unasked', async (t) => {
    const dir = await makeJournal(join(folder(t), 'j'), { inputs: 3000 });
    const out = join(folder(t), 'journal.jsonl');
    const ended = await faultline(['journal', 'export', dir, '--out', out], { env: struckWhenWriting(out) });
    assert.equal(ended.code, 130, ended.stderr);
    assert.deepEqual(readdirSync(join(out, '..')), []);
    writeFileSync(out, 'mine');
    refused(await faultline(['journal', 'export', dir, '--out', out]), 5, /exists already/, /--overwrite/);
    assert.equal(readFileSync(out, 'utf8'), 'mine');
    assert.equal((await faultline(['journal', 'export', dir, '--out', out, '--overwrite'])).code, 0);
    assert.match(readFileSync(out, 'utf8'), /\{"kind":"end","entries":12003\}\n$/);
  });
});
