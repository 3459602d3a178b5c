import { KERNEL_PATH } from '../../actors/journal/decision.js';
import { TraceKind } from '../../runtime/observe/trace.js';
import type { RunIndex } from './run-index.js';

/**
 * What came to a tree from outside, each time when it was at rest: a record (by its number), an input (by its number), a timer that fired, time that passed for
 * the kernel, or what `text` says. `event`: how many events had happened before; of the last one that is everything.
 */
export type Stimulus =
  | { readonly kind: 'record' | 'input'; readonly number: number; readonly event: number }
  | { readonly kind: 'timer'; readonly path: string; readonly event: number; readonly atUs: number; readonly ofKernel: boolean }
  | { readonly kind: 'other'; readonly text: string; readonly event: number };

/**
 * The last stimulus before `event` events had happened. Between two the tree does all that follows from the first: so what it did then it did because of that one.
 *
 * @param merges that lanes made something of a record is in the index as a thing given; else a record is told by the kernel's having taken it
 */
export function stimulusBefore(index: RunIndex, event: number, merges: boolean): Stimulus {
  const { events, actors, givenEvents, inputEvents } = index;
  for (let at = event - 1; at >= 0; at -= 1) {
    const { kind, actor, atUs, record } = events.event(at);
    const before = at === 0 ? undefined : events.event(at - 1);
    const path = actors.list[actor]!;
    if (kind === TraceKind.timer) return { kind: 'timer', path, event: at, atUs, ofKernel: false };
    if (!merges && before !== undefined && record > before.record) return { kind: 'record', number: record - 1, event: at };
    const given = givenEvents.countUpTo(at) - 1;
    if (given >= 0 && givenEvents.at(given) === at) {
      const what = index.givenAt(given);
      if ('input' in what) return { kind: 'input', number: what.input, event: inputEvents.at(what.input) };
      if ('record' in what) return { kind: 'record', number: what.record, event: at };
      return 'text' in what ? { kind: 'other', text: what.text, event: at } : { kind: 'timer', path: KERNEL_PATH, event: at, atUs, ofKernel: true };
    }
  }
  return { kind: 'other', text: 'the start', event: 0 };
}
