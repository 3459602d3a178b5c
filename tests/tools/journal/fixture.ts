import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ActorSnapshot, JournalEntry, TurnOp } from '../../../runtime/journal/entry.js';
import { openJournal, type LmdbJournal } from '../../../runtime/journal/lmdb-journal.js';

export const START_US = 1_790_000_000_000_000;
export const DESK = '/desk';
export const ORDER = '/orders/btc';
export const BATCHES = 40;

/** A folder that goes with the test. */
export function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'faultline-journal-test-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const none = { incarnation: 1, phase: 'step', events: null, answers: [], calls: 0, ids: 0, random: null } as const;

function snapshot(path: string, turn: number, atUs: number): ActorSnapshot {
  return {
    format: 1, path, log: 'inputs', behaviour: { name: path === DESK ? 'desk' : 'order', version: 3 }, atUs, epoch: 7, turn, incarnation: 1, ids: 0, random: null,
    value: { count: turn, cash: 12n }, timers: [], deferred: [], effects: [], asks: [], topics: [], names: [], watching: [], children: [], queue: [],
  };
}

const taken = (journal: LmdbJournal, path: string, turn: number, atUs: number) => journal.prepareSnapshot(snapshot(path, turn, atUs));

/** Two actors that were started: the desk takes inputs and sends to the order actor, which has effects. */
export function begin(journal: LmdbJournal): void {
  for (const path of [DESK, ORDER]) {
    journal.append(journal.prepare({ ...none, kind: 'turn', actor: path, atUs: START_US, turn: 0, phase: 'start', input: null, ops: [] }));
    journal.appendSnapshot(taken(journal, path, 0, START_US));
  }
}

/** The turns that input `n` (from 1) brings: one of the desk, one of the order actor with an effect, and its outcome. The last effect stays open. */
export function takeInput(journal: LmdbJournal, n: number, last: boolean): void {
  const atUs = START_US + n * 1_000_000;
  const put = (entry: JournalEntry): number => journal.append(journal.prepare(entry));
  const ops: TurnOp[] = [['send', ORDER, { type: 'place', order: n, price: 100n }]];
  const input = put({ kind: 'input', actor: DESK, atUs, source: 'feed', seq: n, message: { type: 'signal', n, text: 'x'.repeat(50) } });
  const turn = put({ ...none, kind: 'turn', actor: DESK, atUs, turn: n, input: ['journal', input, 0], ops });
  put({ ...none, kind: 'turn', actor: ORDER, atUs, turn: n, input: ['journal', turn, 0], ops: [['effect', 'place', { order: n }], ['timer', 'late', atUs + 500_000, { type: 'late' }]] });
  if (!last) put({ kind: 'outcome', actor: ORDER, atUs, key: `${ORDER}#7:${n}.0`, status: 'done', message: undefined });
}

/** A journal that was closed in good order; with `snapshotAt` both actors took a snapshot after that input. Returns its folder. */
export async function makeJournal(dir: string, options: { readonly inputs?: number; readonly snapshotAt?: number } = {}): Promise<string> {
  const { inputs = BATCHES, snapshotAt } = options;
  const journal = await openJournal({ dir, nowUs: () => START_US });
  begin(journal);
  await journal.flushed();
  for (let n = 1; n <= inputs; n += 1) {
    takeInput(journal, n, n === inputs);
    if (n === snapshotAt) for (const path of [DESK, ORDER]) journal.appendSnapshot(taken(journal, path, n, START_US + n * 1_000_000));
    if (inputs <= BATCHES * 10 || n % 50 === 0) await journal.flushed();
  }
  await journal.close();
  return dir;
}
