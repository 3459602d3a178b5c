import { Book, sequenceRuleOf } from '../../../../actors/market/book.js';
import type { EngineInput, SocketInput } from '../../../../actors/engine/io.js';
import { Kind, KIND_MASK, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, type Instrument } from '../../../../data/records/index.js';
import { EngineClock } from '../../../../tools/engine/clock.js';
import type { SocketAddresses, SocketDoor } from '../../../../tools/engine/sockets/index.js';
import type { OpenedExchange } from '../../../support/open-exchange.js';

/** Longest wait of a test for anything: the machine may be busy. */
const DEADLINE_MS = 60_000;

/** The records and inputs that sockets hand on, with a book a symbol that takes the depth among them. */
export class RecordingDoor implements SocketDoor {
  readonly clock: EngineClock;
  readonly instruments: readonly Instrument[];
  readonly inputs: SocketInput[] = [];
  /** What came, in order: records as their words, inputs as their type. */
  readonly order: string[] = [];
  readonly words: Float64Array[] = [];
  readonly books: readonly Book[];
  records_ = 0;
  readonly #waiting: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];

  constructor(opened: OpenedExchange | undefined, instruments: readonly Instrument[]) {
    this.clock = new EngineClock(opened?.exchange.clockNow());
    this.instruments = instruments;
    this.books = instruments.map(({ venue }) => new Book(sequenceRuleOf(venue), 4096, { obiLevels: 10, depthLevels: 20, perTick: 1, flat: 0 }, 65_536));
  }

  give({ message }: EngineInput): void {
    this.inputs.push(message as SocketInput);
    this.order.push((message as SocketInput).type);
    this.#look();
  }

  records(batch: { readonly F: Float64Array; readonly I: Int32Array }, from: number, to: number): void {
    for (let at = from; at < to; at += 1) {
      const tag = batch.I[at * WORDS_I + TAG]!;
      const kind = tag & KIND_MASK;
      this.words.push(batch.F.slice(at * WORDS_F, (at + 1) * WORDS_F));
      const book = this.books[tag >>> SYMBOL_SHIFT]!;
      if (kind === Kind.DEPTH || kind === Kind.SNAPSHOT) book.take(batch.F, batch.I, at);
      else if (kind === Kind.GAP && batch.I[at * WORDS_I + 15] === Kind.DEPTH) book.gap();
    }
    this.order.push(`records ${to - from}`);
    this.records_ += to - from;
    this.#look();
  }

  /** Resolves once it holds; looked at after everything that comes. */
  async until(holds: () => boolean): Promise<void> {
    if (holds()) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ holds, resolve });
      timer = setTimeout(() => reject(new Error(`waited in vain until ${String(holds)}; inputs: ${JSON.stringify(this.inputs.slice(-5))}, books: ${this.books.map(({ state, breaks }) => `${state} ${breaks}`).join()}`)), DEADLINE_MS);
    });
    clearTimeout(timer);
  }

  of<T extends SocketInput['type']>(type: T): readonly Extract<SocketInput, { type: T }>[] {
    return this.inputs.filter((input): input is Extract<SocketInput, { type: T }> => input.type === type);
  }

  kinds(): ReadonlyMap<number, number> {
    const counts = new Map<number, number>();
    for (const words of this.words) {
      const kind = new Int32Array(words.buffer)[TAG]! & KIND_MASK;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    return counts;
  }

  #look(): void {
    for (let at = this.#waiting.length - 1; at >= 0; at -= 1) {
      if (!this.#waiting[at]!.holds()) continue;
      this.#waiting[at]!.resolve();
      this.#waiting.splice(at, 1);
    }
  }
}

export function addressesOf(origins: { readonly [product: string]: { readonly ws: string; readonly wsApi?: string } }): SocketAddresses {
  const of = (product: string) => ({ ws: [origins[product]!.ws], wsApi: origins[product]!.wsApi === undefined ? [] : [origins[product]!.wsApi!] });
  return { spot: of('spot'), usdm: of('usdm'), options: of('options') };
}

export const SPOT_BTC: Instrument = { index: 0, symbol: 'BTCUSDT', venue: 'binance-spot', product: 'spot', tickSize: '0.01', lotSize: '0.00001', multiplier: '1', settle: 'USDT', inferred: [] };
export const USDM_BTC: Instrument = { index: 0, symbol: 'BTCUSDT', venue: 'binance-usdm', product: 'linear', tickSize: '0.10', lotSize: '0.001', multiplier: '1', settle: 'USDT', inferred: [] };
