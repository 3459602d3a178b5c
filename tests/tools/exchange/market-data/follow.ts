import WebSocket from 'ws';

/** A client's local book of one symbol, as text prices to text quantities. */
export interface LocalBook {
  readonly bids: Map<string, string>;
  readonly asks: Map<string, string>;
}

export interface DepthEvent {
  readonly U: number;
  readonly u: number;
  readonly pu?: number;
  readonly b: readonly (readonly [string, string])[];
  readonly a: readonly (readonly [string, string])[];
}

export interface DepthSnapshot {
  readonly lastUpdateId: number;
  readonly bids: readonly (readonly [string, string])[];
  readonly asks: readonly (readonly [string, string])[];
}

/** Follows one depth stream by the venue's documented rules, and says at once when an event breaks them. */
export class DepthFollower {
  readonly book: LocalBook = { bids: new Map(), asks: new Map() };
  readonly #socket: WebSocket;
  readonly #futures: boolean;
  readonly #buffer: DepthEvent[] = [];
  #lastId = 0;
  #synced = false;
  #first = true;
  applied = 0;
  broken: string | undefined;
  /** Ends the following with the event of such a final id. */
  stopAt: (id: number) => boolean = () => false;
  #stopped = false;
  readonly #waiting = new Set<() => void>();

  constructor(url: string, futures: boolean) {
    this.#futures = futures;
    this.#socket = new WebSocket(url);
    this.#socket.on('message', (data: Buffer) => this.#event(JSON.parse(data.toString()) as DepthEvent));
    this.#socket.on('error', (error) => (this.broken ??= error.message));
    this.#socket.on('close', (code: number) => {
      this.broken ??= `closed with ${code}`;
      for (const look of this.#waiting) look();
    });
  }

  get lastId(): number {
    return this.#lastId;
  }

  async buffered(events: number): Promise<void> {
    await this.until(() => this.#buffer.length >= events || this.#synced);
  }

  /** Takes the snapshot; false when it is too old and another one is to be fetched. */
  start(snapshot: DepthSnapshot): boolean {
    const { lastUpdateId } = snapshot;
    const first = this.#buffer[0];
    if (first !== undefined && lastUpdateId < first.U) return false;
    this.#lastId = lastUpdateId;
    set(this.book.bids, snapshot.bids);
    set(this.book.asks, snapshot.asks);
    this.#synced = true;
    for (const event of this.#buffer.splice(0)) this.#apply(event);
    return true;
  }

  until(seen: () => boolean, deadlineMs = 30_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error('nothing came in time'));
      }, deadlineMs);
      const look = (): void => {
        if (!seen() && this.broken === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  close(): void {
    this.#socket.terminate();
  }

  #event(event: DepthEvent): void {
    if (this.#stopped) return;
    if (this.#synced) this.#apply(event);
    else this.#buffer.push(event);
    for (const look of this.#waiting) look();
  }

  #apply(event: DepthEvent): void {
    const { U, u, pu } = event;
    if (this.#futures ? u < this.#lastId : u <= this.#lastId) return;
    if (this.#first) {
      this.#first = false;
      if (U > this.#lastId || u < this.#lastId) this.broken = `the first event ${U}…${u} does not hold the snapshot's ${this.#lastId}`;
    } else if (this.#futures ? pu !== this.#lastId : U !== this.#lastId + 1) this.broken = `a gap: ${U}…${u}, pu ${pu}, after ${this.#lastId}`;
    this.#lastId = u;
    set(this.book.bids, event.b);
    set(this.book.asks, event.a);
    this.applied += 1;
    this.#stopped = this.stopAt(u);
  }
}

function set(side: Map<string, string>, levels: readonly (readonly [string, string])[]): void {
  for (const [price, quantity] of levels) {
    if (Number(quantity) === 0) side.delete(price);
    else side.set(price, quantity);
  }
}
