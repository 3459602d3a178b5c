import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { toFailureCause } from '../core/failure.js';
import { RingReader, RingWriter } from '../ring/index.js';
import { machine } from '../ring/operations.js';
import { Bell } from './bell.js';
import { Control, Phase } from './control.js';
import { failed, type LaneEnd, type LaneFailureKind } from './failure.js';
import type { LaneLink, LaneProgram, LaneWork } from './program.js';
import { Rest } from './rest.js';

/** What a thread is given: one lane's whole life is one such task. */
export interface LaneTask {
  readonly program: string;
  readonly input: unknown;
  readonly inbox: SharedArrayBuffer;
  readonly outbox: SharedArrayBuffer;
  readonly bell: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  readonly port: MessagePort;
  readonly rings: 'drains' | 'answers';
  readonly spins: number;
  readonly pauseEveryMs: number;
  readonly waits: 'sleeps' | 'turns';
}

/** What comes through a lane's port. The end comes this way too, for an owner whose loop does not turn. */
export type LanePosted = { readonly message: unknown } | { readonly end: LaneEnd };

export interface LaneAnswer {
  readonly end: LaneEnd;
  /** False when the program left something behind that could disturb the next one. */
  readonly clean: boolean;
}

/** A sleep in the ring ends after this, so that a stop is seen and a sign of life given. */
const LONGEST_SLEEP_MS = 25;
/** Between two turns of the thread's own event loop, where its timers, rejected promises and console output get their time. */
const LOOP_TURN_EVERY_MS = 100;
const LOOP_TURNS_TO_CLEAN = 20;
/** Rounds between two looks at the clock; a power of two. */
const ROUNDS_PER_LOOK = 16;

let present: LaneTask | null = null;
let uncaught: { readonly thrown: unknown } | null = null;

if (parentPort !== null) {
  process.dlopen = () => {
    throw new Error('a lane cannot load a native add-on: killing its thread would take the process down');
  };
  process.on('uncaughtExceptionMonitor', (thrown) => {
    uncaught = { thrown };
  });
  process.on('exit', (code) => {
    if (present === null) return;
    if (uncaught === null) report(present, failed('exited', `code ${code}`, undefined, code));
    else report(present, thrownEnd('threw', uncaught.thrown));
  });
}

/** The endless task of a lane's thread: returns when the lane has ended. Never rejects. */
export async function lane(task: LaneTask): Promise<LaneAnswer> {
  const before = process.getActiveResourcesInfo().length;
  present = task;
  const end = await live(task);
  present = null;
  report(task, end);
  // What the loading of the program opened is closed within some turns of the loop.
  let left = process.getActiveResourcesInfo().length;
  for (let turn = 0; turn < LOOP_TURNS_TO_CLEAN && left > before; turn++) {
    await loopTurn();
    left = process.getActiveResourcesInfo().length;
  }
  return { end, clean: left <= before };
}

const loopTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function report(task: LaneTask, end: LaneEnd): void {
  const last: LanePosted = { end };
  task.port.postMessage(last);
  task.port.close();
  new Control(task.control).phase = Phase.ended;
  Bell.open(task.bell).ring();
}

async function live(task: LaneTask): Promise<LaneEnd> {
  let kind: LaneFailureKind = 'bad-module';
  try {
    const program = await load(task.program);
    kind = 'threw';
    const control = new Control(task.control);
    const bell = Bell.open(task.bell);
    const inbox = RingReader.open(task.inbox, { ...machine, spins: task.spins });
    const rest = new Rest(task.pauseEveryMs);
    const link = linkOf(task, control, bell, inbox, rest);
    const work: unknown = await program(task.input, link);
    if (!isWork(work)) return failed('bad-module', 'the program returned no object with a function drain');
    control.phase = Phase.running;
    bell.ring();
    parentPort?.postMessage('running');
    await (task.waits === 'turns' ? turn : run)(work, control, link, task, rest);
    work.stop?.();
    return { kind: 'stopped' };
  } catch (thrown) {
    return thrownEnd(kind, thrown);
  }
}

async function run(work: LaneWork, control: Control, { bell, inbox, outbox }: LaneLink, { rings }: LaneTask, rest: Rest): Promise<void> {
  const answersOnly = rings === 'answers';
  let turnedAtMs = performance.now();
  let said = outbox.written;
  for (let round = 1; !control.stopping; round++) {
    control.beat();
    if (work.drain()) {
      const { written } = outbox;
      if (!answersOnly || written !== said) bell.ring();
      said = written;
      rest.look();
    } else {
      if (!inbox.wait(LONGEST_SLEEP_MS)) round = 0;
      rest.slept();
    }
    if ((round & (ROUNDS_PER_LOOK - 1)) !== 0 || performance.now() - turnedAtMs < LOOP_TURN_EVERY_MS) continue;
    await loopTurn();
    turnedAtMs = performance.now();
  }
}

/** As `run`, for a program that hears of more than its inbox: its event loop turns all the time. */
async function turn(work: LaneWork, control: Control, { bell, inbox, outbox }: LaneLink, { rings }: LaneTask): Promise<void> {
  while (!control.stopping) {
    control.beat();
    const said = outbox.written;
    if (!work.drain()) {
      await inbox.waitAsync(LONGEST_SLEEP_MS);
      continue;
    }
    if (rings === 'drains' || outbox.written !== said) bell.ring();
    await loopTurn();
  }
}

function linkOf(task: LaneTask, control: Control, bell: Bell, inbox: RingReader, rest: Rest): LaneLink {
  return {
    inbox,
    outbox: RingWriter.open(task.outbox),
    bell,
    post(message, transfer = []) {
      if (message === undefined) throw new TypeError('a lane cannot post undefined: its owner takes that for nothing');
      const posted: LanePosted = { message };
      task.port.postMessage(posted, transfer);
      bell.ring();
    },
    stopping: () => control.stopping,
    beat: () => control.beat(),
    rest: () => rest.look(),
  };
}

async function load(program: string): Promise<LaneProgram> {
  // The arrow is checked where the owner writes the program's URL.
  // oxlint-disable-next-line faultline/arrows
  const module = (await import(isAbsolute(program) ? pathToFileURL(program).href : program)) as { readonly default?: unknown };
  if (typeof module.default !== 'function') throw new TypeError(`the default export of ${program.slice(0, 200)} is no function`);
  return module.default as LaneProgram;
}

const isWork = (work: unknown): work is LaneWork =>
  typeof work === 'object' && work !== null && 'drain' in work && typeof work.drain === 'function';

function thrownEnd(kind: LaneFailureKind, thrown: unknown): LaneEnd {
  const cause = toFailureCause(thrown);
  return failed(kind, `${cause.name}: ${cause.message}`, cause);
}
