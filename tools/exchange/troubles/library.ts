import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readScript, type Script } from './script.js';

/** Where the scripts stand that come with the exchange. */
export const LIBRARY = fileURLToPath(new URL('../../../../config/troubles/', import.meta.url));

let scripts: readonly Script[] | undefined;

/** The scripts that come with the exchange, by name. @throws ConfigError when one of them is broken */
export function namedScripts(): readonly Script[] {
  scripts ??= readdirSync(LIBRARY).filter((file) => file.endsWith('.toml')).sort().map((file) => readScript(`${LIBRARY}${file}`));
  return scripts;
}
