import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { EngineInput } from '../../../actors/engine/io.js';
import { STORE_FAILURE_LISTENERS } from '../../../actors/engine/paths.js';
import { LiveLanes, SourceLanes } from '../../../actors/market/index.js';
import { configSchema, DEFAULT_CONFIG } from '../../../config/index.js';
import { EXCH_US, Kind, RECV_US, TAG, WORDS_F, WORDS_I } from '../../../data/records/index.js';
import { RunReader, type RunWriter } from '../../../data/runs/index.js';
import { type EngineBoot, engineTree } from '../../../supervisors/index.js';
import { EngineClock } from '../../../tools/engine/clock.js';
import { EngineHost } from '../../../tools/engine/host.js';
import type { EngineDoor, EnginePart } from '../../../tools/engine/parts.js';
import { LaneSession } from '../../../tools/engine/lanes/session.js';
import { EngineSession } from '../../../tools/engine/session.js';
import type { ProcessLog } from '../../../tools/process/log.js';
import { beginEngineRun, type EngineRunOptions } from '../../../tools/runs/engine-run.js';
import { EngineRecording } from '../../../tools/time/engine-recording.js';
import { EAGER } from '../../support/eager-config.js';
import { generatedTape } from '../../support/replay-tape.js';
import { everyDecisionHasItsCause } from '../time/causes.js';
import { MachineHere } from '../time/here.js';
import { sameFromCheckpoints } from '../time/lived.js';

const root = mkdtempSync(join(tmpdir(), 'faultline-host-'));
const hosts: EngineHost[] = [];
after(async () => {
  // A host that waits for its time keeps the process.
  for (const host of hosts) await host.close();
  rmSync(root, { recursive: true, force: true });
});

const TAPE = generatedTape({ scenario: 'flash-crash', seed: 5, minutes: 14, symbols: 1, rate: 0.2 });
const I = new Int32Array(TAPE.F.buffer, TAPE.F.byteOffset);
const clockOf = (record: number): number => TAPE.F[record * WORDS_F + RECV_US]! || TAPE.F[record * WORDS_F + EXCH_US]!;

interface Opened {
  readonly host: EngineHost;
  readonly door: EngineDoor;
  readonly writer: RunWriter;
  readonly lines: string[];
  readonly logged: string[];
  readonly faults: unknown[];
  readonly failures: unknown[];
  /** Moves the engine clock; nothing happens by that alone. */
  moveTo(us: number): void;
  reader(): RunReader;
}

/** A host on a clock that the test moves, with one part that carries out nothing. */
function open(options: EngineRunOptions = {}, stallMs?: number, config = DEFAULT_CONFIG): Opened {
  const startUs = clockOf(0);
  const boot: EngineBoot = { mode: 'paper', startUs, instruments: TAPE.header.instruments, rules: [], recovered: [] };
  let nowMs = 0;
  const clock = new EngineClock({ venueMs: startUs / 1000, wallMs: 0, speed: 1 }, () => 0, () => nowMs);
  const writer = beginEngineRun(boot, { config, digest: '0'.repeat(64) }, { root, ...options });
  const state = { door: undefined as EngineDoor | undefined };
  const [lines, logged, faults, failures]: [string[], string[], unknown[], unknown[]] = [[], [], [], []];
  const part: EnginePart = { effects: {}, close: () => Promise.resolve() };
  const host = new EngineHost({
    boot: writer.boot as EngineBoot, config, clock, writer, ...(stallMs === undefined ? {} : { stallMs }), log: { write: (_level: string, event: string) => logged.push(event) } as unknown as ProcessLog,
    parts: (door) => {
      state.door = door;
      const none = { ws: [], wsApi: [] };
      door.sources?.equip(() => ({ addresses: { spot: none, usdm: none, options: none }, ca: null, clock: door.clock.shared() }));
      return [part];
    },
    onDecision: (line) => lines.push(line), onFault: (error) => faults.push(error), onRunFailed: (error) => failures.push(error), onGaveUp: () => faults.push('gave up'),
  });
  hosts.push(host);
  return {
    host, door: state.door!, writer, lines, logged, faults, failures,
    moveTo: (us) => void (nowMs = (us - startUs) / 1000),
    reader: () => RunReader.open(writer.folder, root),
  };
}

