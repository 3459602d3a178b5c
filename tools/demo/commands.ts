import { type Command, InvalidArgumentError, Option } from 'commander';
import { VAR_VARIABLE } from '../../data/runs/folder.js';
import { CliError } from '../cli/errors.js';
import { collectFault, FAULT_FORMS, type Fault } from '../replay/fault-spec.js';

const SHOW_SECONDS = 25;
/** Seconds of the exchange's clock in one of the wall. */
const SPEED = 10;
/** Without a terminal nobody is there to end it: that is how long it may take, in all. */
const PATIENCE_SECONDS = 48;
/** On a slower machine than ten times allows the exchange falls behind its own clock, and says so. */
const MOST_SPEED = 100;

interface Options {
  readonly replay?: true;
  readonly seed?: number;
  readonly seconds?: number;
  readonly speed: number;
  readonly patience: number;
  readonly dir?: string;
  readonly fault: readonly Fault[];
  readonly json?: true;
}

/** Registers `faultline demo`, which `npm start` runs. */
export function register(program: Command): void {
  program
    .command('demo')
    .description('watch a flash crash: an exchange in a box and the engine on it, live at ten times real time; with --replay a generated tape')
    .option('--replay', 'no exchange: generate a flash crash, or take the one made before, and replay it through the tree')
    .option('--seed <n>', 'another seed, another market', whole)
    .option('--seconds <n>', `with --replay: how long the show takes on a terminal (default: ${SHOW_SECONDS}); 0 is full speed, as where there is no terminal`, whole)
    .option('--dir <folder>', 'where tape and runs are kept (default: FAULTLINE_VAR_DIR, else var)')
    .option('--fault <spec>', `with --replay: inject a fault; repeatable: ${FAULT_FORMS.join(', ')}`, collectFault, [])
    .option('--json', 'print one JSON object: what is to be reported')
    .addOption(new Option('--speed <x>', 'seconds of the exchange in one of ours').argParser(speed).default(SPEED).hideHelp())
    .addOption(new Option('--patience <s>', 'longest time that it takes without a terminal').argParser(whole).default(PATIENCE_SECONDS).hideHelp())
    .action(demo);
}

async function demo({ replay, seed, seconds, speed: times, patience, dir = process.env[VAR_VARIABLE] || 'var', fault, json }: Options): Promise<void> {
  if (replay === true) {
    const [{ showReplay }, { DEMO_MARKET }] = await Promise.all([import('./replay-show.js'), import('./market.js')]);
    return showReplay({ seed: seed ?? DEMO_MARKET.seed, seconds: seconds ?? SHOW_SECONDS, dir, fault, json: json === true });
  }
  if (seconds !== undefined || fault.length > 0) throw new CliError('usage', `${seconds === undefined ? '--fault' : '--seconds'} is for a replay`, 'faultline demo --replay');
  const { showLive } = await import('./live/show.js');
  return showLive({ seed, speed: times, patienceSeconds: patience, dir, json: json === true });
}

function whole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function speed(text: string): number {
  const times = Number(text);
  if (!/^\d{1,3}$/.test(text) || times < 1 || times > MOST_SPEED) throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_SPEED}.`);
  return times;
}
