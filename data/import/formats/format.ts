import type { RecordSink } from '../record-sink.js';

/** The beginning of one source part, for recognising its format. */
export interface Sample {
  /** File name without folder and .gz. */
  readonly name: string;
  /** The first lines, complete ones only unless the part is a single line. */
  readonly lines: readonly string[];
  /** First byte that is not blank, as a character; "" for an empty part. */
  readonly first: string;
  /** Fields of the first line and of the second, split at `delimiter`, in lower case without anything but letters and digits. */
  readonly header: readonly string[];
  readonly second: readonly string[];
  readonly delimiter: ',' | ';' | '\t' | '|';
}

/** What a decoder may use while it reads one part. */
export interface DecoderContext {
  readonly sink: RecordSink;
  readonly venue: string;
  /** Symbol index of a file whose rows name none: by its archive name, else the only one asked for; -1 when it is to be left out. */
  fileSymbol(): number;
  /** Refuses a name of another venue. @throws ImportError badInput. */
  venueNamed(name: string): void;
  /** Refuses data whose shape belongs to another venue. @throws ImportError badInput. */
  venueShown(venues: readonly string[], because: string): void;
  /** Counts a message that is no market data or that no record kind holds. */
  ignore(what: string): void;
  /** Numbers that a part learns in the first pass for the second. */
  readonly learned: Map<string, number>;
}

/** Reads the frames (lines or JSON values) of one part into the sink. Throws BadRow for a frame it refuses. */
export interface Decoder {
  frame(bytes: Buffer, start: number, end: number): void;
  /** After the last frame. */
  end(): void;
}

export interface Format {
  readonly id: string;
  /** One line for `tape formats`. */
  readonly title: string;
  readonly kinds: readonly string[];
  /** Whether this format reads a part that begins so; `auto` asks the formats in their order. */
  recognises(sample: Sample): boolean;
  /** Parts that `auto` would give to another format and that this one reads as well. */
  alsoReads?(sample: Sample): boolean;
  /** What a part that it does not read would need, for the refusal of one that was said to be of this format. */
  lacks?(sample: Sample): string;
  /** `json` where the frames are not one a line. */
  framing(sample: Sample): 'lines' | 'json';
  /** The venue a part names, when it names one. */
  venue(sample: Sample): string | undefined;
  open(sample: Sample, context: DecoderContext): Decoder;
}

/** A header as its bare names: `Agg_Trade_ID` and `aggTradeId` are both aggtradeid. */
export function bareName(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** Index of the first of `names` (bare) in `header`, or -1. */
export function column(header: readonly string[], ...names: readonly string[]): number {
  for (const name of names) {
    const at = header.indexOf(name);
    if (at >= 0) return at;
  }
  return -1;
}

/** True when `header` has every one of `names`. */
export function hasColumns(header: readonly string[], ...names: readonly string[]): boolean {
  return names.every((name) => header.includes(name));
}

/** Reads the beginning of a part. */
export function sampleOf(name: string, head: Buffer, whole: boolean): Sample {
  const text = head.toString('utf8').replace(/^\uFEFF/, '');
  const lines = text.split(/\r?\n/);
  if (!whole && lines.length > 1) lines.pop();
  const meaningful = lines.filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const top = meaningful[0] ?? '';
  const delimiter = ([',', ';', '\t', '|'] as const).reduce((best, next) => (count(top, next) > count(top, best) ? next : best), ',');
  const bare = (line: string): string[] => (line.length > 65_536 ? [] : splitQuoted(line, delimiter).map((field) => bareName(field)));
  return {
    name,
    lines: meaningful.slice(0, 20),
    first: /\S/.exec(text)?.[0] ?? '',
    header: bare(top),
    second: bare(meaningful[1] ?? ''),
    delimiter,
  };
}

/** Fields of a line, a delimiter inside quotes belonging to its field. */
export function splitQuoted(line: string, delimiter: string): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (const character of line) {
    if (character === '"') quoted = !quoted;
    else if (character === delimiter && !quoted) {
      fields.push(field.trim());
      field = '';
    } else field += character;
  }
  fields.push(field.trim());
  return fields;
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}
