import type { MachineReading } from '../../../../runtime/index.js';

/** Tells of an actor at an instant of a run (by its key), by `Runtime.machine` of the tree that was replayed; null when there was no such actor. @throws UiError */
export type ReadPast = (source: string, path: string, at: string) => Promise<MachineReading | null>;

let read: ReadPast | null = null;

/** The time machine says here that it can. */
export function offerPast(offered: ReadPast): void {
  read = offered;
}

export function pastReader(): ReadPast | null {
  return read;
}
