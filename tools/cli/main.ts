import type { Command } from 'commander';
import { CONTROL_COMMANDS } from '../control/names.js';
import type { RegisterArea } from './areas.js';
import { execute } from './execute.js';

/** Areas that are one command, by its name. */
const ONE_COMMAND: Readonly<Record<string, () => Promise<{ readonly register: RegisterArea }>>> = {
  bench: () => import('../placement/commands.js'),
  charts: () => import('../charts/commands.js'),
  config: () => import('../config/commands.js'),
  demo: () => import('../demo/commands.js'),
  engine: () => import('../engine/commands.js'),
  exchange: () => import('../exchange/commands.js'),
  journal: () => import('../journal/commands.js'),
  'live-vs-replay': () => import('../runs/commands.js'),
  market: () => import('../market/commands.js'),
  replay: () => import('../replay/commands.js'),
  report: () => import('../report/commands.js'),
  tape: () => import('../tape/commands.js'),
  top: () => import('../top/commands.js'),
  ui: () => import('../ui/commands.js'),
};

/** Asks of no command. */
const VERSION: readonly string[] = ['-V', '--version'];

/** Runs the `faultline` command with the arguments after the program's name. Sets the process's exit code; never throws. */
export async function run(argv: readonly string[]): Promise<void> {
  await execute(() => programFor(argv[0] ?? ''), argv);
}

/** Only what the command needs is loaded: commands are typed, completed and scripted all day, and most need little of the trading system. */
async function programFor(command: string): Promise<Command> {
  if (VERSION.includes(command)) return (await import('./empty-program.js')).emptyProgram();
  if (CONTROL_COMMANDS.includes(command)) return (await import('../control/quick-program.js')).quickProgram();
  if (!Object.hasOwn(ONE_COMMAND, command)) return (await import('./program.js')).buildProgram();
  const [{ emptyProgram }, { register }] = await Promise.all([import('./empty-program.js'), ONE_COMMAND[command]!()]);
  const program = emptyProgram();
  register(program);
  return program;
}
