import { EventEmitter } from 'node:events';
import {
  allocateBatch, AUX, BLOCK_RECORDS, EXCH_US, Flag, ID, Kind, KIND_MASK, PRICE, PRICE2, QTY, RECV_US, SEQ, TAG, WORDS_F, WORDS_I,
} from '../../../data/records/index.js';
import { TapeReader } from '../../../data/tape/index.js';
import type { DepthEvent, FeedEvents, Level, Stamps } from './events.js';

/** Plays a tape of one symbol as objects and events. */
export class Feed extends EventEmitter<FeedEvents> {
  /** Records played. */
  records = 0;

  play(path: string): void {
    const reader = TapeReader.open(path);
    const batch = allocateBatch(BLOCK_RECORDS);
    const tickSize = Number(reader.header.instruments[0].tickSize);
    const lotSize = Number(reader.header.instruments[0].lotSize);
    let depth: DepthEvent | undefined;
    for (let count = reader.next(batch); count > 0; count = reader.next(batch)) {
      for (let record = 0; record < count; record += 1) {
        const f = record * WORDS_F;
        const i = record * WORDS_I;
        const tag = batch.I[i + TAG];
        const kind = tag & KIND_MASK;
        const receivedAt = batch.F[f + RECV_US] / 1000;
        const stamps: Stamps = { seq: batch.F[f + SEQ], time: batch.F[f + EXCH_US] / 1000 || receivedAt, receivedAt };
        const price = batch.I[i + PRICE] * tickSize;
        const quantity = batch.F[f + QTY] * lotSize;
        const sell = (tag & Flag.SELL) !== 0;
        switch (kind) {
          case Kind.TRADE:
          case Kind.AGG_TRADE:
            this.emit('trade', { ...stamps, price, quantity, side: sell ? 'sell' : 'buy' });
            break;
          case Kind.BOOK_TICKER: {
            const ask: Level = [batch.I[i + PRICE2] * tickSize, batch.F[f + AUX] * lotSize];
            this.emit('ticker', { ...stamps, updateId: batch.F[f + ID], bid: [price, quantity], ask });
            break;
          }
          case Kind.DEPTH:
          case Kind.SNAPSHOT:
            if ((tag & Flag.FIRST) !== 0 || depth === undefined) depth = { ...stamps, lastId: batch.F[f + ID], previousId: batch.F[f + AUX], bids: [], asks: [] };
            if ((tag & Flag.EMPTY) === 0) (sell ? depth.asks : depth.bids).push([price, quantity]);
            if ((tag & Flag.LAST) === 0) continue;
            this.emit(kind === Kind.SNAPSHOT ? 'snapshot' : 'depth', depth);
            depth = undefined;
            break;
          default:
            this.emit('other', stamps);
        }
        this.emit('message', stamps);
      }
      this.records += count;
    }
    reader.close();
  }
}
