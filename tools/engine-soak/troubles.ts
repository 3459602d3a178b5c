/** Which troubles come when: drawn by a seed, so that every kind has come before one comes again. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'smol-toml';
import type { Prng } from '../../actors/generator/prng.js';

/** A trouble that was on, ms of the venue's clock. */
export interface Spell {
  readonly name: string;
  readonly fromMs: number;
  toMs: number;
}

/** Needs an account without positions and orders, and leaves legs of others behind. */
export const WHEN_FLAT: ReadonlySet<string> = new Set(['hedge-both', 'fills-forgotten']);
/** Not a script of troubles but a market that falls. */
export const CRASH = 'flash-crash';
/** Deeds on an account's position: on the symbol that is drawn, not always on the first. */
const ON_SYMBOL: ReadonlySet<unknown> = new Set(['place-order', 'close-position', 'forget-fills', 'liquidate', 'deleverage', 'settle', 'restart-engine', 'fill-orders', 'cancel-orders']);
/** Steps that begin later are moved there, s: nobody waits for ten minutes. */
const LATEST_STEP_S = 6;
const UNIT_S: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86_400 };

interface Script {
  readonly step: readonly Readonly<Record<string, unknown>>[];
}

/** Names of the scripts in `folder`. */
export const kindsIn = (folder: string): readonly string[] => readdirSync(folder).filter((name) => name.endsWith('.toml')).map((name) => name.slice(0, -5)).sort();

/** Those of them that do anything where `product` is traded. */
export const kindsOf = (folder: string, product: 'usdm' | 'spot'): readonly string[] =>
  kindsIn(folder).filter((name) => scriptOf(folder, name).step.some((step) => (step['product'] ?? product) === product));

const scriptOf = (folder: string, name: string): Script => parse(readFileSync(join(folder, `${name}.toml`), 'utf8')) as unknown as Script;

/** The text of a script, its deeds moved to `symbol`, its late steps to the beginning. */
export function scriptText(folder: string, name: string, symbol: string): string {
  const script = scriptOf(folder, name);
  // A quantity is one of the first symbol's; where one is named all is about that one.
  const anywhere = script.step.every(({ quantity }) => quantity === undefined);
  const step = script.step.map((own) => ({
    ...own,
    ...(anywhere && ON_SYMBOL.has(own['do']) && own['product'] === 'usdm' && own['symbol'] === undefined ? { symbol } : {}),
    ...(typeof own['at'] === 'string' && seconds(own['at']) > LATEST_STEP_S ? { at: `${LATEST_STEP_S}s` } : {}),
  }));
  return stringify({ ...script, step });
}

function seconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text);
  return match === null ? 0 : Number(match[1]) * (UNIT_S[match[2]!] ?? 0);
}

/** Draws without putting back, and begins anew when none is left. */
export class Bag {
  readonly #all: readonly string[];
  readonly #random: Prng;
  #left: string[] = [];

  constructor(all: readonly string[], random: Prng) {
    this.#all = all;
    this.#random = random;
  }

  /** The next that fits; undefined when none of those left does. */
  draw(fits: (name: string) => boolean): string | undefined {
    if (this.#left.length === 0) this.#left = [...this.#all];
    const possible = this.#left.filter(fits);
    if (possible.length === 0) return undefined;
    const name = possible[this.#random.below(possible.length)]!;
    this.#left.splice(this.#left.indexOf(name), 1);
    return name;
  }
}
