import type { VenueControl } from '../venue/messages.js';
import type { KernelControl } from './messages.js';

export type Control = KernelControl | VenueControl;

/** Controls not yet due, by (dueUs, arrival). */
export class ControlQueue {
  /** Tape clock, µs, at which the first is due; Infinity when there is none. A plain field, read once a record. */
  nextDueUs = Infinity;
  private items: Control[] = [];

  get length(): number {
    return this.items.length;
  }

  add(control: Control): void {
    let at = this.items.length;
    while (at > 0 && this.items[at - 1].dueUs > control.dueUs) at -= 1;
    this.items.splice(at, 0, control);
    this.nextDueUs = this.items[0].dueUs;
  }

  /** Takes out the first; undefined when there is none. */
  shift(): Control | undefined {
    const first = this.items.shift();
    this.nextDueUs = this.items.length > 0 ? this.items[0].dueUs : Infinity;
    return first;
  }

  /** What waits, in order. */
  snapshot(): readonly Control[] {
    return this.items.slice();
  }

  restore(controls: readonly Control[]): void {
    this.items = [];
    this.nextDueUs = Infinity;
    for (const control of controls) this.add(control);
  }
}
