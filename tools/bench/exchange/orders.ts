import { once } from 'node:events';
import { request as httpRequest, Agent } from 'node:http';
import { createPrivateKey, sign } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { WebSocket } from 'ws';
import type { Heard } from './listener.js';
import { type Ready, signedParams } from './served.js';

const IN_FLIGHT = 2000;
/** Resting orders are cancelled before there are as many as the venue lets one account have. */
const CANCEL_EVERY = 100;
/** One order in so many takes what rests in the book. */
const TAKER_EVERY = 10;
const OK = Buffer.from('"status":200');
/** Orders that the listener may be behind: the exchange drops a reader that is further behind than it may hold for him. */
const UNHEARD = 20_000;
const TELL_EVERY_MS = 50;
const SETTLE_DEADLINE_MS = 30_000;
const BATCH_YIELD = 64;

export interface StormResult {
  readonly placed: number;
  readonly seconds: number;
  /** Orders that were answered in the worst of its whole seconds. */
  readonly slowestSecond: number;
  readonly heard: Heard;
}

async function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, 'open');
  return socket;
}

async function loggedOn(ready: Ready): Promise<WebSocket> {
  const socket = await open(`${ready.spot.wsApi}?returnRateLimits=false`);
  socket.send(`{"id":"logon","method":"session.logon","params":${signedParams(ready)}}`);
  const [reply] = (await once(socket, 'message')) as [Buffer];
  if (!reply.includes(OK)) throw new Error(`not logged on: ${reply.toString()}`);
  return socket;
}

/** Three hundredths below the best bid: a price that rests and that the filters let pass. */
async function restingPrice(ready: Ready): Promise<number> {
  const response = await fetch(`${ready.spot.rest}/api/v3/ticker/bookTicker?symbol=BTCUSDT`);
  const { bidPrice } = (await response.json()) as { readonly bidPrice: string };
  return Math.floor(Number(bidPrice) * 0.97);
}

/**
 * Places orders on one websocket for so many seconds, as fast as answers and the user stream come back, while another thread listens to all streams: nine in ten
 * rest until they are cancelled together, one in ten is a market order.
 * @throws Error when an order is refused, answered twice or not at all, when the user stream does not tell its beginning and its end once each, or when a
 * trade, an aggregate or a depth update is missing in a public stream
 */
export async function orderStorm(ready: Ready, seconds: number): Promise<StormResult> {
  const listener = new Worker(new URL('./listener.js', import.meta.url), { workerData: { ready } });
  const listening = once(listener, 'message');
  await Promise.race([listening, once(listener, 'error').then(([error]) => Promise.reject(error as Error))]);
  const ask = async (): Promise<Heard> => {
    listener.postMessage('tell');
    return ((await once(listener, 'message')) as [Heard])[0];
  };
  const socket = await loggedOn(ready);
  const price = await restingPrice(ready);
  const answered = new Set<number>();
  /** Requests that were answered in each second. */
  const perSecond: number[] = [];
  let sent = 0;
  let placed = 0;
  let failure: Error | undefined;
  let wake = (): void => {};
  socket.on('message', (data: Buffer) => {
    const id = Number.parseInt(data.toString('latin1', 6, 18), 10);
    if (!data.includes(OK) || answered.has(id)) failure ??= new Error(`refused or answered twice: ${data.toString().slice(0, 300)}`);
    answered.add(id);
    const second = Math.floor((performance.now() - begunMs) / 1000);
    perSecond[second] = (perSecond[second] ?? 0) + 1;
    if (sent - answered.size < IN_FLIGHT / 2) wake();
  });
  socket.on('close', (code, reason) => {
    failure ??= new Error(`the exchange closed the connection: ${code} ${reason.toString()}`);
    wake();
  });
  const place = (): void => {
    const timestamp = Date.now();
    placed += 1;
    const head = `{"id":${sent},"method":"order.place","params":{"symbol":"BTCUSDT","newClientOrderId":"b${sent}","newOrderRespType":"ACK","timestamp":${timestamp},"quantity":"0.001"`;
    if (placed % TAKER_EVERY === 0) socket.send(`${head},"type":"MARKET","side":"${placed % (2 * TAKER_EVERY) === 0 ? 'BUY' : 'SELL'}"}}`);
    else socket.send(`${head},"type":"LIMIT","timeInForce":"GTC","side":"BUY","price":"${price - (placed % 500)}"}}`);
  };
  const cancelAll = (): void => socket.send(`{"id":${sent},"method":"openOrders.cancelAll","params":{"symbol":"BTCUSDT","timestamp":${Date.now()}}}`);

  let told = 0;
  const hear = ({ newOrders }: Heard): void => void (told = newOrders);
  listener.on('message', hear);
  const telling = setInterval(() => listener.postMessage('tell'), TELL_EVERY_MS);

  const begunMs = performance.now();
  const endMs = begunMs + seconds * 1000;
  while (failure === undefined && performance.now() < endMs) {
    for (let count = 0; count < BATCH_YIELD && sent - answered.size < IN_FLIGHT && placed - told <= UNHEARD; count += 1) {
      if (placed % CANCEL_EVERY === CANCEL_EVERY - 1) {
        place();
        sent += 1;
        cancelAll();
      } else {
        place();
      }
      sent += 1;
    }
    if (placed - told > UNHEARD) await sleep(TELL_EVERY_MS / 5);
    else if (sent - answered.size >= IN_FLIGHT) await new Promise<void>((resolve) => (wake = resolve));
    else await new Promise((resolve) => setImmediate(resolve));
  }
  clearInterval(telling);
  listener.off('message', hear);
  // With nothing open a cancel is refused.
  if (failure === undefined && placed % CANCEL_EVERY !== 0) {
    cancelAll();
    sent += 1;
  }
  const deadlineMs = performance.now() + SETTLE_DEADLINE_MS;
  while (failure === undefined && answered.size < sent && performance.now() < deadlineMs) await sleep(5);
  const tookSeconds = (performance.now() - begunMs) / 1000;
  let heard = await ask();
  while (failure === undefined && (heard.newOrders < placed || heard.ended < placed) && performance.now() < deadlineMs) {
    await sleep(20);
    heard = await ask();
  }
  const failed = failure;
  socket.terminate();
  await listener.terminate();
  if (failed !== undefined) throw failed;
  if (answered.size !== sent) throw new Error(`${sent - answered.size} requests of ${sent} were not answered`);
  if (heard.newOrders !== placed || heard.ended !== placed || heard.twice > 0 || heard.gaps > 0 || heard.closed > 0) throw new Error(`${placed} orders, and the user stream had ${JSON.stringify(heard)}`);
  const whole = perSecond.slice(0, Math.floor(seconds));
  // One request in a hundred or so is a cancel.
  const slowestSecond = Math.floor(Math.min(...Array.from(whole, (count) => count ?? 0)) * (placed / sent));
  return { placed, seconds: tookSeconds, slowestSecond, heard };
}

