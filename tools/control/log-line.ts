import { colours } from '../cli/output.js';
import { LOG_LEVELS, type LineLevel, type LogLevel } from '../process/log-level.js';

/** A line of a log as data; a line that is none stays text. */
export interface LogEntry {
  readonly level: LineLevel;
  readonly time: string;
  readonly pid: number | null;
  readonly event: string;
  readonly message: string;
  readonly path: string | null;
  /** Everything else that the line says. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Undefined for what is no line of a log of ours. */
export function parseLogLine(line: string): LogEntry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const { level, time, pid, process: _process, event, msg, ...fields } = value as Record<string, unknown>;
    if (typeof time !== 'string' || !(LOG_LEVELS as readonly unknown[]).includes(level)) return undefined;
    const path = fields['path'];
    return {
      level: level as LineLevel, time, pid: typeof pid === 'number' ? pid : null, event: typeof event === 'string' ? event : '', message: typeof msg === 'string' ? msg : '',
      path: typeof path === 'string' ? path : null, fields,
    };
  } catch {
    return undefined;
  }
}

export interface LogFilter {
  readonly level: LogLevel;
  /** Actor and everything below it. */
  readonly path?: string;
}

/** Whether a line is wanted. One that cannot be read is, unless something was asked of it: it may be what one looks for. */
export function wantedLine(line: string, { level, path }: LogFilter): boolean {
  const entry = parseLogLine(line);
  if (entry === undefined) return path === undefined && level === 'trace';
  if (LOG_LEVELS.indexOf(entry.level) < LOG_LEVELS.indexOf(level)) return false;
  return path === undefined || path === '/' || entry.path === path || (entry.path?.startsWith(`${path}/`) ?? false);
}

/** Control characters must not reach a terminal. */
const printable = (text: string): string => text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '�').replaceAll(/[\n\t]/g, ' ');

/** A line for people: time, level, what happened, and where it is short what else it says. */
export function prettyLine(line: string, stream: { readonly isTTY?: boolean } = process.stdout): string {
  const entry = parseLogLine(line);
  if (entry === undefined) return printable(line);
  const c = colours(stream);
  const paint = { trace: c.dim, debug: c.dim, info: c.green, warn: c.yellow, error: c.red, fatal: (text: string) => c.bold(c.red(text)) }[entry.level];
  const rest = Object.entries(entry.fields).filter(([key, value]) => isShort(value) && !entry.message.includes(String(value)) && key !== 'path').map(([key, value]) => `${key}=${printable(String(value))}`);
  return `${c.dim(entry.time.replace('T', ' ').replace('Z', ''))} ${paint(entry.level.padEnd(5))} ${printable(entry.message)}${rest.length === 0 ? '' : c.dim(`  ${rest.join(' ')}`)}`;
}

function isShort(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && value.length <= 60);
}
