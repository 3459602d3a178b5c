import type { Journal } from '../../runtime/journal/port.js';
import type { Broken } from './stages.js';

/** The journal as it is, or one that at a recovery forgets the messages an actor had not handled, to see that the sweep finds that out. */
export function sabotage<J extends Journal>(journal: J, broken: Broken | null): J {
  if (broken !== 'drop-tail') return journal;
  const history = journal.history.bind(journal);
  journal.history = (path) => {
    const whole = history(path);
    if (whole === null) return null;
    const handled = whole.entries.findLastIndex(({ entry }) => entry.kind === 'turn' && entry.actor === path);
    return { ...whole, entries: whole.entries.slice(0, handled + 1) };
  };
  return journal;
}
