import { Kind, type Instrument } from '../../../data/records/index.js';

/** A stream of a market socket: its name as the venue spells it, and whose records of which kind it brings. */
export interface CarriedStream {
  readonly name: string;
  /** Index in the run's instruments; -1 for a stream of all symbols, or of one that is not in the run. */
  readonly symbol: number;
  readonly kind: number;
}

const KINDS: readonly (readonly [RegExp, number])[] = [
  [/^depth(?:\d|$|@)/, Kind.DEPTH], [/^bookTicker/, Kind.BOOK_TICKER], [/^aggTrade/, Kind.AGG_TRADE], [/^trade|^optionTrade/, Kind.TRADE],
  [/^markPrice/, Kind.MARK], [/^forceOrder/, Kind.LIQUIDATION], [/^kline/, Kind.CANDLE],
];

/** The streams that an address subscribes: `/stream?streams=a/b`, `/public/ws/a/b`. */
export function streamsOf(path: string, instruments: readonly Instrument[]): readonly CarriedStream[] {
  const query = path.indexOf('streams=');
  const ws = /\/ws\/(.*)$/.exec(path);
  const text = query >= 0 ? path.slice(query + 8).split('&')[0]! : (ws?.[1] ?? '');
  return text.split('/').filter((name) => name !== '').map((name) => streamOf(name, instruments));
}

function streamOf(name: string, instruments: readonly Instrument[]): CarriedStream {
  const at = name.startsWith('!') ? 0 : name.indexOf('@');
  const what = name.slice(at + 1);
  const symbolName = at > 0 ? name.slice(0, at).toUpperCase() : '';
  return {
    name,
    symbol: instruments.find(({ symbol }) => symbol === symbolName)?.index ?? -1,
    kind: KINDS.find(([pattern]) => pattern.test(what))?.[1] ?? 0,
  };
}
