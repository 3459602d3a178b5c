/**
 * The record of a live run's order: whatever depended on the moment. With the tape it determines every decision.
 *
 * turn     edges were merged: those of record `seq`, or of control `control` where that is not -1; everybody's clock was `clockUs`
 * clock    timers that were due by `clockUs` fired
 * control  the `number`th control sent took effect before record `seq`, at tape clock `clockUs`
 * skip     the kernel threw at record `seq` and left it out: an open message of its lane's `symbols` may lack it
 * death    the thread of the lane at `path` ended by itself, which crashed its actor with this cause; everybody's clock was `clockUs`
 */
export type OrderEntry =
  | { readonly type: 'turn'; readonly seq: number; readonly control: number; readonly clockUs: number }
  | { readonly type: 'clock'; readonly clockUs: number }
  | { readonly type: 'control'; readonly number: number; readonly seq: number; readonly clockUs: number; readonly symbol: number }
  | { readonly type: 'skip'; readonly seq: number; readonly symbols: readonly number[] }
  | { readonly type: 'death'; readonly path: string; readonly name: string; readonly message: string; readonly clockUs: number };

/** One line of JSON, without newline. */
export function orderLine(entry: OrderEntry): string {
  switch (entry.type) {
    case 'turn': return JSON.stringify({ type: 'turn', seq: entry.seq, control: entry.control, clockUs: entry.clockUs });
    case 'clock': return JSON.stringify({ type: 'clock', clockUs: entry.clockUs });
    case 'skip': return JSON.stringify({ type: 'skip', seq: entry.seq, symbols: entry.symbols });
    case 'death': return JSON.stringify({ type: 'death', path: entry.path, name: entry.name, message: entry.message, clockUs: entry.clockUs });
    case 'control':
      return JSON.stringify({ type: 'control', number: entry.number, seq: entry.seq, clockUs: entry.clockUs, symbol: entry.symbol });
  }
}

/** Reads a line that `orderLine` wrote. @throws Error that says what is wrong with any other. */
export function parseOrderLine(line: string): OrderEntry {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Error(`no line of an order record: ${line.slice(0, 80)}`);
  }
  if (typeof value !== 'object' || value === null) throw new Error(`no entry of an order record: ${line.slice(0, 80)}`);
  const fields = value as Readonly<Record<string, unknown>>;
  const whole = (name: string, least: number): number => {
    const number = fields[name];
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= least) return number;
    throw new Error(`order record: ${name} must be a whole number of at least ${least}: ${line.slice(0, 80)}`);
  };
  if (fields['type'] === 'skip') {
    const { symbols } = fields;
    if (!Array.isArray(symbols) || !symbols.every((symbol) => Number.isSafeInteger(symbol) && symbol >= 0)) throw new Error(`order record: symbols must be a list of indexes: ${line.slice(0, 80)}`);
    return { type: 'skip', seq: whole('seq', 0), symbols: symbols as number[] };
  }
  const clockUs = fields['clockUs'];
  if (typeof clockUs !== 'number' || !(clockUs >= 0 && clockUs < 9e15)) throw new Error(`order record: clockUs must be a time in microseconds: ${line.slice(0, 80)}`);
  switch (fields['type']) {
    case 'turn': return { type: 'turn', seq: whole('seq', 0), control: whole('control', -1), clockUs };
    case 'clock': return { type: 'clock', clockUs };
    case 'death': {
      const { path, name, message } = fields;
      if (typeof path !== 'string' || typeof name !== 'string' || typeof message !== 'string') throw new Error(`order record: path, name and message must be texts: ${line.slice(0, 80)}`);
      return { type: 'death', path, name, message, clockUs };
    }
    case 'control': return { type: 'control', number: whole('number', 0), seq: whole('seq', 0), clockUs, symbol: whole('symbol', 0) };
    default: throw new Error(`order record: the type must be turn, clock, control, skip or death: ${line.slice(0, 80)}`);
  }
}
