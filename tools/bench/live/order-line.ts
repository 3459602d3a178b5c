import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

const SINK = fileURLToPath(new URL('./order-sink.js', import.meta.url));
const START_WITHIN_MS = 10_000;
/** A signed order as the engine's REST client writes it on a connection that is open. */
const ORDER = Buffer.from([
  'POST /fapi/v1/order?symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTX&quantity=0.010&price=60000.0&newClientOrderId=fl-0123456789abcdef-1&timestamp=1763726400123&recvWindow=5000',
  `&signature=${'0'.repeat(64)} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nX-MBX-APIKEY: ${'0'.repeat(64)}\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n`,
].join(''));

/** A connection to a venue that takes orders and says nothing. */
export class OrderLine {
  readonly #child: ChildProcess;
  readonly #socket: Socket;

  private constructor(child: ChildProcess, socket: Socket) {
    this.#child = child;
    this.#socket = socket;
    socket.setNoDelay(true);
  }

  static async start(): Promise<OrderLine> {
    const child = fork(SINK, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const signal = AbortSignal.timeout(START_WITHIN_MS);
    const [{ port }] = (await once(child, 'message', { signal })) as [{ readonly port: number }];
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect', { signal });
    return new OrderLine(child, socket);
  }

  /** Sends an order; `left` is called when the system has its bytes. */
  send(left: () => void): void {
    this.#socket.write(ORDER, left);
  }

  close(): void {
    this.#socket.destroy();
    this.#child.kill('SIGKILL');
  }
}
