import { BINANCE_MARKETS, FrameDecoder, type BinanceMarket } from '../../data/decode/index.js';
import { allocateBatch, RECORD_BYTES } from '../../data/records/index.js';
import { loadCorpus, type Corpus } from './corpus.js';
import { FrameMaker } from './frames.js';
import { mutated } from './mutate.js';
import { Random } from './random.js';

/** What a target found wrong; everything else that a run throws is a crash. */
export class Disagreement extends Error {}
/** A frame that took more looks at its bytes than its length allows. */
export class OverBudget extends Error {}

/** What a decoder module exports; the one under test may be a copy of ours. */
interface DecoderModule {
  readonly FrameDecoder: typeof FrameDecoder;
}

const ROOM = 16_384;
const RAW_STREAMS: Readonly<Record<BinanceMarket, string>> = { 'binance-spot': 'btcusdt@depth20', 'binance-usdm': 'btcusdt@depth10@100ms', 'binance-coinm': 'btcusd_perp@depth' };
/** Largest frame of a run, and the garbage around it. */
const ARENA = 256 * 1024;
const GARBAGE = 128;
/** Looks at a frame's bytes that reading it may take: three a byte in the worst number, and as much again. */
export const LOOKS_PER_BYTE = 6;
const LOOKS_AT_LEAST = 512;
const MARK = 0x5eed;

interface Side {
  readonly corpus: Corpus;
  readonly maker: FrameMaker;
  readonly decoders: readonly { readonly tested: FrameDecoder; readonly judge: FrameDecoder; readonly measured: FrameDecoder }[];
}

/** Frames of the corpus and the generator, mutated, through a decoder and through its judge: JSON.parse and the schema. */
export class DecoderTarget {
  readonly #seed: number;
  readonly #sides: Readonly<Record<BinanceMarket, Side>>;
  readonly #arena = Buffer.alloc(ARENA);
  readonly #recvUs = new Float64Array(1);
  readonly #made = allocateBatch(ROOM);
  readonly #expected = allocateBatch(ROOM);
  readonly #looks: Looks;
  readonly #measuredFrom: number;

  private constructor(seed: number, measuredFrom: number, sides: Readonly<Record<BinanceMarket, Side>>, looks: Looks) {
    this.#seed = seed;
    this.#measuredFrom = measuredFrom;
    this.#sides = sides;
    this.#looks = looks;
  }

  /**
   * Looks at the frame's bytes are counted from run `measuredFrom` on: what is counted is never as optimised again, so
   * those runs come last. `module`: URL of the decoder to test; ours when left out.
   */
  static async load(seed: number, measuredFrom: number, dataFolder: string | undefined, module?: string): Promise<DecoderTarget> {
    const url = module ?? new URL('../../data/decode/index.js', import.meta.url).href;
    const tested = (await import(url)) as DecoderModule;
    const looks = new Looks();
    const corpora = loadCorpus(dataFolder);
    const sides = Object.fromEntries(BINANCE_MARKETS.map((market) => {
      const { instruments } = corpora[market];
      const decoders = ['', RAW_STREAMS[market]].map((rawStream) => ({
        tested: new tested.FrameDecoder({ market, instruments, rawStream }),
        measured: new tested.FrameDecoder({ market, instruments, rawStream, viewOf: (buffer) => new CountedView(buffer, looks) }),
        judge: new FrameDecoder({ market, instruments, rawStream, slowOnly: true }),
      }));
      return [market, { corpus: corpora[market], maker: new FrameMaker(market, instruments), decoders }];
    })) as unknown as Record<BinanceMarket, Side>;
    return new DecoderTarget(seed, measuredFrom, sides, looks);
  }

