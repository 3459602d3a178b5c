// The simulated exchange as a process of its own: `node main.js SOCKET RECORD ORDERS SEED`. It outlives every life of
// the desk; its record is the truth about what reached it. One connection at a time: the next one is served when all
// that the last one sent before its process died has been read, so no request of the dead overtakes one of the living.
import { openSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { makeScript, START_US } from '../script.js';
import { Exchange } from './exchange.js';
import { lines, type ExchangeReply, type ExchangeRequest } from './protocol.js';

const [socketPath = '', recordPath = '', orders = '0', seed = '1'] = process.argv.slice(2);
const fd = openSync(recordPath, 'a');
const exchange = new Exchange(makeScript(Number(orders), seed), START_US, (entry) => void writeSync(fd, `${JSON.stringify(entry)}\n`));

let serving: Socket | null = null;
const waiting: Socket[] = [];

function serve(socket: Socket): void {
  serving = socket;
  const answer = (reply: ExchangeReply): void => void (socket.writable && socket.write(`${JSON.stringify(reply)}\n`));
  answer({ hello: true, acked: exchange.acked, nowUs: exchange.nowUs });
  socket.on('data', lines((line) => exchange.handle(JSON.parse(line) as ExchangeRequest, answer)));
}

const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    if (serving !== socket) {
      waiting.splice(waiting.indexOf(socket), 1);
      return;
    }
    exchange.disconnected();
    serving = null;
    const next = waiting.shift();
    if (next !== undefined) serve(next);
  });
  if (serving === null) serve(socket);
  else waiting.push(socket);
});
server.listen(socketPath, () => process.send?.('ready'));
// Its parent is gone: nobody will stop it any more.
process.on('disconnect', () => process.exit(0));
