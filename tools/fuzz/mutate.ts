import type { Random } from './random.js';

/** One way to damage a frame; `other` is another frame of the same market. */
export type Mutation = (random: Random, frame: Buffer, other: Buffer) => Buffer;

function spliced(frame: Buffer, from: number, to: number, piece: string | Uint8Array): Buffer {
  return Buffer.concat([frame.subarray(0, from), typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece, frame.subarray(to)]);
}

function range(random: Random, frame: Buffer, longest: number): [number, number] {
  const from = random.below(frame.length + 1);
  return [from, Math.min(frame.length, from + random.below(longest + 1))];
}

/** Where `pattern` matches, one of the places at random; undefined for none. */
function somewhere(random: Random, frame: Buffer, pattern: RegExp): { readonly from: number; readonly to: number; readonly text: string } | undefined {
  const places = [...frame.toString('latin1').matchAll(pattern)];
  if (places.length === 0) return undefined;
  const match = random.pick(places);
  return { from: match.index, to: match.index + match[0].length, text: match[0] };
}

function replaced(random: Random, frame: Buffer, pattern: RegExp, by: (text: string) => string): Buffer {
  const place = somewhere(random, frame, pattern);
  return place === undefined ? frame : spliced(frame, place.from, place.to, by(place.text));
}

function digits(random: Random, count: number): string {
  return Array.from({ length: count }, () => String(random.below(10))).join('');
}

