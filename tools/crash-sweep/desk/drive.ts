import type { Runtime } from '../../../runtime/runtime.js';
import type { ExchangeClient } from '../exchange/client.js';
import { START_US, type Script, type ScriptedOrder } from '../script.js';
import type { Signal } from './messages.js';

/** What the driver needs of whatever keeps the desk. */
export interface DeskFloor {
  readonly runtime: Runtime;
  /** Hands an input to the desk; resolves when it is safe to acknowledge it. */
  accept(signal: Signal): Promise<void>;
  /** Runs turns until nothing is queued, nothing waits for the disk and no effect is still to be run. */
  settle(): Promise<void>;
}

/**
 * Runs the script from where the exchange says it stands to its end, as fast as it goes: the virtual clock steps to the
 * next input, timer or late answer, and before each step everything that could happen has happened.
 */
export async function drive(script: Script, floor: DeskFloor, client: ExchangeClient): Promise<void> {
  const { runtime } = floor;
  const endUs = START_US + script.endUs;
  let next = client.acked + 1;
  for (;;) {
    await quiet(floor, client);
    const input = script.orders[next];
    const inputUs = input === undefined ? Infinity : START_US + input.atUs;
    const us = Math.max(runtime.nowUs(), Math.min(inputUs, runtime.nextTimerUs(), client.nextDueUs, endUs));
    // The exchange first: its clock outlives the desk, so that a desk that dies in a timer's turn does not find the time before it again.
    await client.advance(us);
    await quiet(floor, client);
    runtime.advanceTo(us);
    await quiet(floor, client);
    if (input !== undefined && inputUs <= us) {
      await floor.accept(signalOf(input));
      client.ack(next);
      next += 1;
    } else if (us >= endUs && runtime.nextTimerUs() > us && client.nextDueUs > us) {
      await quiet(floor, client);
      return;
    }
  }
}

async function quiet(floor: DeskFloor, client: ExchangeClient): Promise<void> {
  do {
    await client.quiet();
    await floor.settle();
  } while (client.outstanding > 0);
}

export function signalOf({ id, slot, side, lots, ticks, fillMs, cancelMs }: ScriptedOrder): Signal {
  return { type: 'signal', order: id, slot, side, lots, ticks, cancelMs: fillMs === null ? cancelMs : null };
}
