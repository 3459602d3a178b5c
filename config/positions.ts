import { parseTOML, type AST } from 'toml-eslint-parser';

export type KeyPath = readonly (string | number)[];

/** Where a key and its value stand; lines and columns from 1. */
export interface KeyPosition {
  readonly line: number;
  readonly column: number;
  readonly valueLine: number;
  readonly valueColumn: number;
  /** The value as the file writes it; undefined for a table. */
  readonly valueText: string | undefined;
}

/** Positions of every key of a TOML file, by path. */
export class KeyPositions {
  readonly #byPath = new Map<string, KeyPosition>();

  constructor(text: string) {
    const top = parseTOML(text).body[0];
    this.#entries([], top.body, text);
  }

  /** The position of `path`, or undefined if the file does not write it. */
  at(path: KeyPath): KeyPosition | undefined {
    return this.#byPath.get(JSON.stringify(path));
  }

  /** The position of `path` or of the nearest table around it that the file writes. */
  around(path: KeyPath): KeyPosition | undefined {
    for (let length = path.length; length > 0; length--) {
      const position = this.at(path.slice(0, length));
      if (position !== undefined) return position;
    }
    return undefined;
  }

  #entries(base: KeyPath, nodes: readonly (AST.TOMLKeyValue | AST.TOMLTable)[], text: string): void {
    for (const node of nodes) {
      if (node.type === 'TOMLTable') {
        for (let length = 1; length <= node.resolvedKey.length; length++) {
          const path = node.resolvedKey.slice(0, length);
          if (this.at(path) === undefined) this.#set(path, node.key, node, undefined);
        }
        this.#entries(node.resolvedKey, node.body, text);
      } else {
        const path = this.#keys(base, node.key, node.value, text);
        this.#value(path, node.value, text);
      }
    }
  }

  /** Registers every part of a dotted key: `a.b = 1` writes `a` as well as `a.b`. */
  #keys(base: KeyPath, key: AST.TOMLKey, value: AST.TOMLNode, text: string | undefined): KeyPath {
    let path = base;
    key.keys.forEach((part, index) => {
      path = [...path, part.type === 'TOMLBare' ? part.name : part.value];
      const last = index === key.keys.length - 1;
      if (last || this.at(path) === undefined) this.#set(path, part, value, last && isPlain(value) ? text : undefined);
    });
    return path;
  }

  #value(path: KeyPath, value: AST.TOMLContentNode, text: string): void {
    if (value.type === 'TOMLInlineTable') this.#entries(path, value.body, text);
    if (value.type !== 'TOMLArray') return;
    value.elements.forEach((element, index) => {
      this.#set([...path, index], element, element, isPlain(element) ? text : undefined);
      this.#value([...path, index], element, text);
    });
  }

  #set(path: KeyPath, key: AST.TOMLNode, value: AST.TOMLNode, text: string | undefined): void {
    this.#byPath.set(JSON.stringify(path), {
      line: key.loc.start.line,
      column: key.loc.start.column + 1,
      valueLine: value.loc.start.line,
      valueColumn: value.loc.start.column + 1,
      valueText: text?.slice(value.range[0], value.range[1]),
    });
  }
}

function isPlain(node: AST.TOMLNode): boolean {
  return node.type === 'TOMLValue' || node.type === 'TOMLArray';
}
