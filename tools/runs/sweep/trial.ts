import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RunReader } from '../../../data/runs/index.js';
import { ControlClient } from '../../../runtime/control/index.js';
import { COMMANDS } from '../../exchange/verbs.js';
import { PATIENCE_MS, within } from '../../process/children.js';
import { liveVsReplay, type LiveVsReplay } from '../live-vs-replay.js';
import { configOf, scriptOf, type TrialPlan } from './plan.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const FAULTLINE = join(ROOT, 'bin/faultline.js');
const LOOK_EVERY_MS = 50;
/** Later tapes that a run is replayed from too. */
const MOST_STARTS = 4;
/** Demo keys are made of the exchange's seed, and one engine on a machine has a key: others test with the first seeds. */
const VENUE_SEEDS = 7000;

export interface TrialOptions {
  /** The venue's seconds in one of the wall. */
  readonly speed: number;
  /** Decisions that it is to have made at its end; it goes on for longer than planned until it has. */
  readonly decisions: number;
  /** Seed of the exchange's market and keys; default: made of the plan's. */
  readonly venueSeed?: number;
}

export interface TrialResult extends LiveVsReplay {
  readonly plan: TrialPlan;
  readonly runDir: string;
  readonly records: number;
  /** Entries of the run log. */
  readonly entries: number;
  readonly tapes: number;
  /** Tapes after the first that it was replayed from as well. */
  readonly starts: number;
  /** Files of the run, and logs, in which a key or secret of the venue stands. */
  readonly leaks: readonly string[];
}

/** Records one run of the engine against an exchange in a box with troubles, ends it as the plan says, and compares it with its replay. `folder` is to be empty. */
export async function runTrial(plan: TrialPlan, folder: string, { speed, decisions, venueSeed = VENUE_SEEDS + plan.seed }: TrialOptions): Promise<TrialResult> {
  mkdirSync(folder, { recursive: true });
  const at = (name: string): string => join(folder, name);
  const env = { ...process.env, FAULTLINE_VAR_DIR: at('var'), FAULTLINE_RUN_DIR: at('run'), FAULTLINE_LOG_DIR: at('log') };
  const script = scriptOf(plan, join(ROOT, 'config/troubles'));
  writeFileSync(at('script.toml'), script);
  writeFileSync(at('engine.toml'), configOf(plan));
  const exchange = begin(['exchange', '--json', '--limits', 'venue', '--seed', String(venueSeed), '--speed', String(speed), '--scenario', plan.scenario, '--symbols', plan.symbols.join(',')], env);
  let engine: ChildProcess | undefined;
  try {
    const venue = await firstLine(exchange);
    writeFileSync(at('venue.json'), venue);
    engine = begin(['engine', 'run', '--json', '--config', at('engine.toml'), '--mode', plan.mode, '--venue-json', at('venue.json')], env);
    const { runDir } = JSON.parse(await firstLine(engine)) as { readonly runDir: string };
    // Not before: an engine does not start on a venue that is closed.
    await startScript((JSON.parse(venue) as { readonly socket: string }).socket, script);
    await lasted(runDir, plan.marketSeconds, decisions, engine);
    const ended = once(engine, 'exit');
    engine.kill(plan.end);
    await within(ended, 'the engine to end');
    let compared = await liveVsReplay(runDir);
    const starts = some(RunReader.open(runDir).startable().filter((number) => number > 0), MOST_STARTS);
    for (const from of starts) if (compared.equal) compared = sameEnd(compared, await liveVsReplay(runDir, { from }));
    return { plan, runDir, starts: starts.length, ...compared, ...sizesOf(runDir), leaks: leaksOf(JSON.parse(venue), [runDir, at('log')]) };
  } finally {
    engine?.kill('SIGKILL');
    const gone = exchange.exitCode === null && exchange.signalCode === null ? once(exchange, 'exit') : undefined;
    exchange.kill('SIGKILL');
    await gone;
  }
}

