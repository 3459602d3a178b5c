/**
 * Everything that can happen to one order, breadth first: the statechart before a venue that may lose, double, delay and reorder every message,
 * fill, end and forget to tell, and a process that may die at any point and comes back with what was on its disk. Timers may fire at any
 * time, so nothing here hangs on how fast anything is.
 */
import { initialTransition, transition, type AnyStateMachine } from 'xstate';
import type { AlgoReport, OrderReport } from '../../../actors/engine/venue-calls.js';
import type { CallStep } from '../../../actors/orders/answers.js';
import { needsAsk, newRecord, owedLots, recovered, type Knowledge, type OrderEvent } from '../../../actors/orders/knowledge.js';
import { algoMachine, orderMachine, type OrderContext, type OrderMachineInput } from '../../../actors/orders/machine.js';
import { isFinal, type OrderIntent, type OrderRecord, type OrderState } from '../../../actors/orders/messages.js';
import { ordersSchema } from '../../../config/engine/orders.js';
import { answerTo, isOpen, modelVenue, WINDOW_MS, type Flying, type Venue, type VenueOrder } from './model-venue.js';

/** How often each kind of trouble may happen on one path. */
export interface Budgets {
  readonly lost: number;
  readonly doubled: number;
  readonly crashes: number;
  readonly asks: number;
  readonly cancels: number;
  readonly lots: number;
}

export interface Explored {
  readonly states: number;
  readonly transitions: number;
  /** Paths were cut where a budget was used up. */
  readonly finals: Readonly<Record<string, number>>;
  /** The first violation, with the way there; null for none. */
  readonly violation: { readonly what: string; readonly path: readonly string[] } | null;
}

interface World {
  readonly snapshot: Snapshot;
  readonly timers: readonly string[];
  readonly nowMs: number;
  readonly venue: Venue;
  /** On the way to the venue, and to the machine. */
  readonly flying: readonly Flying[];
  readonly coming: readonly OrderEvent[];
  readonly flushing: boolean;
  readonly flushed: boolean;
  readonly row: OrderRecord | null;
  readonly oldRow: OrderRecord | null;
  readonly left: Budgets;
  readonly placings: number;
  readonly told: readonly string[];
  /** Told before the crash: the record has them once. */
  readonly over: OrderState | null;
}
interface Snapshot {
  readonly value: unknown;
  readonly context: OrderContext;
}
interface Step {
  readonly name: string;
  readonly world: World;
}
class Violation extends Error {}

/** Messages are shared by many worlds: each is written out once. */
const texts = new WeakMap<object, string>();
function textOf(message: object): string {
  let text = texts.get(message);
  if (text === undefined) texts.set(message, (text = JSON.stringify(message)));
  return text;
}

const PARAMS = { ...ordersSchema.parse({}), outcomeTimeoutMs: 10, longestWindowMs: WINDOW_MS, clockMarginMs: 0, cancelRecoveredEntries: false } as OrderContext['params'];
const AROUND = { instrument: { name: 'BTCUSDT', product: 'usdm', tickSize: '0.1', lotSize: '0.001' }, managerPath: '/m', gatewayPath: '/g' } as const;

export interface ModelOptions {
  readonly service: 'order' | 'algo';
  readonly budgets: Budgets;
  /** A machine with a bug in it. */
  readonly machine?: AnyStateMachine;
  /** How a process begins with what an earlier one left. */
  readonly restart?: (record: OrderRecord, nowMs: number) => OrderRecord;
  readonly mostStates?: number;
}

