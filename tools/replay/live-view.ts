import { colours } from '../cli/output.js';
import { isoUs } from './time.js';

/** What the live view shows of a running replay; plain values, filled by whoever runs it. */
export interface LiveSnapshot {
  readonly tape: string;
  readonly clockUs: number;
  readonly startUs: number;
  readonly endUs: number;
  readonly records: number;
  readonly totalRecords: number;
  /** Tape seconds per wall second; Infinity when unpaced. */
  readonly speed: number;
  readonly symbols: readonly LiveSymbol[];
  /** Newest last. */
  readonly events: readonly string[];
  readonly trades: number;
  readonly netPnl: string;
  readonly restarts: number;
  readonly tree: readonly string[];
}

export interface LiveSymbol {
  readonly symbol: string;
  readonly state: string;
  readonly price: string;
  /** Recent prices, oldest first, one a sample. */
  readonly prices: readonly number[];
  readonly votes: string;
  readonly spreadBps: number;
  readonly book: string;
}

/** The colour of a detector's state. */
export function statePaint(colour: boolean): Readonly<Record<string, (text: string) => string>> {
  const c = colours({ isTTY: colour });
  return { SLEEP: c.dim, ALERT: c.yellow, ACTIVE: (text) => c.red(c.bold(text)), RECOVERY: c.cyan, SHUTDOWN: c.magenta };
}

const BLOCKS = '▁▂▃▄▅▆▇█';

/** A line of block characters, one a value, scaled to the values' own range; '·' where there is no value. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const finite = shown.filter(Number.isFinite);
  const low = Math.min(...finite);
  const span = Math.max(...finite) - low;
  return shown
    .map((value) => (Number.isFinite(value) ? BLOCKS[span > 0 ? Math.min(7, Math.floor(((value - low) / span) * 8)) : 3]! : '·'))
    .join('');
}

/** The lines of one frame, none longer than `columns`. */
export function renderFrame(live: LiveSnapshot, columns: number, rows: number, colour: boolean): string[] {
  const c = colours({ isTTY: colour });
  const paint = statePaint(colour);
  const lines: string[] = [];
  const put = (plain: string, painted = plain): void => {
    lines.push(plain.length <= columns ? painted : plain.slice(0, columns));
  };
  const spanUs = Math.max(1, live.endUs - live.startUs);
  const share = Math.min(1, Math.max(0, (live.clockUs - live.startUs) / spanUs));
  const width = Math.max(10, Math.min(50, columns - 46));
  const filled = Math.round(share * width);
  const pace = Number.isFinite(live.speed) ? `${live.speed.toFixed(0)}x` : 'full speed';
  put(`faultline replay  ${live.tape}`, `${c.bold('faultline replay')}  ${live.tape}`);
  put(
    `${isoUs(live.clockUs).slice(0, 19).replace('T', ' ')} UTC  [${'█'.repeat(filled)}${'░'.repeat(width - filled)}] ${(share * 100).toFixed(0)} %  ${pace}`,
  );
  put('');
  // No column wider than it must be: with the usual 80, the longest state and a book that is not LIVE, all of it shows.
  const nameWidth = Math.max(0, ...live.symbols.map(({ symbol }) => symbol.length));
  const priceWidth = Math.max(0, ...live.symbols.map(({ price }) => price.length));
  for (const symbol of live.symbols.slice(0, Math.max(1, rows - 14))) {
    const name = symbol.symbol.padEnd(nameWidth);
    const head = `${name} ${symbol.state.padEnd(8)}`;
    const tail = ` ${symbol.price.padStart(priceWidth)}  spread ${(Number.isFinite(symbol.spreadBps) ? symbol.spreadBps.toFixed(2) : '-').padStart(6)} bp  votes ${symbol.votes}  book ${symbol.book}`;
    const room = Math.max(8, Math.min(60, columns - head.length - tail.length - 1));
    const line = sparkline(symbol.prices, room).padEnd(room);
    const state = (paint[symbol.state] ?? ((text: string) => text))(symbol.state.padEnd(8));
    put(`${head} ${line}${tail}`, `${name} ${state} ${line}${tail}`);
  }
  put('');
  put(`trades ${live.trades}   net P&L ${live.netPnl}   restarts ${live.restarts}   records ${live.records.toLocaleString('en-US')}/${live.totalRecords.toLocaleString('en-US')}`);
  put('');
  const left = Math.max(0, rows - lines.length - 1);
  const treeRows = Math.min(live.tree.length, Math.floor(left / 2));
  for (const row of live.tree.slice(0, treeRows)) put(row, c.dim(row));
  if (treeRows > 0) put('');
  const room = rows - lines.length - 1;
  if (room > 0) for (const event of live.events.slice(-room)) put(event);
  return lines;
}

/** Draws frames in place on a terminal, and gives the terminal back as it was. */
export class LiveView {
  readonly #stream: NodeJS.WriteStream;
  #drawn = 0;
  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.write('\u001b[?25l');
  }

  /** `render` makes the lines of a frame for so many columns and rows. */
  draw(render: (columns: number, rows: number) => readonly string[]): void {
    const lines = render((this.#stream.columns ?? 100) - 1, (this.#stream.rows ?? 30) - 1);
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : '';
    this.#stream.write(up + lines.map((line) => `\u001b[2K${line}\n`).join('') + '\u001b[0J');
    this.#drawn = lines.length;
  }

  close(): void {
    this.#stream.write('\u001b[?25h');
  }
}

