import type { Command } from 'commander';
import { runsRoot } from '../../data/runs/folder.js';
import { CliError } from '../cli/errors.js';
import { endWith, printJson, printLine } from '../cli/output.js';
import { collectFault, FAULT_FORMS } from './fault-spec.js';
import type { Fault } from './fault-spec.js';
import { processName } from '../process/run-folder.js';
import { registerDiff } from '../runs/commands.js';

interface Options {
  readonly config?: string;
  readonly fault: readonly Fault[];
  readonly lanes?: number;
  readonly inline?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly speed?: number;
  readonly out?: string;
  readonly overwrite?: boolean;
  readonly run?: boolean;
  readonly partial?: boolean;
  readonly live?: boolean;
  readonly json?: boolean;
  readonly serve?: boolean;
  readonly name?: string;
  readonly passes?: number;
  readonly journal?: string;
}

const MOST_LANES = 64;

/** Adds `faultline replay` to the program. */
export function register(program: Command): void {
  const command = program
    .command('replay')
    .description('run the whole supervision tree over a tape, and report every decision it made')
    .argument('<tape>', 'the tape')
    .option('--config <file>', 'TOML file; default: the file FAULTLINE_CONFIG names, else the built-in defaults')
    .option('--fault <spec>', `inject a fault; repeatable: ${FAULT_FORMS.join(', ')}`, collectFault, [])
    .option('--lanes <n>', 'keep books and indicators in this many threads; decisions are the same', parseLanes)
    .option('--inline', 'keep them on the main loop; default: as the configuration says')
    .option('--from <time>', 'decide nothing before: ISO 8601, an epoch stamp, or +10m after the start; earlier records warm up')
    .option('--to <time>', 'end before that time')
    .option('--speed <x>', 'tape seconds per second; default: as fast as it goes, 60 with --serve', parseSpeed)
    .option('--live', 'show the tree at work on this terminal')
    .option('--out <dir>', 'folder for decisions.jsonl, trades.csv, states.csv, report.json')
    .option('--run', 'keep it as a run in var/runs, or where FAULTLINE_VAR_DIR says')
    .option('--overwrite', 'write into a folder that is not empty')
    .option('--partial', 'replay a tape without an end mark too, as far as it is complete')
    .option('--serve', 'play the tape over and over as a named, supervised process that `faultline ps` and its like can reach')
    .option('--name <name>', 'name of the served process (default: replay)')
    .option('--passes <n>', 'with --serve: end after this pass', parsePasses)
    .option('--journal <dir>', 'with --serve: keep the decisions in a journal, and go on where an earlier process of it was killed')
    .option('--json', 'print one JSON object; with --serve one a pass, on a line of its own')
    .action(replay);
  registerDiff(command);
}

async function replay(tape: string, options: Options): Promise<void> {
  const { fault, live, json, lanes, inline, serve, name, passes, journal, run, ...rest } = options;
  if (lanes !== undefined && inline === true) throw new CliError('usage', '--lanes and --inline exclude each other');
  if (live === true && json === true) throw new CliError('usage', '--live and --json exclude each other');
  if (run === true && rest.out !== undefined) throw new CliError('usage', '--run and --out exclude each other', 'the folder of --out can be read as a run too');
  if (serve === true) return await serveReplay(tape, options);
  for (const [option, given] of [['--name', name], ['--passes', passes], ['--journal', journal]] as const) if (given !== undefined) throw new CliError('usage', `${option} is for a served replay`, 'add --serve');
  const watch = live === true && process.stdout.isTTY;
  const placed = inline === true ? 0 : lanes;
  // The tree is loaded by those who play it, not by those who ask for help.
  const [{ replayTape }, { printReport }] = await Promise.all([import('./run.js'), import('./print-report.js')]);
  const report = await replayTape({ tape, faults: fault, ...(placed === undefined ? {} : { lanes: placed }), ...rest, ...(run === true ? { keep: { kind: 'replay', root: runsRoot() } } : {}), ...(watch ? { live: process.stdout } : {}) });
  if (json === true) printJson(report);
  else {
    printReport(report);
    if (report.runDir !== undefined) printLine(`\nrun: ${report.runDir}`);
  }
  if (report.gaveUp !== null) endWith('rootGaveUp');
}

async function serveReplay(tape: string, { fault, json, lanes, inline, serve: _serve, name, passes, live, out, overwrite, run, ...rest }: Options): Promise<void> {
  if (live !== undefined || out !== undefined || overwrite !== undefined || run !== undefined) throw new CliError('usage', '--live, --out, --run and --overwrite are not for a served replay', 'watch it with: faultline ps --watch');
  const placed = inline === true ? 0 : lanes;
  // The log's package is loaded by those who log.
  const { serveTape } = await import('./serve.js');
  await serveTape({
    tape, faults: fault, ...rest, ...(placed === undefined ? {} : { lanes: placed }),
    name: processName(name ?? 'replay'), json: json === true, ...(passes === undefined ? {} : { passes }),
  });
}

function parsePasses(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new CliError('usage', `--passes '${text}' is not a number of passes`);
  return Number(text);
}

function parseLanes(text: string): number {
  const lanes = Number(text);
  if (!/^\d+$/.test(text) || lanes < 1 || lanes > MOST_LANES) throw new CliError('usage', `--lanes '${text}' is not a number of threads`, `1 to ${MOST_LANES}; --inline for none`);
  return lanes;
}

function parseSpeed(text: string): number {
  const speed = Number(text);
  if (!Number.isFinite(speed) || speed <= 0) throw new CliError('usage', `--speed '${text}' is not a positive number`, 'e.g. --speed 60: a minute of the tape a second');
  return speed;
}
