import { writeSync } from 'node:fs';
import net from 'node:net';
import { ControlClient, type ControlError } from '../../../runtime/control/index.js';

/**
 * A process of clients: `crowd.js SOCKET HONEST HOSTILE`. Begins at the message `begin`, goes away at `end`, and then says how it went.
 * The honest ones read, twice a second each; the hostile ones are what the socket must bear.
 */
const [, , socketPath = '', honest = '180', hostile = '20'] = process.argv;

/** What an honest client does in turn. */
const READS: readonly ((client: ControlClient, paths: readonly string[], n: number) => Promise<unknown>)[] = [
  (client) => client.call('tree'),
  (client, paths, n) => client.call('inspect', { path: paths[n % paths.length]! }),
  (client) => client.call('metrics'),
  (client) => client.call('process'),
  (client) => client.call('deadLetters'),
  (client) => client.call('timers'),
  (client) => client.call('whichChildren'),
  (client) => client.call('rpc.ping'),
];
const READ_EVERY_MS = 500;
const STREAM_EVERY_MS = 5;
/** One in so many honest clients also reads the trace. */
const TRACERS = 18;
const HUGE = Buffer.alloc(8 << 20, 'x');
const GARBAGE = Buffer.from(Array.from({ length: 1 << 16 }, (_, i) => (Math.imul(i, 0x9e3779b1) >>> 13) & 0xff));
const ASKS = Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tree"}\n'.repeat(1000));

const counts = { answers: 0, errors: 0, latestMs: 0, traceEvents: 0, storms: 0, reconnects: 0, mainLoopShare: 0 };
const timers = new Set<NodeJS.Timeout>();
const sockets = new Set<net.Socket>();
const clients = new Set<ControlClient>();
let running = false;
let begunMs = 0;
let spentBeforeMs = 0;

const every = (ms: number, work: () => void): void => void timers.add(setInterval(() => running && work(), ms));

/** Between two passes of the replay no tree runs. */
const isBetweenPasses = (error: unknown): boolean => (error as ControlError).rpc?.name === 'notRunning';

async function runningTree(client: ControlClient): Promise<Awaited<ReturnType<typeof client.call<'tree'>>>> {
  for (;;) {
    try {
      return await client.call('tree');
    } catch (error) {
      if (!isBetweenPasses(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function honestClient(n: number): Promise<void> {
  const client = await ControlClient.connect({ socketPath, client: `honest ${n}`, timeoutMs: 30_000 });
  clients.add(client);
  const { tree } = await runningTree(client);
  const paths: string[] = [];
  const left = [tree];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    paths.push(node.path);
    left.push(...node.children);
  }
  let asked = n;
  let busy = false;
  every(READ_EVERY_MS, () => {
    if (busy) return;
    busy = true;
    const beganMs = performance.now();
    READS[asked++ % READS.length]!(client, paths, asked).then(() => void counts.answers++, (error: ControlError) => {
      if (running && !isBetweenPasses(error)) counts.errors++;
    }).finally(() => {
      counts.latestMs = Math.max(counts.latestMs, performance.now() - beganMs);
      busy = false;
    }).catch(() => undefined);
  });
  if (n % TRACERS !== 0) return;
  const subscription = await client.subscribe({ kinds: ['start', 'exit', 'turn'] });
  void (async () => {
    for await (const { events } of subscription) counts.traceEvents += events.length;
  })();
}

/** A connection that comes back whenever it is thrown out, and then does `attack` as long as it may. */
function attacker(attack: (socket: net.Socket) => void, againMs = 50): void {
  if (!running) return;
  const socket = net.connect({ path: socketPath });
  sockets.add(socket);
  socket.on('error', () => undefined);
  socket.on('connect', () => attack(socket));
  socket.on('close', () => {
    sockets.delete(socket);
    counts.reconnects++;
    if (running) setTimeout(() => attacker(attack, againMs), againMs);
  });
}

const pour = (bytes: Buffer) => (socket: net.Socket): void => {
  const more = (): void => {
    while (running && !socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', more);
  socket.resume();
  more();
};

/** By turns: garbage, half frames, never reading, huge frames, reconnect storms. */
function hostileClient(n: number): void {
  switch (n % 5) {
    case 0: attacker(pour(GARBAGE)); break;
    case 1: attacker((socket) => {
      socket.resume();
      socket.write('{"jsonrpc":"2.0","id":1,"method":"tr');
    }); break;
    case 2: attacker((socket) => {
      socket.pause();
      pour(ASKS)(socket);
      socket.pause();
    }); break;
    case 3: attacker(pour(HUGE)); break;
    default: every(STREAM_EVERY_MS, () => {
      counts.storms++;
      const socket = net.connect({ path: socketPath });
      socket.on('error', () => undefined);
      socket.on('connect', () => socket.write('{"jsonrpc":"2.0","id":1,"method":"tree"}\n', () => socket.destroy()));
    });
  }
}

async function begin(): Promise<void> {
  running = true;
  Object.assign(counts, { answers: 0, errors: 0, latestMs: 0, traceEvents: 0, storms: 0, reconnects: 0, mainLoopShare: 0 });
  for (let n = 0; n < Number(honest); n++) await honestClient(n);
  for (let n = 0; n < Number(hostile); n++) hostileClient(n);
  begunMs = performance.now();
  spentBeforeMs = await spentMs();
}

/** What the main loop has spent on calls so far, ms. */
async function spentMs(): Promise<number> {
  const [client] = clients;
  return client === undefined ? 0 : (((await client.call('metrics')).socket as { readonly mainUs?: number }).mainUs ?? 0) / 1000;
}

async function end(): Promise<void> {
  counts.mainLoopShare = ((await spentMs()) - spentBeforeMs) / (performance.now() - begunMs);
  running = false;
  for (const timer of timers) clearInterval(timer);
  timers.clear();
  for (const client of clients) client.close();
  clients.clear();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
}

function fail(error: unknown): never {
  writeSync(2, `${String(error)}\n`);
  process.exit(1);
}

process.on('message', (message) => {
  if (message === 'begin') {
    begin().then(() => process.send?.({ begun: true }), fail);
  }
  if (message === 'end') {
    end().then(() => process.send?.({ ended: counts }), fail);
  }
});
process.on('disconnect', () => process.exit(0));
