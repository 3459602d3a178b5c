import { setTimeout as sleep } from 'node:timers/promises';
import type { MethodResult, WireTreeNode } from '../../runtime/control/index.js';
import { endsByCtrlC } from '../cli/interrupt.js';
import { colours, printJson, printLine, table } from '../cli/output.js';
import { isoUs } from '../replay/time.js';
import { actorPath, type ProcessOptions, type Session, treeOf, withProcess } from './client.js';
import { exitText } from './exit-text.js';

export interface PsOptions extends ProcessOptions {
  readonly watch?: true;
  /** Milliseconds, as is `for`. */
  readonly every: number;
  readonly for?: number;
}

const COLUMNS = ['actor', 'state', 'machine', 'incarnation', 'restarts', 'mailbox', 'handled', 'timers', 'behaviour', 'last exit'] as const;

/** `faultline ps`: the supervision tree of a process, or a part of it. */
export async function ps(actor: string | undefined, options: PsOptions): Promise<void> {
  const path = actor === undefined ? '/' : actorPath(actor);
  await withProcess(options, async (session) => {
    if (options.watch !== true) {
      const { process: about, atUs, tree } = await look(session, path);
      if (options.json === true) printJson({ process: about, atUs, tree });
      else printLine(frame(about, tree));
      return;
    }
    endsByCtrlC();
    const untilMs = options.for === undefined ? Infinity : performance.now() + options.for;
    // Asked anew: a verb may change what a frame was cut to.
    while (performance.now() < untilMs) {
      const { process: about, atUs, tree } = await look(session, path);
      if (options.json === true) process.stdout.write(`${JSON.stringify({ process: about, atUs, tree })}\n`);
      else if (process.stdout.isTTY) process.stdout.write(`\u001b[H\u001b[2J${cut(frame(about, tree))}\n`);
      else printLine(`${frame(about, tree)}\n`);
      await sleep(Math.min(options.every, Math.max(0, untilMs - performance.now())));
    }
  });
}

async function look({ client }: Session, path: string) {
  const [about, seen] = await Promise.all([client.call('process'), treeOf(client, path)]);
  return { process: about, ...seen };
}

/** A terminal's height, so that the head of the frame stays on it. */
function cut(text: string): string {
  const lines = text.split('\n');
  // A terminal of unknown size says 0.
  const rows = (process.stdout.rows || 50) - 1;
  return lines.length <= rows ? text : [...lines.slice(0, rows - 1), `… ${lines.length - rows + 1} more lines`].join('\n');
}

function frame(about: MethodResult<'process'>, tree: WireTreeNode): string {
  const c = colours();
  const up = Math.round(about.uptimeMs / 1000);
  const stalled = about.mainLoop.stalled ? c.red(`  main loop stuck for ${Math.round(about.mainLoop.turnedAgoMs / 1000)} s`) : '';
  const rows: (string | number)[][] = [];
  addRows(tree, 0, rows, c);
  return `${c.bold(about.name)}  pid ${about.pid}  up ${up} s  ${statusText(about.status)}${stalled}\n\n${table(COLUMNS, rows, { align: 'lllrrrrrll' })}`;
}

/** The short values that a process says of itself. */
function statusText(status: unknown): string {
  if (typeof status !== 'object' || status === null) return '';
  return Object.entries(status)
    .filter(([, value]) => typeof value === 'number' || (typeof value === 'string' && value.length <= 40) || value === true)
    .map(([key, value]) => (key.endsWith('Us') && typeof value === 'number' ? `${key.slice(0, -2)} ${isoUs(value)}` : `${key} ${value}`))
    .join('  ');
}

type Colours = ReturnType<typeof colours>;

function addRows(node: WireTreeNode, depth: number, rows: (string | number)[][], c: Colours): void {
  const name = depth === 0 ? node.path : node.id;
  rows.push([
    `${'  '.repeat(depth)}${name}`, stateText(node.state, c), node.machineState ?? '', node.incarnation, node.restarts > 0 ? c.yellow(String(node.restarts)) : 0, node.mailbox, node.handled, node.timers,
    node.behaviour === null ? node.kind : `${node.behaviour.name}@${node.behaviour.version}`, node.lastExit === null ? '' : exitText(node.lastExit),
  ]);
  for (const child of node.children) addRows(child, depth + 1, rows, c);
  if (node.omitted !== undefined && node.omitted > 0) rows.push([`${'  '.repeat(depth + 1)}… ${node.omitted} more`, '', '', '', '', '', '', '', '', '']);
}

function stateText(state: string, c: Colours): string {
  if (state === 'running') return c.green(state);
  return state === 'suspended' || state === 'restarting' || state === 'stopping' ? c.yellow(state) : c.red(state);
}
