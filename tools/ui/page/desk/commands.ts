import { signal } from '@preact/signals';
import { act, ApiError } from '../api.js';
import { confirmationOf, DESK_VERBS, knownAfter, type Desk, type DeskCommand, type DeskOutcome, type DeskVerb } from '../../wire/desk.js';

/** A command that this tab has sent. `sent`: no answer yet. */
export interface Sent extends DeskCommand {
  readonly atMs: number;
  readonly state: DeskOutcome['state'] | 'sent';
  readonly text: string;
  readonly answer: string;
}

const KEPT = 'faultline.commands';
const MOST_KEPT = 12;

/** Newest first; they outlive a reload, so that none is sent twice under another id. */
export const sent = signal<readonly Sent[]>(readKept());

/** The command that waits for its confirmation; its id is made here, once. */
export const asked = signal<DeskCommand | null>(null);

export function ask({ source, standing: { run } }: Pick<Desk, 'source' | 'standing'>, verb: DeskVerb, args: DeskCommand['args'] = {}): void {
  asked.value = { source, id: newId(), verb, args, run };
}

/** Sends it, or asks again what became of it: under one id the engine carries out one command. */
export async function send(command: DeskCommand, typed: string): Promise<void> {
  const { source, id, verb, args, run } = command;
  const before = sent.value.find((each) => each.id === id)?.state;
  put({ source, id, verb, args, run, atMs: Date.now(), state: 'sent', text: 'sent, and not answered yet', answer: '' });
  try {
    const outcome = await act<DeskOutcome>('desk/command', { source, id, verb, args, run }, typed);
    change(id, knownAfter(before, outcome));
  } catch (error) {
    const unknown = !(error instanceof ApiError) || error.status === 0;
    change(id, knownAfter(before, {
      state: unknown ? 'unknown' : 'refused',
      text: unknown ? 'the server of this page did not answer; whether it was carried out stands in the journal. Asked again under the same id it is not done twice' : (error as ApiError).message,
      answer: '',
    }));
  }
}

export const askAgain = (command: Sent): Promise<void> => send(command, confirmationOf(command));

function put(command: Sent): void {
  sent.value = [command, ...sent.value.filter(({ id }) => id !== command.id)].slice(0, MOST_KEPT);
  keep();
}

function change(id: string, outcome: Pick<Sent, 'state' | 'text' | 'answer'>): void {
  sent.value = sent.value.map((each) => (each.id === id ? { ...each, state: outcome.state, text: outcome.text, answer: outcome.answer } : each));
  keep();
}

function keep(): void {
  sessionStorage.setItem(KEPT, JSON.stringify(sent.value.map((each) => ({ ...each, answer: '' }))));
}

/** What had no answer when the page was loaded anew is unknown: the answer went to the page before. */
function readKept(): readonly Sent[] {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? '[]') as readonly Sent[];
    return kept.filter(({ id, verb }) => typeof id === 'string' && DESK_VERBS.includes(verb))
      .map((each) => (each.state === 'sent' ? { ...each, state: 'unknown', text: 'sent before this page was loaded; ask again what became of it' } : each));
  } catch {
    return [];
  }
}

function newId(): string {
  return `ui-${crypto.randomUUID()}`;
}
