import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/** All modules of a life in one file, with V8's code cache beside it: a start takes half the processor time of one with a file a module. */
export interface LifeImage {
  /** What `node` is given instead of life.js. */
  readonly program: string;
  remove(): void;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const ENTRY = 'tools/crash-sweep/live.ts';
const TSC_OPTIONS = [
  '--ignoreConfig', '--module', 'commonjs', '--moduleResolution', 'bundler', '--target', 'es2023', '--types', 'node', '--noCheck', '--skipLibCheck', '--rootDir', '.',
];

/** Makes an image of the sources of a life. The first life that comes to its end with it leaves the code cache. */
export function makeImage(): LifeImage {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-image-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const modules = join(folder, 'modules');
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const made = spawnSync(process.execPath, [tsc, ...TSC_OPTIONS, '--outDir', modules, ENTRY], { cwd: ROOT, encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`the modules of a life could not be written as one file: ${made.stdout}${made.stderr}`);
    const names = readdirSync(modules, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js')).map((name) => name.split('\\').join('/'));
    const image = join(folder, 'image.js');
    writeFileSync(image, imageOf(names.map((name) => [name, readFileSync(join(modules, name), 'utf8')])));
    const program = join(folder, 'start.cjs');
    writeFileSync(program, START(image, createRequire(import.meta.url).resolve('lmdb')));
    return { program, remove };
  } catch (thrown) {
    remove();
    throw thrown;
  }
}

function imageOf(modules: readonly (readonly [name: string, source: string])[]): string {
  const written = modules.map(([name, source]) => {
    const local = source.replaceAll(/\brequire\("(\.[^"]*)"\)/g, (_, path: string) => `local(${JSON.stringify(posix.join(posix.dirname(name), path))})`);
    return `${JSON.stringify(name)}(exports) {\n${local}\n}`;
  });
  return `(function (require) {
const made = {};
const local = (name) => {
  if (made[name] === undefined) modules[name](made[name] = {});
  return made[name];
};
const modules = {
${written.join(',\n')}
};
return local(${JSON.stringify(ENTRY.replace(/\.ts$/, '.js'))});
})`;
}

/** @param from a file whose `node_modules` are those of the project */
const START = (image: string, from: string): string => `const { readFileSync, renameSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');
const image = ${JSON.stringify(image)};
const cache = image + '.cache';
let cachedData;
try {
  cachedData = readFileSync(cache);
} catch {}
const script = new Script(readFileSync(image, 'utf8'), { filename: image, cachedData });
const { live } = script.runInThisContext()(require('node:module').createRequire(${JSON.stringify(from)}));
live(JSON.parse(process.argv[2])).then(() => {
  if (cachedData !== undefined) return;
  writeFileSync(cache + process.pid, script.createCachedData());
  renameSync(cache + process.pid, cache);
});
`;
