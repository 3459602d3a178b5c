import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ActorSnapshot, JournalEntry, TurnEntry } from '../../../runtime/journal/index.js';

/** A folder of its own for a test, gone afterwards. */
export function temporaryFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'faultline-journal-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export function turnEntry(over: Partial<TurnEntry> = {}): TurnEntry {
  return {
    kind: 'turn', actor: '/a', atUs: 1_000_000, turn: 1, incarnation: 1, phase: 'step', input: ['message', { type: 'go', n: 1 }], events: null, ops: [],
    calls: 0, answers: [], ids: 0, random: null, ...over,
  };
}

export function snapshotOf(path: string, over: Partial<ActorSnapshot> = {}): ActorSnapshot {
  return {
    format: 1, path, log: 'inputs', behaviour: { name: 'test', version: 1 }, atUs: 0, epoch: 1, turn: 0, incarnation: 1, ids: 0, random: null,
    value: 0, timers: [], deferred: [], effects: [], asks: [], topics: [], names: [], watching: [], children: [], queue: [], ...over,
  };
}

export function kinds(entries: Iterable<{ readonly entry: JournalEntry }>): string[] {
  return [...entries].map(({ entry }) => entry.kind);
}