export function explore({ service, budgets, machine = service === 'algo' ? algoMachine : orderMachine, restart = (record, nowMs) => recovered(record, nowMs, PARAMS), mostStates = Infinity }: ModelOptions): Explored {
  const intent: OrderIntent = {
    id: 'a', clientId: 'fl-a', product: 'usdm', symbol: 0, service, side: 'buy', positionSide: 'BOTH', kind: service === 'algo' ? 'stop' : 'limit', priceTicks: 100,
    triggerTicks: service === 'algo' ? 90 : 0, lots: budgets.lots, timeInForce: 'GTC', reduceOnly: false, reduces: null, owner: '', listId: null, createdMs: 1,
  };
  const { fillOf, orderReport, algoReport, arrive } = modelVenue(service, budgets.lots);
  const seen = new Set<string>();
  const parents: { readonly from: number; readonly name: string }[] = [];
  const queue: { readonly world: World; readonly number: number }[] = [];
  const finals: Record<string, number> = {};
  let transitions = 0;

  // ---------------------------------------------------------------- the machine

  function begin(base: Omit<World, 'snapshot' | 'timers'>, record: OrderRecord): World {
    const input: OrderMachineInput = { params: PARAMS, record, nowMs: base.nowMs, around: AROUND };
    const [snapshot, actions] = initialTransition(machine, input as never);
    return carry({ ...base, snapshot: snapshot as unknown as Snapshot, timers: [] }, actions as readonly Action[], null, null);
  }

  /** A machine's state in normal form is one object: many worlds share it, and each step of it is taken once. */
  const interned = new Map<string, Snapshot>();
  const numbers = new WeakMap<Snapshot, number>();
  const normals = new WeakMap<Snapshot, Snapshot>();
  /** An answer nobody waits for, and that tells nothing. */
  const isEmpty = (event: OrderEvent): boolean => event.type === 'answer' && event.call === -1 && (event.told.kind !== 'ok' || event.told.reports.length === 0);
  const steps = new Map<string, { readonly snapshot: Snapshot; readonly actions: readonly Action[] }>();
  function intern(snapshot: Snapshot): Snapshot {
    const key = JSON.stringify([snapshot.value, plainOf(snapshot.context.known)]);
    let found = interned.get(key);
    if (found === undefined) {
      interned.set(key, (found = snapshot));
      numbers.set(found, interned.size);
    }
    return found;
  }

  function step(world: World, event: OrderEvent | { readonly type: string }): World {
    const before = world.snapshot;
    const key = `${numbers.get(before)!} ${world.nowMs} ${textOf(event)}`;
    let taken = steps.get(key);
    if (taken === undefined) {
      const [snapshot, actions] = transition(machine, before as never, { ...event, nowMs: world.nowMs } as never);
      steps.set(key, (taken = { snapshot: snapshot as unknown as Snapshot, actions: actions as readonly Action[] }));
    }
    return carry({ ...world, snapshot: taken.snapshot }, taken.actions, event as OrderEvent, before);
  }

  /**
   * Numbers of calls only tell the one that is waited for from all others, and how often was asked only how long to wait: worlds that differ
   * in nothing else are one.
   */
  function normal(world: World): World {
    const { context } = world.snapshot;
    const { known } = context;
    const renamed = <T extends { readonly step: CallStep; readonly call: number }>(call: T): T => {
      if (call.step === 'place') return call;
      const number = call.step === 'cancel' ? (call.call === known.withdrawing ? 2 : -1) : call.call === known.asking ? 1 : -1;
      return number === call.call ? call : { ...call, call: number };
    };
    let snapshot = normals.get(world.snapshot);
    if (snapshot === undefined) {
      const record = { ...known.record, changedMs: 0 };
      const plain: Knowledge = { ...known, record, asking: known.asking === 0 ? 0 : 1, withdrawing: known.withdrawing === 0 ? 0 : 2, calls: 2, fruitless: 0, fills: [] };
      normals.set(world.snapshot, (snapshot = intern({ ...world.snapshot, context: { ...context, nowMs: 0, known: plain } })));
    }
    return {
      ...world,
      snapshot,
      flying: world.flying.map(renamed),
      coming: world.coming.map((event) => (event.type === 'answer' ? renamed(event) : event)).filter((event) => !isEmpty(event)),
    };
  }

  interface Action {
    readonly type: string;
    readonly params?: unknown;
  }

  /** Carries out what the machine wants, and looks whether it may. */
  function carry(world: World, actions: readonly Action[], event: OrderEvent | null, before: Snapshot | null): World {
    let { timers, flying, row, oldRow, flushing, placings, told } = world;
    const { known } = world.snapshot.context;
    let { asks, cancels } = world.left;
    for (const { type, params } of actions) {
      switch (type) {
        case 'xstate.raise': {
          const { id, delay } = params as { readonly id?: string; readonly delay?: number };
          if (typeof delay === 'number') timers = [...timers.filter((timer) => timer !== id), id!].toSorted();
          break;
        }
        case 'xstate.cancel': {
          const { sendId } = params as { readonly sendId: string };
          timers = timers.filter((timer) => timer !== sendId);
          break;
        }
        case 'announce':
          if ((params as { readonly state: OrderState }).state === 'journalling' && !known.record.journalled) flushing = true;
          oldRow ??= row;
          row = known.record;
          break;
        case 'tellFills':
          for (const { tradeId } of fillsOf(world.snapshot, before)) {
            if (told.includes(tradeId)) throw new Violation(`trade ${tradeId} is told twice`);
            told = [...told, tradeId];
            row = known.record;
          }
          break;
        case 'place':
          placings += 1;
          if (placings > 1) throw new Violation('the order is sent a second time');
          if (!world.flushed) throw new Violation('the order is sent before its intent is on the disk');
          flying = [...flying, { step: 'place', call: 0, stampMs: world.nowMs, givenUp: false }];
          break;
        case 'ask':
          asks -= 1;
          flying = [...flying, { step: known.step, call: known.asking, stampMs: world.nowMs, givenUp: false }];
          break;
        case 'withdraw':
          cancels -= 1;
          flying = [...flying, { step: 'cancel', call: known.withdrawing, stampMs: world.nowMs, givenUp: false }];
          break;
        default:
          break;
      }
    }
    const next: World = { ...world, timers, flying, row, oldRow, flushing, placings, told, left: { ...world.left, asks, cancels } };
    judge(next, event, before);
    return normal({ ...next, over: isFinal(lifeOf(next.snapshot)) ? lifeOf(next.snapshot) : next.over });
  }

  const lifeOf = ({ value }: Snapshot): OrderState => (value as { readonly life: OrderState }).life;
  /** Those of the event itself: questions that follow in the same step have cleared the list. */
  function fillsOf(after: Snapshot, before: Snapshot | null): readonly { readonly tradeId: string }[] {
    const had = before?.context.known.record.tradeIds ?? after.context.known.record.tradeIds;
    return after.context.known.record.tradeIds.slice(had.length).map((tradeId) => ({ tradeId }));
  }

  function judge(world: World, event: OrderEvent | null, before: Snapshot | null): void {
    const { record } = world.snapshot.context.known;
    const life = lifeOf(world.snapshot);
    const { venue } = world;
    const sum = world.told.length;
    if (sum > (venue.order?.filled ?? 0)) throw new Violation('a fill is told that never was');
    if (world.over !== null && life !== world.over && life !== 'filled') throw new Violation(`an order that was ${world.over} is ${life}`);
    if (world.over !== null && record.end === null) throw new Violation(`an order that was ${world.over} is open again`);
    if (life === 'filled' && record.bookedLots < intent.lots && venue.order?.status !== 'FILLED') throw new Violation('an order is told as filled that is not');
    if (before !== null && lifeOf(before) === 'unknown' && life !== 'unknown') {
      const answered = event !== null && (event.type === 'report' || event.type === 'fills' || (event.type === 'answer' && event.told.kind !== 'unknown'));
      if (!answered) throw new Violation(`unknown is left for ${life} without an answer of the exchange`);
    }
    const exists = venue.algo === 'NEW' || venue.order !== null;
    const mayCome = world.flying.some((call) => call.step === 'place' && call.stampMs + WINDOW_MS >= world.nowMs);
    const { end } = record;
    if (end?.by === 'absence' && (exists || mayCome)) throw new Violation('an order is given up that the exchange has, or may still take');
    if (end?.by === 'refusal' && (exists || mayCome)) throw new Violation('an order is told as refused that the exchange has, or may still take');
    if (life === 'unknown' && world.timers.length === 0) throw new Violation('unknown, and nobody will ask any more');
    // Nothing is on its way, nothing more will be asked: what is booked is what there is.
    if (isFinal(life) && world.flying.length === 0 && world.coming.length === 0 && !needsAsk(world.snapshot.context.known) && record.bookedLots !== (venue.order?.filled ?? 0)) {
      throw new Violation(`${venue.order?.filled ?? 0} lots were filled and ${record.bookedLots} are booked`);
    }
    if (owedLots(record) > 0 && world.timers.length === 0) throw new Violation('fills are missing, and nobody will ask for them');
  }

  // ---------------------------------------------------------------- everything that can happen

  const spend = (world: World, what: 'lost' | 'doubled' | 'crashes'): Budgets => ({ ...world.left, [what]: world.left[what] - 1 });

  /** Streamed: on its way, lost, or twice on its way. */
  function streamed(name: string, world: World, reports: readonly (OrderReport | AlgoReport)[]): Step[] {
    if (reports.length === 0) return [{ name, world }];
    const events = reports.map((report): OrderEvent => ({ type: 'report', report }));
    return [
      { name, world: { ...world, coming: [...world.coming, ...events] } },
      ...(world.left.lost > 0 ? [{ name: `${name}, not told`, world: { ...world, left: spend(world, 'lost') } }] : []),
      ...(world.left.doubled > 0 ? [{ name: `${name}, told twice`, world: { ...world, coming: [...world.coming, ...events, ...events], left: spend(world, 'doubled') } }] : []),
    ];
  }

  function* moves(world: World): Generator<Step> {
    const { venue, left } = world;
    if (world.flushing) yield { name: 'flushed', world: step({ ...world, flushing: false, flushed: true, oldRow: world.row }, { type: 'flushed' }) };
    for (const [at, call] of world.flying.entries()) {
      if (world.flying.findIndex((other) => same(other, call)) !== at) continue;
      const rest = world.flying.toSpliced(at, 1);
      const late = call.stampMs + WINDOW_MS < world.nowMs;
      if (late) {
        yield { name: `${call.step} is too late`, world: { ...world, flying: rest } };
        continue;
      }
      const { venue: after, streams, told } = arrive(venue, call.step);
      const arrived: World = { ...world, venue: after, flying: rest };
      if (call.givenUp) {
        yield* streamed(`${call.step} arrives after all`, arrived, streams);
        continue;
      }
      yield* streamed(`${call.step} arrives`, { ...arrived, coming: [...arrived.coming, answerTo(call, told)] }, streams);
      if (left.lost === 0) continue;
      const unknown = answerTo(call, { kind: 'unknown', reason: '' });
      yield { name: `${call.step} is lost`, world: { ...world, left: spend(world, 'lost'), flying: rest, coming: [...world.coming, unknown] } };
      // A question changes nothing there: lost is lost.
      if (call.step !== 'place' && call.step !== 'cancel') continue;
      yield* streamed(`${call.step} arrives, its answer is lost`, { ...arrived, left: spend(world, 'lost'), coming: [...arrived.coming, unknown] }, streams);
      yield { name: `${call.step} is given up`, world: { ...world, left: spend(world, 'lost'), flying: world.flying.with(at, { ...call, givenUp: true }), coming: [...world.coming, unknown] } };
    }
    const texts = world.coming.map(textOf);
    for (const [at, event] of world.coming.entries()) {
      if (texts.indexOf(texts[at]!) !== at) continue;
      yield { name: `told: ${nameOf(event)}`, world: step({ ...world, coming: world.coming.toSpliced(at, 1) }, event) };
    }
    for (const timer of world.timers) {
      // What they would ask is beyond the budget: the path is cut there.
      if (/asking|pausing|grace|confirm/.test(timer) && left.asks <= 0 && !timer.includes('withdrawal')) continue;
      if (timer.includes('withdrawal.pausing') && left.cancels <= 0) continue;
      yield { name: timer.slice('xstate.after.'.length), world: step({ ...world, timers: world.timers.filter((other) => other !== timer) }, { type: timer }) };
    }
    if (isOpen(venue.order)) {
      const filled = venue.order.filled + 1;
      const order: VenueOrder = { status: filled === intent.lots ? 'FILLED' : 'PARTIALLY_FILLED', filled };
      const algo = venue.algo === 'TRIGGERED' && order.status === 'FILLED' ? 'FINISHED' : venue.algo;
      const after: Venue = { ...venue, order, algo };
      yield* streamed('a fill', { ...world, venue: after }, [orderReport(order, 'stream', fillOf(filled)), ...(algo === venue.algo ? [] : [algoReport(after, 'stream')])]);
    }
    if (venue.algo === 'NEW') {
      const after: Venue = { ...venue, algo: 'TRIGGERED', order: { status: 'NEW', filled: 0 } };
      yield* streamed('it triggers', { ...world, venue: after }, [algoReport(after, 'stream'), orderReport(after.order!, 'stream', null)]);
    }
    const { known } = world.snapshot.context;
    if (!known.record.cancelWanted && known.record.end === null && left.cancels > 0) yield { name: 'cancel', world: step(world, { type: 'cancel' }) };
    // The request's window passes.
    if (known.record.expiresMs >= world.nowMs) yield { name: 'time passes', world: { ...world, nowMs: known.record.expiresMs + 1 } };
    if (left.crashes > 0 && world.row !== null) {
      for (const [name, row] of [['crash', world.row], ['crash, the last rows unwritten', world.oldRow]] as const) {
        if (row === null || (name !== 'crash' && row === world.row)) continue;
        // What was told is known to the ledger; a new life tells again what its rows do not have.
        yield {
          name,
          world: begin({ ...world, left: spend(world, 'crashes'), coming: [], flushing: false, over: null, told: row.tradeIds, oldRow: row }, restart(row, world.nowMs)),
        };
      }
    }
  }

  const same = (a: Flying, b: Flying): boolean => a.step === b.step && a.call === b.call && a.givenUp === b.givenUp && a.stampMs === b.stampMs;
  function nameOf(event: OrderEvent): string {
    if (event.type === 'answer') return `${event.step} ${event.told.kind}${event.told.kind === 'ok' ? ` ${event.told.reports.map(({ status }) => status).join()}` : ''}`;
    return event.type === 'report' ? `${event.report.status}${event.report.type === 'order.report' ? ` ${event.report.filledLots}` : ' (algo)'}` : event.type;
  }

  function keyOf({ snapshot, flying, coming, row, oldRow, ...rest }: World): string {
    // Rows matter to a later crash alone.
    const rows = rest.left.crashes === 0 ? [] : [row, oldRow].map((each) => (each === null ? '' : rowText(each)));
    const { timers, nowMs, venue, flushing, flushed, left, placings, told, over } = rest;
    const { lost, doubled, crashes, asks, cancels } = left;
    return [
      numbers.get(snapshot), timers.join(), nowMs, textOf(venue), flushing, flushed, lost, doubled, crashes, asks, cancels, placings, told.join(), over,
      flying.map(textOf).toSorted().join(), coming.map(textOf).toSorted().join(), ...rows,
    ].join('|');
  }
  const rowTexts = new WeakMap<OrderRecord, string>();
  function rowText(record: OrderRecord): string {
    let text = rowTexts.get(record);
    if (text === undefined) rowTexts.set(record, (text = JSON.stringify(shortOf(record))));
    return text;
  }
  const shortOf = ({ intent: _intent, changedMs: _changed, ...record }: OrderRecord): unknown => record;
  const plainOf = ({ record, fills: _fills, ...known }: Knowledge): unknown => [known, shortOf(record)];

  function add(world: World, from: number, name: string): void {
    const key = keyOf(world);
    if (seen.has(key)) return;
    seen.add(key);
    parents.push({ from, name });
    queue.push({ world, number: parents.length - 1 });
  }
  function pathTo(number: number): string[] {
    const path: string[] = [];
    for (let at = number; at >= 0; at = parents[at]!.from) path.unshift(parents[at]!.name);
    return path;
  }

  let at = -1;
  let doing = 'begin';
  try {
    add(begin({
      nowMs: 1, venue: { placed: false, algo: null, order: null }, flying: [], coming: [], flushing: false, flushed: false, row: null, oldRow: null, left: budgets, placings: 0, told: [], over: null,
    }, newRecord(intent)), -1, 'begin');
    for (let next = 0; next < queue.length && seen.size < mostStates; next += 1) {
      const { world, number } = queue[next]!;
      // Only what is still to be looked at is kept.
      queue[next] = undefined as never;
      at = number;
      const steps = moves(world);
      for (;;) {
        doing = 'the next move';
        const made = steps.next();
        if (made.done === true) break;
        transitions += 1;
        doing = made.value.name;
        add(made.value.world, number, made.value.name);
      }
      const life = lifeOf(world.snapshot);
      if (isFinal(life)) finals[life] = (finals[life] ?? 0) + 1;
    }
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { states: seen.size, transitions, finals, violation: { what: error.message, path: [...pathTo(at), doing] } };
  }
  return { states: seen.size, transitions, finals, violation: null };
}

