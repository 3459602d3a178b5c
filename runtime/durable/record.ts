import { type Ask, AskRequest } from '../core/asks.js';
import type { Cell } from '../core/cell.js';
import type { Dispatcher } from '../core/dispatcher.js';
import { Journalled, type Slot } from '../core/journalled.js';
import { contentOf } from '../core/post.js';
import { NO_ASK, setAside } from '../core/stash.js';
import { Op } from '../core/turn-ops.js';
import type { TurnInput, TurnOp } from '../journal/entry.js';
import type { ActorRef, WorkerSpec } from '../types.js';
import type { TurnRecord } from './context.js';

/** An answer to somebody outside the tree: it leaves when the turn is on disk. */
export interface HeldReply {
  readonly ask: Ask;
  readonly value: unknown;
}

/** What a turn asked for, in the journal's words, and what must wait until that is on disk. */
export interface Recorded {
  readonly ops: readonly TurnOp[];
  readonly effects: readonly { readonly name: string; readonly payload: unknown }[];
  readonly replies: readonly HeldReply[];
}

const nothing = (): void => undefined;

/**
 * Takes down the wishes of a cell's turn, from `mark` on. Effects and answers to outside are taken out of the wishes; messages to durable
 * actors get their place in the journal: `slot`, once the entry is there.
 */
export function recordTurn(d: Dispatcher, cell: Cell, mark: number, record: TurnRecord, slot: Slot, message: unknown): Recorded {
  const wishes = d.ops;
  const ops: TurnOp[] = [];
  const effects: { name: string; payload: unknown }[] = [];
  const replies: HeldReply[] = [];
  let asks = 0;
  let stashed = false;
  const end = wishes.count;
  for (let at = mark; at < end; at++) {
    if (wishes.owners[at] !== cell) continue;
    const a = wishes.a[at];
    const b = wishes.b[at];
    switch (wishes.kinds[at]!) {
      case Op.send:
        if ((a as Cell).durable === null || wishes.n[at] !== 0) break;
        wishes.b[at] = new Journalled('journal', ops.length, b, slot);
        ops.push(['send', (a as Cell).path, b]);
        break;
      case Op.publish: recordPublish(d, wishes, at, ops, slot); break;
      case Op.startTimer: ops.push(['timer', a as string, wishes.n[at]!, contentOf(b)]); break;
      case Op.cancelTimer: ops.push(['cancel', a as string]); break;
      case Op.effect:
        ops.push(['effect', a as string, b]);
        effects.push({ name: a as string, payload: b });
        wishes.kinds[at] = Op.call;
        wishes.a[at] = nothing;
        break;
      case Op.reply:
        if (a === null || (a as Ask).asker !== null) break;
        replies.push({ ask: a as Ask, value: b });
        wishes.kinds[at] = Op.call;
        wishes.a[at] = nothing;
        break;
      case Op.ask: {
        const { id, down } = record.asks[asks++]!;
        ops.push(['ask', id, down]);
        break;
      }
      case Op.subscribe: ops.push(['topic', a as string]); break;
      case Op.register: ops.push(['name', a as string]); break;
      case Op.monitor: ops.push(['watch', wishes.n[at]!, (a as ActorRef<never>).path]); break;
      case Op.demonitor: ops.push(['unwatch', wishes.n[at]!]); break;
      case Op.spawned: ops.push(['child', (a as Cell).id]); break;
      case Op.spawnLater: ops.push(['child', (b as WorkerSpec).id]); break;
      case Op.stopChild: ops.push(['nochild', a as string]); break;
      case Op.stash:
        // With an ask the reply address goes when the process goes: there is nobody to come back for.
        if (a !== NO_ASK || wishes.n[at] !== 0) break;
        stashed = true;
        wishes.kinds[at] = Op.call;
        wishes.a[at] = nothing;
        break;
      case Op.unstashAll: ops.push(['unstash']); break;
      case Op.sendNowhere:
      case Op.stop:
      case Op.call: break;
    }
  }
  if (stashed) {
    // After everything else, as the dispatcher does it: `unstashAll` of the same turn does not mean this message.
    ops.push(['stash', message]);
    wishes.add(Op.call, cell, stashJournalled, new Journalled('stash', record.turn, message), 0);
  }
  return { ops, effects, replies };
}

/** What comes back later says from which turn. */
function stashJournalled(d: Dispatcher, owner: Cell, message: unknown): void {
  setAside(d, owner, message, NO_ASK);
}

/** A durable subscriber gets what is published as if it had been sent to it. */
function recordPublish(d: Dispatcher, wishes: Dispatcher['ops'], at: number, ops: TurnOp[], slot: Slot): void {
  const topic = wishes.a[at] as string;
  const message = wishes.b[at];
  const places = new Map<Cell, Journalled>();
  for (const subscriber of d.topics.get(topic) ?? []) {
    if (subscriber.durable === null || !subscriber.durable.takes(d)) continue;
    places.set(subscriber, new Journalled('journal', ops.length, message, slot));
    ops.push(['send', subscriber.path, message]);
  }
  if (places.size === 0) return;
  wishes.kinds[at] = Op.call;
  wishes.a[at] = publishAround;
  wishes.b[at] = { topic, message, places };
}

/** Publishes with some subscribers getting a message of their own. */
function publishAround(d: Dispatcher, _owner: Cell, what: unknown): void {
  const { topic, message, places } = what as { topic: string; message: unknown; places: ReadonlyMap<Cell, Journalled> };
  for (const subscriber of d.topics.get(topic) ?? []) d.deliver(subscriber, places.get(subscriber) ?? message);
  const observers = d.observers.get(topic);
  for (const observer of observers ?? []) if (d.guard(null, () => observer(message)) !== undefined) observers?.delete(observer);
}

/** How the journal names the message of a turn. */
export function inputOf(d: Dispatcher, raw: unknown): TurnInput {
  if (raw instanceof Journalled) {
    switch (raw.origin) {
      case 'journal': return ['journal', raw.slot!.position, raw.key as number];
      case 'timer': return ['timer', raw.key as string, raw.message];
      case 'answer': return ['answer', raw.key as string, raw.message];
      case 'child': return ['child', raw.key as string, raw.message];
      case 'down': return ['down', raw.key as number, raw.message];
      case 'stash': return ['stash', raw.key as number];
      case 'system': return ['system', raw.message];
    }
  }
  if (d.currentAsk !== null) return ['request', raw];
  if (isDown(raw)) return ['down', raw.token, raw];
  return ['message', raw];
}

function isDown(message: unknown): message is { readonly token: number } {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'runtime.down' && 'token' in message && typeof message.token === 'number';
}

/** The messages an actor's mailbox holds that would be lost with it: neither in the journal nor bound to somebody waiting. */
export function looseMessages(queued: Iterable<unknown>): unknown[] {
  const loose: unknown[] = [];
  for (const message of queued) if (!(message instanceof Journalled) && !isEnvelope(message)) loose.push(message);
  return loose;
}

function isEnvelope(message: unknown): boolean {
  return message instanceof AskRequest || contentOf(message) !== message;
}
