import { join } from 'node:path';
import { RunError } from '../../data/runs/index.js';
import { CliError } from '../cli/errors.js';
import { reportPage } from './page/page.js';
import { readRun } from './read-run.js';
import { writePage } from './write.js';

/** Writes report.html into a run's folder, without running its tree again; its path, or null where that cannot be done. */
export async function reportIntoRun(folder: string): Promise<string | null> {
  const path = join(folder, 'report.html');
  try {
    writePage(path, reportPage((await readRun(folder, { quick: true })).report), true);
    return path;
  } catch (error) {
    if (error instanceof RunError || error instanceof CliError) return null;
    throw error;
  }
}
