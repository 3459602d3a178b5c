import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chainDigest, EMPTY_DIGEST } from '../../actors/index.js';
import { findRun, readDecisionLines, RunError, RunReader } from '../../data/runs/index.js';

/** The decisions in a folder: of a run, or of a replay's `--out`. */
export interface Decided {
  readonly folder: string;
  readonly lines: readonly string[];
  /** Null for a folder that says nothing of its run. */
  readonly run: RunReader | null;
}

/** @throws RunError when there is no such folder, or its decisions are not those that it says it made. */
export function openDecided(text: string): Decided {
  const folder = findRun(text);
  if (!existsSync(join(folder, 'run.json')) && !existsSync(join(folder, 'decisions.jsonl')) && !existsSync(join(folder, 'decisions.jsonl.partial'))) {
    throw new RunError('notARun', `${folder}: is no run: it has neither run.json nor decisions.jsonl`, 'a run is a folder in var/runs, or that of a replay’s --out');
  }
  if (!existsSync(join(folder, 'run.json'))) return { folder, lines: readDecisionLines(folder), run: null };
  const run = RunReader.open(folder);
  const lines = run.decisions();
  const { decisions } = run.manifest;
  if (decisions !== null && (decisions.count !== lines.length || decisions.digest !== digestOfLines(lines, lines.length))) {
    throw new RunError('corrupt', `${folder}: its decisions are not the ${decisions.count} of digest ${decisions.digest} that the run made`);
  }
  return { folder, lines, run };
}

/** Digest of the first `count` lines. */
export function digestOfLines(lines: readonly string[], count: number): string {
  let digest = EMPTY_DIGEST;
  for (let index = 0; index < count; index += 1) digest = chainDigest(digest, lines[index]!);
  return digest;
}

/** The first of `count` lines that differs; -1 where none does. */
export function firstDifference(a: readonly string[], b: readonly string[], count: number): number {
  for (let index = 0; index < count; index += 1) if (a[index] !== b[index]) return index;
  return -1;
}

/** A character that ids of venues are made of. */
const ID_CHARACTERS = 'A-Za-z0-9._:/-';

/**
 * Takes out of decisions what only this run has: every id that holds one of `marks` becomes `<id N>`, numbered in the order in which they first
 * appear, so that two runs differ where they use their ids differently and nowhere else.
 */
export class IdNames {
  readonly #pattern: RegExp | undefined;
  readonly #names = new Map<string, string>();

  constructor(marks: readonly string[]) {
    const quoted = marks.map((mark) => mark.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`));
    this.#pattern = quoted.length === 0 ? undefined : new RegExp(`[${ID_CHARACTERS}]*(?:${quoted.join('|')})[${ID_CHARACTERS}]*`, 'g');
  }

  name(line: string): string {
    if (this.#pattern === undefined) return line;
    return line.replaceAll(this.#pattern, (id) => {
      let name = this.#names.get(id);
      if (name === undefined) this.#names.set(id, (name = `<id ${this.#names.size + 1}>`));
      return name;
    });
  }
}
