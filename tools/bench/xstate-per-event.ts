import { MarketKernel, type LevelEdge, type SymbolKernel } from '../../actors/market/index.js';
import { DEFAULT_INDICATOR_PARAMS } from '../../config/indicators.js';
import { allocateBatch, BLOCK_RECORDS, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } from '../../data/records/index.js';
import { TapeReader } from '../../data/tape/index.js';
import { DetectorActor } from './detector-actor.js';

/** A baseline freezes this long after its cause, as in a session. */
const FEEDBACK_US = 1_000_000;

/**
 * The same tape through the same kernel, with the detector as a live XState actor that is sent every record's levels instead of
 * the edges alone. No strategy, no venue, no digest. Returns the states that each symbol's detector entered.
 */
export function runXstatePerEvent(path: string): string[][] {
  const reader = TapeReader.open(path);
  const { instruments } = reader.header;
  const kernel = new MarketKernel(instruments, () => DEFAULT_INDICATOR_PARAMS);
  const detectors = instruments.map(({ index }) => new DetectorActor(index, (on) => kernel.control({ type: 'freeze', symbol: index, on, dueUs: kernel.clockUs + FEEDBACK_US })));
  const batch = allocateBatch(BLOCK_RECORDS);
  for (let count = reader.next(batch); count > 0; count = reader.next(batch)) {
    for (let record = 0; record < count;) {
      const next = kernel.run(batch.F, batch.I, record, record + 1);
      // An edge of a control comes before its record.
      if (next === record) continue;
      const index = batch.I[record * WORDS_I + TAG] >>> SYMBOL_SHIFT;
      detectors[index].send(levelOf(kernel.symbols[index], batch.F[record * WORDS_F + SEQ]));
      record = next;
    }
  }
  reader.close();
  return detectors.map(({ states }) => states);
}

function levelOf(symbol: SymbolKernel, seq: number): LevelEdge {
  const { votes, grid } = symbol;
  return {
    type: 'level', symbol: symbol.index, seq, atUs: symbol.clockUs, exchUs: symbol.exchUs, mask: votes.mask, votes: votes.votes, voters: votes.voters, need: votes.need,
    triggered: symbol.triggered, calm: votes.votes <= 1, violent: symbol.violent, pauses: symbol.pauses, warm: grid.warm, features: symbol.features(),
  };
}