  /** The frame of a run, the same for the same seed, corpus and run. */
  frame(run: number): { readonly market: BinanceMarket; readonly bytes: Buffer; readonly random: Random } {
    const random = new Random(this.#seed, run);
    const market = random.pick(BINANCE_MARKETS);
    const bytes = mutated(random, this.#base(random, market), this.#base(random, market));
    return { market, bytes, random };
  }

  /** Checks one run. @throws Disagreement, OverBudget, or whatever the decoder throws. */
  check(run: number): void {
    const { market, bytes, random } = this.frame(run);
    const { tested, judge, measured } = random.pick(this.#sides[market].decoders);
    this.#recvUs[0] = random.chance(0.1) ? 0 : 1_723_161_255_000_000 + random.below(1e9);
    // Amid garbage that begins like a frame goes on, or at the very end of its memory.
    const apart = random.chance(0.25);
    const from = apart ? 0 : random.below(GARBAGE);
    const memory = apart ? new Uint8Array(new Uint8Array(bytes).buffer) : this.#arena;
    if (!apart) {
      bytes.copy(this.#arena, from);
      for (let k = 0; k < GARBAGE; k += 1) this.#arena[from + bytes.length + k] = random.chance(0.5) ? 125 : GARBAGE_BYTES[random.below(GARBAGE_BYTES.length)]!;
    }
    const to = from + bytes.length;
    const records = judge.decode(memory, from, to, this.#recvUs, this.#expected, 0, ROOM);
    if (records < 0) return;
    const room = random.chance(0.06) ? random.below(records + 1) : ROOM;
    if (room < records) this.#checkNoRoom(tested, memory, from, to, records, room);
    const made = tested.decode(memory, from, to, this.#recvUs, this.#made, 0, ROOM);
    if (made !== records) throw new Disagreement(`${made} records instead of ${records} (${judge.lastOutcome}: ${judge.lastReason})`);
    const outcome = tested.lastOutcome === 'fast' ? 'slow' : tested.lastOutcome;
    if (outcome !== judge.lastOutcome) throw new Disagreement(`${outcome} instead of ${judge.lastOutcome}`);
    const size = records * RECORD_BYTES;
    if (!Buffer.from(this.#made.F.buffer, 0, size).equals(Buffer.from(this.#expected.F.buffer, 0, size))) throw new Disagreement('other records');
    if (tested.lastOutcome === 'fast') this.#checkJson(bytes);
    if (run >= this.#measuredFrom) this.#measure(measured, memory, from, to);
  }

  /** JSON.parse itself, without anything of ours around it. */
  #checkJson(bytes: Buffer): void {
    try {
      JSON.parse(bytes.toString('utf8'));
    } catch {
      throw new Disagreement('accepted, and not JSON');
    }
  }

  #checkNoRoom(tested: FrameDecoder, memory: Uint8Array, from: number, to: number, records: number, room: number): void {
    this.#made.F.fill(MARK, 0, records * 8);
    const answer = tested.decode(memory, from, to, this.#recvUs, this.#made, 0, room);
    if (answer !== -records) throw new Disagreement(`answered ${answer} where ${records} records meet room for ${room}`);
    for (let k = 0; k < records * 8; k += 1) if (this.#made.F[k] !== MARK) throw new Disagreement('wrote records without room');
  }

  #measure(measured: FrameDecoder, memory: Uint8Array, from: number, to: number): void {
    this.#looks.left = (to - from) * LOOKS_PER_BYTE + LOOKS_AT_LEAST;
    measured.decode(memory, from, to, this.#recvUs, this.#made, 0, ROOM);
  }

  #base(random: Random, market: BinanceMarket): Buffer {
    const { corpus, maker } = this.#sides[market];
    return corpus.frames.length > 0 && random.chance(0.4) ? random.pick(corpus.frames) : Buffer.from(maker.make(random).text);
  }
}

const GARBAGE_BYTES = Buffer.from('"}],0123456789:{\\e ');

class Looks {
  left = 0;

  take(): void {
    this.left -= 1;
    if (this.left < 0) throw new OverBudget('looked at its bytes too often');
  }
}

/** A view that counts how often it is looked through. */
class CountedView extends DataView<ArrayBufferLike> {
  readonly #looks: Looks;

  constructor(buffer: ArrayBufferLike, looks: Looks) {
    super(buffer);
    this.#looks = looks;
  }

  override getUint8(at: number): number {
    this.#looks.take();
    return super.getUint8(at);
  }

  override getUint16(at: number, littleEndian?: boolean): number {
    this.#looks.take();
    return super.getUint16(at, littleEndian);
  }

  override getInt32(at: number, littleEndian?: boolean): number {
    this.#looks.take();
    return super.getInt32(at, littleEndian);
  }
}
