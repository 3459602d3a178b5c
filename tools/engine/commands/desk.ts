import { statSync } from 'node:fs';
import { z } from 'zod';
import type { CommandAnswer, Json } from '../../../actors/engine/io.js';
import { OPERATOR_PATH } from '../../../actors/engine/paths.js';
import { isCommandId } from '../../../actors/operator/commands.js';
import type { EndOfProcess } from '../../../actors/operator/messages.js';
import type { OwnVerb } from '../../../runtime/control/index.js';
import { type MarketHealth, withMarket } from '../market-health.js';
import type { EngineDoor, EnginePart } from '../parts.js';

/** What an engine answers over its control socket (`ask`), and what it carries out (`tell`). */
export const ENGINE_QUESTION = 'engine.question';
export const ENGINE_COMMAND = 'engine.command';
const QUESTIONS: readonly string[] = ['status', 'health'];

/** A command that was sent longer ago may be about a world that is gone. */
const STALE_AFTER_MS = 30_000;
/** Longest wait for the tree's answer, ms of the wall. */
const ANSWER_WITHIN_MS = 150_000;
/** How long entries may take to be withdrawn when the process is asked to end, ms of the wall. */
const WIND_DOWN_MS = 12_000;

const json: z.ZodType<Json> = z.lazy(() => z.union([z.null(), z.boolean(), z.number(), z.string(), z.array(json), z.record(z.string(), json)]));
const requestSchema = z.strictObject({
  id: z.string().refine(isCommandId, 'expected 1 to 64 letters, digits, or . : - _'),
  verb: z.string().min(1).max(40),
  args: z.record(z.string(), json).default({}),
  /** Clock of the wall when it was sent, ms. */
  sentMs: z.int().min(0),
  issuer: z.strictObject({ uid: z.int().min(0).nullable(), pid: z.int().min(1), user: z.string().max(100), program: z.string().max(100) }),
});
export type CommandRequest = z.input<typeof requestSchema>;

