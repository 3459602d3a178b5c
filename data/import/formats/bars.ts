import type { CsvRow } from '../csv-row.js';
import { ExactNumber } from '../exact-number.js';
import { BadRow } from '../import-error.js';
import { parseStampText } from '../stamps.js';
import { CsvDecoder } from './csv-decoder.js';
import { column, hasColumns, splitQuoted, type DecoderContext, type Format, type Sample } from './format.js';

const TIME = ['timestamp', 'time', 'opentime', 'date', 'datetime', 'unix', 'ts', 'starttime', 'timeutc'];
const VOLUME = ['volume', 'vol', 'baseassetvolume'];
const SECONDS_PER: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const MAX_DIFFERENT_STEPS = 10_000;

function isBars(sample: Sample): boolean {
  if (sample.first === '{' || sample.first === '[') return false;
  if (!hasColumns(sample.header, 'open', 'high', 'low', 'close') || column(sample.header, ...TIME) < 0) return false;
  const row = splitQuoted(sample.lines[1] ?? '', sample.delimiter);
  return row.length === sample.header.length && parseStampText(row[column(sample.header, ...TIME)] ?? '') > 0;
}

/** Funding rates as freqtrade stores them: bars whose open is the rate and whose other columns are 0. */
function isFunding(sample: Sample): boolean {
  if (!isBars(sample)) return false;
  const zero = ['high', 'low', 'close'].map((name) => column(sample.header, name));
  return sample.lines.slice(1).every((line) => {
    const row = splitQuoted(line, sample.delimiter);
    return zero.every((at) => Number(row[at]) === 0);
  });
}

function bars(id: string, title: string, kinds: readonly string[], recognises: (sample: Sample) => boolean, open: Format['open']): Format {
  return { id, title, kinds, recognises, framing: () => 'lines', venue: () => undefined, open };
}

export const fundingCsv = bars(
  'funding-csv',
  'funding rates as freqtrade keeps them: timestamp,open,high,low,close,volume with the rate in open',
  ['funding'],
  isFunding,
  (sample, context) => new FundingDecoder(sample, context),
);

export const ohlcvCsv = bars(
  'ohlcv-csv',
  'bars: any header with a time (of the open), open, high, low, close and perhaps volume; other columns are passed over',
  ['candle'],
  (sample) => isBars(sample) && !isFunding(sample),
  (sample, context) => new BarsDecoder(sample, context),
);

class FundingDecoder extends CsvDecoder {
  readonly #context: DecoderContext;
  readonly #symbol: number;
  readonly #time: number;
  readonly #open: number;
  readonly #zero: readonly number[];
  readonly #rate = new ExactNumber();
  readonly #other = new ExactNumber();

  constructor(sample: Sample, context: DecoderContext) {
    super(true, sample.header.length, sample.delimiter);
    this.#context = context;
    this.#symbol = context.fileSymbol();
    this.#time = column(sample.header, ...TIME);
    this.#open = column(sample.header, 'open');
    this.#zero = ['high', 'low', 'close'].map((name) => column(sample.header, name));
  }

  protected read(row: CsvRow): void {
    if (this.#symbol < 0) return;
    for (const at of this.#zero) if (row.decimal(at, this.#other, 'price').units !== 0) throw new BadRow('a bar among funding rates');
    this.#context.sink.funding(this.#symbol, row.stampUs(this.#time, 'timestamp'), row.decimal(this.#open, this.#rate, 'rate'));
  }
}

/** Bars without a close time: their length is the most frequent step between them, learned in the first pass. */
class BarsDecoder extends CsvDecoder {
  readonly #context: DecoderContext;
  readonly #symbol: number;
  readonly #name: string;
  readonly #time: number;
  readonly #prices: readonly number[];
  readonly #volume: number;
  readonly #values = [new ExactNumber(), new ExactNumber(), new ExactNumber(), new ExactNumber(), new ExactNumber()] as const;
  readonly #steps = new Map<number, number>();
  readonly #seconds: number | undefined;
  #previousUs = 0;

  constructor(sample: Sample, context: DecoderContext) {
    super(true, sample.header.length, sample.delimiter);
    this.#context = context;
    this.#symbol = context.fileSymbol();
    this.#name = sample.name;
    this.#time = column(sample.header, ...TIME);
    this.#prices = ['open', 'high', 'low', 'close'].map((name) => column(sample.header, name));
    this.#volume = column(sample.header, ...VOLUME);
    this.#seconds = context.learned.get('seconds');
  }

  protected read(row: CsvRow): void {
    if (this.#symbol < 0) return;
    const startUs = row.stampUs(this.#time, 'time');
    const [open, high, low, close, volume] = this.#values;
    const { counts } = this.#context.sink;
    if (this.#read(row, this.#prices[0]!, open, 'open')) counts.roundedPrices += 1;
    if (this.#read(row, this.#prices[1]!, high, 'high')) counts.roundedPrices += 1;
    if (this.#read(row, this.#prices[2]!, low, 'low')) counts.roundedPrices += 1;
    if (this.#read(row, this.#prices[3]!, close, 'close')) counts.roundedPrices += 1;
    if (this.#volume < 0 || row.isEmpty(this.#volume)) volume.parseText('0');
    else if (this.#read(row, this.#volume, volume, 'volume')) counts.roundedQuantities += 1;
    if (this.#seconds === undefined) this.#learn(startUs);
    const seconds = this.#seconds ?? 1;
    this.#context.sink.candle(this.#symbol, 0, startUs + seconds * 1e6, seconds, 0, open, high, low, close, volume);
  }

  /**
   * Reads a number; true when it was rounded. Bars are often kept as doubles: 16 digits and more are the noise of one
   * (1.0683799999999999) and are rounded to 12, as no price needs more.
   */
  #read(row: CsvRow, field: number, out: ExactNumber, what: string): boolean {
    const text = row.text(field);
    if (significantDigits(text) < 16) {
      row.decimal(field, out, what);
      return false;
    }
    const value = Number(text);
    if (!Number.isFinite(value)) throw new BadRow(`${what} ${JSON.stringify(text.slice(0, 40))} is not a number`);
    out.parseText(value.toPrecision(12));
    return true;
  }

  #learn(startUs: number): void {
    const step = (startUs - this.#previousUs) / 1e6;
    if (this.#previousUs > 0 && step >= 1 && (this.#steps.has(step) || this.#steps.size < MAX_DIFFERENT_STEPS)) {
      this.#steps.set(step, (this.#steps.get(step) ?? 0) + 1);
    }
    this.#previousUs = startUs;
  }

  override end(): void {
    if (this.#seconds !== undefined || this.#previousUs === 0) return;
    let seconds = lengthInName(this.#name) ?? 0;
    let most = 0;
    for (const [step, times] of this.#steps) {
      if (times > most || (times === most && step < seconds)) {
        most = times;
        seconds = step;
      }
    }
    if (seconds === 0) throw new BadRow('one bar alone does not tell its length, nor does the name of the file (as -1h- or _5m would)');
    this.#context.learned.set('seconds', Math.round(seconds));
  }
}

function significantDigits(text: string): number {
  if (text.length < 16) return text.length;
  return text.replace(/e.*$/i, '').replaceAll(/[^0-9]/g, '').replace(/^0+/, '').replace(/0+$/, '').length;
}

/** `BTCUSDT_1h-futures.csv` → 3600. */
function lengthInName(name: string): number | undefined {
  const match = /(?:^|[-_.])(\d{1,3})([smhdw])(?=[-_.]|$)/.exec(name);
  return match === null ? undefined : Number(match[1]) * SECONDS_PER[match[2]!]!;
}
