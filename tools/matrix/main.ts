import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { CliError } from '../cli/errors.js';
import { execute } from '../cli/execute.js';
import { onInterrupt } from '../cli/interrupt.js';
import { colours, endWith, printJson, printLine, printNote, table } from '../cli/output.js';
import { nodeBinary, run } from './nodes.js';

/** One line of the newest majors after the host's; exact, so that a result in the docs can be had again. */
const DEFAULT_NODES = ['22.23.3', '24.21.0'];
/** What is generated and replayed when no tape is given: short, and with everything that computes in it. */
const SCENARIOS = ['flash-crash', 'cascade', 'feed-trouble'];
const MARKET = ['--seed', '11', '--minutes', '14', '--symbols', '4'];
/** What every tape is replayed with. */
const LANES = [0, 2];
const PROGRAM = fileURLToPath(new URL('../../../bin/faultline.js', import.meta.url));

/** What one Node made of one tape. */
interface Row {
  readonly node: string;
  readonly tape: string;
  /** Threads that kept books and indicators; 0: none, on the main loop. */
  readonly lanes: number;
  /** Digest of the tape's contents as this Node generates it; null for a tape that was given. */
  readonly generated: string | null;
  /** Decision digest of the replay. */
  readonly decisions: string;
  readonly records: number;
  readonly wallMs: number;
}

interface Options {
  readonly nodes: readonly string[];
  readonly json?: true;
}

function build(): Command {
  return new Command('matrix')
    .description('replay tapes under several Nodes, inline and in two lanes, and compare the decision digests; without a tape, three are generated under each')
    .usage('[options] [tapes...]   (npm run matrix -- …)')
    .argument('[tapes...]', 'tapes to replay')
    .option('--nodes <versions>', 'exact versions besides the Node that runs this, separated by commas', versions, DEFAULT_NODES)
    .option('--json', 'print one JSON object: {ok, rows}')
    .action(matrix);
}

function versions(text: string): string[] {
  const list = text.split(',').map((version) => version.trim().replace(/^v/, ''));
  for (const version of list) {
    if (!/^\d+\.\d+\.\d+$/.test(version)) throw new InvalidArgumentError(`'${version}' is not an exact version like 24.21.0`);
  }
  return list;
}

async function matrix(tapes: readonly string[], { nodes, json }: Options): Promise<void> {
  const others: string[] = [];
  for (const version of nodes) others.push(await nodeBinary(version, printNote));
  const rows: Row[] = [];
  for (const node of [process.execPath, ...others]) {
    if (tapes.length === 0) for (const scenario of SCENARIOS) rows.push(...await generatedRows(node, scenario));
    for (const tape of tapes) rows.push(...await replayRows(node, tape, null));
  }
  const ok = agree(rows);
  if (!ok) endWith('checkFailed');
  if (json) printJson({ ok, rows });
  else print(rows, ok);
}

/** Generates the market under this Node as well: the generator's arithmetic must agree to the byte, too. */
async function generatedRows(node: string, scenario: string): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-matrix-'));
  const discard = (): void => rmSync(folder, { recursive: true, force: true });
  const keep = onInterrupt(discard);
  try {
    const tape = join(folder, `${scenario}.tape`);
    const { digest } = await faultline<{ digest: string }>(node, ['market', 'generate', '--scenario', scenario, ...MARKET, '--out', tape]);
    return await replayRows(node, tape, digest);
  } finally {
    discard();
    keep();
  }
}

async function replayRows(node: string, tape: string, generated: string | null): Promise<Row[]> {
  const version = (await run(node, ['--version'])).stdout.trim().slice(1);
  const rows: Row[] = [];
  for (const lanes of LANES) {
    printNote(`node ${version}: ${basename(tape)} ${lanes === 0 ? 'inline' : `in ${lanes} lanes`}`);
    const { digest, records, wallMs } = await faultline<{ digest: string; records: number; wallMs: number }>(node, ['replay', tape, ...(lanes === 0 ? ['--inline'] : ['--lanes', String(lanes)])]);
    rows.push({ node: version, tape: basename(tape), lanes, generated, decisions: digest, records, wallMs });
  }
  return rows;
}

async function faultline<T>(node: string, args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await run(node, [PROGRAM, ...args, '--json']);
  if (code !== 0) throw new CliError('checkFailed', `${node} faultline ${args.join(' ')} ended with ${code}: ${stderr.trim()}`);
  return JSON.parse(stdout) as T;
}

/** Same tape, same bytes, same decisions, whatever the Node and the placement. */
function agree(rows: readonly Row[]): boolean {
  const outcome = new Map<string, string>();
  return rows.every(({ tape, generated, decisions, records }) => {
    const mine = JSON.stringify([generated, decisions, records]);
    const first = outcome.get(tape) ?? mine;
    outcome.set(tape, first);
    return first === mine;
  });
}

function print(rows: readonly Row[], ok: boolean): void {
  const short = (digest: string | null): string => digest?.slice(0, 16) ?? '-';
  printLine(table(['node', 'tape', 'lanes', 'generated', 'decisions', 'records', 'ms'], rows.map((row) => [row.node, row.tape, row.lanes === 0 ? 'inline' : row.lanes, short(row.generated), short(row.decisions), row.records, Math.round(row.wallMs)]), { align: 'lllllrr' }));
  const { green, red } = colours();
  printLine(ok ? `${green('same')} on every Node, inline and in lanes` : `${red('different')}: a digest depends on the Node or on the lanes`);
}

await execute(build, process.argv.slice(2));
