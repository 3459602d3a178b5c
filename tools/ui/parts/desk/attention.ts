/** What a person should look at, worst first. */
import type { Attention, Desk, PositionRow, Severity } from '../../wire/desk.js';
import type { DeskFacts } from './facts.js';

/** A tenth of a bucket is what calls that take risk off live on. */
const LOW_SHARE = 0.1;

/** What each proposed action of reconciliation means. */
const ACTIONS: Readonly<Record<string, string>> = {
  openOrder: 'taken as open', updateOrder: 'set to what the exchange says', adoptOrder: 'adopted', settleOrder: 'ended as the exchange says', forgetOrder: 'forgotten: it never was, or is gone', bookFill: 'booked',
  bookIncome: 'booked', disputeFill: 'told, not unbooked', setPosition: 'set to what the exchange says', setHolding: 'set to what the exchange says', setBalance: 'set to what the exchange says', setMode: 'set to what the exchange says',
  leaveDust: 'left: too little to be sold', lookUp: 'looked up by its id', protect: 'a stop is placed, or it is closed', cancelOrder: 'withdrawn',
};

type Shown = Pick<Desk, 'positions' | 'orders' | 'differences' | 'truth' | 'guards' | 'limits' | 'breakers' | 'userStreams' | 'balances'>;

export function attentionOf(facts: DeskFacts, shown: Shown, missing: readonly string[]): Attention[] {
  const found: Attention[] = [];
  const add = (severity: Severity, id: string, text: string, action = '', sinceMs: number | null = null): void => void found.push({ id, severity, text, action, sinceMs });
  const { storeFailed = null, stopping = false, paused = null } = facts.operator ?? {};
  for (const each of missing) add('bad', `missing ${each}`, each);
  if (storeFailed !== null) add('bad', 'store', `the record cannot be written: ${storeFailed}`, 'openings are off and the engine ends');
  if (stopping) add('warn', 'stopping', 'the engine is stopping');
  if (paused !== null) add('warn', 'paused', `paused by ${paused.by}: ${paused.reason}`, 'resume ends it', paused.atMs);
  for (const position of shown.positions.rows) ofPosition(position, add);
  for (const { key, trouble, clientId, instrument, side, quantity, changedMs, note } of shown.orders.rows) {
    if (trouble === null) continue;
    const what = { unknown: 'in doubt', unlisted: 'not listed by the exchange', orphan: 'an orphan', foreign: 'foreign', exchange: 'the exchange’s own' }[trouble];
    add(trouble === 'unlisted' ? 'warn' : 'bad', `order ${key}`, `the order ${clientId} (${instrument} ${side} ${quantity}) is ${what}`, note, changedMs);
  }
  for (const { product, freshness, reasons, readMs, unjudged } of shown.truth) {
    if (freshness !== 'fresh') add('bad', `truth ${product}`, `what the exchange says of ${product} is ${freshness}: ${reasons.join('; ')}`, 'nothing opens until it is fresh; refresh reads it now', readMs);
    for (const { what, key, reason } of unjudged) add('warn', `unjudged ${product} ${what} ${key}`, `${what} ${key} of ${product} could not be judged: ${reason}`, 'the next reading looks again');
  }
  for (const { product, kind, about, instrument, action, toldMs, settledMs } of shown.differences.rows) {
    if (settledMs === null) add(kind === 'dust' ? 'warn' : 'bad', `difference ${product} ${kind} ${instrument} ${about}`, `${kind}: ${instrument === '' ? product : instrument} ${about}`, ACTIONS[action] ?? action, toldMs);
  }
  for (const { product, class: callClass, state, cause, sinceUs } of shown.breakers.rows) {
    if (state !== 'closed') add(state === 'open' ? 'bad' : 'warn', `breaker ${product} ${callClass}`, `the breaker of ${product} ${callClass} is ${state === 'halfOpen' ? 'half open' : state}: ${cause}`, 'it probes by itself', sinceUs === null ? null : sinceUs / 1000);
  }
  ofLimits(shown, add);
  // The operator's pause and truth have told their reasons already.
  for (const { guard, detail } of shown.guards.rows) if (guard !== 'operator_pause' && guard !== 'truth_not_fresh') add('bad', `guard ${guard} ${detail}`, `openings are off, ${guard}: ${detail}`);
  for (const { product, live, reason } of shown.userStreams.rows) if (!live) add('bad', `user ${product}`, `the private stream of ${product} is down: ${reason}`, 'it connects again by itself; orders are asked for meanwhile');
  for (const problem of facts.health?.problems ?? []) add('bad', `feed ${problem}`, problem);
  for (const { kind, severity, product, class: callClass, path, status, code, text, atUs } of facts.gateway?.errors.standing.rows ?? []) {
    if (severity !== 'warning') add(severity === 'critical' ? 'bad' : 'warn', `venue ${product} ${callClass} ${kind}`, `${kind} at ${product} ${path}: ${status}, ${code} ${text}`, severity === 'critical' ? 'a person has to see to it' : '', atUs / 1000);
  }
  for (const { product, asset, exchange, ledger, difference } of shown.balances.rows) {
    if (difference !== '' && difference !== '0') add('warn', `balance ${product} ${asset}`, `${asset} of ${product}: the exchange has ${exchange}, our ledger ${ledger}`, 'a reading explains or sets it');
  }
  return found.sort((a, b) => Number(a.severity === 'warn') - Number(b.severity === 'warn'));
}

type Add = (severity: Severity, id: string, text: string, action?: string, sinceMs?: number | null) => void;

function ofPosition({ key, instrument, side, quantity, stop, owners, booked, closing }: PositionRow, add: Add): void {
  const what = `${instrument} ${side} ${quantity}`;
  if (stop.state === 'none' || stop.state === 'part') add('bad', `stop ${key}`, `${what}: ${stop.state === 'none' ? 'no stop' : `stops for ${stop.quantity} alone`}`, closing === null ? 'the guard places one, or closes it at market' : `it is being closed: ${closing}`, stop.nakedSinceMs);
  if (stop.state === 'unknown') add('bad', `stop ${key}`, `${what}: nobody can say whether it has a stop`);
  if (booked !== null) add('bad', `booked ${key}`, `${what} by the exchange, ${booked} by our books`, 'reconciliation sets it to the exchange’s');
  const foreign = owners.filter(({ ours }) => !ours);
  if (foreign.length > 0) add('warn', `foreign ${key}`, `${what}: ${foreign.map((each) => each.quantity).join(', ')} of it is foreign`, 'it is left alone, and nobody protects it');
}

function ofLimits(shown: Shown, add: Add): void {
  const blocked = new Map(shown.limits.rows.flatMap(({ product, blocked: by }) => (by === null ? [] : [[product, by] as const])));
  for (const [product, { kind, reason, untilUs }] of blocked) add('bad', `limits ${product}`, `${product}: ${kind === 'ban' ? 'banned' : 'told to wait'}: ${reason}`, `until ${new Date(untilUs / 1000).toISOString()}; release goes on before that`);
  for (const { product, bucket, limit, left } of shown.limits.rows) {
    if (limit !== null && left !== null && left < limit * LOW_SHARE) add('warn', `limit ${product} ${bucket}`, `${product}: ${left} of ${limit} left of ${bucket}`);
  }
}
