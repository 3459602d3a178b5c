import { aheadOfServer, illegalChars, missing, outsideWindow, windowTooLong } from '../errors.js';
import { type Family, stampUs } from '../params.js';

const DEFAULT_WINDOW_US = 5_000_000;
const MOST_WINDOW_MS = 60_000;
const AHEAD_US = 1_000_000;
const STAMP = /^[0-9]{1,20}$/;
const WINDOW = /^[0-9]{1,20}(\.[0-9]{1,3})?$/;

/** The moment a request was stamped with and how long it is good for. */
export interface Window {
  readonly stampUs: number;
  readonly windowUs: number;
}

/** Reads `timestamp` (milliseconds or microseconds) and `recvWindow` (milliseconds, up to three decimals); throws -1102, -1100, on futures -1131. */
export function windowOf(timestamp: string | undefined, recvWindow: string | undefined, family: Family = 'spot'): Window {
  if (timestamp === undefined || timestamp === '') throw missing('timestamp');
  if (!STAMP.test(timestamp)) throw illegalChars('timestamp', '^[0-9]{1,20}$');
  const atUs = stampUs(Number(timestamp));
  if (recvWindow === undefined) return { stampUs: atUs, windowUs: DEFAULT_WINDOW_US };
  if (!WINDOW.test(recvWindow)) throw illegalChars('recvWindow', '^[0-9]{1,20}(\\.[0-9]{1,3})?$');
  const windowMs = Number(recvWindow);
  if (windowMs > MOST_WINDOW_MS) throw windowTooLong(family);
  return { stampUs: atUs, windowUs: Math.round(windowMs * 1000) };
}

/** On receipt: throws -1021 in either of its texts. */
export function checkOnReceipt(window: Window, nowUs: number): void {
  if (window.stampUs >= nowUs + AHEAD_US) throw aheadOfServer();
  checkBeforeEngine(window, nowUs);
}

/** Just before the matching engine: throws -1021 when the window has passed meanwhile. */
export function checkBeforeEngine(window: Window, nowUs: number): void {
  if (nowUs - window.stampUs > window.windowUs) throw outsideWindow();
}
