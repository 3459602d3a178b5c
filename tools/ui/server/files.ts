import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const compiled = fileURLToPath(new URL('../', import.meta.url));
/** Stylesheets are not compiled: they lie in the source tree, which a package ships for that. */
const styles = fileURLToPath(new URL('../../../../tools/ui/page/', import.meta.url));

/** A file of the shell: nothing in it is about any process, so it needs no token. */
export interface ShellFile {
  readonly file: string;
  readonly type: string;
}

export interface ShellFiles {
  /** By the path under which the browser asks. What is not in it does not exist. */
  readonly byPath: ReadonlyMap<string, ShellFile>;
  /** Where the page's imports of packages lead. */
  readonly imports: Readonly<Record<string, string>>;
  readonly stylesheets: readonly string[];
}

const JS = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';

/** Lists what the shell is made of: our compiled modules, the packages they import, as they are, and the stylesheets. */
export function shellFiles(): ShellFiles {
  const byPath = new Map<string, ShellFile>();
  for (const folder of ['page', 'wire']) {
    for (const file of readdirSync(join(compiled, folder), { recursive: true, encoding: 'utf8' })) {
      if (file.endsWith('.js')) byPath.set(`/ui/${folder}/${file}`, { file: join(compiled, folder, file), type: JS });
    }
  }
  const stylesheets: string[] = [];
  const addStyle = (path: string, file: string) => {
    byPath.set(path, { file, type: CSS });
    stylesheets.push(path);
  };
  const imports: Record<string, string> = {};
  const packages = packageFiles();
  for (const [name, file] of packages.modules) {
    const path = `/lib/${name}.js`;
    byPath.set(path, { file, type: JS });
    imports[name] = path;
  }
  addStyle('/lib/uplot.css', packages.uplotStyle);
  // What the page says comes after what a package says.
  for (const file of readdirSync(styles, { recursive: true, encoding: 'utf8' }).filter((each) => each.endsWith('.css')).sort(baseFirst)) addStyle(`/ui/page/${file}`, join(styles, file));
  return { byPath, imports, stylesheets };
}

const baseFirst = (a: string, b: string): number => Number(b === 'base.css') - Number(a === 'base.css') || (a < b ? -1 : 1);

function packageFiles(): { readonly modules: ReadonlyMap<string, string>; readonly uplotStyle: string } {
  const at = (name: string) => fileURLToPath(import.meta.resolve(name));
  const signals = at('@preact/signals');
  // Resolved from where signals lies: it is theirs, not ours.
  const core = dirname(createRequire(signals).resolve('@preact/signals-core'));
  const uplot = dirname(at('uplot'));
  return {
    modules: new Map([
      ['preact', at('preact')], ['preact/hooks', at('preact/hooks')], ['preact/jsx-runtime', at('preact/jsx-runtime')],
      ['@preact/signals', signals], ['@preact/signals-core', join(core, 'signals-core.mjs')], ['uplot', join(uplot, 'uPlot.esm.js')],
    ]),
    uplotStyle: join(uplot, 'uPlot.min.css'),
  };
}
