import { WebSocket } from 'ws';

type Level = readonly [string, string];
interface DepthEvent {
  readonly U: number;
  readonly u: number;
  readonly pu?: number;
  readonly b: readonly Level[];
  readonly a: readonly Level[];
}
interface Snapshot {
  readonly lastUpdateId: number;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

const MOST_BUFFERED = 5000;
const SILENT_MS = 3000;

/** A client's book that is kept by the venue's sync rules, whatever happens on the line, and begun anew when they are broken. */
export class BookFollower {
  readonly #url: string;
  readonly #snapshotUrl: string;
  readonly #futures: boolean;
  readonly #bids = new Map<string, string>();
  readonly #asks = new Map<string, string>();
  #socket: WebSocket | undefined;
  #buffer: DepthEvent[] = [];
  #lastId = 0;
  #first = true;
  #synced = false;
  #fetching = false;
  #ended = false;
  #heardMs = Date.now();
  #timer: NodeJS.Timeout;
  readonly counts = { events: 0, syncs: 0, gaps: 0, crossed: 0, reconnects: 0, staleSnapshots: 0 };

  constructor(url: string, snapshotUrl: string, futures: boolean) {
    this.#url = url;
    this.#snapshotUrl = snapshotUrl;
    this.#futures = futures;
    this.#connect();
    this.#timer = setInterval(() => this.#look(), 100);
  }

  get synced(): boolean {
    return this.#synced;
  }

  get bestBid(): number {
    return Math.max(...[...this.#bids.keys()].map(Number));
  }

  get bestAsk(): number {
    return Math.min(...[...this.#asks.keys()].map(Number));
  }

  end(): void {
    this.#ended = true;
    clearInterval(this.#timer);
    this.#socket?.terminate();
  }

  #connect(): void {
    if (this.#ended) return;
    this.#heardMs = Date.now();
    const socket = new WebSocket(this.#url, { handshakeTimeout: SILENT_MS });
    this.#socket = socket;
    this.#begin();
    socket.on('message', (data: Buffer) => {
      this.#heardMs = Date.now();
      const event = JSON.parse(data.toString()) as DepthEvent & { readonly e?: string };
      if (event.e === 'depthUpdate') this.#event(event);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.counts.reconnects += 1;
      setTimeout(() => this.#connect(), 50).unref();
    });
  }

  #begin(): void {
    this.#buffer = [];
    this.#synced = false;
    this.#first = true;
  }

  #look(): void {
    if (Date.now() - this.#heardMs > SILENT_MS) this.#socket?.terminate();
    else if (!this.#synced && this.#buffer.length > 0 && !this.#fetching) void this.#fetch();
    else if (this.#synced && this.bestBid >= this.bestAsk) {
      this.counts.crossed += 1;
      this.#begin();
    }
  }

  async #fetch(): Promise<void> {
    this.#fetching = true;
    try {
      const response = await fetch(this.#snapshotUrl, { signal: AbortSignal.timeout(2000) });
      const text = await response.text();
      if (response.status === 200) this.#sync(JSON.parse(text) as Snapshot);
    } catch {
      // Tried again at the next look.
    } finally {
      this.#fetching = false;
    }
  }

  #sync(snapshot: Snapshot): void {
    const first = this.#buffer[0];
    if (first === undefined) return;
    if (snapshot.lastUpdateId < first.U) {
      this.counts.staleSnapshots += 1;
      return;
    }
    this.#bids.clear();
    this.#asks.clear();
    put(this.#bids, snapshot.bids);
    put(this.#asks, snapshot.asks);
    this.#lastId = snapshot.lastUpdateId;
    this.#synced = true;
    this.counts.syncs += 1;
    for (const event of this.#buffer.splice(0)) if (this.#synced) this.#apply(event);
  }

  #event(event: DepthEvent): void {
    this.counts.events += 1;
    if (this.#synced) this.#apply(event);
    else if (this.#buffer.length < MOST_BUFFERED) this.#buffer.push(event);
    else this.#begin();
  }

  #apply(event: DepthEvent): void {
    const { U, u, pu } = event;
    if (this.#futures ? u < this.#lastId : u <= this.#lastId) return;
    const follows = this.#first ? U <= this.#lastId + 1 && u >= this.#lastId : this.#futures ? pu === this.#lastId || u === this.#lastId : U <= this.#lastId + 1;
    if (!follows) {
      this.counts.gaps += 1;
      this.#begin();
      this.#buffer.push(event);
      return;
    }
    this.#first = false;
    this.#lastId = u;
    put(this.#bids, event.b);
    put(this.#asks, event.a);
  }
}

function put(side: Map<string, string>, levels: readonly Level[]): void {
  for (const [price, quantity] of levels) {
    if (Number(quantity) === 0) side.delete(price);
    else side.set(price, quantity);
  }
}
