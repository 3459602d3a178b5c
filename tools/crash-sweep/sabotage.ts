import type { Journal } from '../../runtime/journal/port.js';
import type { Broken } from './stages.js';

/** The journal as it is, or one that forgets the last entries of each actor at a recovery, to see that the sweep finds that out. */
export function sabotage<J extends Journal>(journal: J, broken: Broken | null): J {
  if (broken !== 'drop-tail') return journal;
  const history = journal.history.bind(journal);
  journal.history = (path) => {
    const whole = history(path);
    return whole === null ? null : { ...whole, entries: whole.entries.slice(0, -1) };
  };
  return journal;
}
