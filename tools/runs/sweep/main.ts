import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { planTrial } from './plan.js';
import { runTrial, type TrialResult } from './trial.js';

/*
 * node dist/tools/runs/sweep/main.js [--runs 20] [--seed 1] [--mode paper] [--seconds 120] [--speed 10] [--keep DIR]
 * Records runs of the engine against exchanges with troubles, each drawn by its seed, ends half of them with SIGKILL, and compares each with its
 * replay. Prints a table; ends with 1 when one differs. What differs, and with --keep everything, stays in its folder.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' }, mode: { type: 'string', default: 'paper' }, seconds: { type: 'string', default: '120' }, speed: { type: 'string', default: '10' },
    keep: { type: 'string' },
  },
});
const { mode } = values;
if (mode !== 'paper' && mode !== 'demo') {
  process.stderr.write('--mode is paper or demo\n');
  process.exit(2);
}
/** A run that decided nothing would be equal to anything. */
const LEAST_DECISIONS = 10;
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'faultline-live-vs-replay-'));
let different = 0;
process.stdout.write('| seed | mode | placement | market | troubles | end | records | entries | tapes | begun at | decisions | effects | digest | equal |\n| ---: | --- | --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |\n');
for (let seed = Number(values.seed); seed < Number(values.seed) + Number(values.runs); seed += 1) {
  const own = join(folder, String(seed));
  try {
    const result = await runTrial(planTrial(seed, mode, Number(values.seconds)), own, { speed: Number(values.speed), decisions: LEAST_DECISIONS });
    process.stdout.write(rowOf(result));
    const good = result.equal && result.leaks.length === 0;
    if (good && values.keep === undefined) rmSync(own, { recursive: true, force: true });
    if (good) continue;
    process.stderr.write(`${result.runDir}, begun at tape ${result.from}: ${result.problem ?? ''} ${JSON.stringify(result.firstDifference)}; secrets in ${result.leaks.length} files ${result.leaks.join(' ')}\n`);
  } catch (error) {
    process.stderr.write(`seed ${seed}, in ${own}: ${error instanceof Error ? error.stack : String(error)}\n`);
  }
  different += 1;
}
process.exit(different === 0 ? 0 : 1);

function rowOf({ plan, equal, decisions, records, entries, tapes, starts, effects, liveDigest }: TrialResult): string {
  const { seed, mode: of, scenario, symbols, troubles, end, placement } = plan;
  return `| ${[seed, of, placement, `${scenario}, ${symbols.length}`, troubles.map(({ name, atSeconds }) => `${name} ${atSeconds} s`).join(', '), end, records, entries, tapes, 1 + starts, decisions, effects?.count ?? '', liveDigest.slice(0, 12), equal ? 'yes' : 'NO'].join(' | ')} |\n`;
}
