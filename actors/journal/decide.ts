import type { ActorContext } from '../../runtime/index.js';
import { JOURNAL_PATH, type Decision } from './decision.js';

/**
 * Sends one decision to the journal. `seq` is that of the latest message that carried one to the deciding actor: a timer
 * carries none, and edges arrive alike in every placement, so the number does too. -1 before the first.
 */
export function decide<M>(
  ctx: ActorContext<M>,
  kind: Decision['kind'],
  symbol: number,
  seq: number,
  data: Decision['data'],
  journalPath: string = JOURNAL_PATH,
): void {
  const decision: Decision = { type: 'decision', seq, atUs: ctx.nowUs(), by: ctx.path, kind, symbol, data };
  ctx.send(ctx.ref<Decision>(journalPath), decision);
}
