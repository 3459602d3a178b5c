import { execute } from '../../../tools/cli/execute.js';
import { Command } from 'commander';
import { DEFAULT_CONFIG } from '../../../config/index.js';
import { ProcessHost } from '../../../tools/process/host.js';

// A process with no more than the host in it, that misbehaves as a test asks.
/** The main thread hangs, without warming the room. */
const block = (): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
const forEver = (): Promise<void> => new Promise(() => {});

function build(): Command {
  const program = new Command('host').argument('<name>').argument('<mode>');
  program.action(async (name: string, mode: string) => {
    // Only who hangs is to come to its deadline, however busy the machine is.
    const shutdownDeadlineMs = mode === 'hangs' || mode.endsWith('blocks') ? 1000 : 60_000;
    const host = await ProcessHost.open({ name, what: `test ${mode}`, params: { ...DEFAULT_CONFIG.process, shutdownDeadlineMs }, details: { apiKey: 'do-not-log-me' } });
    const order: string[] = [];
    const note = (what: string) => () => {
      order.push(what);
      host.log.write('info', 'phase', what);
    };
    host.hold({ stopTree: () => (mode === 'hangs' || mode === 'patient' ? forEver() : Promise.resolve(note('tree stopped')())), fence: note('fenced'), dump: () => ({ tree: 'a tree', secret: 'do-not-log-me' }) });
    for (const phase of ['flush-logs', 'drain', 'stop-intake'] as const) host.onShutdown(phase, phase, note(phase));
    if (mode === 'fails') host.onShutdown('drain', 'fails', () => Promise.reject(new Error('cannot drain')));
    if (mode === 'blocks') {
      host.onShutdown('drain', 'blocks', block);
    }
    await host.serve({ runtime: () => null });
    await host.ready();
    if (mode === 'throws') setTimeout(() => { throw new Error('nobody caught me, apiKey=do-not-log-me'); }, 10);
    if (mode === 'rejects') void Promise.reject(new Error('nobody awaited me'));
    if (mode === 'throws-and-blocks') {
      host.onShutdown('drain', 'blocks', block);
      setTimeout(() => { throw new Error('and then'); }, 10);
    }
    if (mode === 'gives-up') void host.end('rootGaveUp', 'the root gave up');
    setInterval(() => {}, 1000);
  });
  return program;
}

await execute(build, process.argv.slice(2));
