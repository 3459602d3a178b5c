// A venue on the loopback: a process of its own that serves one WebSocket and sends it market data as it is told. It speaks the
// protocol by hand, because a library writes every frame by itself, and a venue's kernel joins what is due at once.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { monotonicUs } from './clock.js';
import { FrameWriter } from './frames.js';
import type { FeederOrder, FeederReport, Load } from './orders.js';

const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const writer = new FrameWriter();
const nothing = new Int32Array(new SharedArrayBuffer(4));

let socket: Socket | undefined;
let sent = 0;

function report(message: FeederReport): void {
  process.send!(message);
}

/** Frames [sent, sent + count) in one write; all have the stamp of the write. False when the socket is to be waited for. */
function write(count: number, baseUs: number): boolean {
  const bytes = Buffer.allocUnsafe(count * writer.longest);
  const stampUs = Math.floor(baseUs + monotonicUs());
  let at = 0;
  for (let k = 0; k < count; k += 1) at = writer.write(bytes, at, sent + k, stampUs);
  sent += count;
  return socket!.write(bytes.subarray(0, at));
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Sends on schedule: sleeps until the next frame (or burst) is due, then writes all that are. */
async function pace({ rate, burst, seconds }: Extract<Load, { kind: 'paced' }>, baseUs: number): Promise<{ latestMs: number; waits: number }> {
  const from = sent;
  const total = Math.round(rate * seconds);
  const beginUs = monotonicUs();
  let latestMs = 0;
  while (sent - from < total) {
    const done = sent - from;
    const dueUs = beginUs + (done * 1e6) / rate;
    const waitUs = dueUs - monotonicUs();
    // Sleeps, for a feeder that spins takes a core from those who are measured; so it wakes some 60 µs late.
    if (waitUs > 0) Atomics.wait(nothing, 0, 0, waitUs / 1000);
    const nowUs = monotonicUs();
    if (nowUs < dueUs) continue;
    latestMs = Math.max(latestMs, (nowUs - dueUs) / 1000);
    const due = burst * (1 + Math.floor(((nowUs - dueUs) * rate) / 1e6 / burst));
    write(Math.min(due, total - done), baseUs);
    await turn();
  }
  return { latestMs, waits: 0 };
}

async function saturate({ frames, perWrite }: Extract<Load, { kind: 'saturate' }>, baseUs: number): Promise<{ latestMs: number; waits: number }> {
  const to = sent + frames;
  let waits = 0;
  while (sent < to) {
    if (write(Math.min(perWrite, to - sent), baseUs)) continue;
    waits += 1;
    await once(socket!, 'drain');
  }
  return { latestMs: 0, waits };
}

async function run({ load, baseUs }: FeederOrder): Promise<void> {
  const from = sent;
  const beganUs = monotonicUs();
  const { latestMs, waits } = load.kind === 'paced' ? await pace(load, baseUs) : await saturate(load, baseUs);
  report({ type: 'sent', from, to: sent, beginUs: baseUs + beganUs, seconds: (monotonicUs() - beganUs) / 1e6, latestMs, waits });
}

const server = createServer();
server.on('upgrade', (request, upgraded) => {
  const key = String(request.headers['sec-websocket-key']);
  const accept = createHash('sha1').update(key + WEBSOCKET_GUID).digest('base64');
  upgraded.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  socket = upgraded as Socket;
  socket.setNoDelay(true);
  // Whoever is measured may go at any time; what it sends (a close) is of no interest.
  socket.on('error', () => undefined);
  socket.resume();
});
server.listen(0, '127.0.0.1', () => report({ type: 'listening', port: (server.address() as AddressInfo).port }));
process.on('message', (order) => void run(order as FeederOrder));
process.on('disconnect', () => process.exit(0));
