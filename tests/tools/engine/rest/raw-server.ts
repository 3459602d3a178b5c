import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A server that answers every request's head with bytes of the test's choice; `null` ends the connection without an answer, undefined says nothing. */
export class RawServer {
  readonly heads: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  answer: string | null | undefined;
  /** Ends the connection after the answer. */
  ends = false;

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
      let text = '';
      socket.on('data', (bytes) => {
        text += bytes.toString('latin1');
        const end = text.indexOf('\r\n\r\n');
        if (end < 0) return;
        this.heads.push(text);
        text = '';
        if (this.answer === null) socket.destroy();
        else if (this.answer !== undefined) socket.write(this.answer, () => { if (this.ends) socket.end(); });
      });
    });
  }

  static async open(): Promise<RawServer> {
    const raw = new RawServer();
    await new Promise<void>((resolve) => { raw.#server.listen(0, '127.0.0.1', resolve); });
    return raw;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => { this.#server.close(resolve); });
  }
}

/** A whole HTTP/1.1 answer. */
export function http(status: number, body: string, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({ 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)), ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Whatever\r\n${lines.join('')}\r\n${body}`;
}
