/** A violation to plant: the only finding in its file must be of this rule, with this text. */
export interface Violation {
  readonly what: string;
  readonly file: string;
  readonly source: string;
  readonly rule: string;
  readonly says: RegExp;
}

const ROOMS = ['runtime', 'config', 'data', 'actors', 'supervisors', 'tools', 'tests'];
/** ARCHITECTURE's table, written here a second time on purpose: the linter's own table is what is under test. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  runtime: [],
  config: [],
  data: ['config'],
  actors: ['runtime', 'config', 'data'],
  supervisors: ['actors', 'runtime', 'config', 'data'],
  tools: ['runtime', 'config', 'data', 'actors', 'supervisors'],
  tests: ['runtime', 'config', 'data', 'actors', 'supervisors', 'tools'],
};

/** Every way to name a module. */
const WAYS: Readonly<Record<string, (path: string) => string>> = {
  import: (path) => `import { target } from '${path}';\nexport const used: number = target;\n`,
  typeImport: (path) => `import type { Shape } from '${path}';\nexport type Used = Shape;\n`,
  typeQuery: (path) => `export type Used = import('${path}').Shape;\n`,
  exportAll: (path) => `export * from '${path}';\n`,
  exportNamed: (path) => `export { target } from '${path}';\n`,
};

/** The module that the planted imports name, one a room. */
export const TARGET = 'export const target = 1;\nexport interface Shape {\n  readonly size: number;\n}\n';

export function targets(): Record<string, string> {
  return Object.fromEntries([...ROOMS, 'bin'].map((room) => [`${room}/target.ts`, TARGET]));
}

/** Every arrow of the table that does not exist, each in every way to import. */
export function forbiddenArrows(): Violation[] {
  const found: Violation[] = [];
  for (const from of ROOMS) {
    for (const to of [...ROOMS, 'bin']) {
      if (from === to || MAY[from]!.includes(to)) continue;
      for (const [way, source] of Object.entries(WAYS)) {
        found.push({
          what: `${from} to ${to} by ${way}`,
          file: `${from}/from/${to}-${way}.ts`,
          source: source(`../../${to}/target.js`),
          rule: 'faultline(arrows)',
          says: to === 'bin' ? /which is in no room/ : new RegExp(`${from}/ may not import .* which is in ${to}/`),
        });
      }
    }
  }
  return found;
}

/** Every arrow of the table that exists: none may be reported. */
export function allowedArrows(): Record<string, string> {
  const files: Record<string, string> = {};
  for (const from of ROOMS) {
    for (const to of MAY[from]!) {
      for (const [way, source] of Object.entries(WAYS)) files[`${from}/allowed/${to}-${way}.ts`] = source(`../../${to}/target.js`);
    }
  }
  return files;
}

const arrow = (what: string, room: string, source: string, says: RegExp): Violation => ({ what, file: `${room}/sly/${slug(what)}.ts`, source, rule: 'faultline(arrows)', says });

/** Ways around the arrows. */
export const slyImports: readonly Violation[] = [
  arrow('dynamic import', 'runtime', `export const later = import('../../data/target.js');\n`, /may not import/),
  arrow('dynamic import by template', 'data', 'export const later = import(`../../actors/target.js`);\n', /may not import/),
  arrow('computed import', 'runtime', `export const load = (name: string): Promise<unknown> => import(name);\n`, /computed/),
  arrow('require', 'config', `declare const require: (name: string) => unknown;\nexport const found = require('../../data/target.js');\n`, /may not import/),
  arrow('createRequire', 'data', `import { createRequire } from 'node:module';\nexport const load = createRequire(import.meta.url);\n`, /node:module/),
  arrow('own package name', 'data', `import { target } from 'faultline/runtime';\nexport const used = target as unknown;\n`, /around the arrows/),
  arrow('absolute path', 'tools', `export const later = import('/opt/elsewhere.js');\n`, /path of one machine/),
  arrow('outside the checkout', 'runtime', `export const later = import('../../../elsewhere.js');\n`, /outside the checkout/),
  arrow('worker of another room', 'runtime', `export const entry = new URL('../../data/target.js', import.meta.url);\n`, /may not import/),
];

const actor = (what: string, source: string, says: RegExp, rule = 'faultline(pure)'): Violation => ({ what, file: `actors/impure/${slug(what)}.ts`, source, rule, says });
const expression = (what: string, text: string, says: RegExp): Violation => actor(what, `export const value: unknown = ${text};\n`, says);

