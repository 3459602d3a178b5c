/** Carries out `socket.open`, `socket.send` and `socket.close`: what market sockets bring becomes records, what others bring inputs. */
import type { Json, SocketClose, SocketInput, SocketOpen, SocketProbe, SocketSend } from '../../../actors/engine/io.js';
import type { EffectHandlers } from '../../../actors/engine/effects.js';
import { parseExactJson } from '../exact-json.js';
import { Connection } from './connection.js';
import { NO_SECRETS, type SecretDesk, type SocketAddresses, type SocketDoor } from './door.js';
import { MarketIntake } from './market-intake.js';
import { MarketSocket } from './market-socket.js';

export interface SocketsOptions {
  readonly addresses: SocketAddresses;
  readonly secrets?: SecretDesk;
  /** Certificate authority to trust besides the system's, PEM. */
  readonly ca?: string | null;
  /** Longest frame of market data, and of anything else. */
  readonly mostMarketBytes?: number;
  readonly mostPrivateBytes?: number;
  /** Milliseconds of the wall's between two signs of life that are asked for. */
  readonly pingEveryMs?: number;
}

interface Live {
  readonly open: SocketOpen;
  readonly connection: Connection;
  readonly market: MarketSocket | null;
  opened: boolean;
}

const MOST_MARKET_BYTES = 4 << 20;
const MOST_PRIVATE_BYTES = 1 << 20;
const PING_EVERY_MS = 10_000;
/** Of a frame that is not understood. */
const EXCERPT = 200;

export class Sockets {
  readonly intake: MarketIntake;
  readonly #door: SocketDoor;
  readonly #addresses: SocketAddresses;
  readonly #secrets: SecretDesk;
  readonly #options: Required<Pick<SocketsOptions, 'mostMarketBytes' | 'mostPrivateBytes' | 'pingEveryMs'>> & { readonly ca: string | null };
  readonly #live = new Map<string, Live>();
  #closing = false;
  #whenAllClosed: (() => void) | undefined;
  readonly counts = { opened: 0, closed: 0, failed: 0, frames: 0, records: 0, refused: 0, ignored: 0, malformed: 0, sent: 0, notSent: 0 };

  constructor(door: SocketDoor, options: SocketsOptions, intake = new MarketIntake(door)) {
    const { addresses, secrets = NO_SECRETS, ca = null, mostMarketBytes = MOST_MARKET_BYTES, mostPrivateBytes = MOST_PRIVATE_BYTES, pingEveryMs = PING_EVERY_MS } = options;
    this.#door = door;
    this.#addresses = addresses;
    this.#secrets = secrets;
    this.#options = { ca, mostMarketBytes, mostPrivateBytes, pingEveryMs };
    this.intake = intake;
  }

  /** For the host's table. Every outcome comes by `give`, never within the call. */
  readonly effects: EffectHandlers = {
    'socket.open': (open) => this.open(open),
    'socket.send': (send) => this.send(send),
    'socket.close': (close) => this.close(close),
    'socket.probe': (probe) => this.probe(probe),
  };

