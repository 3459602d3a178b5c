import { computed, effect, signal } from '@preact/signals';
import { MOST_LOOKED } from '../../wire/time.js';
import type { StepBy, TimeCause, TimeCursor, TimeMarks, TimeOpened, TimeState, TimeTree } from '../../wire/time.js';
import type { ActorDetail } from '../../wire/tree.js';
import { get, type Query, subscribe } from '../api.js';
import { instant, notify, path, pins, source, sourceInfo } from '../state.js';
import { pastTree } from '../tree/past.js';

/** Parts that the span is divided into. */
const PARTS = 1000;

/** The time machine of the selected source; null while there is none. */
export const travel = signal<TimeState | null>(null);
export const marks = signal<TimeMarks | null>(null);
/** Why there is none; '' where there is one, or nobody has asked. */
export const problem = signal('');
export const canReopen = signal(false);
/** Somebody wants to travel in this source: a process is only replayed when asked for, a run and a tape are there for nothing else. */
export const wanted = signal('');
export const cursor = signal<TimeCursor | null>(null);
export const busy = signal(false);
export const cause = signal<TimeCause | null>(null);
const again = signal(0);

/** A process that writes no run: what it does is recorded while somebody looks. */
export const isFlight = computed(() => {
  const info = sourceInfo.value;
  if (info?.kind !== 'process' || info.run !== null) return false;
  // Whether it writes a run it says when it answers first; one that was seen and is being connected to again is what it was.
  if (info.state !== 'starting' && info.state !== 'foreign') flights.add(info.id);
  return flights.has(info.id);
});
const flights = new Set<string>();
export const isOpen = computed(() => source.value !== '' && (isFlight.value || wanted.value === source.value || (sourceInfo.value !== undefined && sourceInfo.value.kind !== 'process')));
/** What is not known of the moment that is shown. */
export const unknowns = signal<readonly string[]>([]);

/** What is waited for while a run or a tape is being opened, in words; '' once it stands somewhere, or cannot be opened. */
export const opening = computed(() => {
  if (!isOpen.value || problem.value !== '' || cursor.value !== null) return '';
  const state = travel.value;
  return state === null || state.ready ? 'opening the recording' : `reading the recording, ${Math.floor(100 * state.progress)} %: this is shown as it stood when that is done`;
});

