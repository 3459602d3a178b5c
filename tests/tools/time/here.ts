import type { TreeNode } from '../../../runtime/index.js';
import { Machine } from '../../../tools/time/machine.js';
import { openRecording } from '../../../tools/time/source.js';
import type { Recording } from '../../../tools/time/player.js';
import type { TimeCursor, TimeSource, TimeSpan, TimeState, TimeStep, TimeTarget } from '../../../tools/time/types.js';

/** A machine in the test's own thread, its first pass over, with the cursor that `TimeMachine` keeps: to load and warm up a thread costs more than to play a short run. */
export class MachineHere {
  readonly machine: Machine;
  #key: string | undefined;

  private constructor(machine: Machine) {
    this.machine = machine;
  }

  static async open(source: TimeSource): Promise<MachineHere> {
    return MachineHere.of(await openRecording(source));
  }

  static of(recording: Recording): MachineHere {
    const machine = new Machine(recording);
    while (!machine.advance(1000));
    return new MachineHere(machine);
  }

  /** As the thread does that a machine lives in. */
  follow(): void {
    this.machine.lookAgain();
    while (!this.machine.advance(1000));
  }

  get state(): TimeState {
    return this.machine.state;
  }
  get span(): TimeSpan {
    return this.machine.span;
  }
  get key(): string {
    return this.#key ?? this.seek({ end: true }).key;
  }
  seek(target: TimeTarget): TimeCursor {
    const cursor = this.machine.seek(target);
    this.#key = cursor.key;
    return cursor;
  }
  step(step: TimeStep, from = this.key): TimeCursor | null {
    const cursor = this.machine.step(from, step);
    if (cursor !== null) this.#key = cursor.key;
    return cursor;
  }
  tree(path?: string): TreeNode | null {
    return this.machine.tree(this.key, path === undefined ? {} : { path });
  }
  digest(): string {
    return this.machine.digest(this.key);
  }
  close(): void {
    this.machine.close();
  }
}
