import type { Command } from 'commander';
import { CliError } from '../cli/errors.js';
import { DEFAULT_PORT } from './port.js';
import type { UiOptions } from './serve.js';

const EXAMPLES = `
Examples:
  $ faultline ui                                look at every process of this user, and at the runs below var/runs
  $ faultline ui --run var/runs/ID              open a run: any moment of it
  $ faultline ui --tape crash.tape              open a tape: what the machines would do with it
  $ faultline ui --port 0 --json                any free port; one JSON line when ready: {url, token, actionToken}

The page is served on 127.0.0.1 alone. The token stands behind the # of the URL, which no browser sends to a server; without it nothing is told. The action token
is another one: pause, resume, cancel and close need it, and a typed confirmation. Both are of this start.`;

/** Adds `faultline ui` to the program. */
export function register(program: Command): void {
  program
    .command('ui')
    .description('serve the window: the live tree, statecharts, time travel, market and desk, in a browser')
    .option('--port <port>', 'port on 127.0.0.1; 0: any free one', parsePort, DEFAULT_PORT)
    .option('--run <dir>', 'a run to open: its folder, its id, the beginning of one id, or latest; again for more', collect)
    .option('--tape <file>', 'a tape to open; again, and beside --run, for more: the page opens on the first run, else the first tape', collect)
    .option('--json', 'print one JSON line when ready')
    .addHelpText('after', EXAMPLES)
    .action(async (options: UiOptions) => (await import('./serve.js')).serveUi(options));
}

const LAST_PORT = 65_535;

const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > LAST_PORT) throw new CliError('usage', `--port '${text}' is not a port`, `0 to ${LAST_PORT}; 0 takes any free one`);
  return port;
}
