import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { WebSocket, WebSocketServer } from 'ws';
import { VenueClock } from '../../exchange/venue-clock.js';
import { KeyStore, ProductServer, SPOT_MANNERS, StreamHub } from '../../exchange/web/index.js';
import { orderStorm, restRoundTrips, type StormResult, wsRoundTrips } from '../exchange/orders.js';
import { ServedExchange } from '../exchange/served.js';
import { percentile } from '../live/cell.js';
import type { BenchRow } from '../row.js';

/** Seconds of the storm; FAULTLINE_BENCH_ORDER_SECONDS for a shorter one. */
const STORM_SECONDS = Number(process.env['FAULTLINE_BENCH_ORDER_SECONDS'] ?? 60);
const WARM_SECONDS = 5;
const ROUND_TRIPS = 3000;
const WARM_ROUND_TRIPS = 1000;
const CLIENTS = 100;
const EVENTS = 2000;
const EVENTS_A_TURN = 10;

/** Orders a second over one websocket for a minute, all streams on, each answered and reported once. */
export function wsOrdersPerSecond(): BenchRow {
  let served: ServedExchange | undefined;
  let last: StormResult | undefined;
  return {
    id: 'exchange/ws-orders-per-second', unit: 'orders/s', better: 'higher', peer: null, floor: 10_000, rounds: 1, slices: 1,
    limitMs: (STORM_SECONDS + WARM_SECONDS) * 1000 + 120_000,
    async prepare() {
      served = await ServedExchange.start();
      await orderStorm(served.ready, WARM_SECONDS);
    },
    async ours() {
      last = await orderStorm(served!.ready, STORM_SECONDS);
      return last.placed / last.seconds;
    },
    also: () => ({
      'orders': last!.placed, 'seconds': last!.seconds, 'orders in the slowest second': last!.slowestSecond, 'trades of them': last!.heard.trades,
      'market events to the listener': last!.heard.marketEvents, 'streams of them': last!.heard.streams,
    }),
    close: () => served?.stop(),
  };
}

function roundTripRow(id: string, measure: typeof wsRoundTrips): BenchRow {
  let served: ServedExchange | undefined;
  const medians: number[] = [];
  return {
    id, unit: 'us, p99', better: 'lower', peer: null, rounds: 3, slices: 1,
    async prepare() {
      served = await ServedExchange.start();
      await measure(served.ready, WARM_ROUND_TRIPS);
    },
    async ours() {
      const sorted = await measure(served!.ready, ROUND_TRIPS);
      medians.push(percentile(sorted, 0.5));
      return percentile(sorted, 0.99);
    },
    also: () => ({ 'p50 us': medians.toSorted((a, b) => a - b)[medians.length >> 1]! }),
    close: () => served?.stop(),
  };
}

/** Placing an order and having its answer, one after the other, over loopback. */
export const restRoundTrip = (): BenchRow => roundTripRow('order-roundtrip-rest-p99', restRoundTrips);
export const wsRoundTrip = (): BenchRow => roundTripRow('order-roundtrip-ws-p99', wsRoundTrips);

const DEPTH = JSON.stringify({
  e: 'depthUpdate', E: 1_785_542_400_000, s: 'BTCUSDT', U: 71_000_000_001, u: 71_000_000_021,
  b: Array.from({ length: 10 }, (_, level) => [`${60_000 - level}.10`, '0.12300000']), a: Array.from({ length: 10 }, (_, level) => [`${60_001 + level}.10`, '0.12300000']),
});

/** A thread of clients, and publishing to it until all have everything; deliveries a second. */
class Audience {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  static async gather(url: string): Promise<Audience> {
    const worker = new Worker(new URL('../exchange/fan-out.js', import.meta.url), { workerData: { url, clients: CLIENTS } });
    await once(worker, 'message');
    return new Audience(worker);
  }

  async deliver(publish: () => void): Promise<number> {
    this.#worker.postMessage(EVENTS);
    const heard = once(this.#worker, 'message');
    await sleep(20);
    const begunMs = performance.now();
    for (let event = 0; event < EVENTS; event += 1) {
      publish();
      if (event % EVENTS_A_TURN === EVENTS_A_TURN - 1) await new Promise((resolve) => setImmediate(resolve));
    }
    await heard;
    return (EVENTS * CLIENTS) / ((performance.now() - begunMs) / 1000);
  }

  async leave(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** One diff of twenty levels to 100 clients, against `ws` sending it to each. */
export function depthFanOut(): BenchRow {
  const hub = new StreamHub();
  const ours = new ProductServer({
    product: 'spot', manners: { ...SPOT_MANNERS, streams: { ...SPOT_MANNERS.streams, mostBufferedBytes: 2 ** 30 } }, clock: new VenueClock(), keys: new KeyStore(), rateLimits: [],
    limitsEnforced: false, hub,
  });
  const peerServer: Server = createServer();
  const peer = new WebSocketServer({ server: peerServer, perMessageDeflate: false });
  let audience: Audience | undefined;
  let peerAudience: Audience | undefined;
  return {
    id: 'exchange/depth-fan-out', unit: 'deliveries/s', better: 'higher', peer: 'ws 8.23.0, send to each', rounds: 5,
    async prepare() {
      audience = await Audience.gather(`${(await ours.listen()).ws}/ws/btcusdt@depth`);
      peerServer.listen(0, '127.0.0.1');
      await once(peerServer, 'listening');
      peerAudience = await Audience.gather(`ws://127.0.0.1:${(peerServer.address() as AddressInfo).port}/`);
    },
    ours: () => audience!.deliver(() => hub.publish('btcusdt@depth', () => DEPTH)),
    peerRun: () => peerAudience!.deliver(() => {
      for (const client of peer.clients) if (client.readyState === WebSocket.OPEN) client.send(DEPTH);
    }),
    async close() {
      await Promise.all([audience?.leave(), peerAudience?.leave()]);
      for (const client of peer.clients) client.terminate();
      peerServer.close();
      await ours.close();
    },
  };
}