const TELLING = ['"', '\\', '{', '}', '[', ']', ',', ':', '0', '9', '.', '-', '+', 'e', 'E', ' ', '\n', '\t', '\r', '\0', '/', 'u', '\x1f', '\x7f', '@', 'n', 't'];
const KEY = /"[A-Za-z]{1,12}":/g;
/** A value that is no container, with the quotes of a string. */
const SCALAR = /(?<=[:[,])(?:"[^"\\]*"|-?\d+(?:\.\d+)?|true|false|null)/g;
const MEMBER = /"[A-Za-z]{1,12}":(?:"[^"\\]*"|-?\d+(?:\.\d+)?|true|false|null),/g;
const DIGITS = /\d+/g;
const STRUCTURE = /[{}[\],:]/g;

export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  flipBit(random, frame) {
    if (frame.length === 0) return frame;
    const copy = Buffer.from(frame);
    const at = random.below(copy.length);
    copy[at] = copy[at]! ^ (1 << random.below(8));
    return copy;
  },
  setByte(random, frame) {
    if (frame.length === 0) return frame;
    const copy = Buffer.from(frame);
    copy[random.below(copy.length)] = random.chance(0.5) ? random.below(256) : random.pick(TELLING).charCodeAt(0);
    return copy;
  },
  insertByte: (random, frame) => {
    const at = random.below(frame.length + 1);
    return spliced(frame, at, at, random.chance(0.5) ? random.pick(TELLING) : Uint8Array.of(random.below(256)));
  },
  deleteBytes: (random, frame) => spliced(frame, ...range(random, frame, random.chance(0.7) ? 1 : 30), ''),
  truncate: (random, frame) => frame.subarray(0, random.below(frame.length + 1)),
  cutHead: (random, frame) => frame.subarray(random.below(frame.length + 1)),
  splice: (random, frame, other) => Buffer.concat([frame.subarray(0, random.below(frame.length + 1)), other.subarray(random.below(other.length + 1))]),
  append: (random, frame, other) => Buffer.concat([frame, random.chance(0.5) ? other : Buffer.from(random.pick(TELLING))]),
  repeatRange(random, frame) {
    const [from, to] = range(random, frame, 60);
    return spliced(frame, to, to, frame.subarray(from, to));
  },
  hugeDigits: (random, frame) => replaced(random, frame, DIGITS, (text) => (random.chance(0.5) ? text + digits(random, random.between(1, 20)) : digits(random, random.chance(0.1) ? 400 : random.between(1, 30)))),
  otherDigits: (random, frame) => replaced(random, frame, DIGITS, (text) => digits(random, text.length)),
  zeros: (random, frame) => replaced(random, frame, DIGITS, (text) => random.pick(['0', '00', `0${text}`, `${text}0`, '0'.repeat(text.length)])),
  numberForm: (random, frame) => replaced(random, frame, /\d+(?:\.\d+)?/g, (text) => random.pick([`-${text}`, `+${text}`, `${text}e5`, `${text}E-2`, `${text}.`, `.${text}`, `${text}.0`, `${text}.5`, '-0', '1e400', 'NaN', `0x${text}`, ` ${text}`, `${text} `, '9007199254740991', '9007199254740993', '4102444799999', '4102444800000', '2147483647', '2147483648'])),
  swapKeys(random, frame) {
    const first = somewhere(random, frame, KEY);
    const second = somewhere(random, frame, KEY);
    if (first === undefined || second === undefined || first.from >= second.from) return frame;
    return Buffer.concat([frame.subarray(0, first.from), Buffer.from(second.text, 'latin1'), frame.subarray(first.to, second.from), Buffer.from(first.text, 'latin1'), frame.subarray(second.to)]);
  },
  swapMembers(random, frame) {
    const first = somewhere(random, frame, MEMBER);
    const second = somewhere(random, frame, MEMBER);
    if (first === undefined || second === undefined || first.to > second.from) return frame;
    return Buffer.concat([frame.subarray(0, first.from), Buffer.from(second.text, 'latin1'), frame.subarray(first.to, second.from), Buffer.from(first.text, 'latin1'), frame.subarray(second.to)]);
  },
  renameKey: (random, frame) => replaced(random, frame, KEY, () => `"${random.pick(['e', 'E', 's', 'T', 'a', 'A', 'b', 'B', 'p', 'q', 'u', 'U', 'pu', 'm', 'x', '', 'st', 'ps', 'constructor', '__proto__', 'stream', 'data', 'o', 'z', 'ap'])}":`),
  dropMember: (random, frame) => replaced(random, frame, MEMBER, () => ''),
  repeatMember(random, frame) {
    const place = somewhere(random, frame, MEMBER);
    if (place === undefined) return frame;
    const target = random.chance(0.5) ? place : (somewhere(random, frame, MEMBER) ?? place);
    return spliced(frame, target.from, target.from, random.chance(0.5) ? place.text : place.text.replaceAll(/\d/g, () => String(random.below(10))));
  },
  addMember: (random, frame) => replaced(random, frame, MEMBER, (text) => `${text}"${random.pick(['x', 'zz', 'st', 'ps', 'nq', 'M', 'T'])}":${random.pick(['1', '"1"', 'null', 'true', '{}', '[]', '{"a":[1,{"b":2}]}', '"\\u0041"', '"}"', '01', '"'])},`),
  nestValue: (random, frame) => replaced(random, frame, SCALAR, (text) => random.pick([`{"a":${text}}`, `[${text}]`, '{}', '[]', 'null', 'true', '""', '"-1"', `${'['.repeat(40)}${']'.repeat(40)}`])),
  requote: (random, frame) => replaced(random, frame, SCALAR, (text) => (text.startsWith('"') ? text.slice(1, -1) : `"${text}"`)),
  escape: (random, frame) => replaced(random, frame, /(?<=")[\w.@]+(?=")/g, (text) => {
    const at = random.below(text.length);
    const code = text.charCodeAt(at).toString(16).padStart(4, '0');
    return `${text.slice(0, at)}${random.pick([`\\u${code}`, `\\u00g1`, '\\n', '\\q', '\\"', '\\u12', `\\/${text[at]}`])}${text.slice(at + 1)}`;
  }),
  blanks: (random, frame) => replaced(random, frame, STRUCTURE, (text) => random.pick([` ${text}`, `${text} `, `${text}\n`, `\t${text}\r\n`, `${text}\f`, `${text}\u00a0`])),
  badUtf8(random, frame) {
    const at = random.below(frame.length + 1);
    return spliced(frame, at, at, random.pick([Uint8Array.of(0xff), Uint8Array.of(0xc3), Uint8Array.of(0xe2, 0x82), Uint8Array.of(0xf0, 0x9f, 0x98, 0x80), Uint8Array.of(0xef, 0xbb, 0xbf), Uint8Array.of(0xed, 0xa0, 0x80)]));
  },
  otherCase: (random, frame) => replaced(random, frame, /[A-Za-z]{2,}/g, (text) => (random.chance(0.5) ? text.toUpperCase() : text.toLowerCase())),
  asList: (_random, frame) => Buffer.concat([Buffer.from('['), frame, Buffer.from(']')]),
  empty: () => Buffer.alloc(0),
  oneByte: (random) => Buffer.of(random.below(256)),
};
/** Mutations that leave next to nothing of a frame, and so are drawn seldom. */
const SELDOM = new Set(['empty', 'oneByte', 'asList']);
const NAMES = Object.keys(MUTATIONS);
const USUAL = NAMES.filter((name) => !SELDOM.has(name));

/** Longest frame that mutation lets grow. */
const MAX_BYTES = 64 * 1024;

/** `frame` after 0 to 5 mutations; most often one, because a frame with many is refused at its first. */
export function mutated(random: Random, frame: Buffer, other: Buffer): Buffer {
  let left = random.chance(0.08) ? 0 : random.chance(0.6) ? 1 : random.between(2, 5);
  let changed = frame;
  for (; left > 0; left -= 1) {
    const name = random.pick(random.chance(0.03) ? NAMES : USUAL);
    changed = MUTATIONS[name]!(random, changed, other);
    if (changed.length > MAX_BYTES) changed = changed.subarray(0, MAX_BYTES);
  }
  return changed;
}
