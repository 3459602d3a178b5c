import type { ExchangeEntry } from './exchange/protocol.js';
import type { AccountState } from './desk/account.js';
import type { Links } from './desk/links.js';
import { slotPath, type RouterState } from './desk/router.js';
import type { SlotState } from './desk/slot.js';
import { MARK_MS, type Script } from './script.js';

/** The states of the durable actors where a run of the script ended. */
export interface FinalStates {
  readonly router: RouterState;
  readonly account: AccountState;
  readonly slots: readonly SlotState[];
}

/** What a run lost and what it did twice, one sentence each. */
export interface Verdict {
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
}

/**
 * Holds a finished run of the script against the script itself: each order at the exchange exactly once, each input that
 * was acknowledged in the desk, money and position as the fills say, every message between durable actors once, every
 * timer once. The uninterrupted run has to pass it too.
 */
export function judge(script: Script, entries: readonly ExchangeEntry[], states: FinalStates): Verdict {
  const lost: string[] = [];
  const doubled: string[] = [];
  judgeExchange(script, entries, lost, doubled);
  judgeInputs(script, entries, states.router, lost);
  judgeLedger(script, states, lost, doubled);
  judgeMessages(states, lost, doubled);
  const marks = Math.floor(script.endUs / (MARK_MS * 1000));
  if (states.account.marks < marks) lost.push(`timer: the account's timer came ${states.account.marks} times, not ${marks}`);
  if (states.account.marks > marks) doubled.push(`timer: the account's timer came ${states.account.marks} times, not ${marks}`);
  return { lost, doubled };
}

function judgeExchange(script: Script, entries: readonly ExchangeEntry[], lost: string[], doubled: string[]): void {
  const places = new Map<number, number>();
  const cancels = new Map<number, number>();
  const keys = new Map<string, string>();
  for (const entry of entries) {
    if (entry.op === 'ack') continue;
    const what = `${entry.op} of order ${entry.order}`;
    const used = keys.get(entry.key);
    if (used !== undefined) doubled.push(`effect: key ${entry.key} came twice, for ${used} and for ${what}`);
    keys.set(entry.key, what);
    if (entry.op === 'query') continue;
    const counts = entry.op === 'place' ? places : cancels;
    counts.set(entry.order, (counts.get(entry.order) ?? 0) + 1);
    if (entry.op !== 'place') continue;
    const wanted = script.orders[entry.order];
    if (wanted === undefined) doubled.push(`order ${entry.order} was placed, and nobody wanted it`);
    else if (wanted.side !== entry.side || wanted.lots !== entry.lots || wanted.ticks !== entry.ticks) lost.push(`order ${entry.order} was placed as another order`);
  }
  for (const { id, fillMs } of script.orders) {
    const placed = places.get(id) ?? 0;
    if (placed === 0) lost.push(`order ${id} never reached the exchange`);
    if (placed > 1) doubled.push(`order ${id} was placed ${placed} times`);
    const cancelled = cancels.get(id) ?? 0;
    if (fillMs === null && cancelled === 0) lost.push(`the cancel of order ${id} never reached the exchange`);
    if (cancelled > 1) doubled.push(`order ${id} was cancelled ${cancelled} times`);
    if (fillMs !== null && cancelled > 0) doubled.push(`order ${id} was cancelled, and nobody wanted that`);
  }
}

function judgeInputs(script: Script, entries: readonly ExchangeEntry[], router: RouterState, lost: string[]): void {
  if (router.missedInputs > 0) lost.push(`input: the router missed ${router.missedInputs} inputs`);
  const acked = entries.reduce((last, entry) => (entry.op === 'ack' ? Math.max(last, entry.input) : last), -1);
  if (acked !== script.orders.length - 1) lost.push(`input: ${acked + 1} of ${script.orders.length} were acknowledged`);
  if (router.nextInput <= acked) lost.push(`input: ${acked - router.nextInput + 1} were acknowledged and are not in the desk`);
}

function judgeLedger(script: Script, { router, account, slots }: FinalStates, lost: string[], doubled: string[]): void {
  let position = 0;
  let spent = 0;
  let fills = 0;
  for (const { id, side, lots, ticks, fillMs } of script.orders) {
    const wanted = fillMs === null ? 'cancelled' : 'filled';
    const outcome = router.outcomes[id];
    if (outcome !== wanted) lost.push(`ledger: order ${id} is ${outcome ?? 'open'}, not ${wanted}`);
    if (fillMs === null) continue;
    fills += 1;
    position += side * lots;
    spent += side * lots * ticks;
  }
  if (router.doneTwice > 0) doubled.push(`ledger: ${router.doneTwice} orders were closed twice`);
  if (account.fills < fills) lost.push(`account: ${account.fills} fills, not ${fills}`);
  if (account.fills > fills) doubled.push(`account: ${account.fills} fills, not ${fills}`);
  if (account.fills === fills && (account.position !== position || account.spent !== spent)) {
    lost.push(`account: position ${account.position} and spent ${account.spent}, not ${position} and ${spent}`);
  }
  const reserved = Object.keys(account.reserved).length;
  if (reserved > 0) lost.push(`account: money of ${reserved} closed orders is still set aside`);
  const done = slots.reduce((sum, slot) => sum + slot.done, 0);
  if (done < script.orders.length) lost.push(`orders: ${done} closed, not ${script.orders.length}`);
  if (done > script.orders.length) doubled.push(`orders: ${done} closed, not ${script.orders.length}`);
}

function judgeMessages({ router, account, slots }: FinalStates, lost: string[], doubled: string[]): void {
  const links = new Map<string, Links>([['/router', router.links], ['/account', account.links]]);
  for (const [at, slot] of slots.entries()) links.set(slotPath(at), slot.links);
  for (const [path, { missed, repeated, sent }] of links) {
    if (missed > 0) lost.push(`messages: ${path} missed ${missed}`);
    if (repeated > 0) doubled.push(`messages: ${path} got ${repeated} twice`);
    for (const [to, last] of Object.entries(sent)) {
      const received = links.get(to)?.received[path] ?? 0;
      if (received < last) lost.push(`messages: ${to} has ${received} of ${last} from ${path}`);
      if (received > last) doubled.push(`messages: ${to} has ${received} from ${path}, which sent ${last}`);
    }
  }
}
