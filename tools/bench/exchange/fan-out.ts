// A thread with many clients of one stream; tells when all are there, and each time when all have had so many events more.
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { WebSocket } from 'ws';

const { url, clients } = workerData as { readonly url: string; readonly clients: number };
const port = parentPort!;
let heard = 0;
let wanted = 0;
const sockets = Array.from({ length: clients }, () => {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  socket.on('message', () => {
    heard += 1;
    if (heard === wanted) port.postMessage('heard');
  });
  return socket;
});
await Promise.all(sockets.map((socket) => once(socket, 'open')));
port.on('message', (events: number) => (wanted = heard + events * clients));
port.postMessage('open');
