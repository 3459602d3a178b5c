import { z } from 'zod';
import { sideBySide, TimeError, type TimeErrorKind, type TimeMachine, type TimeSource, type TimeTarget } from '../../time/index.js';
import { UiError, type UiHost, type UiPart } from '../server/host.js';
import type { FlightRecorder } from '../../time/flight/recorder.js';
import { MOST_LOOKED, MOST_PARTS, STEPS, type RunsDiffer, type RunSide, type TimeTree } from '../wire/time.js';
import type { MachineView } from '../wire/chart.js';
import type { ActorDetail } from '../wire/tree.js';
import { Flights } from './time/flights.js';
import { type Past, pastOfFlight, pastOfMachine } from './time/past.js';
import { MachinePool, sentence } from './time/pool.js';
import { feedsOf } from './tree.js';

const MOST_ROWS = 500;

const STATUS: Readonly<Record<TimeErrorKind, number>> = { source: 422, target: 404, busy: 503, cancelled: 503, lost: 503, closed: 503 };

const source = z.string().max(300);
const key = z.string().regex(/^[ert]\d{1,16}$/, 'a place is what time/seek answered as its key');
const path = z.string().min(1).max(1024).regex(/^\//, 'a path begins with /');
const count = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const id = z.string().min(1).max(200);
const TARGETS = { key, atUs: count, record: count, turn: count, event: count, decision: count, restart: count, effect: count, order: id, trade: id, end: z.literal('true').transform(() => true as const) };
const target = z.union(Object.entries(TARGETS).map(([name, schema]) => z.strictObject({ source, [name]: schema })) as unknown as readonly [z.ZodType<{ source: string } & TimeTarget>, z.ZodType<{ source: string } & TimeTarget>]);
const cause = z.union([z.strictObject({ source, decision: count }), z.strictObject({ source, order: id }), z.strictObject({ source, trade: id })]);
const rows = z.strictObject({ source, from: count.default(0), count: count.default(100) });

/** Does something with the machine of a source; what goes wrong is told as the part's own routes tell it. */
export type WithMachine = <T>(work: (machine: TimeMachine) => Promise<T>, source: string) => Promise<T>;

interface Pasts {
  readonly machines: WithMachine;
  readonly flight: (source: string) => FlightRecorder | null | undefined;
}

const shared = new WeakMap<UiHost, Pasts>();

/** The machines of a window, for its other parts: once all of them are plugged in. */
export const machinesOf = (host: UiHost): WithMachine | undefined => shared.get(host)?.machines;
/** What records a process that writes no run; null: nobody looks at it; undefined: it is something else. */
export const flightOf = (host: UiHost, source: string): FlightRecorder | null | undefined => shared.get(host)?.flight(source);

async function told<T>(work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TimeError) throw new UiError(STATUS[error.kind], sentence(error));
    throw error;
  }
}

/** An actor as its probe told it at a place of a flight; null where nobody had its chart open. */
export const machineThen = (flight: FlightRecorder | null, at: string, path: string): Promise<MachineView | null> => told(() => flight?.recording.machine(at, path) ?? null);

