import os from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { ControlError } from './errors.js';
import type { ThreadInput, ToMain, ToThread } from './link.js';
import { SocketServer } from './socket-server.js';

/** Entry of the socket's thread. Pure JavaScript over sockets: safe to terminate at any point. */
const port = parentPort!;
const post = (message: ToMain): void => port.postMessage(message);

// On Linux the priority of "this process" is that of the calling thread: clients must not take the core from the main loop.
if (process.platform === 'linux') {
  try {
    os.setPriority(0, 19);
  } catch {
    // Not allowed here: it works all the same.
  }
}

const server = new SocketServer(workerData as ThreadInput, post);
port.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'answers': server.answered(message.answers); break;
    case 'trace': server.tracePiece(message.piece); break;
    case 'reports': server.reports(message.reports, message.dropped); break;
    case 'close':
      void server.close().then(() => {
        post({ kind: 'closed' });
        port.close();
      });
      break;
  }
});

try {
  await server.listen();
  post({ kind: 'listening' });
} catch (thrown) {
  const error = thrown instanceof ControlError ? thrown : new ControlError('cannot_listen', thrown instanceof Error ? thrown.message : String(thrown));
  post({ kind: 'failed', code: error.code, message: error.message, fix: error.fix });
  port.close();
}
