import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RunReader, type RunManifest } from '../../../data/runs/index.js';
import { writeManifest } from '../../../data/runs/manifest.js';
import { sideBySide, TimeMachine } from '../../../tools/time/index.js';
import { EAGER } from '../../support/eager-config.js';
import { generatedTape, writeTape } from '../../support/replay-tape.js';
import { recordRun, scratch } from '../runs/record.js';
import { MachineHere } from './here.js';

const market = generatedTape({ scenario: 'flash-crash', seed: 7, minutes: 6, symbols: 1, rate: 0.002 });
const config = (goodScore: number): typeof EAGER => ({ ...EAGER, trading: { ...EAGER.trading, score: { ...EAGER.trading.score, goodScore } } });

void test('what is no recording is said in a sentence, with its way out', async (t) => {
  const root = scratch(t);
  const refused = async (source: Parameters<typeof TimeMachine.open>[0], message: RegExp): Promise<void> => {
    await assert.rejects(TimeMachine.open(source), { name: 'TimeError', kind: 'source', message });
  };
  /** As the thread hears of it. */
  const unreadable = async (run: string, message: RegExp): Promise<void> => {
    await assert.rejects(MachineHere.open({ run }), { name: 'RunError', message });
  };
  mkdirSync(join(root, 'empty'));
  await refused({ run: join(root, 'empty') }, /run\.json: no such file/);
  writeFileSync(join(root, 'not.tape'), 'a text');
  await refused({ tape: join(root, 'not.tape') }, /not\.tape: is not a Faultline tape/);
  await refused({ tape: join(root, 'none.tape') }, /none\.tape/);
  await unreadable(join(root, 'not.tape'), /is neither a folder nor a run in/);

  const folder = recordRun(join(root, 'runs'), market, { config: EAGER });
  const { manifest } = RunReader.open(folder);
  const changed = (name: string, change: Partial<RunManifest>): string => {
    const copy = join(root, name);
    cpSync(folder, copy, { recursive: true });
    writeManifest(copy, { ...manifest, ...change });
    return copy;
  };
  await unreadable(changed('newer', { format: 2 as never }), /written by a newer Faultline/);
  await unreadable(changed('config', { config: { nonsense: true } }), /its configuration is not one of this version/);
  await unreadable(changed('tape gone', { kind: 'replay', replay: { from: null, to: null, faults: [], lanes: null, partial: false }, tapes: [{ file: '/nowhere/a.tape', firstRecord: 0, records: 5, preamble: 0, removed: false }] }), /the tape of run .* is not there any more/);

  const other = await TimeMachine.open({ run: changed('other', { code: { version: '0.0.1', node: 'v1' } }) });
  t.after(() => other.close());
  assert.match(other.state.about.notes.join('\n'), /recorded by Faultline 0\.0\.1, this is /);

  // A place that is not there, and a machine that goes on after it.
  await assert.rejects(other.seek({ decision: 1_000_000 }), { kind: 'target', message: 'there is no decision 1000000' });
  await assert.rejects(other.seek({ key: 'nonsense' }), { kind: 'target' });
  await assert.rejects(other.causeOf({ order: 'x' }), { kind: 'target', message: 'no decision of the recording names "x"' });
  assert.equal((await other.seek({ decision: 0 })).decision, 1);
  assert.equal(await other.inspect('/nobody'), null);
  await other.close();
  await assert.rejects(other.tree(), { kind: 'closed' });
});

void test('a run that is cut or damaged is there as far as it goes, one whose replay differs says from where', async (t) => {
  const root = scratch(t);
  const folder = recordRun(root, market, { config: EAGER, tapeRecords: Math.floor(market.records / 3) });
  const { manifest } = RunReader.open(folder);
  const copied = (name: string): string => {
    const copy = join(root, name);
    cpSync(folder, copy, { recursive: true });
    return copy;
  };
  const cut = copied('cut');
  writeManifest(cut, { ...manifest, endedAt: null, exit: null, decisions: null, effects: null, pid: 2 ** 30 });
  truncateSync(join(cut, 'run.log'), Math.floor(statSync(join(cut, 'run.log')).size * 0.7) + 3);
  const damaged = copied('damaged');
  const tape = join(damaged, 'tapes', readdirSync(join(damaged, 'tapes')).filter((name) => name.endsWith('.tape')).sort().at(-1)!);
  const bytes = readFileSync(tape);
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  writeFileSync(tape, bytes);
  for (const [run, why] of [[cut, /ends within|no end mark|byte/], [damaged, /checksum|corrupt|damaged|agree/]] as const) {
    const machine = await MachineHere.open({ run });
    t.after(() => machine.close());
    const { problem, ready, span, growing } = machine.state;
    assert.match(problem ?? '', why);
    assert.deepEqual({ ready, growing }, { ready: true, growing: false });
    assert.ok(span.records > market.records / 4 && span.records < market.records, `${span.records} of ${market.records}`);
    const cursor = machine.seek({ end: true });
    assert.equal(cursor.record, span.records);
    assert.notEqual(machine.tree(), null);
  }

  const altered = copied('altered');
  const lines = readFileSync(join(altered, 'decisions.jsonl'), 'utf8').split('\n');
  lines[2] = lines[2]!.replace('"seq":', '"seq":1');
  writeFileSync(join(altered, 'decisions.jsonl'), lines.join('\n'));
  const machine = await MachineHere.open({ run: altered });
  t.after(() => machine.close());
  assert.equal(machine.state.differsAt, 2);
});

