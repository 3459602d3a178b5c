import type { LevelEdge } from '../../../actors/market/index.js';
import { DEFAULT_INDICATOR_PARAMS, type IndicatorParams } from '../../../config/indicators.js';
import { TapeReader } from '../../../data/tape/index.js';
import { DetectorActor } from '../detector-actor.js';
import type { Stamps } from './events.js';
import { Feed } from './feed.js';
import { Indicators } from './indicators.js';

export interface IdiomaticResult {
  readonly records: number;
  /** States the detector entered, in order. */
  readonly states: readonly string[];
  readonly indicators: Indicators;
}

/**
 * The job of a replay as one would write it at first, with the same formulas at the same moments: an object an event, an EventEmitter,
 * order books of sorted arrays, windows as arrays that are filtered, mapped and reduced, and an XState actor that is
 * sent every message. It plays one symbol, trades nothing and keeps no digest, so it does less than the replay it is compared with.
 */
export function runIdiomatic(path: string): IdiomaticResult {
  const reader = TapeReader.open(path);
  const instrument = reader.header.instruments[0];
  reader.close();
  const params = DEFAULT_INDICATOR_PARAMS;
  const indicators = new Indicators(params, instrument);
  const detector = new DetectorActor(0, (on) => indicators.freeze(on));
  const feed = new Feed();
  feed.on('trade', (event) => {
    indicators.advance(event);
    indicators.trade(event);
  });
  feed.on('ticker', (event) => {
    indicators.advance(event);
    indicators.ticker(event);
  });
  feed.on('snapshot', (event) => {
    indicators.advance(event);
    indicators.depth(event, true);
  });
  feed.on('depth', (event) => {
    indicators.advance(event);
    indicators.depth(event, false);
  });
  feed.on('other', (event) => indicators.advance(event));
  feed.on('message', (event) => detector.send(edgeOf(event, indicators, params)));
  feed.play(path);
  return { records: feed.records, states: detector.states, indicators };
}

function edgeOf({ seq, receivedAt, time }: Stamps, indicators: Indicators, params: IndicatorParams): LevelEdge {
  const { votes, voters, need } = indicators.votes;
  const { features, warm, mask } = indicators;
  return {
    type: 'level', symbol: 0, seq, atUs: receivedAt * 1000, exchUs: time * 1000, mask, votes, voters, need,
    triggered: warm && votes >= need && features.violentRange >= params.triggerRange, calm: votes <= 1, violent: features.violentRange >= params.violentRange, pauses: 0, warm, features,
  };
}