/** Follows the selected source; returns the way to stop. */
export function startTravelling(): () => void {
  const stops = [followSource(), lookAtSelected()];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Of a process that writes no run the actors that are selected and pinned are looked at closely, so that their past can be. */
function lookAtSelected(): () => void {
  return effect(() => {
    const paths = [...new Set([path.value, ...pins.value.toReversed()])].filter((one) => one !== '').slice(0, MOST_LOOKED);
    if (!isFlight.value || paths.length === 0) return undefined;
    return subscribe<never>('time.look', { source: source.value, paths }, () => {}, () => {});
  });
}

function followSource(): () => void {
  return effect(() => {
    const id = source.value;
    void again.value;
    travel.value = null;
    marks.value = null;
    problem.value = '';
    canReopen.value = false;
    forget();
    if (!isOpen.value) return undefined;
    const isPast = !id.startsWith('process:');
    return subscribe<TimeOpened>('time.open', { source: id, parts: PARTS }, (value) => {
      if (value.kind === 'none') {
        travel.value = null;
        pending = undefined;
        problem.value = value.why;
        canReopen.value = value.again;
        return;
      }
      travel.value = value.state;
      if (value.marks !== undefined) marks.value = value.marks;
      // What is over has no now: its end is shown until somebody chooses.
      if (!value.state.ready) return;
      const target = pending ?? (isPast && cursor.peek() === null && !busy.peek() ? { end: true } : undefined);
      pending = undefined;
      if (target !== undefined) void seek(target);
    }, (why) => {
      problem.value = why;
      canReopen.value = true;
    });
  });
}

/** Opens what was closed, or a process's past. */
export function openPast(): void {
  wanted.value = source.value;
  again.value += 1;
}

/** Where to go when the recording is open and has come so far. */
let pending: Query | undefined;

/** Takes the whole window to a moment of the selected source, opening its past where that is not open. */
export function travelTo(target: Query): void {
  if (travel.value?.ready === true) {
    void seek(target);
    return;
  }
  pending = target;
  if (!isOpen.value || canReopen.value) openPast();
}

/** Calls the pass off, or lets the past go. */
export function closePast(): void {
  wanted.value = '';
  if (!source.value.startsWith('process:')) travel.value = null;
  toNow();
}

function forget(): void {
  wishes = [];
  asking.abort();
  era += 1;
  cursor.value = null;
  cause.value = null;
  instant.value = null;
  pastTree.value = null;
  unknowns.value = [];
}

/** Back to now, where there is one; else to the end. */
export function toNow(): void {
  forget();
  if (!source.value.startsWith('process:') && travel.value !== null) void seek({ end: true });
}

/** Where a wish leads, and what is told with it; null: nowhere. */
type Wish = (id: string, signal: AbortSignal) => Promise<{ readonly cursor: TimeCursor; readonly cause: TimeCause | null } | null>;

/** What is to be done next, in order. A place to go to takes the place of all that was wished before it; steps are taken one after the other. */
let wishes: Wish[] = [];
const MOST_WISHES = 50;
/** What is nearly there is shown still: whoever drags the slider sees something on the way. */
const SUPERSEDED_MS = 200;
/** Of the wish that is being fulfilled: who has moved on does not wait for it. */
let asking = new AbortController();
/** Counts how often all was forgotten: what was asked before that is shown no more. */
let era = 0;

export async function seek(target: Query): Promise<void> {
  const before = asking;
  setTimeout(() => before.abort(), SUPERSEDED_MS);
  wishes = [async (id, signal) => ({ cursor: await get<TimeCursor>('time/seek', { source: id, ...target }, signal), cause: null })];
  await go();
}

/** From wherever the cursor is when its turn has come. */
export async function step(by: StepBy, direction: 1 | -1): Promise<void> {
  const of = path.value;
  await wish(async (id, signal) => {
    const from = cursor.value ?? await get<TimeCursor>('time/seek', { source: id, end: true }, signal);
    const found = await get<TimeCursor | null>('time/step', { source: id, at: from.key, by, direction, ...(by === 'event' ? { path: of } : {}) }, signal);
    if (found !== null) return { cursor: found, cause: null };
    notify('info', `there is no ${by === 'event' ? `event of ${of}` : by} ${direction === 1 ? 'after' : 'before'} this one`);
    return null;
  });
}

/** What led to the last decision before the cursor, and there. */
export async function why(): Promise<void> {
  await wish(async (id, signal) => {
    const at = cursor.value;
    if (at === null || at.decision === 0) return null;
    const found = await get<TimeCause>('time/cause', { source: id, decision: at.decision - 1 }, signal);
    return { cursor: found.target === null ? at : await get<TimeCursor>('time/seek', { source: id, ...found.target }, signal), cause: found };
  });
}

async function wish(one: Wish): Promise<void> {
  if (wishes.length >= MOST_WISHES) return;
  wishes.push(one);
  await go();
}

async function go(): Promise<void> {
  if (busy.value) return;
  busy.value = true;
  try {
    for (let one = wishes.shift(); one !== undefined; one = wishes.shift()) await fulfil(one);
  } finally {
    busy.value = false;
  }
}

async function fulfil(one: Wish): Promise<void> {
  const id = source.value;
  const asked = era;
  asking = new AbortController();
  const { signal } = asking;
  try {
    const found = await one(id, signal);
    if (found === null || era !== asked) return;
    const { shape, ages, notes } = await get<TimeTree>('time/tree', { source: id, at: found.cursor.key }, signal);
    if (era !== asked) return;
    cursor.value = found.cursor;
    cause.value = found.cause;
    instant.value = found.cursor;
    unknowns.value = notes;
    pastTree.value = shape === null ? null : { shape, ages, actor: (at, closing) => get<ActorDetail>('time/actor', { source: id, at: found.cursor.key, path: at }, closing) };
  } catch (error) {
    if (era !== asked || signal.aborted) return;
    wishes = [];
    notify('error', error instanceof Error ? error.message : String(error));
  }
}

/** Where a text leads: `decision 12`, `record 500`, `turn 7`, a time in UTC, or the id of an order or a trade. */
export function targetOf(text: string): Query | null {
  const said = text.trim();
  const counted = /^(decision|record|turn|event|restart|effect)\s+(\d{1,15})$/i.exec(said);
  if (counted !== null) return { [counted[1]!.toLowerCase()]: counted[2]! };
  const time = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z?$/.exec(said);
  if (time !== null) return { atUs: Date.parse(`${time[1]!}Z`) * 1000 + Number((time[2] ?? '').padEnd(6, '0')) };
  return said === '' ? null : { order: said };
}

/** UTC to the microsecond. */
export function utc(us: number): string {
  const ms = Math.floor(us / 1000);
  return Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? `${new Date(ms).toISOString().slice(0, -1)}${String(Math.floor(us) % 1000).padStart(3, '0')}Z` : String(us);
}