  open(open: SocketOpen): void {
    const { socket, product, face, path, openTimeoutMs, carries } = open;
    if (this.#live.has(socket)) throw new Error(`socket ${socket} is opened twice`);
    const origins = this.#addresses[product][face];
    const origin = origins[Math.min(open.origin ?? 0, origins.length - 1)];
    const url = (origin ?? '') + this.#secrets.reveal(path);
    if (this.#closing || !isAddress(url)) {
      const reason = this.#closing ? 'the engine is stopping' : `${product} has no address for ${face}`;
      setImmediate(() => this.#tell(open, { type: 'socket.closed', socket, code: 1006, reason }));
      return;
    }
    const { mostMarketBytes, mostPrivateBytes, pingEveryMs, ca } = this.#options;
    const market = carries === 'market' ? new MarketSocket(open, this.#door, this.intake, (message) => this.#tell(open, message)) : null;
    const live: Live = {
      open,
      market,
      opened: false,
      connection: new Connection(
        {
          url, openTimeoutMs: openTimeoutMs / this.#door.clock.speed, pingEveryMs, ca,
          mostFrameBytes: carries === 'market' ? mostMarketBytes : mostPrivateBytes,
        },
        {
          opened: () => {
            live.opened = true;
            this.counts.opened += 1;
            this.#tell(open, { type: 'socket.opened', socket });
          },
          frame: (frame, binary) => this.#frame(live, frame, binary),
          closed: (code, reason) => this.#closed(live, code, reason),
        },
      ),
    };
    this.#live.set(socket, live);
  }

  send({ socket, body, sign }: SocketSend): void {
    const live = this.#live.get(socket);
    if (live === undefined || !live.connection.open) {
      // Its end is told, or was.
      this.counts.notSent += 1;
      return;
    }
    const signed = sign === true ? this.#secrets.sign(live.open.product, body) : body;
    this.counts.sent += 1;
    live.connection.send(this.#secrets.reveal(JSON.stringify(signed)));
  }

  close({ socket, reason, cut = false }: SocketClose): void {
    this.#live.get(socket)?.connection.close(reason, cut);
  }

  /** A pulse, after what lies in the line has been read. */
  probe({ socket }: SocketProbe): void {
    setImmediate(() => this.#live.get(socket)?.market?.pulse());
  }

  /** Sockets that are open or opening. */
  get count(): number {
    return this.#live.size;
  }

  /** Ends all of them; resolves when the last is gone. */
  async shutdown(): Promise<void> {
    this.#closing = true;
    for (const { connection } of this.#live.values()) connection.close('the engine is stopping');
    if (this.#live.size > 0) await new Promise<void>((resolve) => void (this.#whenAllClosed = resolve));
  }

  metrics(): Readonly<Record<string, number>> {
    const { duplicates, gaps, missing, disagreements } = this.intake.guard.counts;
    return { ...this.counts, open: this.#live.size, duplicates, gaps, missing, disagreements };
  }

  #frame(live: Live, frame: Buffer, binary: boolean): void {
    this.counts.frames += 1;
    const { open, market } = live;
    if (binary) {
      this.#malformed(open, 'a binary frame', frame);
      return;
    }
    if (market === null) {
      this.#tellFrame(open, frame);
      return;
    }
    const made = market.take(frame);
    this.counts.records += made.records;
    if (made.outcome === 'refused') {
      this.counts.refused += 1;
      if (market.worthTelling()) this.#malformed(open, this.intake.reason(open.product), frame);
    } else if (made.outcome === 'ignored') {
      this.counts.ignored += 1;
      if (isControl(frame)) this.#tellFrame(open, frame);
    }
  }

  #tellFrame(open: SocketOpen, frame: Buffer): void {
    let body: Json;
    try {
      body = parseExactJson(this.#secrets.hide(frame.toString('utf8')));
    } catch {
      this.#malformed(open, 'is not JSON', frame);
      return;
    }
    this.#tell(open, { type: 'socket.frame', socket: open.socket, body });
  }

  #malformed(open: SocketOpen, problem: string, frame: Buffer): void {
    this.counts.malformed += 1;
    this.#tell(open, { type: 'socket.malformed', socket: open.socket, problem, text: this.#secrets.hide(frame.toString('utf8', 0, EXCERPT * 4)).slice(0, EXCERPT) });
  }

  #closed(live: Live, code: number, reason: string): void {
    const { open, market, opened } = live;
    this.#live.delete(open.socket);
    if (opened) this.counts.closed += 1;
    else this.counts.failed += 1;
    if (market !== null) {
      const others = [...this.#live.values()].flatMap((other) => (other.market === null ? [] : [other.market]));
      market.end(others);
    }
    if (code === 1009) this.#tell(open, { type: 'socket.malformed', socket: open.socket, problem: reason, text: '' });
    this.#tell(open, { type: 'socket.closed', socket: open.socket, code, reason: this.#secrets.hide(reason) });
    if (this.#live.size === 0) this.#whenAllClosed?.();
  }

  /** Records that came before it go first: tape and run log share one order. */
  #tell(open: SocketOpen, message: SocketInput): void {
    this.intake.flush();
    this.#door.give({ to: open.to, message });
  }
}

function isAddress(url: string): boolean {
  return /^wss?:$/.test(URL.canParse(url) ? new URL(url).protocol : '');
}

/** Answers to subscriptions, errors, and events of the connection itself, among the frames of which no record is made. */
function isControl(frame: Buffer): boolean {
  if (frame.length > 4096) return false;
  const text = frame.toString('utf8');
  return /"serverShutdown"|^\{"(?:result|error|id|code)"|"e":"(?:error|eventStreamTerminated)"/.test(text);
}
