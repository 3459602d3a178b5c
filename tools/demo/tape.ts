import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verifyTape } from '../../data/tape/index.js';
import { makeFolder } from '../cli/folders.js';
import { packageVersion } from '../cli/version.js';
import { fromSystemError } from '../cli/system-errors.js';
import { generateTape, truthPath, type GenerateRequest } from '../market/generate.js';

/** The market that the demonstration plays, apart from where it lies. */
export type DemoMarket = Omit<GenerateRequest, 'out' | 'overwrite'>;

export interface DemoTape {
  readonly path: string;
  /** False when an earlier run had made it already. */
  readonly made: boolean;
}

/** What must be equal for a tape of an earlier run to be the one this run would make. */
interface Stamp {
  readonly version: string;
  /** Digest of the generator's compiled code: while it is worked on, the version stays. */
  readonly generator: string;
  readonly market: DemoMarket;
  readonly records: number;
}

/**
 * The generated tape of a market in `folder`: the one an earlier run made if it is whole and would come out the same, else a new one.
 * @throws CliError `cannotWrite` where `folder` cannot be written.
 */
export async function demoTape(folder: string, market: DemoMarket): Promise<DemoTape> {
  const path = join(folder, `${market.scenario}-${market.seed}.tape`);
  const stampFile = join(folder, `${market.scenario}-${market.seed}.made.json`);
  const stamp: Omit<Stamp, 'records'> = { version: packageVersion(), generator: generatorDigest(), market };
  if (isSame(path, stampFile, stamp)) return { path, made: false };
  try {
    makeFolder(folder);
    for (const stale of [path, truthPath(path), stampFile]) rmSync(stale, { force: true });
    const { records } = await generateTape({ ...market, out: path, overwrite: true });
    writeFileSync(`${stampFile}.partial`, `${JSON.stringify({ ...stamp, records } satisfies Stamp, null, 2)}\n`);
    renameSync(`${stampFile}.partial`, stampFile);
  } catch (error) {
    throw fromSystemError(error, 'write') ?? error;
  }
  return { path, made: true };
}

function isSame(path: string, stampFile: string, wanted: Omit<Stamp, 'records'>): boolean {
  try {
    const text = readFileSync(stampFile, 'utf8');
    const records = recordsIn(text);
    if (text !== `${JSON.stringify({ ...wanted, records }, null, 2)}\n`) return false;
    const verdict = verifyTape(path);
    return verdict.ok && verdict.goodRecords === records;
  } catch {
    // Whatever hinders reading it, a new one is a second away and says what hinders writing.
    return false;
  }
}

function recordsIn(stamp: string): number {
  return Number(/"records": (\d+)\n\}\n$/.exec(stamp)?.[1] ?? -1);
}

function generatorDigest(): string {
  const folder = fileURLToPath(new URL('../../actors/generator/', import.meta.url));
  const hash = createHash('sha256');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.js')).sort()) hash.update(file).update(readFileSync(join(folder, file)));
  return hash.digest('hex');
}
