import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a test prints (`t.skip(SHARED_DATA_ABSENT)`) when the real market data is not beside the checkout. */
export const SHARED_DATA_ABSENT = 'skipped: no ../shared/data';

/** dist/tests/support → the root of the checkout. */
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/**
 * Path of a file or folder of the real market data: FAULTLINE_SHARED_DATA, else `../shared/data` beside the checkout.
 * Undefined when it is not there.
 */
export function sharedData(...parts: string[]): string | undefined {
  const base = process.env['FAULTLINE_SHARED_DATA'] || join(root, '..', 'shared', 'data');
  const path = join(base, ...parts);
  return existsSync(path) ? path : undefined;
}