/** Time travel: one machine a run or tape, whoever looks; every answer is that of a place that the question names. */
export const timePart: UiPart = (host) => {
  const { sources } = host;
  const sourceOf = (wanted: string): TimeSource => {
    const info = sources.info(wanted);
    if (info === undefined) throw new UiError(404, `'${wanted}' is not known here: choose one of the list`);
    if (info.kind === 'tape') return { tape: sources.tape(wanted) };
    const run = info.kind === 'run' ? info.id : info.run;
    if (run === null) throw new UiError(422, `${info.name} writes no run, so there is no past to travel in: an engine and a demo write one`);
    return { run: sources.run(run) };
  };
  // A process and the run that it writes are the same past.
  const placeOf = (wanted: string): string => {
    const info = sources.info(wanted);
    return info?.kind === 'process' && info.run !== null ? info.run : wanted;
  };
  const pool = new MachinePool(sourceOf);
  host.onClose(() => pool.close());
  const flights = new Flights(sources, (id) => {
    const feeds = feedsOf(host)?.(id);
    if (feeds === undefined) throw new UiError(422, 'this window does not look at processes: open a run or a tape');
    return feeds;
  });
  host.onClose(() => flights.close());
  const isFlight = (wanted: string): boolean => {
    const info = sources.info(wanted);
    return info?.kind === 'process' && info.run === null;
  };
  const machineOf = (wanted: string): ReturnType<MachinePool['machine']> => pool.machine(placeOf(wanted));
  const pastOf = async (wanted: string, signal: AbortSignal): Promise<Past> => {
    if (!isFlight(wanted)) return pastOfMachine(await machineOf(wanted), signal);
    const recorder = flights.find(wanted);
    if (recorder === undefined) throw new UiError(503, 'nothing of this process is recorded at the moment: choose it again');
    return pastOfFlight(recorder.recording);
  };
  shared.set(host, { machines: (work, wanted) => told(async () => await work(await machineOf(wanted))), flight: (wanted) => (isFlight(wanted) ? flights.find(wanted) ?? null : undefined) });

  host.topic('time.open', z.strictObject({ source, parts: z.int().min(1).max(MOST_PARTS).default(1000) }), 'all', ({ source: wanted, parts }, push) =>
    isFlight(wanted) ? flights.listen(wanted, parts, push) : pool.listen(placeOf(wanted), parts, push));
  // A run has every state of every actor: there is nothing to be looked at for.
  host.topic('time.look', z.strictObject({ source, paths: z.array(path).max(MOST_LOOKED) }), 'latest', ({ source: wanted, paths }) => (isFlight(wanted) ? flights.look(wanted, paths) : () => {}));

  host.query('time/seek', target, ({ source: wanted, ...to }, signal) => told(async () => await (await pastOf(wanted, signal)).seek(to as TimeTarget)));
  host.query('time/step', z.strictObject({ source, at: key, by: z.enum(STEPS), path: path.optional(), direction: z.enum(['1', '-1']) }), ({ source: wanted, at, by, path: of, direction }, signal) =>
    told(async () => await (await pastOf(wanted, signal)).step({ by, direction: direction === '1' ? 1 : -1, ...(of === undefined ? {} : { path: of }) }, at)));
  host.query('time/tree', z.strictObject({ source, at: key, path: path.default('/') }), ({ source: wanted, at, path: of }, signal) => told(async (): Promise<TimeTree> => await (await pastOf(wanted, signal)).tree(at, of)));
  host.query('time/inspect', z.strictObject({ source, at: key, path }), ({ source: wanted, at, path: of }, signal) => told(async () => await (await pastOf(wanted, signal)).inspect(at, of)));
  host.query('time/actor', z.strictObject({ source, at: key, path }), ({ source: wanted, at, path: of }, signal) => told(async (): Promise<ActorDetail> => {
    const found = await (await pastOf(wanted, signal)).actor(at, of);
    if (found === null) throw new UiError(404, `there is no actor ${of} at that moment`);
    return found;
  }));
  host.query('time/machine', z.strictObject({ source, at: key, path, known: z.string().max(100).optional() }), ({ source: wanted, at, path: of, known }, signal) =>
    told(async () => await (await pastOf(wanted, signal)).machine(at, of, known)));
  host.query('time/mailbox', z.strictObject({ source, at: key, path, count: count.default(50) }), ({ source: wanted, at, path: of, count: most }, signal) =>
    told(async () => await (await pastOf(wanted, signal)).mailbox(at, of, Math.min(most, MOST_ROWS))));
  host.query('time/cause', cause, ({ source: wanted, ...of }, signal) => told(async () => await (await pastOf(wanted, signal)).cause(of)));
  host.query('time/decisions', rows, ({ source: wanted, from, count: most }, signal) => told(async () => await (await pastOf(wanted, signal)).decisions(from, Math.min(most, MOST_ROWS))));
  host.query('time/restarts', rows, ({ source: wanted, from, count: most }, signal) => told(async () => await (await pastOf(wanted, signal)).restarts(from, Math.min(most, MOST_ROWS))));

  host.query('time/runs', z.strictObject({ a: source, b: source }), ({ a, b }) => told(async (): Promise<RunsDiffer> => {
    if (placeOf(a) === placeOf(b)) throw new UiError(422, 'both sides are the same run: choose another one for one of them');
    const [left, right] = await Promise.all([machineOf(a), machineOf(b)]);
    const { diff, a: cursorA, b: cursorB, causes } = await sideBySide(left, right);
    const side = (wanted: string, of: 'a' | 'b', cursor: RunSide['cursor']): RunSide => {
      const { decision = null } = diff[of] ?? {};
      return { source: wanted, about: diff.runs[of === 'a' ? 0 : 1], line: decision === null ? null : JSON.stringify(decision), cause: causes[of === 'a' ? 0 : 1], cursor };
    };
    const { code = null, tape = null, config = [] } = diff.between ?? {};
    const between = [
      ...(code === null ? [] : [`code: ${code.join(' | ')}`]), ...(tape === null ? [] : [`tape: ${tape.join(' | ')}`]), ...config.map(({ key: name, a: was, b: is }) => `${name}: ${JSON.stringify(was)} | ${JSON.stringify(is)}`),
    ];
    return { equal: diff.equal, index: diff.index, a: side(a, 'a', cursorA), b: side(b, 'b', cursorB), between };
  }));
};
