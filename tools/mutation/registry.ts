// Stands in for node:test inside the runner: tests are collected, to be run again for every mutant.

export interface TestContext {
  skip(reason?: string): void;
  after(run: () => unknown): void;
  diagnostic(text: string): void;
}

export interface Registered {
  readonly name: string;
  readonly skipped: boolean;
  readonly run: (t: TestContext) => unknown;
}

type Options = { readonly skip?: boolean | string; readonly todo?: boolean | string };
type Run = (t: TestContext) => unknown;

/** Every test of the files loaded so far, in order. */
export const registered: Registered[] = [];
let prefix = '';

export function test(name: string, optionsOrRun: Options | Run, run?: Run): void {
  const options: Options = typeof optionsOrRun === 'function' ? {} : optionsOrRun;
  const body = typeof optionsOrRun === 'function' ? optionsOrRun : run;
  registered.push({ name: prefix + name, skipped: body === undefined || Boolean(options.skip) || Boolean(options.todo), run: body ?? (() => undefined) });
}

export function describe(name: string, run: () => void): void {
  const outer = prefix;
  prefix = `${outer}${name} > `;
  run();
  prefix = outer;
}

export { test as it, describe as suite };
test.skip = (name: string): void => test(name, { skip: true });
export default test;