void test('a run that goes on is followed, and one that is killed meanwhile ends where it was flushed last', { timeout: 120_000 }, async (t) => {
  const root = scratch(t);
  const child = spawn(process.execPath, [fileURLToPath(new URL('./growing-child.js', import.meta.url)), root], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<number> => {
    child.stdin.write('on\n');
    return Number((await lines.next()).value);
  };
  const first = await next();
  const folder = join(root, readdirSync(root)[0]!);
  const machine = await TimeMachine.open({ run: folder });
  t.after(() => machine.close());
  assert.deepEqual({ growing: machine.state.growing, records: machine.span.records }, { growing: true, records: first });
  const early = await machine.seek({ event: Math.floor(machine.span.events / 2) });
  const digest = await machine.digest();
  for (let n = 0; n < 3; n += 1) {
    const records = await next();
    assert.equal((await machine.follow()).records, records);
  }
  assert.equal((await machine.seek({ end: true })).record, machine.span.records);
  // What was, stays.
  assert.deepEqual(await machine.seek({ key: early.key }), { ...early, atEnd: false });
  assert.equal(await machine.digest(), digest);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const { records } = await machine.follow();
  assert.deepEqual({ growing: machine.state.growing, records: machine.span.records }, { growing: false, records });
  assert.match(machine.state.problem ?? '', /no end mark: the run was killed, or goes on/);
  const again = await MachineHere.open({ run: folder });
  t.after(() => again.close());
  assert.deepEqual(again.span, machine.span);
});

void test('opening can be called off, and a thread that dies takes nobody with it', async (t) => {
  const root = scratch(t);
  const path = join(root, 'a.tape');
  writeTape(market, path);
  const abort = new AbortController();
  const opening = TimeMachine.open({ tape: path }, { signal: abort.signal });
  abort.abort();
  await assert.rejects(opening, { kind: 'cancelled' });
  await assert.rejects(TimeMachine.open({ tape: path }, { signal: abort.signal }), { kind: 'cancelled' });

  const heard: number[] = [];
  const machine = await TimeMachine.open({ tape: path }, { onState: ({ progress }) => heard.push(progress), early: true });
  const cursor = await machine.seek({ event: 0 });
  assert.ok(cursor.event > 0 && cursor.turn >= 0);
  const asked = assert.rejects(machine.causeOf({ decision: 0 }).then(() => machine.tree()), { kind: 'closed' });
  await machine.close();
  await asked;
  assert.ok(heard.length > 0 && heard.every((progress) => progress >= 0 && progress <= 1));
});

void test('two runs stand side by side just after the first decision that differs, each with what led to it', async (t) => {
  const root = scratch(t);
  const folders = [20, 60].map((goodScore) => recordRun(root, market, { config: config(goodScore) }));
  const [a, b] = await Promise.all(folders.map((run) => TimeMachine.open({ run })));
  t.after(() => Promise.all([a!.close(), b!.close()]));
  const { diff, a: left, b: right } = await sideBySide(a!, b!);
  assert.equal(diff.equal, false);
  assert.deepEqual([left.decision, right.decision], [diff.index! + 1, diff.index! + 1]);
  assert.ok(diff.a!.cause!.record !== null || diff.a!.cause!.input !== null);
  const cause = await a!.causeOf({ decision: diff.index! });
  assert.equal(cause.text, diff.a!.cause!.text);
  assert.deepEqual(JSON.parse(cause.line!), diff.a!.decision);
  const there = await a!.seek(cause.target!);
  assert.ok(there.atUs <= left.atUs && there.record <= left.record);
  copyFileSync(join(folders[0]!, 'tapes', '000000.tape'), join(root, 'a.tape'));
  const tape = await TimeMachine.open({ tape: join(root, 'a.tape') }, { early: true });
  t.after(() => tape.close());
  await assert.rejects(sideBySide(a!, tape), { kind: 'source', message: /is a tape/ });
});
