import { readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { ControlClient } from '../../../runtime/control/index.js';
import { runsRoot } from '../../../data/runs/index.js';
import { CliError } from '../../cli/errors.js';
import { isAlive, listRecords, type ProcessRecord } from '../../process/record.js';
import { existingRunFolder } from '../../process/run-folder.js';
import type { ProcessSource, SourceInfo, SourceList, TapeSource } from '../wire/sources.js';
import { SourceError } from './error.js';
import { textOf } from './foreign.js';
import type { Sources, SourcesOptions } from './index.js';
import { type UseClient, WatchedProcess } from './process.js';
import { RunFolders } from './runs.js';

const LOOK_MS = 1_000;
const ANSWER_MS = 4_000;
/** Runs change seldom, and there may be a hundred folders. */
const RUNS_EVERY_LOOKS = 5;
/** Processes of this user that are watched; who has more names them apart by FAULTLINE_RUN_DIR. */
const MOST_PROCESSES = 100;
/** A process that ended before that, and was not seen alive, is not listed: its record stays for its log. */
const PAST_MS = 24 * 3_600_000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$/;

/** What there is on this machine, looked at once a second for as long as it is open. */
export class LocalSources implements Sources {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #answerMs: number;
  readonly #runs: RunFolders;
  readonly #tapes = new Map<string, string>();
  readonly #processes = new Map<string, WatchedProcess>();
  readonly #listeners = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  #looks = 0;
  #list: SourceList = { sources: [], omittedRuns: 0, problem: null };
  #listText = '';
  #problem: string | null = null;
  #telling = false;

  constructor({ env = process.env, runs = [], tapes = [], lookMs = LOOK_MS, answerMs = ANSWER_MS }: SourcesOptions = {}) {
    this.#env = env;
    this.#answerMs = answerMs;
    this.#runs = new RunFolders(runsRoot(env));
    this.#runs.look();
    for (const folder of runs) this.#runs.add(folder);
    for (const file of tapes) this.#addTape(file);
    this.look();
    this.#timer = setInterval(() => this.look(), lookMs).unref();
  }

  list(): SourceList {
    return this.#list;
  }

  changes(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async client(id: string): Promise<ControlClient> {
    return this.#process(id).client();
  }

  async dedicated(id: string): Promise<ControlClient> {
    return this.#process(id).dedicated();
  }

  follow(id: string, use: UseClient): () => void {
    return this.#process(id).follow(use);
  }

  info(id: string): SourceInfo | undefined {
    return this.#list.sources.find((source) => source.id === id);
  }

  run(id: string): string {
    const folder = id.startsWith('run:') ? this.#runs.folderOf(id.slice('run:'.length)) : undefined;
    if (folder === undefined) throw unknown(id, 'a run');
    return folder;
  }

  tape(id: string): string {
    const file = id.startsWith('tape:') ? this.#tapes.get(id.slice('tape:'.length)) : undefined;
    if (file === undefined) throw unknown(id, 'a tape');
    return file;
  }

  look(): void {
    if (this.#looks++ % RUNS_EVERY_LOOKS === 0) this.#runs.look();
    const records = this.#records();
    for (const [name, socket] of this.#sockets(records)) {
      if (this.#processes.has(name) || isOfThePast(records.get(name)) || !this.#makeRoom()) continue;
      this.#processes.set(name, new WatchedProcess(name, socket, () => this.#changed(), this.#answerMs));
    }
    for (const one of this.#processes.values()) one.look(records.get(one.name));
    this.#make();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
    for (const one of this.#processes.values()) one.close();
  }

  /** One that has gone gives way to a new one. */
  #makeRoom(): boolean {
    if (this.#processes.size < MOST_PROCESSES) return true;
    for (const [name, one] of this.#processes) {
      if (!one.forgettable) continue;
      one.close();
      this.#processes.delete(name);
      return true;
    }
    return false;
  }

  #process(id: string): WatchedProcess {
    const name = id.startsWith('process:') ? id.slice('process:'.length) : '';
    const one = this.#processes.get(name);
    if (one === undefined) throw unknown(id, 'a process');
    return one;
  }

  #addTape(file: string): void {
    const path = resolve(file);
    const name = basename(path);
    let free = name;
    for (let number = 2; this.#tapes.has(free); number++) free = `${name}~${number}`;
    this.#tapes.set(free, path);
  }

  #folder(): string | undefined {
    try {
      this.#problem = null;
      return existingRunFolder(this.#env);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      this.#problem = error.fix === undefined ? error.message : `${error.message}; ${error.fix}`;
      return undefined;
    }
  }

  #records(): ReadonlyMap<string, ProcessRecord> {
    const folder = this.#folder();
    if (folder === undefined) return new Map();
    try {
      return new Map(listRecords(folder).filter(({ name }) => NAME.test(name)).map((record) => [record.name, record]));
    } catch {
      // The folder went away between two looks.
      return new Map();
    }
  }

  /** Names with a record or a socket, with the path of the socket. */
  #sockets(records: ReadonlyMap<string, ProcessRecord>): ReadonlyMap<string, string> {
    const folder = this.#folder();
    if (folder === undefined) return new Map();
    let files: string[];
    try {
      files = readdirSync(folder);
    } catch {
      return new Map();
    }
    const sockets = files.filter((file) => file.endsWith('.sock')).map((file) => file.slice(0, -'.sock'.length)).filter((name) => NAME.test(name));
    return new Map([...new Set([...records.keys(), ...sockets])].sort().map((name) => [name, join(folder, `${name}.sock`)]));
  }

  /** Several processes may change in one turn: the list is made once. */
  #changed(): void {
    if (this.#telling) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      this.#make();
    });
  }

  #make(): void {
    const processes = [...this.#processes.values()].map((one) => one.info(this.#runOf(one))).sort(goneLast);
    const list: SourceList = {
      sources: [...processes, ...this.#runs.list(), ...[...this.#tapes].map(([name, file]) => tapeInfo(name, file))],
      omittedRuns: this.#runs.omitted, problem: this.#problem,
    };
    const text = JSON.stringify(list);
    if (text === this.#listText) return;
    this.#listText = text;
    this.#list = list;
    for (const listener of this.#listeners) listener();
  }

  #runOf({ runDir }: WatchedProcess): string | null {
    if (runDir === null) return null;
    return this.#runs.idOf(runDir) ?? this.#runs.addTold(runDir);
  }
}

/** What can still be looked at first, each by name. */
function goneLast(a: ProcessSource, b: ProcessSource): number {
  return Number(a.state === 'gone') - Number(b.state === 'gone') || (a.name < b.name ? -1 : 1);
}

function isOfThePast(record: ProcessRecord | undefined): boolean {
  return record !== undefined && !isAlive(record) && Date.now() - Date.parse(record.endedAt ?? record.startedAt) > PAST_MS;
}

function tapeInfo(name: string, file: string): TapeSource {
  const shared = { id: `tape:${name}`, kind: 'tape' as const, name };
  try {
    return { ...shared, state: 'there', bytes: statSync(file).size, note: null };
  } catch (error) {
    return { ...shared, state: 'unreadable', bytes: null, note: textOf(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`) };
  }
}

function unknown(id: string, what: string): SourceError {
  return new SourceError(404, `'${id.slice(0, 100)}' is not ${what} that is known here: choose one of the list`);
}
