/** Commands from the page to an engine: the same, by the same way, as the command line's. */
import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { z } from 'zod';
import { isCommandId } from '../../../../actors/operator/commands.js';
import { ControlError } from '../../../../runtime/control/errors.js';
import type { ControlClient } from '../../../../runtime/control/index.js';
import { type CommandRequest, ENGINE_COMMAND } from '../../../engine/commands/desk.js';
import { UiError } from '../../server/host.js';
import { shortStatus } from '../../sources/foreign.js';
import { SourceError, type Sources } from '../../sources/index.js';
import { DESK_VERBS, type DeskCommand, type DeskOutcome, type DeskVerb } from '../../wire/desk.js';

export const commandSchema: z.ZodType<DeskCommand> = z.strictObject({
  source: z.string().max(100).regex(/^process:[\w-]+$/, 'only a running process can be told anything'),
  id: z.string().refine(isCommandId, 'expected 1 to 64 letters, digits, or . : - _'),
  verb: z.enum(DESK_VERBS),
  args: z.record(z.string().max(40), z.union([z.string().max(500), z.boolean()])),
  run: z.string().max(100).optional(),
});

/** How long the engine may take, ms: a close goes on for a minute of the exchange's clock. */
const PATIENCE_MS: Readonly<Record<DeskVerb, number>> = {
  'pause': 20_000, 'resume': 20_000, 'refresh': 45_000, 'cancel-order': 40_000, 'cancel-all': 40_000, 'close-symbol': 145_000, 'close-all': 145_000, 'resolve': 60_000, 'release': 20_000, 'stop': 145_000,
};
const MOST_ANSWER = 20_000;

const answerShape = z.object({ ok: z.boolean(), answer: z.unknown() });
const refusalShape = z.object({ refused: z.string() });

/** Sends commands for as long as the window is open; the record names it as their issuer. */
export class Commander {
  readonly #sources: Sources;
  /** Tells this window from others; no secret. */
  readonly session = randomBytes(4).toString('hex');

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** What became of the command. @throws UiError when it certainly was not sent. */
  async carryOut({ source, id, verb, args, run }: DeskCommand): Promise<DeskOutcome> {
    const outcome = (state: DeskOutcome['state'], text: string, answer?: unknown): DeskOutcome => ({ id, verb, state, text, answer: answer === undefined ? '' : bounded(answer) });
    let client: Awaited<ReturnType<Sources['client']>>;
    try {
      client = await this.#sources.client(source);
    } catch (error) {
      if (error instanceof SourceError) throw new UiError(error.status, `${error.message}; nothing was sent`);
      throw error;
    }
    if (run !== undefined) await mustRun(client, run);
    const input: CommandRequest = { id, verb, args, sentMs: Date.now(), issuer: this.#issuer() };
    try {
      const { value } = await client.call('tell', { name: ENGINE_COMMAND, input, reason: `ui:${this.session}` }, { timeoutMs: PATIENCE_MS[verb] });
      const { ok, answer } = answerShape.parse(value);
      const refused = refusalShape.safeParse(answer);
      if (!ok && refused.success) return outcome('refused', `refused, and nothing was done: ${refused.data.refused}`, answer);
      return outcome(ok ? 'done' : 'partly', summaryOf(verb, ok, answer), answer);
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      return outcome(...unanswered(error));
    }
  }

  #issuer(): CommandRequest['issuer'] {
    let user = '';
    try {
      user = userInfo().username;
    } catch {
      // A user without a name.
    }
    return { uid: process.getuid?.() ?? null, pid: process.pid, user, program: `ui:${this.session}` };
  }
}

/** What a person saw and confirmed was said by this run: the name may be another one's by now. @throws UiError */
async function mustRun(client: ControlClient, run: string): Promise<void> {
  let now: unknown;
  try {
    // Answered beside the main loop: a pause need not wait for a slow one.
    now = shortStatus((await client.call('process', undefined)).status)['run'];
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    throw new UiError(503, `${error.message}; nothing was sent`);
  }
  if (now !== run) throw new UiError(409, `${typeof now === 'string' ? `the run ${now.slice(0, 100)} has this name now` : 'it does not say which run it is'}, and what was confirmed was seen in ${run}: nothing was sent; look again`);
}

const UNKNOWN = 'the engine did not answer; whether it was carried out stands in the journal. Asked again under the same id it is not done twice';

/** What is certain when no answer came. */
function unanswered({ rpc, message }: ControlError): readonly [DeskOutcome['state'], string] {
  switch (rpc?.name) {
    case 'busy':
    case 'notFound':
    case 'notSupported':
    case 'notRunning':
    case 'invalidParams':
      return ['refused', `refused, and nothing was done: ${rpc.message}`];
    case 'stalled':
      return ['refused', `the engine’s main loop did not take it in time: nothing was done (${rpc.message})`];
    case 'refused':
      // The desk of the engine says no before anything begins, or that its own answer is missing.
      return /^(no answer|the engine has ended)/.test(rpc.message) ? ['unknown', UNKNOWN] : ['refused', `refused, and nothing was done: ${rpc.message}`];
    default:
      return ['unknown', `${UNKNOWN} (${message})`];
  }
}

const closeShape = z.object({ flat_confirmed: z.boolean(), remaining_positions: z.array(z.unknown()) });

function summaryOf(verb: DeskVerb, ok: boolean, answer: unknown): string {
  switch (verb) {
    case 'pause':
      return 'paused: no openings until it is resumed';
    case 'resume':
      return 'resumed';
    case 'refresh':
      return ok ? 'the exchange was read and reconciled' : 'not every product could be read';
    case 'cancel-order':
      return ok ? 'the order is gone' : 'the order could not be cancelled';
    case 'cancel-all':
      return ok ? 'our orders are gone, stops stay' : 'not all of it could be cancelled';
    case 'release':
      return 'released';
    case 'stop':
      return ok ? 'the engine ends; stops stay at the exchange where there is a position' : 'the engine ends, and not all of it could be done: look at the answer';
    case 'resolve':
      return ok ? 'given up' : 'not all of it could be given up';
    case 'close-symbol':
    case 'close-all': {
      const { flat_confirmed: flat = false, remaining_positions: { length: left } = [] } = closeShape.safeParse(answer).data ?? {};
      if (flat) return 'flat, and the exchange says so';
      return left > 0 ? `${left} position${left === 1 ? '' : 's'} left: look at the answer` : ok ? 'done' : 'not all of it was done';
    }
  }
}

function bounded(answer: unknown): string {
  const text = JSON.stringify(answer, null, 1);
  return text.length > MOST_ANSWER ? `${text.slice(0, MOST_ANSWER)}…` : text;
}
