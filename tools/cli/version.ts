import { readFileSync } from 'node:fs';

/** Version of the installed package, as package.json says. */
export function packageVersion(): string {
  // The compiled file sits at dist/tools/cli/, three folders below package.json.
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
