import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { CliError } from '../../../tools/cli/errors.js';
import { takeName } from '../../../tools/process/name-lock.js';
import { isAlive, readRecord, startTicksOf, writeRecord, type ProcessRecord } from '../../../tools/process/record.js';
import { existingRunFolder, openRunFolder, processName, runFolder, socketPath } from '../../../tools/process/run-folder.js';

const scratch = mkdtempSync(join(tmpdir(), 'faultline-run-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
const at = (name: string): string => join(scratch, name);
const refuses = (work: () => unknown, exit: string, message: RegExp): void => assert.throws(work, (error) => error instanceof CliError && error.exit === exit && message.test(error.message) && error.fix !== undefined);

describe('the run folder', () => {
  test('is FAULTLINE_RUN_DIR, else below XDG_RUNTIME_DIR, else in /tmp under the user', () => {
    assert.equal(runFolder({ FAULTLINE_RUN_DIR: '/a/b', XDG_RUNTIME_DIR: '/x' }), '/a/b');
    assert.equal(runFolder({ FAULTLINE_RUN_DIR: '', XDG_RUNTIME_DIR: '/x' }), '/x/faultline');
    assert.equal(runFolder({ XDG_RUNTIME_DIR: 'not/absolute' }), `/tmp/faultline-${process.getuid!()}`);
  });

  test('is made with those above it, for its owner only', () => {
    const folder = openRunFolder({ FAULTLINE_RUN_DIR: at('deep/er/run') });
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(openRunFolder({ FAULTLINE_RUN_DIR: folder }), folder);
    assert.equal(existingRunFolder({ FAULTLINE_RUN_DIR: at('nowhere') }), undefined);
  });

  test('that others may enter, that is a link, a file or somebody else\'s, is refused with the way out, by servers and clients', () => {
    mkdirSync(at('open'));
    chmodSync(at('open'), 0o750);
    symlinkSync(openRunFolder({ FAULTLINE_RUN_DIR: at('private') }), at('link'));
    writeFileSync(at('file'), '');
    for (const enter of [openRunFolder, existingRunFolder]) {
      refuses(() => enter({ FAULTLINE_RUN_DIR: at('open') }), 'configuration', /open to other users \(mode 750\)/);
      refuses(() => enter({ FAULTLINE_RUN_DIR: at('link') }), 'configuration', /symbolic link/);
      refuses(() => enter({ FAULTLINE_RUN_DIR: at('file') }), 'configuration', /is not a folder/);
      if (process.getuid!() !== 0) refuses(() => enter({ FAULTLINE_RUN_DIR: '/proc' }), 'configuration', /belongs to user 0/);
    }
  });

  test('names of processes are names of files, and sockets have short paths', () => {
    for (const good of ['a', 'engine-2', 'T_1', '9']) assert.equal(processName(good), good);
    for (const bad of ['', '.', '..', 'a/b', 'a.b', '-a', 'ä', 'a b', 'x'.repeat(49)]) refuses(() => processName(bad), 'usage', /is not a name/);
    assert.equal(socketPath('/run/x', 'a'), '/run/x/a.sock');
    refuses(() => socketPath(`/${'x'.repeat(100)}`, 'abcd'), 'configuration', /a path of \d+ bytes/);
  });
});

describe('the lock of a name', () => {
  test('one holder at a time; folders and names lock apart; released names are free', async () => {
    const [folder, other] = [openRunFolder({ FAULTLINE_RUN_DIR: at('lock-a') }), openRunFolder({ FAULTLINE_RUN_DIR: at('lock-b') })];
    const lock = await takeName(folder, 'x');
    assert.ok(lock !== undefined);
    assert.equal(await takeName(folder, 'x'), undefined);
    const others = await Promise.all([takeName(folder, 'y'), takeName(other, 'x')]);
    assert.ok(others.every((one) => one !== undefined));
    await lock.release();
    const again = await takeName(folder, 'x');
    assert.ok(again !== undefined);
    await Promise.all([again, ...others].map((one) => one!.release()));
  });

  test('of twenty who come at once one gets it', async () => {
    const folder = openRunFolder({ FAULTLINE_RUN_DIR: at('lock-c') });
    const locks = (await Promise.all(Array.from({ length: 20 }, () => takeName(folder, 'x')))).filter((lock) => lock !== undefined);
    assert.equal(locks.length, 1);
    await locks[0]!.release();
  });

  test('is free as soon as its holder is killed', async () => {
    const folder = openRunFolder({ FAULTLINE_RUN_DIR: at('lock-d') });
    const module = new URL('../../../tools/process/name-lock.js', import.meta.url).href;
    const child = spawn(process.execPath, ['--input-type=module', '-e', `const { takeName } = await import(${JSON.stringify(module)}); await takeName(${JSON.stringify(folder)}, 'x'); console.log('held'); setInterval(() => {}, 1000);`], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    assert.equal(await takeName(folder, 'x'), undefined);
    child.kill('SIGKILL');
    await once(child, 'close');
    const lock = await takeName(folder, 'x');
    assert.ok(lock !== undefined);
    await lock.release();
  });
});

describe('the record of a process', () => {
  const record: ProcessRecord = {
    name: 'r', pid: process.pid, startTicks: startTicksOf(process.pid), state: 'ready', what: 'w', startedAt: '', endedAt: null, exitCode: null, version: '', node: '', socket: '/s', log: '/l', manager: null,
  };
  test('is read back whole, and damage is no record', () => {
    const folder = openRunFolder({ FAULTLINE_RUN_DIR: at('records') });
    writeRecord(folder, record);
    assert.deepEqual(readRecord(folder, 'r'), record);
    for (const text of ['', '{', 'null', '[]', '{"name":"other"}', '"r"']) {
      writeFileSync(join(folder, 'r.json'), text);
      assert.equal(readRecord(folder, 'r'), undefined, text);
    }
  });
  test('tells a living process from one that ended, was killed, or whose number is another\'s now', () => {
    assert.ok(isAlive(record));
    assert.ok(!isAlive({ ...record, state: 'ended' }));
    assert.ok(!isAlive({ ...record, pid: 2 ** 22 + 1 }));
    if (record.startTicks !== null) assert.ok(!isAlive({ ...record, startTicks: '1' }));
  });
});
