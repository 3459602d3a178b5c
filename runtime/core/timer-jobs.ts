import type { TimerJob } from '../clock/timer-heap.js';
import type { Ask } from './asks.js';
import type { Dispatcher } from './dispatcher.js';

interface Jobs {
  readonly keyed: TimerJob;
  readonly ask: TimerJob;
}

const jobs = new WeakMap<Dispatcher, Jobs>();

function jobsOf(d: Dispatcher): Jobs {
  let made = jobs.get(d);
  if (made === undefined) {
    made = {
      // The timer is its own envelope: a cancelled or replaced one is told apart when it is opened.
      keyed: { run: (timer) => d.force(timer.cell!, timer) },
      ask: { run: (timer) => d.answer(timer.message as Ask, { ok: false, reason: 'timeout' }) },
    };
    jobs.set(d, made);
  }
  return made;
}

/** A timer of an actor: its message goes to the actor's user lane. */
export function keyedTimer(d: Dispatcher): TimerJob {
  return jobsOf(d).keyed;
}

/** The deadline of an ask. */
export function askTimer(d: Dispatcher): TimerJob {
  return jobsOf(d).ask;
}
