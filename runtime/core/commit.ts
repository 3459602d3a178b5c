import { TraceKind } from '../observe/trace.js';
import type { ActorRef, ExitReason, FailureCause, WorkerSpec } from '../types.js';
import { askTimer, keyedTimer } from './timer-jobs.js';
import { type Ask, AskRequest, ChildEnded } from './asks.js';
import type { Cell } from './cell.js';
import { resolve } from './context.js';
import type { Dispatcher } from './dispatcher.js';
import { type EffectCall, type EffectFailed, isPromise } from './effects.js';
import { kill, stopChild } from './lifecycle.js';
import { forget } from './release.js';
import { awaitSpawned } from './spawned.js';
import { createCell, startCell } from './start.js';
import { type NO_ASK, unstashAll } from './stash.js';
import { CellKind, CellState } from './states.js';
import { TokenMap } from './token-map.js';
import { type Call, Op } from './turn-ops.js';

/**
 * Carries out what the turn asked for, in the order it asked, from `mark` on; effects come last. Runs between turns: nothing
 * here is on the stack of a behaviour, and a stop hook or observer that runs inside has its own boundary.
 */
export function commit(d: Dispatcher, mark: number): void {
  const ops = d.ops;
  const end = ops.count;
  let effects = 0;
  d.committing++;
  for (let at = mark; at < end; at++) {
    const owner = ops.owners[at]!;
    const a = ops.a[at];
    const b = ops.b[at];
    switch (ops.kinds[at]!) {
      case Op.send: {
        const target = a as Cell;
        target.mailbox.reserved--;
        // This turn may have replaced a child under the same path.
        d.deliver(target.state === CellState.gone ? (d.paths.get(target.path) ?? target) : target, b);
        break;
      }
      case Op.sendNowhere: sendTo(d, a as string, b); break;
      case Op.spawnLater: spawnNow(d, owner, b as WorkerSpec); break;
      case Op.startTimer: startTimer(d, owner, a as string, b, ops.n[at]!); break;
      case Op.cancelTimer: cancelTimer(d, owner, a as string); break;
      case Op.effect: effects++; break;
      case Op.stop: {
        if (owner.state > CellState.draining) break;
        d.exit(owner, a !== undefined ? (a as ExitReason) : b === undefined ? NORMAL : { kind: 'normal', output: b });
        break;
      }
      case Op.call: (a as Call)(d, owner, b, ops.n[at]!); break;
      case Op.publish: publish(d, a as string, b); break;
      case Op.subscribe: subscribe(d, owner, a as string); break;
      case Op.monitor: monitor(d, owner, a as ActorRef<never>, ops.n[at]!); break;
      case Op.demonitor: demonitor(d, owner, ops.n[at]!); break;
      case Op.ask: ask(d, owner, a as string, b as Ask, ops.n[at]!); break;
      case Op.reply: reply(d, owner, a as Ask | null, b); break;
      case Op.stopChild: stopChild(d, owner, a as string); break;
      case Op.spawned: break;
      case Op.stash: {
        d.stashing = a as Ask | typeof NO_ASK;
        d.unfinished = true;
        break;
      }
      case Op.unstashAll: unstashAll(d, owner); break;
      case Op.register: owner.names = [...(owner.names ?? []), a as string]; break;
    }
  }
  if (effects !== 0) {
    for (let at = mark, index = 0; at < end; at++) {
      if (ops.kinds[at] === Op.effect) runEffect(d, ops.owners[at]!, ops.a[at] as string, ops.b[at], index++);
    }
  }
  ops.truncate(mark);
  d.committing--;
}

/** Takes back what a turn that threw had asked for. */
export function rollback(d: Dispatcher, mark: number): void {
  const ops = d.ops;
  for (let at = ops.count - 1; at >= mark; at--) {
    if (ops.kinds[at] === Op.send) (ops.a[at] as Cell).mailbox.reserved--;
    else if (ops.kinds[at] === Op.register) d.names.delete(ops.a[at] as string);
    else if (ops.kinds[at] === Op.spawned) {
      kill(d, ops.a[at] as Cell);
      forget(d, ops.a[at] as Cell);
    }
  }
  ops.truncate(mark);
}

/** The path may have come to life in this very turn. */
function sendTo(d: Dispatcher, path: string, message: unknown): void {
  const target = d.find(path);
  if (target !== undefined) {
    d.deliver(target, message);
    return;
  }
  d.sent++;
  d.deadLetter('no_such_actor', path, message);
}

function spawnNow(d: Dispatcher, parent: Cell, spec: WorkerSpec): void {
  if (parent.state > CellState.starting) return;
  const known = parent.children?.get(spec.id);
  let cause: FailureCause | null;
  if (known !== undefined) {
    cause = { name: 'StartFailed', message: `there is already a child "${spec.id}"`, path: known.path };
  } else {
    const child = createCell(d, parent, spec);
    cause = startCell(d, child);
    if (child.pendingStart !== null) awaitSpawned(d, parent, child);
    if (cause !== null || child.state === CellState.stopped) forget(d, child);
  }
  if (cause !== null && parent.behaviour.childExit !== undefined) d.notify(parent, new ChildEnded(spec.id, { kind: 'error', cause }));
}

const NORMAL: ExitReason = { kind: 'normal' };

function startTimer(d: Dispatcher, cell: Cell, key: string, message: unknown, dueUs: number): void {
  if (cell.state === CellState.stopping) return;
  cell.timers ??= new Map();
  const old = cell.timers.get(key);
  if (old !== undefined) d.timers.remove(old);
  cell.timers.set(key, d.arm(dueUs, cell, key, message, keyedTimer(d)));
}