function begin(args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const { NODE_TEST_CONTEXT: _marked, ...plain } = env;
  return spawn(process.execPath, [FAULTLINE, ...args], { cwd: ROOT, env: plain, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The line that a process prints when it is ready. */
async function firstLine(child: ChildProcess): Promise<string> {
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const lines = createInterface({ input: child.stdout! });
  const ready = once(lines, 'line') as Promise<[string]>;
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a process ended with ${String(code)} before it was ready: ${said}`);
  });
  ended.catch(() => undefined);
  const [line] = await within(Promise.race([ready, ended]), 'a process to be ready');
  return line;
}

async function startScript(socketPath: string, script: string): Promise<void> {
  const client = await ControlClient.connect({ socketPath });
  try {
    await client.call('tell', { name: COMMANDS.start, input: { name: 'sweep.toml', script } });
  } finally {
    client.close();
  }
}

/** Waits until the run's clock has gone so far, by its log, and it has decided so much, or the engine has ended by itself. */
async function lasted(runDir: string, marketSeconds: number, decisions: number, engine: ChildProcess): Promise<void> {
  const run = RunReader.open(runDir);
  const log = run.log();
  try {
    let firstUs = Infinity;
    let newestUs = 0;
    const untilMs = performance.now() + PATIENCE_MS;
    while (engine.exitCode === null && engine.signalCode === null) {
      let lastUs = 0;
      for (let entry = log.next(); entry !== undefined; entry = log.next()) {
        if (entry.clockUs > 0) firstUs = Math.min(firstUs, entry.clockUs);
        lastUs = entry.clockUs;
      }
      if (lastUs > newestUs) newestUs = lastUs;
      if (newestUs - firstUs >= marketSeconds * 1e6 && run.decisions().length >= decisions) return;
      if (performance.now() > untilMs) throw new Error(`waited ${PATIENCE_MS / 1000} s for ${marketSeconds} s of the market and ${decisions} decisions`);
      await sleep(LOOK_EVERY_MS);
    }
  } finally {
    log.close();
  }
}

/** The first, the last, and of those between as many as are wanted, evenly. */
function some<T>(all: readonly T[], most: number): readonly T[] {
  return all.length <= most ? all : Array.from({ length: most }, (_, n) => all[Math.round((n * (all.length - 1)) / (most - 1))]!);
}

/** The whole comparison, or the later one where that differs. */
function sameEnd(whole: LiveVsReplay, later: LiveVsReplay): LiveVsReplay {
  if (!later.equal) return later;
  const same = later.replayDigest === whole.replayDigest && later.effects?.replayDigest === whole.effects?.replayDigest && later.skipped + later.decisions === whole.decisions;
  return same ? whole : { ...later, equal: false, problem: `begun at tape ${later.from} it ends otherwise than begun at the first` };
}

function sizesOf(runDir: string): Pick<TrialResult, 'records' | 'entries' | 'tapes'> {
  const log = RunReader.open(runDir).log();
  try {
    let tapes = 0;
    let records = 0;
    for (let entry = log.next(); entry !== undefined; entry = log.next()) {
      records = entry.records;
      if (entry.kind === 'mark' && entry.mark.mark === 'tape') tapes += 1;
    }
    return { records, entries: log.entries, tapes };
  } finally {
    log.close();
  }
}

/** A secret of the venue is longer than any name. */
const LEAST_SECRET = 20;

/** Files below `folders` that hold a key or secret of the venue's line; of a PEM text, one of its lines. */
function leaksOf(venue: unknown, folders: readonly string[]): string[] {
  const { key, secret, keys } = venue as { readonly key: string; readonly secret: string; readonly keys: unknown };
  const secrets = textsOf([key, secret, keys]).flatMap((text) => text.split('\n')).filter((line) => line.length >= LEAST_SECRET && !line.startsWith('-----'));
  if (secrets.length < 2) throw new Error('the venue says no keys: nothing could leak');
  const files = folders.flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)));
  return files.filter((file) => {
    const text = readFileSync(file, 'latin1');
    return secrets.some((one) => text.includes(one));
  });
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}
