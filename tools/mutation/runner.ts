// A test runner for Stryker: loads the tests once into its own process and runs them again for every mutant, which Stryker's
// instrumented code switches on by a global. A mutant then costs the milliseconds of its tests, not a start of Node.
// It runs under a Node that strips types (24 or later), in a folder with the sources and tests as they are written.
import { existsSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Registered, TestContext } from './registry.js';

/** The part of Stryker's API (10.0.0) that is used. */
interface Namespace {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  mutantCoverage?: unknown;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
}
interface MutantRunOptions {
  readonly activeMutant: { readonly id: string };
  readonly testFilter?: readonly string[];
  readonly hitLimit?: number;
}
interface TestResult {
  readonly id: string;
  readonly name: string;
  readonly timeSpentMs: number;
  readonly status: 0 | 1 | 2;
  readonly failureMessage?: string;
}
type MutantRunResult =
  | { readonly status: 'killed'; readonly killedBy: readonly string[]; readonly failureMessage: string; readonly nrOfTests: number }
  | { readonly status: 'survived'; readonly nrOfTests: number }
  | { readonly status: 'timeout'; readonly reason: string };

type ResolveHook = (specifier: string, context: { readonly parentURL?: string }, next: (specifier: string, context: unknown) => unknown) => unknown;

/** A test that takes longer hangs: nothing here waits for real time on purpose for more than moments. */
const TEST_DEADLINE_MS = 10_000;
const STUB = new URL('./registry.js', import.meta.url).href;

class InProcessRunner {
  private tests: readonly Registered[] | null = null;
  private readonly namespace: Namespace = ((globalThis as unknown as Record<string, Namespace>)['__stryker__'] ??= {});

  capabilities(): { reloadEnvironment: boolean } {
    return { reloadEnvironment: false };
  }

  async dryRun(): Promise<unknown> {
    try {
      const loaded = await this.load();
      const tests: TestResult[] = [];
      for (const [at, test] of loaded.entries()) {
        this.namespace.currentTestId = String(at);
        const began = performance.now();
        const failure = test.skipped ? undefined : await outcome(test);
        const spent = { id: String(at), name: test.name, timeSpentMs: performance.now() - began };
        tests.push(failure === undefined ? { ...spent, status: test.skipped ? 2 : 0 } : { ...spent, status: 1, failureMessage: failure });
      }
      this.namespace.currentTestId = undefined;
      return { status: 'complete', tests, mutantCoverage: this.namespace.mutantCoverage };
    } catch (error) {
      return { status: 'error', errorMessage: (error as Error).stack ?? String(error) };
    }
  }

  async mutantRun({ activeMutant, testFilter, hitLimit }: MutantRunOptions): Promise<MutantRunResult> {
    const { namespace } = this;
    namespace.activeMutant = activeMutant.id;
    namespace.hitLimit = hitLimit;
    namespace.hitCount = hitLimit === undefined ? undefined : 0;
    try {
      const loaded = await this.load();
      const wanted = testFilter === undefined ? loaded.map((_test, at) => at) : testFilter.map(Number);
      let ran = 0;
      for (const at of wanted.sort((a, b) => a - b)) {
        const test = loaded[at]!;
        if (test.skipped) continue;
        ran++;
        const failure = await outcome(test);
        if (hitLimit !== undefined && (namespace.hitCount ?? 0) > hitLimit) return { status: 'timeout', reason: 'hit limit' };
        if (failure !== undefined) return { status: 'killed', killedBy: [String(at)], failureMessage: failure, nrOfTests: ran };
      }
      return { status: 'survived', nrOfTests: ran };
    } catch (error) {
      // The mutant does not even load.
      return { status: 'killed', killedBy: ['0'], failureMessage: String(error), nrOfTests: 0 };
    } finally {
      namespace.activeMutant = undefined;
      namespace.hitCount = undefined;
    }
  }

  private async load(): Promise<readonly Registered[]> {
    if (this.tests !== null) return this.tests;
    hookResolution();
    const { files, skip } = JSON.parse(readFileSync('tests.json', 'utf8')) as { readonly files: readonly string[]; readonly skip: readonly string[] };
    for (const file of files) await import(pathToFileURL(join(process.cwd(), file)).href);
    const { registered } = (await import(STUB)) as { readonly registered: readonly Registered[] };
    if (registered.length === 0) throw new Error('no tests were found');
    this.tests = registered.map((test) => (skip.includes(test.name) ? { ...test, skipped: true } : test));
    return this.tests;
  }
}

/** Imports say `.js`, the files are `.ts`; node:test is the stub that collects. */
function hookResolution(): void {
  const resolve: ResolveHook = (specifier, context, next) => {
    if (specifier === 'node:test') return { url: STUB, shortCircuit: true };
    if (specifier.endsWith('.js') && /^\.{1,2}\//.test(specifier) && context.parentURL !== undefined) {
      const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
      if (existsSync(fileURLToPath(source))) return { url: source.href, format: 'module-typescript', shortCircuit: true };
    }
    return next(specifier, context);
  };
  (module as unknown as { registerHooks(hooks: { resolve: ResolveHook }): void }).registerHooks({ resolve });
}

/** What a test failed with, undefined when it passed. */
async function outcome(test: Registered): Promise<string | undefined> {
  const afters: (() => unknown)[] = [];
  const context: TestContext = { skip: () => undefined, diagnostic: () => undefined, after: (run) => void afters.push(run) };
  try {
    const result = test.run(context);
    if (result instanceof Promise) await inTime(result);
    return undefined;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).slice(0, 300);
  } finally {
    for (const after of afters) await after();
  }
}

async function inTime(result: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the test did not end')), TEST_DEADLINE_MS);
  });
  try {
    await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'in-process', injectableClass: InProcessRunner }];
