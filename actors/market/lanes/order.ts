/**
 * The record of a live run's order: whatever depended on the moment. With the tape it determines every decision.
 *
 * turn     edges were merged: those of record `seq`, or of control `control` where that is not -1; everybody's clock was `clockUs`
 * clock    timers that were due by `clockUs` fired
 * control  the `number`th control sent took effect before record `seq`, at tape clock `clockUs`
 */
export type OrderEntry =
  | { readonly type: 'turn'; readonly seq: number; readonly control: number; readonly clockUs: number }
  | { readonly type: 'clock'; readonly clockUs: number }
  | { readonly type: 'control'; readonly number: number; readonly seq: number; readonly clockUs: number; readonly symbol: number };

/** One line of JSON, without newline. */
export function orderLine(entry: OrderEntry): string {
  switch (entry.type) {
    case 'turn': return JSON.stringify({ type: 'turn', seq: entry.seq, control: entry.control, clockUs: entry.clockUs });
    case 'clock': return JSON.stringify({ type: 'clock', clockUs: entry.clockUs });
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
  const clockUs = fields['clockUs'];
  if (typeof clockUs !== 'number' || !(clockUs >= 0 && clockUs < 9e15)) throw new Error(`order record: clockUs must be a time in microseconds: ${line.slice(0, 80)}`);
  switch (fields['type']) {
    case 'turn': return { type: 'turn', seq: whole('seq', 0), control: whole('control', -1), clockUs };
    case 'clock': return { type: 'clock', clockUs };
    case 'control': return { type: 'control', number: whole('number', 0), seq: whole('seq', 0), clockUs, symbol: whole('symbol', 0) };
    default: throw new Error(`order record: the type must be turn, clock or control: ${line.slice(0, 80)}`);
  }
}
