import { Journalled } from '../core/journalled.js';
import { refusePromise } from '../core/refuse-promise.js';
import { restoreState, type SnapshotEnvelope } from '../core/snapshot.js';
import { Op } from '../core/turn-ops.js';
import type { ActorSnapshot, JournalEntry, TurnEntry, TurnOp } from '../journal/entry.js';
import { JournalFailure } from '../journal/failure.js';
import type { ActorHistory } from '../journal/port.js';
import { Random } from '../random.js';
import type { DurableActor } from './actor.js';
import { TurnRecord } from './context.js';
import { ActorModel } from './model.js';

export interface Recovered {
  readonly model: ActorModel;
  readonly state: unknown;
  readonly envelope: SnapshotEnvelope;
  /** The snapshot was of an older version: a new one is needed before anything else is written. */
  readonly migrated: boolean;
}

/**
 * Brings an actor to where its journal ends: state of the last snapshot, then each later entry that concerns it. With the log of inputs
 * the turns are stepped again, with the answers and stamps of the first time, and nothing they ask for happens; with the log of events
 * only `apply` runs. Throws JournalFailure 'behaviour' or 'diverged'.
 */
export function recoverActor(actor: DurableActor, history: ActorHistory): Recovered {
  const { cell, inner, host } = actor;
  const { d } = host;
  const { snapshot } = history;
  const turns = history.entries.some(({ entry }) => entry.kind === 'turn' && entry.actor === cell.path && entry.phase === 'step');
  const older = checkVersion(actor, snapshot, turns);
  const model = ActorModel.of({ ...snapshot, queue: snapshot.queue.map((queued) => (queued.position === -2 ? { ...queued, position: history.snapshotPosition } : queued)) });
  const { nowUs } = d;
  const { incarnation } = cell;
  cell.idCounter = snapshot.ids;
  cell.random = generatorFrom(snapshot.random);
  cell.epoch = snapshot.epoch;
  d.nowUs = snapshot.atUs;
  const mark = d.ops.count;
  try {
    actor.context.record = new TurnRecord(snapshot.turn, new Map(), null);
    let state = restoreState(inner, older ? migrated(actor, snapshot) : snapshot.value, cell.context, (cell.spec as { readonly input?: unknown }).input, 'start');
    d.ops.truncate(mark);
    for (const { position, entry } of history.entries) {
      if (entry.kind === 'turn' && entry.actor === cell.path && entry.phase === 'step') {
        state = snapshot.log === 'inputs' ? stepAgain(actor, model, entry, state) : applyAgain(actor, snapshot, entry, state);
      }
      fold(model, entry, position);
    }
    return { model, state, envelope: envelopeOf(actor, model), migrated: older };
  } finally {
    d.ops.truncate(mark);
    d.nowUs = nowUs;
    cell.incarnation = incarnation;
    cell.random = null;
    cell.idCounter = 0;
  }
}

/** What an entry means for an actor it concerns. */
export function fold(model: ActorModel, entry: JournalEntry, position: number): void {
  switch (entry.kind) {
    case 'turn':
      if (entry.actor === model.path) model.turned(entry, position);
      else entry.ops.forEach((op, index) => {
        if (op[0] === 'send' && op[1] === model.path) model.enqueue(position, index, op[2]);
      });
      break;
    case 'failed': model.failed(entry); break;
    case 'input': model.enqueue(position, 0, entry.message); break;
    case 'outcome': model.came(entry, position); break;
    case 'snapshot':
    case 'release': break;
  }
}

/** True when the snapshot is of an older version. A tail that another version wrote is taken up only where that is safe. */
function checkVersion(actor: DurableActor, snapshot: ActorSnapshot, turns: boolean): boolean {
  const { inner, spec, cell } = actor;
  const { name, version } = snapshot.behaviour;
  const refuse = (why: string): never => {
    throw new JournalFailure('behaviour', `${cell.path} cannot be recovered: ${why}. The journal was left as it is`);
  };
  if (name !== inner.name) refuse(`the journal is of a behaviour "${name}", not of "${inner.name}"`);
  if (version > inner.version) refuse(`the journal was written by version ${version} of "${name}"; this is version ${inner.version}`);
  if (snapshot.log !== spec.log && turns) {
    refuse(`its turns after the last snapshot are a log of ${snapshot.log}, the specification says ${spec.log}; stop it once in good order with the old specification`);
  }
  if (version === inner.version) return false;
  if (inner.migrate === undefined) refuse(`"${name}" has no migration from version ${version} to ${inner.version}`);
  if (turns && snapshot.log === 'inputs') {
    refuse(`version ${version} handled messages after its last snapshot, and version ${inner.version} might answer them otherwise; start version ${version} once and stop it in good order`);
  }
  if (turns && inner.migrateEvent === undefined) {
    refuse(`version ${version} persisted events after its last snapshot, and "${name}" has no migrateEvent; start version ${version} once and stop it in good order`);
  }
  return true;
}

function migrated(actor: DurableActor, snapshot: ActorSnapshot): unknown {
  const { inner, cell } = actor;
  const data = inner.migrate!(snapshot.value, snapshot.behaviour.version);
  if (data !== undefined) return data;
  throw new JournalFailure('behaviour', `${cell.path} cannot be recovered: "${inner.name}" has no migration from version ${snapshot.behaviour.version} to ${inner.version}`);
}

