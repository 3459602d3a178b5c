/** What the operators' hand knows, and how it writes down and answers. */
import type { ActorContext } from '../../runtime/index.js';
import type { CommandAnswer, Json, StoreRow, StoreWrite } from '../engine/io.js';
import { decide } from '../journal/decide.js';
import type { TruthRefreshed } from '../truth/messages.js';
import type { Attempt, Leg } from './closing.js';
import { type OperatorCommand, WRITES } from './commands.js';
import type { OperatorInput, OperatorMessage, Picture } from './messages.js';

export type Context = ActorContext<OperatorMessage>;

export interface Pause {
  readonly reason: string;
  readonly by: string;
  readonly atMs: number;
}

/** A command that is under way. */
export interface Work {
  readonly id: string;
  readonly command: OperatorCommand;
  readonly issuer: string;
  /** What the same id must say again. */
  readonly text: string;
  readonly startedMs: number;
  readonly stage: 'asking' | 'refreshing' | 'resolving' | 'withdrawing' | 'cancelling' | 'closing' | 'stops' | 'givingUp';
  /** What it is about; null: every instrument. */
  readonly symbol: number | null;
  /** What there is to close is known, and it was told that closing begins. */
  readonly begun: boolean;
  readonly round: number;
  /** Answers that are out in this round, as `part product`. */
  readonly waiting: readonly string[];
  readonly picture: Picture;
  readonly refreshed: TruthRefreshed['products'];
  readonly attempts: ReadonlyMap<string, Attempt>;
  /** Legs that were there. */
  readonly seen: ReadonlyMap<string, Leg>;
  /** Cancels of foreign orders that are out. */
  readonly calls: readonly string[];
  /** Orders in doubt that this command has given up; null before it has looked. */
  readonly given: readonly string[] | null;
  readonly foreign: { readonly asked: number; readonly refused: readonly string[] };
}

export interface Answered {
  readonly text: string;
  readonly ok: boolean;
  readonly answer: Json;
}

export interface OperatorState {
  readonly input: OperatorInput;
  readonly pause: Pause | null;
  readonly storeFailed: string | null;
  readonly stopping: boolean;
  readonly lastEvent: { readonly kind: string; readonly atMs: number } | null;
  /** Closing orders at market that are on their way, whoever sent them: `symbol side` by their id. */
  readonly exits: ReadonlyMap<string, string>;
  readonly works: ReadonlyMap<string, Work>;
  /** Commands that were answered, oldest first. */
  readonly answered: ReadonlyMap<string, Answered>;
}

/** Ids whose answers are remembered. */
const MOST_ANSWERED = 200;

export const nowMs = (ctx: Context): number => Math.floor(ctx.nowUs() / 1000);
export const put = (state: OperatorState, work: Work): OperatorState => ({ ...state, works: new Map(state.works).set(work.id, work) });
export const nameOf = (state: OperatorState, symbol: number): string => state.input.instruments.find(({ index }) => index === symbol)?.symbol ?? String(symbol);

export function newWork(id: string, wanted: OperatorCommand, issuer: string, text: string, ctx: Context): Work {
  return {
    id, command: wanted, issuer, text, startedMs: nowMs(ctx), stage: 'asking', symbol: null, begun: false, round: 0, waiting: [], picture: {}, refreshed: [], attempts: new Map(), seen: new Map(), calls: [], given: null, foreign: { asked: 0, refused: [] },
  };
}

export function tickLater(state: OperatorState, { id }: Work, ms: number, ctx: Context): OperatorState {
  ctx.startTimer(`tick ${id}`, ms, { type: 'operator.tick', work: id });
  return state;
}

export function write(ctx: Context, rows: readonly StoreRow[]): void {
  ctx.effect('store.write', { rows } satisfies StoreWrite);
}

export function commandRow(work: Pick<Work, 'id' | 'command' | 'issuer' | 'startedMs'>, state: string, extra: { readonly [column: string]: Json }): StoreRow {
  const { verb, ...args } = work.command;
  return { table: 'commands', key: work.id, row: { verb, args: args as Json, issuer: work.issuer, atMs: work.startedMs, state, ...extra } };
}

export function snapshotRow({ pause, answered }: OperatorState): StoreRow {
  return { table: 'snapshots', key: 'operator', row: { pause: pause as unknown as Json, answered: [...answered].map(([id, each]) => [id, each]) as unknown as Json } };
}

export function answer(ctx: Context, id: string, ok: boolean, value: Json): void {
  ctx.effect('command.answer', { id, ok, answer: value } satisfies CommandAnswer);
}

export function finish(state: OperatorState, work: Work, ok: boolean, value: Json, ctx: Context): OperatorState {
  ctx.cancelTimer(`tick ${work.id}`);
  const works = new Map(state.works);
  works.delete(work.id);
  answer(ctx, work.id, ok, value);
  // Questions change nothing: asked again they may be answered anew.
  if (!WRITES.has(work.command.verb)) return { ...state, works };
  const kept = [...state.answered, [work.id, { text: work.text, ok, answer: value }] as const].slice(-MOST_ANSWERED);
  const next = { ...state, works, answered: new Map(kept) };
  decide(ctx, 'control', -1, -1, { control: 'command', verb: work.command.verb, id: work.id, ok, done: true }, state.input.journalPath);
  write(ctx, [commandRow(work, ok ? 'done' : 'failed', { answer: value, doneMs: nowMs(ctx) }), snapshotRow(next)]);
  return next;
}

/** The sources' events of refreshes and executions, for the journal and for whoever asks for the last. */
export function event(state: OperatorState, kind: string, data: Readonly<Record<string, string | number | boolean | null>>, ctx: Context): OperatorState {
  decide(ctx, 'control', -1, -1, { control: 'event', event: kind, ...data }, state.input.journalPath);
  return { ...state, lastEvent: { kind, atMs: nowMs(ctx) } };
}

/** What an earlier run left; a row that is not ours pauses, for it may have said so. */
export function recoveredOf(row: unknown): Pick<OperatorState, 'pause' | 'answered'> {
  if (row === null || row === undefined) return { pause: null, answered: new Map() };
  const { pause, answered } = row as { readonly pause?: unknown; readonly answered?: unknown };
  const known = (Array.isArray(answered) ? (answered as readonly unknown[]) : []).filter((each): each is [string, Answered] => Array.isArray(each) && each.length === 2 && typeof each[0] === 'string' && isAnswered(each[1]));
  if (pause === null) return { pause: null, answered: new Map(known) };
  const { reason, by, atMs } = (typeof pause === 'object' ? pause : {}) as Partial<Pause>;
  return {
    pause: { reason: typeof reason === 'string' ? reason : 'the record of the operator cannot be read', by: typeof by === 'string' ? by : 'an earlier run', atMs: typeof atMs === 'number' ? atMs : 0 },
    answered: new Map(known),
  };
}

export function withoutEnd(answer: Json): Json {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return answer;
  const { end: _end, ...rest } = answer as { readonly [key: string]: Json };
  return rest;
}

const isAnswered = (value: unknown): value is Answered => typeof value === 'object' && value !== null && typeof (value as Answered).text === 'string' && typeof (value as Answered).ok === 'boolean';
