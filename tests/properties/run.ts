import { generate } from './generate.js';
import { play } from './play.js';
import { printTest, type PrintOptions } from './print.js';
import { shrink } from './shrink.js';

export interface RunOptions {
  readonly runs: number;
  readonly seed: number;
  /** Number of the first script. Default 0. */
  readonly first?: number;
  /** Scripts that may fail before the run ends. Default 20. */
  readonly mostFailures?: number;
  readonly onProgress?: (done: number) => void;
  readonly print?: PrintOptions;
}

/** One kind of failure: the first script of a run that broke the rule, made short. */
export interface Found {
  readonly rule: string;
  readonly script: number;
  readonly message: string;
  /** The short script as the source of a test. */
  readonly test: string;
}

export interface Report {
  readonly runs: number;
  readonly seed: number;
  readonly failures: number;
  readonly found: readonly Found[];
}

/** Plays the scripts of a seed; shrinks and prints one for every rule that was broken. */
export function runProperties(options: RunOptions): Report {
  const { seed, runs, first = 0, mostFailures = 20 } = options;
  const found = new Map<string, Found>();
  let failures = 0;
  let done = 0;
  for (; done < runs && failures < mostFailures; done++) {
    const number = first + done;
    const script = generate(seed, number);
    const failure = play(script);
    options.onProgress?.(done + 1);
    if (failure === null) continue;
    failures++;
    if (found.has(failure.rule)) continue;
    const short = shrink(script, failure);
    const origin = `npm run properties -- --seed ${seed} --first ${number} --runs 1`;
    found.set(failure.rule, { rule: failure.rule, script: number, message: short.failure.message.slice(0, 600), test: printTest(short.script, short.failure, { origin, ...options.print }) });
  }
  return { runs: done, seed, failures, found: [...found.values()] };
}
