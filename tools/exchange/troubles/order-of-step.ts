import type { Step } from './script.js';
import type { Subject } from './works.js';

let placed = 0;

/** As the venue's own web pages name orders; `same` takes the name that the client is about to use. */
export function clientIdOf({ clientId }: Step, { cause }: Subject): string {
  if (clientId !== undefined && clientId !== 'same') return clientId;
  const wanted = clientId === undefined ? undefined : cause.values?.get('newClientOrderId') ?? cause.values?.get('clientAlgoId');
  return wanted ?? `web_${String(++placed).padStart(20, '0')}`;
}

/** How far the market may be moved to fill an order, in basis points of its price. */
export const FARTHEST_BPS = 2000;

/** Ticks of a limit order: given, or so many basis points from the middle, below it for buys where negative. */
export function ticksAt(midTicks: number, bps: number): number {
  return Math.max(1, Math.round(midTicks * (1 + bps / 10_000)));
}
