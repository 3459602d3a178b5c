/** A progress bar on stderr. It draws only on a terminal, so logs and pipes stay clean. */
export interface Progress {
  /** `done` of the total so far, in the unit the bar was made with. */
  update(done: number): void;
  /** Ends the bar; with `text` that line stays on the terminal, without it the bar vanishes. */
  done(text?: string): void;
}

/** What a bar draws on: process.stderr, or a test's stand-in. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  /** Milliseconds that never go back; default performance.now. */
  readonly clock?: () => number;
  readonly stream?: ProgressStream;
  /** How amounts read; default: 1,234,567. */
  readonly format?: (amount: number) => string;
}

const REDRAW_EVERY_MS = 100;
const ERASE_LINE = '\r\u001b[K';
let open: { readonly stream: ProgressStream } | undefined;

/** Wipes a bar that is still on the terminal, so that an error message starts on a line of its own. */
export function clearProgress(): void {
  if (open === undefined) return;
  open.stream.write(ERASE_LINE);
  open = undefined;
}

/** Starts a bar. Without `total` it shows the amount and the rate; with it also the share and the time that is left. */
export function progress(label: string, total?: number, options: ProgressOptions = {}): Progress {
  const stream: ProgressStream = options.stream ?? process.stderr;
  if (stream.isTTY !== true) return { update: () => {}, done: () => {} };
  const clock = options.clock ?? (() => performance.now());
  const format = options.format ?? ((amount: number) => Math.floor(amount).toLocaleString('en-US'));
  const startMs = clock();
  let drawnMs = -Infinity;
  const bar: Progress = {
    update(done) {
      const nowMs = clock();
      if (nowMs - drawnMs < REDRAW_EVERY_MS) return;
      drawnMs = nowMs;
      open = { stream };
      stream.write(ERASE_LINE + barLine(label, done, total, nowMs - startMs, stream.columns ?? 80, format));
    },
    done(text) {
      stream.write(text === undefined ? ERASE_LINE : `${ERASE_LINE}${text}\n`);
      open = undefined;
    },
  };
  return bar;
}

function barLine(label: string, done: number, total: number | undefined, elapsedMs: number, columns: number, format: (amount: number) => string): string {
  const rate = elapsedMs > 0 ? (done / elapsedMs) * 1000 : 0;
  const pace = `${format(rate)}/s`;
  if (total === undefined || !(total > 0)) return fit(`${label}  ${format(done)}  ${pace}`, columns);
  const share = Math.min(1, Math.max(0, done / total));
  const left = rate > 0 && elapsedMs > 500 ? `${duration((total - Math.min(done, total)) / rate)} left` : '';
  const tail = `${String(Math.floor(share * 100)).padStart(3)} %  ${format(done)}/${format(total)}  ${pace}  ${left}`.trimEnd();
  const width = Math.min(30, columns - label.length - tail.length - 6);
  if (width < 8) return fit(`${label} ${tail}`, columns);
  const filled = Math.round(share * width);
  return `${label} [${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${tail}`;
}

/** A line as wide as the terminal wraps, and a wrapped line is not erased by a carriage return. */
function fit(line: string, columns: number): string {
  return line.length < columns ? line : line.slice(0, Math.max(0, columns - 1));
}

/** Seconds as a person says them: 42 s, 3 min 05 s, 1 h 02 min. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}