/** Runs a folder's run again. */
function again(reader: RunReader): { readonly lines: readonly string[]; readonly whole: boolean; readonly counts: ReturnType<EngineSession['counts']> } {
  const boot = reader.boot() as EngineBoot;
  const lines: string[] = [];
  const session = new EngineSession({ startUs: boot.startUs, tree: (onKernel) => engineTree(boot, DEFAULT_CONFIG, onKernel), effects: { decision: ({ line }) => lines.push(line) } });
  const feed = reader.feed();
  for (let step = feed.next(); step !== undefined; step = feed.next()) {
    if (step.kind === 'records') session.records(step.batch, step.from, step.to);
    else if (step.kind === 'input') session.input(step.clockUs, step.input as unknown as EngineInput);
    else session.advanceTo(step.clockUs);
  }
  const { whole } = feed.end!;
  feed.close();
  return { lines, whole, counts: session.counts() };
}

/** Small numbers that look like chance, the same in every run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

/** Hands the tape in as a live feed would: in small stretches, now and then late, with inputs and idle looks at the clock in between. */
function live({ door, moveTo }: Opened, seed: number, to = TAPE.records): void {
  const next = chance(seed);
  const F = TAPE.F.slice(0, to * WORDS_F);
  const batch = { F, I: new Int32Array(F.buffer) };
  for (let from = 0; from < to;) {
    const until = Math.min(to, from + 1 + Math.floor(next() * 40));
    const lastUs = clockOf(until - 1);
    moveTo(lastUs + Math.floor(next() * 3000));
    // Time passes before what has arrived is handed in: such records are stamped anew.
    if (next() < 0.1) door.give({ to: '/nobody', message: { type: 'tick' } });
    door.records(batch, from, until);
    if (next() < 0.02) door.give({ to: '/trading/account', message: { type: 'trading', enabled: next() < 0.7, reason: 'test' } as { type: string } });
    from = until;
  }
}

test('a run that was live decides the same when it is run again', () => {
  for (const seed of [1]) {
    const opened = open({ tapeRecords: 20_000 });
    live(opened, seed);
    opened.host.endRun({ code: 0, reason: 'the test is over' });
    assert.deepEqual([opened.faults, opened.failures], [[], []]);
    const replayed = again(opened.reader());
    assert.ok(opened.lines.length > 20, 'nothing was decided');
    assert.ok(replayed.whole);
    assert.deepEqual(replayed.lines, opened.lines);
    assert.deepEqual(replayed.counts, opened.host.session.counts());
    assert.deepEqual(opened.reader().decisions(), opened.lines);
    assert.ok(opened.reader().manifest.tapes.length > 1, 'the tape was never changed');
  }
});

test('a run that was killed decides the same as far as it is on the disk', () => {
  const opened = open();
  live(opened, 3, Math.floor(TAPE.records * 0.95));
  opened.host.flush();
  const told = opened.lines.length;
  opened.writer.abort();
  const replayed = again(opened.reader());
  assert.equal(replayed.whole, false);
  assert.deepEqual(replayed.lines.slice(0, told), opened.lines);
  assert.deepEqual(opened.reader().decisions(), opened.lines);
});

test('a record that no tape can hold reaches nobody, and tape and kernel see the same gap', () => {
  const opened = open();
  const F = TAPE.F.slice(0, 4000 * WORDS_F);
  const batch = { F, I: new Int32Array(F.buffer) };
  const bad = [1000, 1001, 2500, 3999];
  // A kind that there is not, and a symbol that there is not.
  for (const record of bad) batch.I[record * WORDS_I + TAG] = record === 2500 ? (I[record * WORDS_I + TAG]! | (7 << 16)) : (I[record * WORDS_I + TAG]! & ~0xff) | 99;
  opened.moveTo(clockOf(3999));
  opened.door.records(batch, 0, 4000);
  opened.host.endRun({ code: 0, reason: 'the test is over' });
  assert.equal(opened.host.recordsLost, bad.length);
  const feed = opened.reader().feed();
  let gaps = 0;
  for (let step = feed.next(); step !== undefined; step = feed.next()) {
    if (step.kind !== 'records') continue;
    for (let r = step.from; r < step.to; r += 1) if ((step.batch.I[r * WORDS_I + TAG]! & 0xff) === Kind.GAP) gaps += 1;
  }
  feed.close();
  assert.ok(gaps >= 1);
  const replayed = again(opened.reader());
  assert.deepEqual(replayed.counts, opened.host.session.counts());
  assert.deepEqual(opened.faults, []);
});

