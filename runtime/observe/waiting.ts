import type { Cell } from '../core/cell.js';
import { messageType } from '../core/failure.js';
import { Envelope } from '../core/mailbox.js';
import { contentOf } from '../core/post.js';
import { type CopyLimits, plainCopy } from './inspect.js';

/** A message that an actor has not handled. `system`: a notice of the runtime, handled first; `deferred`: set aside. */
export interface WaitingMessage {
  readonly lane: 'system' | 'user' | 'deferred';
  /** Its `type`; of one that has none, what it is. */
  readonly type: string;
  /** A timer that fired, a question, an answer: what makes the message. */
  readonly envelope: string | null;
  readonly message: unknown;
}

/** What waits for an actor, in the order in which it will be handled; those that were set aside come last. */
export interface MailboxView {
  readonly path: string;
  readonly system: number;
  readonly user: number;
  readonly deferred: number;
  readonly messages: readonly WaitingMessage[];
  /** Messages that wait and are not shown. */
  readonly omitted: number;
}

/** Messages that are shown unless more are asked for, and what is shown of each. */
export const MAILBOX_LIMITS: CopyLimits & { readonly messages: number } = { messages: 50, depth: 6, entries: 50, values: 500, textLength: 500 };

/** A bounded copy of what waits; changes nothing. */
export function mailboxOf(cell: Cell, { messages: most, ...limits } = MAILBOX_LIMITS): MailboxView {
  const messages: WaitingMessage[] = [];
  const show = (lane: WaitingMessage['lane'], item: unknown): void => {
    const content = contentOf(item);
    messages.push({ lane, type: messageType(content), envelope: item instanceof Envelope ? item.constructor.name : null, message: plainCopy(content, limits) });
  };
  const system = cell.system.length - cell.systemHead;
  for (let at = cell.systemHead; at < cell.system.length && messages.length < most; at++) show('system', cell.system[at]);
  if (messages.length < most) {
    for (const item of cell.mailbox.queued()) {
      show('user', item);
      if (messages.length >= most) break;
    }
  }
  const aside = cell.stash ?? [];
  for (let at = 0; at < aside.length && messages.length < most; at++) show('deferred', aside[at]);
  const all = system + cell.mailbox.count + aside.length;
  return { path: cell.path, system, user: cell.mailbox.count, deferred: aside.length, messages, omitted: all - messages.length };
}
