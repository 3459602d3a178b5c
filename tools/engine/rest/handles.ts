import { inspect } from 'node:util';

const HANDLE = /secret:(\d+)/g;
/** Members whose value lets its holder listen to an account. A value that was cut off has no end. */
const TOLD = /("(?:listenKey|listen_key|token|refreshToken)"\s*:\s*")([^"]+)("?)/g;
/** What is shorter is no secret, and may stand in every price: it is hidden where it is told, and nowhere else. */
const LEAST = 16;
/** More than a venue ever issues to one engine; a flood of them is a defect or an attack. */
const MOST = 10_000;

/**
 * Secrets that the venue tells in its answers (listen keys, tokens), each under a handle: `secret:0`, `secret:1`, in the order in which they were
 * first told. What goes to the tree, the run log and the log holds handles; what goes to the venue holds the secrets again.
 */
export class SecretHandles {
  readonly #values: string[] = [];
  readonly #handles = new Map<string, string>();
  readonly #fixed: string[] = [];

  /** `fixed`: what must never be seen anywhere, told or not: the key and its secret. */
  constructor(fixed: readonly string[] = []) {
    this.#fixed.push(...fixed.filter((value) => value.length > 0));
  }

  /** The text with every secret replaced. */
  hide(text: string): string {
    // A handle in what the venue says is not ours, and must not turn into a secret when it is sent back.
    let hidden = text.includes('secret:') ? text.replaceAll('secret:', 'secret_') : text;
    hidden = hidden.replace(TOLD, (_all, before: string, value: string, after: string) => `${before}${this.#handleOf(value, after !== '')}${after}`);
    for (const [value, handle] of this.#handles) if (value.length >= LEAST && hidden.includes(value)) hidden = hidden.replaceAll(value, handle);
    for (const value of this.#fixed) if (hidden.includes(value)) hidden = hidden.replaceAll(value, '(hidden)');
    return hidden;
  }

  /** The text with every handle replaced by its secret; unknown handles stay. */
  reveal(text: string): string {
    return text.includes('secret:') ? text.replace(HANDLE, (handle, at: string) => this.#values[Number(at)] ?? handle) : text;
  }

  #handleOf(value: string, whole: boolean): string {
    if (!whole) return '(cut)';
    const known = this.#handles.get(value);
    if (known !== undefined) return known;
    if (this.#values.length >= MOST) return '(hidden)';
    const handle = `secret:${this.#values.length}`;
    this.#values.push(value);
    this.#handles.set(value, handle);
    return handle;
  }

  toJSON(): string {
    return `${this.#values.length} secrets`;
  }

  [inspect.custom](): string {
    return `SecretHandles(${this.#values.length})`;
  }
}
