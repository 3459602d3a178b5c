import { isBinanceMarket } from '../../decode/frame-parser.js';
import { parseJson } from '../framing.js';
import { BadRow, quoteForeign } from '../import-error.js';
import { parseStampUs } from '../stamps.js';
import { venueOfUrl } from '../venue-alias.js';
import { BinanceBytes } from './binance-bytes.js';
import { BinanceFrames } from './binance-frames.js';
import { BinanceMessages } from './binance-messages.js';
import { DeribitMessages } from './deribit-messages.js';
import type { Decoder, DecoderContext, Format, Sample } from './format.js';
import { isMessage } from './message.js';

const STAMPED = /^\d{10,19}(?:\.\d+)?:? *[{[]/;
const ADDRESSED = /^(?:wss?|https?):\/\/\S+ (?:<->|<-|->) \d/;

/**
 * Recorded frames as they came: an optional receive stamp (`NS {`, `SECONDS.FRACTION: {`), the lines a cryptofeed
 * recorder writes for connections, requests and REST replies, or bare JSON.
 */
class RawDecoder implements Decoder {
  readonly #context: DecoderContext;
  readonly #frames: BinanceFrames;
  /** The decoders, for a venue whose frames they know. */
  readonly #bytes: BinanceBytes | undefined;

  constructor(context: DecoderContext) {
    this.#context = context;
    const deribit = new DeribitMessages(context);
    this.#frames = new BinanceFrames(new BinanceMessages(context), (message, receivedUs) => deribit.read(message, receivedUs));
    this.#bytes = isBinanceMarket(context.venue) ? new BinanceBytes(context.venue, context.sink) : undefined;
  }

  frame(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && bytes[at]! <= 32) at += 1;
    if (at === end) return;
    const code = bytes[at]!;
    if (code === 123 || code === 91) {
      this.#value(bytes, at, end, 0);
    } else if (code >= 48 && code <= 57) {
      let stop = at;
      while (stop < end && ((bytes[stop]! >= 48 && bytes[stop]! <= 57) || bytes[stop] === 46)) stop += 1;
      const receivedUs = parseStampUs(bytes, at, stop);
      if (!(receivedUs > 0)) throw new BadRow(`receive stamp ${quoteForeign(bytes.toString('latin1', at, stop))} is not a time between 1970 and 2100`);
      if (bytes[stop] === 58) stop += 1;
      this.#value(bytes, stop, end, receivedUs);
    } else {
      this.#addressed(bytes.toString('utf8', at, Math.min(end, at + 65_536)), bytes, at, end);
    }
  }

  /** Messages as the venue sends them by their bytes, everything else by JSON.parse. */
  #value(bytes: Buffer, start: number, end: number, receivedUs: number): void {
    const from = bytes[start] === 32 ? start + 1 : start;
    if (this.#bytes?.read(bytes, from, end, receivedUs) === true) return;
    this.#frames.read(parseJson(bytes, start, end), receivedUs, '', '');
  }

  end(): void {
    // Every frame is complete in itself.
  }

  /** `URL <-> STAMP` opens a connection, `URL <- STAMP: JSON` is what was sent, `URL -> STAMP: JSON` a REST reply. */
  #addressed(head: string, bytes: Buffer, start: number, end: number): void {
    const match = /^(\S+) (<->|<-|->) (\d[\d.]*)(: )?/.exec(head);
    if (match === null) throw new BadRow(`${quoteForeign(head)} is no frame: neither JSON nor a stamp before JSON`);
    const [all, url, arrow, stamp] = match;
    const venue = venueOfUrl(url!);
    if (venue !== undefined) this.#context.venueNamed(venue);
    if (arrow !== '->') return;
    const receivedUs = parseStampUs(Buffer.from(stamp!), 0, stamp!.length);
    if (!(receivedUs > 0)) throw new BadRow(`receive stamp ${quoteForeign(stamp!)} is not a time between 1970 and 2100`);
    this.#frames.read(parseJson(bytes, start + Buffer.byteLength(all), end), receivedUs, '', /[?&]symbol=([^&\s]+)/.exec(url!)?.[1] ?? '');
  }
}

function parses(line: string): boolean {
  try {
    return isMessage(JSON.parse(line)) || line.startsWith('[');
  } catch {
    return false;
  }
}

/** One JSON value a line, or values (or one list of them) spread over the file. */
function framing(sample: Sample): 'lines' | 'json' {
  const line = sample.lines[0] ?? '';
  if (sample.first !== '{' && sample.first !== '[') return 'lines';
  return parses(line) && (sample.first === '{' || sample.lines.length > 1) ? 'lines' : 'json';
}

function venueOfSample(sample: Sample): string | undefined {
  for (const line of sample.lines) {
    const venue = ADDRESSED.test(line) ? venueOfUrl(line) : undefined;
    if (venue !== undefined) return venue;
    if (line.includes('"jsonrpc"')) return 'deribit';
  }
  return undefined;
}

function looksRaw(sample: Sample): boolean {
  const line = sample.lines[0] ?? '';
  return sample.first === '{' || sample.first === '[' || STAMPED.test(line) || ADDRESSED.test(line);
}

function raw(id: string, title: string, recognises: (sample: Sample) => boolean): Format {
  return {
    id,
    title,
    kinds: ['trade', 'aggTrade', 'depth', 'snapshot', 'bookTicker', 'liquidation', 'markPrice', 'candle', 'funding'],
    recognises,
    // The raw formats share one decoder: a recording may come with a snapshot in another dress.
    alsoReads: looksRaw,
    framing,
    venue: venueOfSample,
    open: (_sample, context) => new RawDecoder(context),
  };
}

export const cryptofeedRaw = raw(
  'cryptofeed',
  'cryptofeed raw recordings: .ws dumps and their .http REST snapshots, of Binance or Deribit',
  (sample) => sample.lines.some((line) => ADDRESSED.test(line)) || /^\d{10}\.\d+: [{[]/.test(sample.lines[0] ?? ''),
);

export const hftbacktestRaw = raw(
  'hftbacktest',
  'lines of `RECEIVE_STAMP JSON`, snapshot included, as hftbacktest records them',
  (sample) => STAMPED.test(sample.lines[0] ?? ''),
);

export const deribitJson = raw(
  'deribit-json',
  'Deribit JSON-RPC messages: trades, book, quote, ticker; one a line or spread over the file',
  (sample) => (sample.first === '{' || sample.first === '[') && sample.lines.some((line) => line.includes('"jsonrpc"')),
);

export const binanceJson = raw(
  'binance-json',
  'Binance stream messages and REST snapshots as JSON: one a line, a list, or one after the other',
  (sample) => sample.first === '{' || sample.first === '[',
);
