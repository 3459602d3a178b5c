import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ControlError, type ControlLimits, ControlServer } from '../../../runtime/control/index.js';
import { createRuntime, type Runtime, WallClock } from '../../../runtime/index.js';
import { child, root } from '../support.js';

/**
 * A process with a control socket, for tests: `process.js PATH [LIMITS]`. Says `listening` or the code of its failure. Understands, one a
 * line: `stall FILE` (its main loop does not turn until the file is there), `memory` (says its rss), `restarts` (of /a), `end`.
 */
const [, , socketPath, limits] = process.argv;
const runtime: Runtime = createRuntime({ clock: new WallClock(), seed: 'control' });
runtime.start(root([child('a'), child('b')], { intensity: { restarts: 1000, withinMs: 1000 } }));
runtime.run();
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const asleep = new Int32Array(new SharedArrayBuffer(4));

try {
  const server = await ControlServer.start({
    socketPath: socketPath!, limits: JSON.parse(limits ?? '{}') as Partial<ControlLimits>,
    target: { name: 'fixture', version: '0', runtime: () => runtime, status: () => ({ fixture: true }) },
  });
  say('listening');
  createInterface(process.stdin).on('line', (line) => {
    const [word, value] = line.split(' ');
    switch (word) {
      case 'stall': {
        say('stalling');
        while (!existsSync(value!)) Atomics.wait(asleep, 0, 0, 5);
        say('turning');
        break;
      }
      case 'memory': say(String(process.memoryUsage().rss)); break;
      case 'restarts': say(String(runtime.tree({ path: '/a' })?.restarts)); break;
      case 'end': void server.close().then(() => process.exit(0)); break;
      default: say(`unknown ${line}`);
    }
  });
} catch (thrown) {
  say(thrown instanceof ControlError ? thrown.code : String(thrown));
  process.exit(1);
}
