import { colours } from '../../cli/output.js';
import { sparkline, statePaint } from '../../replay/live-view.js';
import { isoUs } from '../../replay/time.js';
import type { EngineStatus, EngineWatch, KernelView } from './watch.js';

/** Columns that a price line takes at most. */
const MOST_SPARKS = 60;

type Watched = Pick<EngineWatch, 'report' | 'kernel' | 'status' | 'orders' | 'refused' | 'withdrawn' | 'fills' | 'price'>;

export interface LiveFrame {
  readonly speed: number;
  /** What is going on, in words. */
  readonly phase: string;
  readonly watch: Watched;
  /** Recent prices by symbol, oldest first. */
  readonly prices: readonly (readonly number[])[];
  /** Newest last. */
  readonly events: readonly string[];
  readonly names: string;
  /** Where the same can be seen in a browser. */
  readonly url?: string | undefined;
}

/** The lines of one frame, none longer than `columns`, at most `rows`. */
export function liveFrame({ speed, phase, watch, prices, events, names, url }: LiveFrame, columns: number, rows: number, colour: boolean): string[] {
  const c = colours({ isTTY: colour });
  const paint = statePaint(colour);
  const lines: string[] = [];
  const put = (plain: string, painted = plain): void => void lines.push(plain.length <= columns ? painted : plain.slice(0, columns));
  const title = 'faultline';
  const pace = `live: exchange in a box and engine, ${speed} times real time`;
  put(`${title} ${pace}  (${names})`, `${c.bold(title)} ${pace}  ${c.dim(`(${names})`)}`);
  const { kernel, status } = watch;
  put(`${kernel === undefined ? 'opening' : `${isoUs(kernel.clockUs).slice(0, 19).replace('T', ' ')} UTC at the exchange`}   ${phase}`);
  // Cut off it would lead nowhere.
  if (url !== undefined && url.length <= columns) put(url, c.dim(url));
  put('');
  for (const symbol of kernel?.symbols ?? []) {
    const { index } = symbol;
    const name = watch.report.name(index);
    const state = watch.report.state(index).padEnd(8);
    const tail = ` ${bookText(watch, symbol)}`;
    const room = Math.max(8, Math.min(MOST_SPARKS, columns - name.length - state.length - tail.length - 3));
    const line = sparkline(prices[index] ?? [], room).padEnd(room);
    put(`${name} ${state} ${line}${tail}`, `${name} ${(paint[watch.report.state(index)] ?? String)(state)} ${line}${tail}`);
  }
  put('');
  for (const line of statusLines(watch, status)) put(line);
  put('');
  const room = rows - lines.length - 1;
  if (room > 0) for (const event of events.slice(-room)) put(event);
  return lines.slice(0, rows);
}

function bookText(watch: Watched, { index, price, bestBidTicks, bestAskTicks, spreadBps, live }: KernelView['symbols'][number]): string {
  const book = `${watch.price(index, bestBidTicks)} / ${watch.price(index, bestAskTicks)}`;
  return `${watch.price(index, price)}  book ${book}  spread ${(spreadBps === null ? '-' : spreadBps.toFixed(2)).padStart(6)} bp${live ? '' : '  NOT LIVE'}`;
}

/** Orders, positions, money, and whether all of that is what the exchange says. */
export function statusLines(watch: Watched, status: EngineStatus | undefined): string[] {
  const { report, orders, refused, withdrawn, fills } = watch;
  const pnl = Object.entries(report.pnl()).map(([settle, { net }]) => `${net} ${settle}`).join(', ');
  const equity = Object.entries(status?.trading?.equity ?? {}).map(([asset, amount]) => `${amount} ${asset}`).join(', ');
  const working = status?.orders ?? [];
  const open = status?.trading?.open ?? [];
  return [
    `orders ${orders} (${working.length} under way, ${refused} refused, ${withdrawn} withdrawn unsent)   fills ${fills}   trades ${report.trades.length}   net P&L ${pnl === '' ? '0' : pnl}   equity ${equity === '' ? '-' : equity}`,
    `position ${open.length === 0 ? 'none' : open.map(({ symbol, side, openLots, entryPrice, unrealised, settle }) => `${symbol} ${side} ${openLots} lots at ${entryPrice} (${unrealised ?? '?'} ${settle})`).join(', ')}`,
    ...(status?.truth ?? []).map(({ product, freshness, reasons, differencesSeen, unjudged, balances }) => {
      const ledger = status?.ledger?.find((one) => one.product === product);
      const amount = (all: Readonly<Record<string, string>> | undefined): string => all?.['USDT'] ?? '-';
      return `reconciliation ${freshness}${reasons.length === 0 ? '' : ` (${reasons.join('; ')})`}   differences ${differencesSeen} seen, ${unjudged} open   wallet ${amount(balances)} at the exchange, ${amount(ledger?.balances)} in our ledger`;
    }),
  ];
}