interface Waiting {
  readonly resolve: (answer: CommandAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Between the control socket and `/operator`: a command is looked at, becomes an input of the tree, and its answer goes back to everybody who
 * waits for its id. Nothing is carried out here.
 */
export class CommandDesk {
  readonly #door: EngineDoor;
  readonly #onEnd: (end: EndOfProcess) => void;
  readonly #market: () => MarketHealth;
  readonly #waiting = new Map<string, Waiting[]>();
  #ending = false;
  #onStopped: () => void = () => {};
  #given = 0;

  /** `onEnd`: the tree has done what there was to do and the process is to end. `market`: what the kernel knows, for `health`. */
  constructor(door: EngineDoor, onEnd: (end: EndOfProcess) => void, market: () => MarketHealth = () => ({ rows: [], cross: null, problems: [] })) {
    this.#door = door;
    this.#onEnd = onEnd;
    this.#market = market;
  }

  /** Verbs for the control server. */
  get verbs(): { readonly questions: Readonly<Record<string, OwnVerb>>; readonly commands: Readonly<Record<string, OwnVerb>> } {
    return {
      questions: { [ENGINE_QUESTION]: (input) => this.#take(input, true) },
      commands: { [ENGINE_COMMAND]: (input) => this.#take(input, false) },
    };
  }

  get part(): EnginePart {
    return {
      effects: { 'command.answer': (answer) => this.#answered(answer) },
      close: async () => {
        for (const { reject, timer } of [...this.#waiting.values()].flat()) {
          clearTimeout(timer);
          reject(new Error('the engine has ended'));
        }
        this.#waiting.clear();
        this.#onStopped();
      },
      metrics: () => ({ 'commands.given': this.#given, 'commands.waiting': this.#waiting.size }),
    };
  }

  /** Before the process ends for another reason than a command: entries are withdrawn, stops stay. Never rejects. */
  async windDown(reason: string): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    let timer: NodeJS.Timeout | undefined;
    const stopped = new Promise<void>((resolve) => {
      this.#onStopped = resolve;
      timer = setTimeout(resolve, WIND_DOWN_MS);
    });
    const answer = await this.#give(`wind-down-${process.pid}-${Date.now()}`, 'stop', { flatten: false, reason }, 'the process itself', WIND_DOWN_MS).catch((error: unknown) => {
      this.#door.log.write('warn', 'operator.wind-down', `entries could not be withdrawn before the end: ${error instanceof Error ? error.message : String(error)}`);
    });
    // Refused: an earlier stop is closing what there is, and goes on while it may.
    if (answer?.ok === false) {
      this.#door.log.write('info', 'operator.wind-down', `a close is under way: the process waits for it, ${WIND_DOWN_MS / 1000} s from its beginning at most`);
      await stopped;
    }
    clearTimeout(timer);
  }

  /** @throws Error whose message is the refusal that the caller reads. */
  async #take(input: unknown, question: boolean): Promise<CommandAnswer> {
    const parsed = requestSchema.safeParse(input);
    if (!parsed.success) throw new Error(`malformed command: ${parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'input'}: ${message}`).join('; ')}`);
    const { id, verb, args, sentMs, issuer } = parsed.data;
    if (QUESTIONS.includes(verb) !== question) throw new Error(question ? `${verb} is a command, not a question` : `${verb} is a question, not a command`);
    const ageMs = Date.now() - sentMs;
    if (Math.abs(ageMs) > STALE_AFTER_MS) throw new Error(`stale command: it was sent ${ageMs} ms ago; nothing was done`);
    const stranger = strangerOf(issuer);
    if (stranger !== undefined) throw new Error(`unauthorised: ${stranger}; nothing was done`);
    if (this.#ending && !question) throw new Error('the engine is ending');
    const answer = await this.#give(id, verb, args, `${issuer.user} (uid ${issuer.uid ?? '?'}, pid ${issuer.pid}, ${issuer.program})`, ANSWER_WITHIN_MS);
    return verb === 'health' ? { ...answer, answer: withMarket(answer.answer, this.#market()) } : answer;
  }

  #give(id: string, verb: string, args: { readonly [key: string]: Json }, issuer: string, withinMs: number): Promise<CommandAnswer> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        resolve, reject,
        timer: setTimeout(() => {
          this.#forget(id, waiting);
          reject(new Error(`no answer to ${verb} within ${withinMs / 1000} s; ask again with the same id`));
        }, withinMs),
      };
      this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), waiting]);
      this.#given += 1;
      this.#door.give({ to: OPERATOR_PATH, message: { type: 'command', id, verb, args, issuer } });
    });
  }

  #forget(id: string, waiting: Waiting): void {
    const left = (this.#waiting.get(id) ?? []).filter((each) => each !== waiting);
    if (left.length === 0) this.#waiting.delete(id);
    else this.#waiting.set(id, left);
  }

  #answered(answer: CommandAnswer): void {
    for (const { resolve, timer } of this.#waiting.get(answer.id) ?? []) {
      clearTimeout(timer);
      resolve(answer);
    }
    this.#waiting.delete(answer.id);
    const end = endOf(answer.answer);
    if (end !== undefined) this.#onStopped();
    if (end === undefined || this.#ending) return;
    this.#ending = true;
    // Who asked is to read the answer first.
    setTimeout(() => this.#onEnd(end), 50);
  }
}

function endOf(answer: Json): EndOfProcess | undefined {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer) || !('end' in answer)) return undefined;
  return (answer as { readonly end: unknown }).end as EndOfProcess;
}

/**
 * Why the issuer may not command us. The socket is its owner's alone; so who speaks there is the owner or root, and where the system shows
 * whose the process is that he says he is, it must be.
 */
function strangerOf({ uid, pid }: { readonly uid: number | null; readonly pid: number }): string | undefined {
  const own = process.getuid?.();
  if (own === undefined) return undefined;
  if (uid !== own && uid !== 0) return `uid ${uid} is not the engine's (${own})`;
  try {
    const owner = statSync(`/proc/${pid}`).uid;
    return owner === own || owner === 0 ? undefined : `process ${pid} is uid ${owner}'s`;
  } catch {
    // No such process in sight: another PID namespace, or a system without /proc. The socket's own permissions stand.
    return undefined;
  }
}
