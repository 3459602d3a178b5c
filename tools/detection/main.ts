import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { execute } from '../cli/execute.js';
import { endWith, printJson, printLine, printNote } from '../cli/output.js';
import { humanSeconds } from '../replay/time.js';
import { detect } from './detect.js';
import type { DetectionRow } from './detect.js';
import { REAL_TAPES, realDataFolder } from './real-tapes.js';

/** `npm run detection`: every real tape through the default configuration, as the table of docs/detection.md. */
function build(): Command {
  return new Command('detection')
    .description('replay every tape that the real market data gives, and set what was detected against what happened')
    .option('--out <dir>', 'where the tapes are written', 'var/detection')
    .option('--only <id>', 'one tape')
    .option('--json', 'print one JSON array')
    .action(run);
}

async function run(options: { readonly out: string; readonly only?: string; readonly json?: true }): Promise<void> {
  const data = realDataFolder();
  if (data === undefined) {
    printLine('skipped: no ../shared/data');
    return;
  }
  mkdirSync(options.out, { recursive: true });
  const rows: DetectionRow[] = [];
  for (const tape of REAL_TAPES.filter(({ id }) => options.only === undefined || id === options.only)) {
    printNote(`${tape.id} …`);
    rows.push(await detect(tape, data, join(options.out)));
  }
  if (options.json === true) printJson(rows);
  else for (const line of markdown(rows)) printLine(line);
  // A crash that was slept through, or a calm day that was traded, is a defect.
  if (rows.some((row) => (row.kind === 'crash') !== (row.activeAt !== null || (row.kind === 'calm' && row.activations > 0)))) endWith('checkFailed');
}

function markdown(rows: readonly DetectionRow[]): string[] {
  const time = (iso: string | null): string => iso?.slice(11, 21) ?? '-';
  const states = ({ secondsInState }: DetectionRow): string => ['SLEEP', 'ALERT', 'ACTIVE', 'RECOVERY'].map((state) => humanSeconds(secondsInState[state] ?? 0)).join(' / ');
  const crashes = rows.filter(({ kind }) => kind === 'crash').map((row) =>
    `| ${row.id} | ${row.records} | ${time(row.trueStart)} | ${time(row.fellThreePercentAt)} | ${time(row.activeAt)} | ${row.delaySeconds ?? '-'} s | ${row.activationsBefore} | ${states(row)} | ${row.trades} |`);
  const calm = rows.filter(({ kind }) => kind === 'calm').map((row) =>
    `| ${row.id} | ${row.records} | ${row.hours} h | ${row.alerts} | ${row.activations} | ${(row.activations / Math.max(row.hours, 1e-9) * 24).toFixed(1)} |`);
  return [
    '| crash tape | records | true start | fell 3 % | ACTIVE | delay | ACTIVE before | SLEEP / ALERT / ACTIVE / RECOVERY | trades |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...crashes,
    '',
    '| calm tape | records | length | alerts | ACTIVE | false alarms a day |',
    '| --- | --- | --- | --- | --- | --- |',
    ...calm,
  ];
}

await execute(build, process.argv.slice(2));
