import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { MAX_GENERATED_SYMBOLS, MarketSimulation, SCENARIO_NAMES, scenarioNamed, type MarketTruth, type ScenarioName } from '../../actors/generator/index.js';
import { BLOCK_RECORDS, LAYOUT_VERSION, allocateBatch } from '../../data/records/index.js';
import { TapeReader, TapeWriter, surveyTape, type TapeSummary } from '../../data/tape/index.js';
import { CliError } from '../cli/errors.js';
import { breathe, onInterrupt } from '../cli/interrupt.js';
import { progress } from '../cli/progress.js';
import { fromSystemError } from '../cli/system-errors.js';
import { runSteps } from '../tape/steps.js';

/** Options of `faultline market generate`, checked. */
export interface GenerateRequest {
  readonly scenario: ScenarioName;
  readonly seed: number;
  readonly minutes: number;
  readonly symbols: number;
  readonly rate: number;
  readonly compress: boolean;
  readonly overwrite: boolean;
  readonly out: string;
}

/** What `market generate --json` prints. */
export interface GenerateResult extends TapeSummary {
  readonly out: string;
  /** Path of the ground truth. */
  readonly truthFile: string;
  readonly truth: MarketTruth;
  /** Digest of the tape's contents, the one `tape info` shows; the same whether compressed or not. */
  readonly digest: string;
  readonly wallMs: number;
  readonly recordsPerSecond: number;
}

/** The option texts as commander hands them over. */
export interface GenerateOptions {
  readonly scenario: string;
  readonly seed: string;
  readonly minutes?: string;
  readonly symbols?: string;
  readonly rate?: string;
  readonly compress?: boolean;
  readonly overwrite?: boolean;
  readonly out: string;
}

const MAX_MINUTES = 1440;

/** Where the ground truth of a tape goes: FILE.tape to FILE.truth.json. */
export function truthPath(tapePath: string): string {
  return `${tapePath.endsWith('.tape') ? tapePath.slice(0, -'.tape'.length) : tapePath}.truth.json`;
}

/** Checks what the command line says. @throws CliError `usage`, naming the option and what it takes. */
export function checkGenerateOptions(options: GenerateOptions): GenerateRequest {
  const name = SCENARIO_NAMES.find((known) => known === options.scenario);
  if (name === undefined) {
    throw new CliError('usage', `--scenario ${options.scenario}: no such scenario`, `choose one of: ${SCENARIO_NAMES.join(', ')} (faultline market scenarios describes them)`);
  }
  const scenario = scenarioNamed(name);
  const minutes = number('--minutes', options.minutes ?? '20', `a number from ${scenario.minimumMinutes} to ${MAX_MINUTES}`);
  if (minutes < scenario.minimumMinutes || minutes > MAX_MINUTES) {
    const why = scenario.crash === 'none' ? '' : ': a baseline of calm before the crash, the crash, and calm after it';
    throw new CliError('usage', `--minutes ${minutes}: ${name} takes ${scenario.minimumMinutes} to ${MAX_MINUTES} minutes${why}`, `pass --minutes ${scenario.minimumMinutes} or more`);
  }
  const symbols = options.symbols === undefined ? scenario.defaultSymbols : number('--symbols', options.symbols, `a whole number from 1 to ${MAX_GENERATED_SYMBOLS}`);
  if (!Number.isInteger(symbols) || symbols < 1 || symbols > MAX_GENERATED_SYMBOLS) {
    throw new CliError('usage', `--symbols ${symbols}: not a whole number from 1 to ${MAX_GENERATED_SYMBOLS}`, 'the generator knows that many symbols');
  }
  const seed = number('--seed', options.seed, 'a whole number from 0 to 9007199254740991');
  if (!Number.isSafeInteger(seed) || seed < 0) throw new CliError('usage', `--seed ${options.seed}: not a whole number from 0 to 9007199254740991`, 'e.g. --seed 7');
  const rate = number('--rate', options.rate ?? '1', 'a number from 0.1 to 20');
  if (rate < 0.1 || rate > 20) throw new CliError('usage', `--rate ${rate}: not from 0.1 to 20`, '1 is the scenario’s own order flow, 2 twice as much');
  return { scenario: name, seed, minutes, symbols, rate, compress: options.compress === true, overwrite: options.overwrite === true, out: options.out };
}

function number(option: string, text: string, expected: string): number {
  const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(value)) throw new CliError('usage', `${option} ${text}: not a number`, `${option} takes ${expected}`);
  return value;
}

/** Generates the tape and its ground truth. Both appear under their names only when complete. */
export async function generateTape(request: GenerateRequest): Promise<GenerateResult> {
  const { scenario, seed, minutes, symbols, rate, compress, overwrite, out } = request;
  const truthFile = truthPath(out);
  if (!overwrite && existsSync(truthFile)) throw new CliError('cannotWrite', `${truthFile}: exists already`, 'choose another --out, or pass --overwrite');
  const startMs = performance.now();
  const simulation = new MarketSimulation({ scenario, seed, minutes, symbols, rate });
  const writer = TapeWriter.create(
    out,
    {
      layoutVersion: LAYOUT_VERSION,
      instruments: [...simulation.instruments],
      clocks: { receive: 'simulated recorder', exchange: 'simulated venue' },
      origin: [{ file: `market generate --scenario ${scenario} --seed ${seed} --minutes ${minutes} --symbols ${symbols} --rate ${rate}`, sha256: '', bytes: 0, format: 'generator' }],
    },
    { compress, overwrite },
  );
  const forget = onInterrupt(() => writer.abort());
  const seconds = (simulation.endUs - simulation.startUs) / 1e6;
  const bar = progress(`generating ${scenario}`, seconds);
  const batch = allocateBatch(BLOCK_RECORDS);
  try {
    for (let count = simulation.fill(batch); count > 0; count = simulation.fill(batch)) {
      writer.append(batch, 0, count);
      bar.update((simulation.nowUs - simulation.startUs) / 1e6);
      await breathe();
    }
    const summary = writer.close();
    const wallMs = performance.now() - startMs;
    const digest = await digestOf(out);
    const truth = simulation.truth();
    writeTruth(truthFile, { ...truth, tape: { records: summary.records, digest } });
    return { ...summary, out, truthFile, truth, digest, wallMs: Math.round(wallMs), recordsPerSecond: Math.round((summary.records / wallMs) * 1000) };
  } catch (error) {
    writer.abort();
    throw error;
  } finally {
    forget();
    bar.done();
  }
}

/** Reads the tape back, which also proves that it can be read. */
async function digestOf(path: string): Promise<string> {
  const reader = TapeReader.open(path);
  try {
    return (await runSteps('reading it back', reader.records, surveyTape(reader))).digest;
  } finally {
    reader.close();
  }
}

function writeTruth(path: string, truth: object): void {
  const partial = `${path}.partial`;
  try {
    writeFileSync(partial, `${JSON.stringify(truth, null, 2)}\n`);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw fromSystemError(error, 'write') ?? error;
  }
}
