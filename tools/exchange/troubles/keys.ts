import type { Act, WrittenStep } from './schema.js';

type Key = keyof WrittenStep;

const LATE: readonly Key[] = ['by', 'jitter', 'growth'];

/** Keys that an act reads, beside those of any step: when, and whom. */
const READ: Readonly<Record<Act, readonly Key[]>> = {
  'delay-request': LATE, 'delay-answer': LATE, fail: ['code', 'message', 'status', 'page', 'effect'], 'cut-answer': ['middle', 'effect'], hang: ['by', 'effect'],
  'stale-snapshot': [], 'shallow-snapshot': ['levels'], 'limit-weight': ['weight'], ban: [],
  delay: LATE, lose: [], repeat: ['copies', 'by'], swap: LATE, 'cut-frame': [], 'lose-deletes': [],
  refuse: ['sockets', 'status'], 'half-open': ['sockets'],
  'skew-clock': ['by'], partition: ['sockets', 'heal'], maintenance: ['halt'], 'freeze-market': [],
  disconnect: ['sockets', 'close'], 'announce-shutdown': [], 'restart-engine': [], 'end-listen-keys': ['silent'],
  'place-order': ['side', 'quantity', 'price', 'bps', 'positionSide', 'clientId'], 'cancel-orders': [], 'fill-orders': [], 'close-position': ['clientId'],
  'position-mode': ['hedge'], 'forget-fills': [], liquidate: [], deleverage: [], settle: [],
};
const OWN: ReadonlySet<string> = new Set(Object.values(READ).flat());

/** A key of a step that its act would overlook; undefined = there is none. */
export function overlooked(step: WrittenStep): string | undefined {
  return Object.keys(step).find((key) => OWN.has(key) && !(READ[step.do] as readonly string[]).includes(key));
}