/** Round trips one after the other on an otherwise idle connection, in µs, sorted. */
export async function wsRoundTrips(ready: Ready, count: number): Promise<Float64Array> {
  const socket = await loggedOn(ready);
  const price = await restingPrice(ready);
  const times = new Float64Array(count);
  const trip = async (request: string): Promise<void> => {
    const answer = once(socket, 'message');
    socket.send(request);
    const [data] = (await answer) as [Buffer];
    if (!data.includes(OK)) throw new Error(`refused: ${data.toString().slice(0, 300)}`);
  };
  for (let at = 0; at < count; at += 1) {
    const timestamp = Date.now();
    const begun = performance.now();
    await trip(`{"id":${at},"method":"order.place","params":{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT","timeInForce":"GTC","quantity":"0.001","price":"${price}","newClientOrderId":"w${at}","timestamp":${timestamp}}}`);
    times[at] = (performance.now() - begun) * 1000;
    await trip(`{"id":${at},"method":"order.cancel","params":{"symbol":"BTCUSDT","origClientOrderId":"w${at}","timestamp":${timestamp}}}`);
  }
  socket.terminate();
  return times.sort();
}

/** The same by REST over one kept connection, each signed. */
export async function restRoundTrips(ready: Ready, count: number): Promise<Float64Array> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const { key, secret } = ready.keys.ed25519;
  const privateKey = createPrivateKey(secret);
  const price = await restingPrice(ready);
  const times = new Float64Array(count);
  const trip = (method: string, params: string): Promise<void> => new Promise((resolve, reject) => {
    const payload = `${params}&timestamp=${Date.now()}`;
    const signature = encodeURIComponent(sign(null, Buffer.from(payload), privateKey).toString('base64'));
    const request = httpRequest(`${ready.spot.rest}/api/v3/order?${payload}&signature=${signature}`, { method, agent, headers: { 'X-MBX-APIKEY': key } }, (response) => {
      let text = '';
      response.on('data', (data) => (text += String(data)));
      response.on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`refused: ${text}`))));
    });
    request.on('error', reject).end();
  });
  for (let at = 0; at < count; at += 1) {
    const begun = performance.now();
    await trip('POST', `symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=${price}&newClientOrderId=r${at}`);
    times[at] = (performance.now() - begun) * 1000;
    await trip('DELETE', `symbol=BTCUSDT&origClientOrderId=r${at}`);
  }
  agent.destroy();
  return times.sort();
}