test('when the run cannot be written any more the tree hears no more of the market, and the process of it once', async () => {
  let free = Number.MAX_SAFE_INTEGER;
  const opened = open({ free: () => free, leastFreeBytes: 1 << 20 });
  live(opened, 4, 5000);
  const before = opened.host.session.taken;
  free = 0;
  live(opened, 4, TAPE.records);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(opened.failures.length, 1);
  assert.ok(opened.host.session.taken < TAPE.records);
  assert.equal(opened.host.session.taken, opened.writer.records);
  assert.ok(opened.host.session.taken >= before);
  assert.deepEqual(opened.logged.filter((event) => event === 'run.failed'), ['run.failed']);
  assert.equal(opened.door.flush(), false);
  opened.host.endRun({ code: 11, reason: 'test' });
  assert.deepEqual(opened.faults, []);
  assert.deepEqual(again(opened.reader()).lines, opened.reader().decisions());
});

test('the input that the run has no room for is heard all the same', () => {
  let free = Number.MAX_SAFE_INTEGER;
  const opened = open({ free: () => free, leastFreeBytes: 1 << 20 });
  // A look at the disk is due when so much has been written.
  const text = 'x'.repeat(512);
  free = 0;
  let given = 0;
  while (opened.logged.length === 0 && given < 20_000) {
    opened.door.give({ to: '/nobody', message: { type: 'fill', text } as { type: string } });
    given += 1;
  }
  assert.deepEqual(opened.logged, ['run.failed']);
  assert.equal(opened.host.session.counts().messages, given + STORE_FAILURE_LISTENERS.length);
});

/** A host at a moment at which something waits for its time alone, and that time, µs. */
function waiting(stallMs?: number): { readonly opened: Opened; readonly dueUs: number } {
  const opened = open({}, stallMs);
  const { host } = opened;
  const F = TAPE.F.slice();
  const batch = { F, I: new Int32Array(F.buffer) };
  for (let from = 0; from < TAPE.records && host.session.nextTimerUs() === Infinity; from += 10) {
    opened.moveTo(clockOf(Math.min(from + 10, TAPE.records) - 1));
    opened.door.records(batch, from, Math.min(from + 10, TAPE.records));
  }
  const dueUs = host.session.nextTimerUs();
  assert.ok(dueUs < Infinity, 'nothing was ever due');
  return { opened, dueUs };
}

