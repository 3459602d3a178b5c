import { writeFileSync } from 'node:fs';
import { VirtualClock } from '../../runtime/clock/clock.js';
import type { EffectTable } from '../../runtime/core/effects.js';
import { openJournal } from '../../runtime/journal/lmdb-journal.js';
import { Runtime } from '../../runtime/runtime.js';
import type { FailureCause } from '../../runtime/types.js';
import { EXIT_CODES } from '../cli/errors.js';
import { BatchNames } from './batch-names.js';
import { drive } from './desk/drive.js';
import { exchangeEffects } from './desk/effects.js';
import type { ExchangeCall } from './desk/messages.js';
import { statesOf } from './desk/states.js';
import { deskTree } from './desk/tree.js';
import { ExchangeClient } from './exchange/client.js';
import { KillPoints } from './kill-points.js';
import { sabotage } from './sabotage.js';
import { makeScript } from './script.js';
import type { LifeOptions, LifeReport } from './stages.js';

/**
 * One life of the order desk, in a process of its own. It takes up the journal that the last life left, goes on with the script where the
 * exchange says it stands, and dies at its point, or comes to the end and reports.
 */
export async function live(options: LifeOptions): Promise<void> {
  const points = new KillPoints(options.kill);
  const names = new BatchNames();
  const script = makeScript(options.orders, options.seed);
  const client = await ExchangeClient.connect(options.exchange);
  const clock = new VirtualClock(client.nowUs);
  const stored = await openJournal({
    dir: options.folder,
    nowUs: () => clock.nowUs(),
    onPoint(at) {
      if (at === 'before-batch') names.takeBatch();
      if (at === 'before-batch' || at === 'committed' || at === 'flushed') points.reach(at, names.batch);
    },
  });
  const journal = sabotage(stored, options.broken);

  function watched(table: EffectTable): EffectTable {
    return Object.fromEntries(Object.entries(table).map(([name, handler]) => [name, (payload: never, call) => {
      const { order, polls } = payload as ExchangeCall;
      const what = [`${name} ${order} ${polls}`];
      points.reach('before-effect', what);
      const answer = handler(payload, call);
      points.reach('after-effect', what);
      return answer;
    }])) as EffectTable;
  }

  const runtime = new Runtime({
    clock,
    journal,
    effects: watched(exchangeEffects(client)),
    onJournalFailure(failure) {
      process.stderr.write(`${failure.message}\n`);
      process.exit(EXIT_CODES.journalFailed.code);
    },
  });
  const started = runtime.start(deskTree(script.slots, { durable: true, unknown: options.broken === 'resend' ? 'sends again' : 'asks', onStep: (path, message) => names.step(path, message) }));
  if (!started.ok) throw new Error(`the desk does not start: ${started.reason.kind === 'start_failed' ? innermost(started.reason.cause) : started.reason.kind}`);
  names.recovered();
  if (options.stop) {
    await runtime.shutdown();
    await stored.close();
    client.close();
    return;
  }

  await drive(script, {
    runtime,
    async accept(signal) {
      runtime.input('/router', signal, { source: 'script', seq: signal.order });
      await runtime.flushed();
    },
    async settle() {
      do {
        runtime.drain();
        await runtime.flushed();
      } while (runtime.counters().queued > 0);
    },
  }, client);

  const report: LifeReport = { batches: points.counts['before-batch'], points: points.counts, states: statesOf(runtime, script.slots) };
  await stored.close();
  writeFileSync(options.report, JSON.stringify(report));
  client.close();
}

function innermost(cause: FailureCause): string {
  return cause.cause === undefined ? `${cause.path ?? ''} ${cause.message}` : innermost(cause.cause);
}
