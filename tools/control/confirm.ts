import { createInterface } from 'node:readline/promises';
import { CliError } from '../cli/errors.js';

/**
 * Asks a person before something is done that cannot be taken back. A script is never asked: where stdin is no terminal, or with
 * `--yes`, the answer is yes. @throws CliError interrupted when the person says no.
 */
export async function confirm(question: string, yes: true | undefined): Promise<void> {
  if (yes === true || !process.stdin.isTTY) return;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const gone = new AbortController();
  // Ctrl-C and Ctrl-D at the question are a no.
  lines.once('close', () => gone.abort());
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal: gone.signal }).catch(() => '');
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    lines.close();
  }
  throw new CliError('interrupted', 'nothing was done', 'answer y, or say --yes');
}