test('what is due fires by itself, in engine time', async () => {
  const { opened, dueUs } = waiting();
  const { host } = opened;
  host.start();
  try {
    opened.moveTo(dueUs + 1);
    for (let looks = 0; looks < 2000 && host.session.clockUs < dueUs; looks += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(host.session.clockUs >= dueUs);
  } finally {
    host.endRun({ code: 0, reason: 'test' });
    await host.stopTree();
    await host.close();
  }
  assert.deepEqual(opened.faults, []);
});

test('after a stall, what has come is heard before what has become due, and the run says so', async () => {
  const { opened, dueUs } = waiting(250);
  const { host, door } = opened;
  host.start();
  try {
    opened.moveTo(dueUs + 3e6);
    // Who reads a socket now finds what has waited there.
    door.give({ to: '/nobody', message: { type: 'waited' } });
    assert.ok(host.session.clockUs < dueUs, 'the input came after what was due');
    for (let looks = 0; looks < 2000 && host.session.clockUs < dueUs; looks += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(host.session.clockUs >= dueUs);
    assert.ok(opened.logged.includes('engine.stalled'));
  } finally {
    host.endRun({ code: 0, reason: 'test' });
    await host.stopTree();
    await host.close();
  }
  const log = opened.reader().log();
  const stamps: number[] = [];
  for (let entry = log.next(); entry !== undefined; entry = log.next()) if (entry.kind === 'input') stamps.push(entry.clockUs);
  log.close();
  assert.ok(stamps.length > 0 && stamps.every((us) => us < dueUs));
  assert.deepEqual(again(opened.reader()).lines, opened.lines);
  assert.deepEqual(opened.faults, []);
});

test('a run whose books and indicators a thread keeps is followed while it is written, and travelled in from checkpoints: the tree is the one that lived', async () => {
  const config = { ...EAGER, lanes: { ...EAGER.lanes, placement: 'ring' as const, count: 1 } };
  const opened = open({ tapeRecords: Math.floor(TAPE.records / 3) }, undefined, config);
  const { host, door } = opened;
  assert.ok(host.session instanceof LaneSession && host.session.kernel instanceof LiveLanes);
  const { session, kernel } = { session: host.session, kernel: host.session.kernel };
  session.listen(() => undefined);
  const F = TAPE.F.slice();
  const batch = { F, I: new Int32Array(F.buffer) };
  const untilMs = performance.now() + 60_000;
  const settled = async (us: number): Promise<void> => {
    do {
      assert.ok(performance.now() < untilMs, 'the lane does not get on');
      await new Promise((resolve) => setTimeout(resolve, 1));
      session.advanceTo(us);
    } while (!kernel.feeds.every(({ idle, answers }) => idle && answers.length === 0));
  };
  const piece = Math.ceil(TAPE.records / 24);
  let machine: MachineHere | undefined;
  const reached: number[] = [];
  const follow = (): void => {
    opened.writer.flush(session.clockUs);
    machine ??= MachineHere.of(new EngineRecording(opened.reader()));
    machine.follow();
    assert.match(machine.state.problem ?? 'goes on', /goes on/);
    assert.equal(machine.state.growing, true);
    reached.push(machine.span.decisions);
  };
  for (let from = 0; from < TAPE.records; from += piece) {
    const to = Math.min(TAPE.records, from + piece);
    opened.moveTo(clockOf(to - 1));
    door.records(batch, from, to);
    // Also where the log ends in the midst of what the lane answers.
    if ((from / piece) % 4 === 1) follow();
    await settled(clockOf(to - 1));
    if ((from / piece) % 4 === 2) follow();
  }
  host.endRun({ code: 0, reason: 'test' });
  await host.stopTree();
  await host.close();
  assert.deepEqual([opened.faults, opened.failures], [[], []]);
  assert.ok(opened.lines.length > 20, 'nothing was decided');
  const recording = new EngineRecording(opened.reader());
  sameFromCheckpoints(recording, 41);
  assert.ok(machine !== undefined && new Set(reached).size > 3, `it grew from look to look: ${reached.join(' ')}`);
  machine.follow();
  const fresh = MachineHere.of(recording);
  assert.deepEqual(machine.span, fresh.span);
  const { problem, differsAt, growing } = machine.state;
  assert.deepEqual({ problem, differsAt, growing, decisions: machine.span.decisions }, { problem: null, differsAt: null, growing: false, decisions: opened.lines.length });
  for (const share of [0.3, 0.7, 1]) {
    const event = Math.floor(share * fresh.span.events);
    assert.deepEqual(machine.seek({ event }), fresh.seek({ event }));
    assert.equal(machine.digest(), fresh.digest());
  }
  const causes = everyDecisionHasItsCause(machine, recording, 5);
  machine.close();
  fresh.close();
  assert.ok(causes.record > 2 && causes.timer > 0, JSON.stringify(causes));
});

test('after a stall, records that lanes with sockets have brought meanwhile do not move the clock before what waits here is heard', async () => {
  const opened = open({}, 250, configSchema.parse({ lanes: { placement: 'socket', count: 1 } }));
  const { host, door } = opened;
  assert.ok(host.session instanceof LaneSession && host.session.kernel instanceof SourceLanes);
  const { session } = host;
  const startUs = session.clockUs;
  host.start();
  try {
    // As it is when its thread went on.
    host.session.kernel.heardUs = startUs + 2e6;
    opened.moveTo(startUs + 3e6);
    door.give({ to: '/nobody', message: { type: 'waited' } });
    assert.ok(opened.logged.includes('engine.stalled'));
    assert.equal(session.clockUs, startUs, 'a record of a lane moved the clock');
    for (let looks = 0; looks < 2000 && session.clockUs < startUs + 3e6; looks += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(session.clockUs, startUs + 3e6);
  } finally {
    host.endRun({ code: 0, reason: 'test' });
    await host.stopTree();
    await host.close();
  }
  assert.deepEqual(opened.faults, []);
});
