import type { Decision } from '../../../actors/index.js';
import { isoUs } from '../../replay/time.js';

/** A decision that a watcher is told of, in a line; undefined for the others. */
export function eventLine({ kind, atUs, data }: Decision, symbol: string): string | undefined {
  const line = (text: string): string => `${isoUs(atUs).slice(11, 23)}  ${symbol}  ${text}`;
  const word = (key: string): string => String(data[key] ?? '');
  switch (kind) {
    case 'transition':
      return line(`${word('from')} → ${word('to')}  ${word('reason')}`);
    case 'order':
      return line(`order  ${word('purpose')}: ${word('side')} ${word('lots')} lots, ${word('kind')}`);
    case 'venue':
      return venueLine(word('type'), line, word);
    case 'trade':
      return line(`trade  ${word('side')} ${word('entryPrice')} → ${word('exitPrice')} (${word('exitReason')})  ${word('pnl')} ${word('settle')}`);
    case 'cancel': case 'control': case 'entry': case 'exit': case 'pause': case 'refusal':
      return undefined;
  }
}

function venueLine(type: string, line: (text: string) => string, word: (key: string) => string): string | undefined {
  if (type === 'order.fill') return line(`fill   ${word('purpose')}: ${word('lots')} lots`);
  if (type === 'order.rejected') return line(`refused by the exchange  ${word('purpose')}: ${word('reason')}`);
  return undefined;
}