function cancelTimer(d: Dispatcher, cell: Cell, key: string): void {
  const timer = cell.timers?.get(key);
  if (timer === undefined) return;
  cell.timers!.delete(key);
  d.timers.remove(timer);
}

/** Delivers to every subscriber in the order they subscribed, then to observers outside the tree. */
export function publish(d: Dispatcher, topic: string, message: unknown): void {
  const subscribers = d.topics.get(topic);
  if (subscribers !== undefined) for (const cell of subscribers) d.deliver(cell, message);
  const observers = d.observers.get(topic);
  if (observers === undefined) return;
  for (const observer of observers) if (d.guard(null, () => observer(message)) !== undefined) observers.delete(observer);
}

function subscribe(d: Dispatcher, cell: Cell, topic: string): void {
  if (cell.state === CellState.stopping) return;
  const members = d.topics.get(topic);
  if (members === undefined) d.topics.set(topic, new Set([cell]));
  else members.add(cell);
  (cell.topics ??= new Set()).add(topic);
}

function monitor(d: Dispatcher, cell: Cell, to: ActorRef<never>, token: number): void {
  const target = resolve(d, to);
  if (target === undefined || target.state > CellState.draining) {
    d.tell(cell, token, to.path, target?.incarnation ?? 0, { kind: 'noproc' });
    return;
  }
  (target.watchers ??= new TokenMap()).set(token, cell);
  (cell.watching ??= new TokenMap()).set(token, target);
}

/** Also takes back a notice that is already queued. */
function demonitor(d: Dispatcher, cell: Cell, token: number): void {
  d.permanent?.remove(cell, token);
  const target = cell.watching?.get(token);
  cell.watching?.delete(token);
  target?.watchers?.delete(token);
  const notice = cell.system.findIndex((entry) => typeof entry === 'object' && entry !== null && 'token' in entry && entry.token === token);
  if (notice < cell.systemHead) return;
  cell.system.splice(notice, 1);
  d.sent--;
  if (cell.systemHead < cell.system.length) return;
  cell.system.length = 0;
  cell.systemHead = 0;
}

/** Sends the question; where it cannot go the outcome comes back at once. */
export function ask(d: Dispatcher, asker: Cell | null, path: string, question: Ask, deadlineUs: number): void {
  const target = d.find(path);
  if (asker !== null) (asker.asks ??= new Set()).add(question);
  if (target === undefined || target.kind !== CellKind.worker || !d.takes(target)) {
    const refused = target !== undefined && target.state === CellState.down && target.policy.onRestart === 'reject';
    d.answer(question, { ok: false, reason: refused ? 'full' : 'dead' });
  } else if (target.mailbox.count >= target.mailbox.capacity) {
    d.answer(question, { ok: false, reason: 'full' });
  } else {
    if (d.askChains !== null) d.askChains.check(question, target);
    d.force(target, new AskRequest(question));
    question.timer = d.arm(deadlineUs, asker, '', question, askTimer(d));
  }
}

function reply(d: Dispatcher, cell: Cell, question: Ask | null, value: unknown): void {
  if (question === null || question.done) {
    d.sent++;
    d.deadLetter('late_reply', question?.asker ?? cell, value);
    return;
  }
  d.answer(question, { ok: true, value });
}

function runEffect(d: Dispatcher, cell: Cell, name: string, payload: unknown, index: number): void {
  const epoch = cell.epoch;
  const key = `${cell.path}#${epoch}:${cell.handled}${d.keyPart}.${index}`;
  d.trace.write(TraceKind.effect, cell.number, cell.handled, d.nowUs);
  if (d.determinism !== null) d.determinism.message(name, cell.path, payload);
  let replied = false;
  const call: EffectCall = {
    path: cell.path,
    incarnation: cell.incarnation,
    key,
    atUs: d.nowUs,
    reply: (message) => {
      replied = true;
      if (cell.epoch === epoch && cell.state !== CellState.gone) {
        cell.effects?.delete(key);
        d.deliver(cell, message);
      } else {
        d.sent++;
        d.deadLetter('stale', cell, message);
        d.settle();
      }
    },
  };
  let answer: unknown;
  const cause = d.guard(cell, () => {
    answer = d.effects[name]!(payload as never, call);
  });
  if (cause !== undefined) {
    const failed: EffectFailed = { type: 'runtime.effect_failed', effect: name, key, cause };
    if (cell.state <= CellState.draining) d.notify(cell, failed);
    return;
  }
  const promise = isPromise(answer) ? answer : null;
  const open = (promise !== null || answer === 'pending') && !replied && cell.epoch === epoch && cell.state <= CellState.draining;
  if (open) (cell.effects ??= new Map()).set(key, { key, name, payload, status: 'pending' });
  promise?.then(() => {
    if (cell.epoch === epoch) cell.effects?.delete(key);
  }, (thrown) => {
    d.touch();
    const rejected = d.guard(cell, () => {
      throw thrown;
    })!;
    const failed: EffectFailed = { type: 'runtime.effect_failed', effect: name, key, cause: rejected };
    if (cell.epoch === epoch && cell.state <= CellState.draining) {
      cell.effects?.delete(key);
      d.notify(cell, failed);
    } else {
      d.sent++;
      d.deadLetter('stale', cell, failed);
    }
    d.settle();
  });
}