function applyAgain(actor: DurableActor, snapshot: ActorSnapshot, entry: TurnEntry, before: unknown): unknown {
  const { inner, cell } = actor;
  const from = snapshot.behaviour.version;
  let state = before;
  for (const event of entry.events ?? []) {
    const known = from === inner.version ? event : inner.migrateEvent!(event, from);
    if (known === undefined) throw new JournalFailure('behaviour', `${cell.path} cannot be recovered: "${inner.name}" has no way for an event of version ${from} in turn ${entry.turn}`);
    state = inner.apply!(state, known);
  }
  return state;
}

function stepAgain(actor: DurableActor, model: ActorModel, entry: TurnEntry, before: unknown): unknown {
  const { inner, cell, host } = actor;
  const { d } = host;
  const mark = d.ops.count;
  d.nowUs = entry.atUs;
  cell.incarnation = entry.incarnation;
  actor.context.record = new TurnRecord(entry.turn, new Map(entry.answers), null);
  let state: unknown;
  try {
    state = inner.step(before, messageOf(model, entry), cell.context);
    refusePromise(state, inner.name, 'step');
  } catch (thrown) {
    throw diverged(actor, entry, `it threw: ${thrown instanceof Error ? thrown.message : String(thrown)}`, thrown);
  }
  const asked = wishesOf(d.ops, mark);
  d.ops.truncate(mark);
  const first = entry.ops.flatMap(wishOf);
  if (asked.join('\n') !== first.join('\n')) throw diverged(actor, entry, `it asked for [${asked.join(', ')}], the first time for [${first.join(', ')}]`);
  const { calls } = actor.context.record;
  if (calls !== entry.calls) throw diverged(actor, entry, `it asked its context ${calls} questions (sends, timers to cancel, children, …), the first time ${entry.calls}`);
  if (cell.idCounter !== entry.ids) throw diverged(actor, entry, `it drew ${cell.idCounter} ids, the first time ${entry.ids}`);
  if (!sameGenerator(cell.random, entry.random ?? model.random)) throw diverged(actor, entry, 'it drew other random numbers than the first time');
  return state;
}

/** What a turn must ask for again, as far as it can be told without carrying it out. */
function wishesOf(ops: DurableActor['host']['d']['ops'], mark: number): string[] {
  const wishes: string[] = [];
  for (let at = mark; at < ops.count; at++) {
    const a = String(ops.a[at]);
    switch (ops.kinds[at]) {
      case Op.effect: wishes.push(`effect ${a}`); break;
      case Op.startTimer: wishes.push(`timer ${a} at ${ops.n[at]}`); break;
      case Op.subscribe: wishes.push(`topic ${a}`); break;
      case Op.ask: wishes.push('ask'); break;
      case Op.unstashAll: wishes.push('unstash'); break;
      default: break;
    }
  }
  return wishes;
}

function wishOf(op: TurnOp): string[] {
  switch (op[0]) {
    case 'effect': return [`effect ${op[1]}`];
    case 'timer': return [`timer ${op[1]} at ${op[2]}`];
    case 'topic': return [`topic ${op[1]}`];
    case 'ask': return ['ask'];
    case 'unstash': return ['unstash'];
    default: return [];
  }
}

function messageOf(model: ActorModel, entry: TurnEntry): unknown {
  const input = entry.input!;
  switch (input[0]) {
    case 'journal': {
      const queued = model.queue.get(`${input[1]}.${input[2]}`);
      if (queued === undefined) throw new JournalFailure('corrupt', `turn ${entry.turn} of ${entry.actor} handled the message ${input[1]}.${input[2]}, which is not in the journal`);
      return queued.message;
    }
    case 'stash': return model.deferred.has(input[1]) ? model.deferred.get(input[1]) : model.queue.get(`-1.${input[1]}`)?.message;
    case 'message':
    case 'request':
    case 'system': return input[1];
    case 'timer':
    case 'answer':
    case 'child':
    case 'down': return input[2];
  }
}

function diverged(actor: DurableActor, entry: TurnEntry, why: string, cause?: unknown): JournalFailure {
  return new JournalFailure('diverged', `${actor.cell.path} cannot be recovered: turn ${entry.turn} went otherwise when it was stepped again: ${why}. `
    + `The behaviour depends on something that is not in its messages, or it changed without a new version`, cause);
}

const words = new Int32Array(4);

function sameGenerator(now: Random | null, then: readonly number[] | null): boolean {
  if (now === null || then === null) return (now === null) === (then === null);
  now.save(words);
  return then.every((word, at) => word === words[at]);
}

function generatorFrom(state: readonly number[] | null): Random | null {
  if (state === null) return null;
  const random = new Random('');
  random.load(Int32Array.from(state));
  return random;
}

/** For the runtime's own start from a snapshot; the state itself is handed over by the actor. */
function envelopeOf(actor: DurableActor, model: ActorModel): SnapshotEnvelope {
  const { cell, inner, host } = actor;
  const there = new Set<string | number>();
  for (const message of cell.mailbox.queued()) if (message instanceof Journalled && message.origin === 'stash') there.add(message.key);
  return {
    format: 1,
    path: cell.path,
    behaviour: { name: inner.name, version: inner.version },
    incarnation: model.incarnation,
    epoch: model.epoch,
    seq: model.turn,
    atUs: host.d.nowUs,
    value: null,
    timers: [...model.timers]
      .map(([key, { dueUs, message }]) => ({ key, dueUs, message: new Journalled('timer', key, message) }))
      .sort((a, b) => a.dueUs - b.dueUs),
    deferred: [...model.deferred].filter(([turn]) => !there.has(turn)).map(([turn, message]) => new Journalled('stash', turn, message)),
    effects: [],
    topics: [...model.topics],
    names: [...model.names],
    ids: model.ids,
    random: model.random,
  };
}
