import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../cli/run-node.js';

export type Product = 'spot' | 'usdm' | 'options' | 'deribit';

const FOLDERS = ['tests/tools/exchange', 'tests/actors/exchange'];
/** Whose tests a file is among, by its path. What is in none of these may be of any product. */
const OF: readonly (readonly [RegExp, readonly Product[]])[] = [
  [/\/spot\/|-spot\.ts$/, ['spot']], [/\/usdm\/|\/futures\/|-usdm\.ts$/, ['usdm']], [/\/options\/|-options\.ts$/, ['options']], [/\/deribit\/|-deribit\.ts$/, ['deribit']],
];
/** Not about answers being right: requests at random, and this page. */
const NO_EVIDENCE = /\/covered\/|any-request|fuzz|tools\/.*\.property\./;

interface TestFile {
  readonly path: string;
  readonly products: readonly Product[] | undefined;
  readonly lines: readonly string[];
}

/** Texts of the exchange's tests, to be asked which of them names a thing. */
export class Evidence {
  readonly #files: readonly TestFile[];

  constructor() {
    this.#files = FOLDERS.flatMap((folder) => readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).sort().map((name) => `${folder}/${name}`))
      .filter((path) => !NO_EVIDENCE.test(path))
      .map((path) => ({ path, products: OF.find(([pattern]) => pattern.test(path))?.[1], lines: readFileSync(join(projectRoot, path), 'utf8').split('\n') }));
  }

  /** The first file of the product's tests with a line that fits, its own tests first; undefined = none. */
  find(product: Product, fits: (line: string) => boolean): string | undefined {
    const mine = this.#files.filter(({ products }) => products?.includes(product));
    const anyones = this.#files.filter(({ products }) => products === undefined);
    return [...mine, ...anyones].find(({ lines }) => lines.some(fits))?.path;
  }

  /** A test that sends this request: the path in quotes, and the HTTP method on the line; GET is what none says. */
  request(product: Product, endpoint: string): string | undefined {
    const [method, path] = endpoint.split(' ') as [string, string];
    const quoted = new RegExp(`${escaped(path)}(?![\\w/])`);
    const others = ['GET', 'POST', 'PUT', 'DELETE'].filter((other) => other !== method).map((other) => `'${other}'`);
    return this.find(product, (line) => quoted.test(line) && (line.includes(`'${method}'`) || (method === 'GET' && !others.some((other) => line.includes(other)))));
  }

  /** A test that has this word in quotes. */
  quoted(product: Product, word: string): string | undefined {
    const pattern = new RegExp(`['"\`]${escaped(word)}['"\`?]`);
    return this.find(product, (line) => pattern.test(line));
  }

  /** A test that has this number or name as a word. */
  word(product: Product, word: string): string | undefined {
    // Digits may be in groups.
    const grouped = word.replace(/(\d{2})(\d{3})$/, '$1_?$2');
    const pattern = new RegExp(`(?<![\\w.])${grouped === word ? escaped(word) : grouped}(?!\\w)`);
    return this.find(product, (line) => pattern.test(line));
  }
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
