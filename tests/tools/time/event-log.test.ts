import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Random } from '../../../runtime/index.js';
import { EventLog } from '../../../tools/time/event-log.js';
import { MachinePool, MOST_MACHINES } from '../../../tools/ui/parts/time/pool.js';
import type { TimeOpened } from '../../../tools/ui/wire/time.js';
import { TapeWriter } from '../../../data/tape/index.js';
import { batchOf, headerOf, instrument, scratch, START_US } from '../market-view/made.js';

/** A long story: kind, actor, clock, records, and whether one can stand after it. */
const story = (() => {
  const random = new Random('log');
  let atUs = 1_000_000;
  let record = 0;
  return Array.from({ length: 200_000 }, () => {
    atUs += Math.floor(random.next() * 3);
    record += Math.floor(random.next() * 5);
    return { kind: random.next() < 0.7 ? 1 : 5, actor: Math.floor(random.next() ** 4 * 50), atUs, record, rest: random.next() < 0.6 };
  });
})();

void test('a log that keeps one piece, and has the others played again, answers as one that keeps all', () => {
  let again = 0;
  const all = new EventLog(() => assert.fail('nothing was given up'));
  const one = new EventLog((from, to, put) => {
    again += 1;
    for (const { kind, actor, atUs, record, rest } of story.slice(from, to)) put(kind, actor, atUs, record, rest);
  }, 1);
  for (const log of [all, one]) {
    for (const { kind, actor, atUs, record, rest } of story) {
      log.add(kind, actor, atUs, record);
      if (rest) log.rest();
    }
  }
  assert.deepEqual([one.length, one.turns], [story.length, story.filter(({ kind }) => kind === 1).length]);
  const random = new Random('questions');
  const count = (most: number): number => Math.floor(random.next() * most);
  for (let n = 0; n < 60; n += 1) {
    const at = count(story.length);
    const [us, record, turn, actor] = [1_000_000 + count(200_000), count(400_000), 1 + count(all.turns), count(50)];
    const answers = [all, one].map((log) => [
      log.event(at), log.countByUs(us), log.countByRecord(record), log.countByTurn(turn), log.turnsIn(at), log.restBefore(at), log.restFrom(at), log.ofActor(actor, at, 1), log.ofActor(actor, at, -1),
    ]);
    assert.deepEqual(answers[1], answers[0]);
    const [event, byUs, , byTurn, turns] = answers[0] as [unknown, number, number, number, number];
    const { kind, actor: who, atUs, record: records } = story[at]!;
    assert.deepEqual(event, { kind, actor: who, atUs, record: records });
    assert.equal(byUs, story.findLastIndex(({ atUs: stamp }) => stamp <= us) + 1);
    assert.equal(story[byTurn - 1]!.kind, 1);
    assert.equal(turns, story.slice(0, at).filter(({ kind: each }) => each === 1).length);
  }
  assert.ok(again > 10, `${again} stretches were played again`);
});

void test('no more than four machines are open: the one used longest ago is closed, and says so to who listens', { timeout: 120_000 }, async (t) => {
  const root = scratch(t);
  const tape = join(root, 'a.tape');
  const writer = TapeWriter.create(tape, headerOf([instrument(0, 'A')]));
  writer.append(batchOf([{ kind: 'trade', atUs: START_US, priceTicks: 7 }]), 0, 1);
  writer.close();
  const pool = new MachinePool((id) => (id === 'none' ? { tape: join(root, 'none.tape') } : { tape }));
  t.after(() => pool.close());
  const last = new Map<string, TimeOpened>();
  const ended = new Map<string, () => void>();
  const end = new Promise<void>((resolve) => ended.set('0', resolve));
  for (let n = 0; n <= MOST_MACHINES; n += 1) {
    const id = String(n);
    pool.listen(id, 10, (value) => {
      last.set(id, value);
      if (value.kind === 'none') ended.get(id)?.();
    });
    const machine = await pool.machine(id);
    assert.ok((await machine.seek({ end: true })).atEnd);
  }
  await end;
  assert.deepEqual(last.get('0'), { kind: 'none', why: 'closed, because 4 other recordings were opened since', again: true });
  assert.deepEqual(pool.open, ['1', '2', '3', '4']);
  const failed = new Promise<TimeOpened>((resolve) => {
    pool.listen('none', 10, resolve);
  });
  await assert.rejects(pool.machine('none'), { name: 'TimeError', kind: 'source' });
  assert.match(((await failed) as { readonly why?: string }).why ?? '', /none\.tape/);
  assert.equal(last.get('4')!.kind, 'state');
});