/** What no actor may do. */
export const impurities: readonly Violation[] = [
  expression('Date.now', 'Date.now()', /the clock is injected/),
  expression('new Date', 'new Date()', /the clock is injected/),
  expression('performance.now', 'performance.now()', /the clock is injected/),
  expression('process.hrtime', 'process.hrtime.bigint()', /the process belongs to tools/),
  expression('process.env', "process.env['HOME']", /the process belongs to tools/),
  expression('Math.random', 'Math.random()', /randomness is injected/),
  expression('Math by computed name', "Math['random']()", /randomness is injected/),
  expression('crypto', 'crypto.randomUUID()', /identifiers and randomness/),
  expression('globalThis', "Reflect.get(globalThis, 'Date')", /way around/),
  actor('setTimeout', 'export const wait = (): void => void setTimeout(() => {}, 1);\n', /timers are the runtime's/),
  actor('setInterval', 'export const wait = (): void => void setInterval(() => {}, 1);\n', /timers are the runtime's/),
  actor('setImmediate', 'export const wait = (): void => void setImmediate(() => {});\n', /timers are the runtime's/),
  actor('clearTimeout', 'export const stop = (): void => clearTimeout(1);\n', /timers are the runtime's/),
  actor('queueMicrotask', 'export const soon = (): void => queueMicrotask(() => {});\n', /send yourself a message/),
  actor('Promise', 'export const soon = (): unknown => Promise.resolve(1);\n', /a turn is synchronous/),
  actor('async arrow', 'export const soon = async () => 1;\n', /no async function/),
  actor('async method', 'export class Late {\n  async run() {\n    return 1;\n  }\n}\n', /no async function/),
  actor('async declaration', 'export async function soon() {\n  return 1;\n}\n', /no async function/),
  actor('fetch', "export const get = (): unknown => fetch('http://localhost');\n", /I\/O goes through an effect/),
  actor('console', "export const say = (): void => console.log('x');\n", /log through the actor context/),
  actor('for-in', 'export function sum(table: Record<string, number>): number {\n  let total = 0;\n  for (const key in table) total += table[key] ?? 0;\n  return total;\n}\n', /for-in has no order/),
  actor('Object.keys', 'export const names = (table: object): string[] => Object.keys(table);\n', /integer-like keys first/),
  actor('Object.entries in a loop', 'export function sum(table: Record<string, number>): number {\n  let total = 0;\n  for (const [, value] of Object.entries(table)) total += value;\n  return total;\n}\n', /integer-like keys first/),
  actor('Reflect.ownKeys', 'export const names = (table: object): unknown => Reflect.ownKeys(table);\n', /integer-like keys first/),
  actor('localeCompare', 'export const order = (a: string, b: string): number => a.localeCompare(b);\n', /differs between machines/),
  actor('toLocaleString', 'export const text = (value: number): string => value.toLocaleString();\n', /differs between machines/),
  expression('Intl', "new Intl.NumberFormat('en')", /differs between machines/),
  actor('WeakRef', 'export const weak = (value: object): unknown => new WeakRef(value);\n', /no input/),
  actor('Function', "export const make = Function;\n", /nobody can check it/),
  actor('import.meta', 'export const here = import.meta.url;\n', /import\.meta/),
  actor('node fs', "export { readFileSync } from 'node:fs';\n", /actors do no I\/O/),
  actor('node crypto outside the journal', "export { createHash } from 'node:crypto';\n", /actors do no I\/O/),
  actor('a foreign package', "export { parse } from 'smol-toml';\n", /only the packages xstate/),
  actor('a running XState actor', "import { createActor, createMachine } from 'xstate';\nexport const running = createActor(createMachine({}));\n", /stepped by the runtime's adapter/),
  { ...actor('node fs in the journal', "export { writeSync } from 'node:fs';\n", /actors do no I\/O/), file: 'actors/journal/file.ts' },
  actor('Math.log', 'export const log = (x: number): number => Math.log(x);\n', /Math\.log is not exact/, 'faultline(exact-math)'),
  actor('Math.exp', 'export const exp = (x: number): number => Math.exp(x);\n', /Math\.exp is not exact/, 'faultline(exact-math)'),
  actor('Math.pow', 'export const pow = (x: number): number => Math.pow(x, 0.3);\n', /Math\.pow is not exact/, 'faultline(exact-math)'),
  actor('Math.sin', 'export const sin = (x: number): number => Math.sin(x);\n', /Math\.sin is not exact/, 'faultline(exact-math)'),
  actor('Math.hypot', 'export const norm = (x: number): number => Math.hypot(x, 1);\n', /Math\.hypot is not exact/, 'faultline(exact-math)'),
  actor('power operator', 'export const pow = (x: number): number => x ** 0.3;\n', /not exact on every engine/, 'faultline(exact-math)'),
  actor('power assignment', 'export function pow(x: number): number {\n  let y = x;\n  y **= 3;\n  return y;\n}\n', /not exact on every engine/, 'faultline(exact-math)'),
  actor('Math under another name', 'const m = Math;\nexport const log = (x: number): number => m.sqrt(x);\n', /Math as a value/, 'faultline(exact-math)'),
  actor('Math taken apart', 'const { sqrt } = Math;\nexport const root = (x: number): number => sqrt(x);\n', /Math as a value/, 'faultline(exact-math)'),
  { ...actor('Math.cos in the generator', 'export const cos = (x: number): number => Math.cos(x);\n', /Math\.cos is not exact/, 'faultline(exact-math)'), file: 'tools/market/cos.ts' },
  { ...actor('Math.log in our math', 'export const log = (x: number): number => Math.log(x);\n', /Math\.log is not exact/, 'faultline(exact-math)'), file: 'actors/math/log.ts' },
];

/** What an actor may do although it looks like the above. */
export const innocent: Readonly<Record<string, string>> = {
  'actors/pure/exact-math.ts': 'export const r = (x: number): number => Math.sqrt(Math.abs(x)) + Math.imul(3, 4) + Math.clz32(9) + Math.PI + 2 ** 32;\nexport const scale = (digits: bigint): bigint => 10n ** digits;\n',
  'actors/pure/own-names.ts':
    'export interface Clock {\n  now(): number;\n}\nexport const at = (performance: Clock, Date: Clock): number => performance.now() + Date.now();\nexport type Stamp = Date;\nexport interface Steps {\n  readonly process: number;\n  readonly fetch: number;\n}\nexport const total = (steps: Steps): number => steps.process + steps.fetch;\n',
  'actors/pure/sorted-keys.ts': 'export const names = (table: object): string[] => Object.keys(table).sort((a, b) => (a < b ? -1 : 1));\nexport const size = (table: object): number => Object.keys(table).length;\n',
  'actors/pure/machine.ts': "import { setup, transition, initialTransition, type Actor } from 'xstate';\nexport const parts = [setup, transition, initialTransition];\nexport type Any = Actor<never>;\n",
  'actors/journal/digest.ts': "export { createHash } from 'node:crypto';\n",
  'actors/pure/maps.ts': 'export function sum(table: ReadonlyMap<string, number>): number {\n  let total = 0;\n  for (const value of table.values()) total += value;\n  return total;\n}\n',
};

const general = (what: string, rule: string, source: string, says = /./): Violation => ({ what, file: `tools/careless/${slug(what)}.ts`, source, rule, says });

/** The ready-made rules that this project counts on. */
export const carelessness: readonly Violation[] = [
  general('floating promise', 'typescript(no-floating-promises)', 'const save = (): Promise<void> => Promise.resolve();\nexport function run(): void {\n  save();\n}\n'),
  general('misused promise', 'typescript(no-misused-promises)', 'const ready = (): Promise<boolean> => Promise.resolve(true);\nexport function run(): number {\n  if (ready()) return 1;\n  return 0;\n}\n'),
  general('promise where a callback is awaited by nobody', 'typescript(no-misused-promises)', 'export const run = (list: number[]): void => list.forEach(async (item) => {\n  await Promise.resolve(item);\n});\n'),
  general('await of no promise', 'typescript(await-thenable)', 'export async function run(size: number): Promise<number> {\n  return await size;\n}\n'),
  general('explicit any', 'typescript(no-explicit-any)', 'export const size = (value: any): number => Number(value);\n'),
  general('any from JSON', 'typescript(no-unsafe-member-access)', 'export const size = (text: string): number => Number(JSON.parse(text).size);\n'),
  general('any assigned', 'typescript(no-unsafe-assignment)', 'export function run(text: string): void {\n  const value = JSON.parse(text);\n  process.stdout.write(String(value));\n}\n'),
  general('any returned', 'typescript(no-unsafe-return)', 'export const parsed = (text: string): string[] => JSON.parse(text);\n'),
  general('any called', 'typescript(no-unsafe-call)', 'export function run(text: string): void {\n  JSON.parse(text)();\n}\n'),
  general('any passed on', 'typescript(no-unsafe-argument)', 'export const count = (text: string): number => Math.abs(JSON.parse(text));\n'),
  general('loose equality', 'eslint(eqeqeq)', 'export const same = (a: number, b: number): boolean => a == b;\n'),
  general('var', 'eslint(no-var)', 'export var size = 1;\n'),
  general('let that never changes', 'eslint(prefer-const)', 'let size = 1;\nexport const twice = (): number => 2 * size;\n'),
  general('a switch that forgets a case', 'typescript(switch-exhaustiveness-check)', "export function side(value: 'buy' | 'sell'): number {\n  switch (value) {\n    case 'buy':\n      return 1;\n  }\n  return 0;\n}\n", /sell/),
  general('a thrown string', 'typescript(only-throw-error)', "export function run(): never {\n  throw 'no';\n}\n"),
  general('unused variable', 'eslint(no-unused-vars)', 'const size = 1;\nexport {};\n'),
  general('comparison with NaN', 'eslint(use-isnan)', 'export const bad = (x: number): boolean => x === NaN;\n'),
];

function slug(what: string): string {
  return what.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}
