import { InvalidArgumentError, type Command } from 'commander';
import { endWith, printJsonLine, printLine, printNote } from '../cli/output.js';

const RUN = "a run: its folder, its id, or 'latest'";

/** Adds `faultline live-vs-replay` to the program. */
export function register(program: Command): void {
  program
    .command('live-vs-replay')
    .description('replay a run from its folder and compare every decision with those it made; exit code 6 when one differs')
    .argument('<dir>', RUN)
    .option('--from <tape>', 'begin with this tape, at the snapshot that it begins with (default: the first that can be begun with)', tapeNumber)
    .option('--json', 'print one line: {equal, liveDigest, replayDigest, firstDifference}')
    .action(compareLive);
}

/** Adds `diff` to `faultline replay`. */
export function registerDiff(replay: Command): void {
  replay
    .command('diff')
    .description('find the first decision that differs between two runs, and what led to it; exit code 6 when one does')
    .argument('<a>', `${RUN}, or the folder of a replay's --out`)
    .argument('<b>', 'the other')
    .option('--json', 'print one line: {equal, index, a, b}')
    .action(diff);
}

async function compareLive(dir: string, { json, from }: { readonly json?: boolean; readonly from?: number }): Promise<void> {
  // Loaded by those who compare.
  const [{ liveVsReplay }, { printDifference }] = await Promise.all([import('./live-vs-replay.js'), import('./print-difference.js')]);
  const result = await liveVsReplay(dir, { ...(from === undefined ? {} : { from }) });
  const { equal, liveDigest, decisions, effects, whole, problem, firstDifference, skipped } = result;
  if (!equal) endWith('checkFailed');
  if (json === true) return printJsonLine(result);
  if (!whole) printNote(`compared as far as its tapes and its log are common: ${problem}`);
  if (result.from > 0) printNote(`begun at tape ${result.from}; ${skipped} decisions lie before it`);
  if (firstDifference === null) printLine(`equal: ${decisions} decisions${effects === null ? '' : ` and ${effects.count} effects`}, digest ${liveDigest}`);
  else printDifference(firstDifference.index, ['live', firstDifference.live], ['replay', firstDifference.replay]);
}

async function diff(a: string, b: string, _options: unknown, command: Command): Promise<void> {
  const [{ diffRuns }, { printDifference, printRuns }] = await Promise.all([import('./compare.js'), import('./print-difference.js')]);
  const result = diffRuns(a, b);
  if (!result.equal) endWith('checkFailed');
  // `replay` has the option too, and takes it wherever it stands.
  if (command.optsWithGlobals<{ readonly json?: boolean }>().json === true) return printJsonLine(result);
  printRuns(result.runs, result.between);
  if (result.equal) printLine('equal: every decision');
  else printDifference(result.index!, ['a', result.a!], ['b', result.b!]);
}

function tapeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a tape is a number: 3 is tapes/000003.tape');
  return Number(text);
}
