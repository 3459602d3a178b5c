import type { Cell } from '../core/cell.js';
import { CellContext } from '../core/context.js';
import type { Dispatcher } from '../core/dispatcher.js';
import type { ActorContext, WorkerSpec } from '../types.js';
import { DurableActor } from './actor.js';
import { DurableContext } from './context.js';

/** Puts the journal in front of a new cell's behaviour, and gives it a context that writes down. */
export function durableContext(d: Dispatcher, cell: Cell): ActorContext {
  const { durable } = cell.spec as WorkerSpec;
  if (durable === undefined) return new CellContext(d, cell);
  if (d.durable === null) {
    cell.behaviour = {
      ...cell.behaviour,
      init: () => {
        throw new Error(`${cell.path} is durable: its runtime needs a journal, createRuntime({ journal })`);
      },
    };
    return new CellContext(d, cell);
  }
  cell.durable = new DurableActor(d.durable, cell, cell.behaviour, durable);
  cell.behaviour = cell.durable.behaviour;
  return new DurableContext(d, cell);
}
