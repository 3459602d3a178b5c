/** One random life of the order manager before a venue that answers, drops, delays and lies; with crashes of the process in between. */
import { openOrdersOf } from '../../../actors/orders/rows.js';
import type { VenueCall } from '../../../actors/engine/venue-calls.js';
import { Orders, START_US, SURE } from './harness.js';
import { isOpen, SimVenue, type Fate } from './sim-venue.js';

export interface Verdict {
  /** Empty when all is well. */
  readonly problems: readonly string[];
  readonly placed: number;
  readonly accepted: number;
  readonly fills: number;
  readonly unknowns: number;
  readonly crashes: number;
}

/** Numerical Recipes' generator: enough to choose fates, and the same everywhere. */
export function chance(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

/** How bad the world is; each seed has its own. */
function weather(random: () => number): { readonly call: (call: VenueCall) => Fate; readonly stream: () => readonly number[] } {
  const trouble = random() * 0.7;
  const streamTrouble = random() * 0.6;
  const lies = random() < 0.5;
  return {
    call: ({ method }) => {
      const there = 1000 + Math.floor(random() * 40_000);
      const back = 1000 + Math.floor(random() * 40_000);
      const unknownUs = 200_000 + Math.floor(random() * 3_000_000);
      if (random() > trouble) return { thereUs: there, backUs: back, unknownUs, lie: 'none' };
      const kind = Math.floor(random() * 8);
      switch (kind) {
        case 0: return { thereUs: null, backUs: null, unknownUs, lie: 'none' };
        case 1: return { thereUs: there, backUs: null, unknownUs, lie: 'none' };
        // Arrives when nobody expects it any more; within its window, or too late to be taken.
        case 2: return { thereUs: 500_000 + Math.floor(random() * 6_000_000), backUs: null, unknownUs, lie: 'none' };
        // Answered long after everything else is known, and so in any order with the stream.
        case 3: return { thereUs: there, backUs: Math.floor(random() * 10_000_000), unknownUs, lie: 'none' };
        case 4: return { thereUs: there, backUs: back, unknownUs, lie: 'nonsense' };
        case 5: return lies && method === 'POST' ? { thereUs: there, backUs: back, unknownUs, lie: 'accepted' } : { thereUs: there, backUs: null, unknownUs, lie: 'none' };
        case 6: return lies && method === 'POST' ? { thereUs: there, backUs: back, unknownUs, lie: 'duplicate' } : { thereUs: null, backUs: null, unknownUs, lie: 'none' };
        // The venue has taken the order and says that there is none.
        default: return lies && method === 'POST' ? { thereUs: there, backUs: back, unknownUs, lie: 'absent' } : { thereUs: there, backUs: back, unknownUs, lie: 'none' };
      }
    },
    stream: () => {
      const delay = (): number => 500 + Math.floor(random() * (random() < streamTrouble ? 3_000_000 : 5000));
      if (random() < streamTrouble * 0.5) return [];
      return random() < streamTrouble * 0.5 ? [delay(), delay()] : [delay()];
    },
  };
}

export function live(seed: number, orderCount = 12): Verdict {
  const random = chance(seed);
  const sky = weather(random);
  const pending: { tell: (report: Parameters<Orders['stream']>[0]) => void } = { tell: () => undefined };
  let nowUs = (): number => START_US;
  const venue = new SimVenue(() => nowUs(), (report) => pending.tell(report));
  const problems: string[] = [];
  const fills = new Map<string, number>();
  let run = 1;
  let unknowns = 0;
  let engine = new Orders({ venue, run: 'run-1' });
  const sent = new Map<string, number>();
  const attach = (): void => {
    nowUs = () => engine.nowUs;
    pending.tell = (report) => engine.stream(report);
    engine.fate = sky.call;
    engine.streams = sky.stream;
  };
  attach();
  /** What a life has told, before it is left. */
  const reckon = (): void => {
    for (const fill of engine.fills) {
      if (!fill.ours) problems.push(`trade ${fill.fill.tradeId} of ours was told as somebody else's`);
      const key = fill.fill.tradeId;
      const times = engine.fills.filter((other) => other.fill.tradeId === key).length;
      if (times > 1) problems.push(`trade ${key} was told ${times} times in one life`);
      fills.set(key, fill.fill.lots);
    }
    for (const { method, path, id } of engine.calls) {
      if (method === 'POST' && path.endsWith('rder')) sent.set(id, (sent.get(id) ?? 0) + 1);
    }
    unknowns += engine.news.filter((news) => news.type === 'order.changed' && news.state === 'unknown').length;
    const over = new Map<string, string>();
    for (const news of engine.news) {
      if (news.type !== 'order.changed') continue;
      const { clientId } = news.intent;
      const was = over.get(clientId);
      if (was !== undefined && news.state !== 'filled') problems.push(`${news.intent.id} was ${was} and became ${news.state}`);
      if (['filled', 'canceled', 'expired', 'rejected'].includes(news.state)) over.set(clientId, news.state);
    }
  };
  const crash = (): void => {
    reckon();
    const rows = [...engine.rows.values()].filter(({ row }) => row['open'] === true);
    const { records, problems: unread } = openOrdersOf(rows, () => 0);
    problems.push(...unread);
    run += 1;
    // What was on its way to or from the venue arrives there, or at nobody.
    engine = new Orders({ venue, after: engine, run: `run-${run}`, recovered: records, startUs: engine.nowUs + 50_000 + Math.floor(random() * 2_000_000), params: { cancelRecoveredEntries: random() < 0.5 } });
    attach();
  };

  const ids: string[] = [];
  let crashes = 0;
  for (let n = 0; n < orderCount; n += 1) {
    const id = `run-${run}/o${n}`;
    ids.push(id);
    const stop = random() < 0.25;
    const market = !stop && random() < 0.2;
    engine.place(id, {
      lots: 5 + Math.floor(random() * 20), side: random() < 0.5 ? 'buy' : 'sell', kind: stop ? 'stop' : market ? 'market' : 'limit', reduceOnly: stop || random() < 0.7, reduces: 'entry',
      timeInForce: market ? 'IOC' : 'GTC',
    });
    for (let step = 0; step < 3; step += 1) {
      engine.run(Math.floor(random() * 1500));
      for (const order of venue.orders) {
        if (!isOpen(order)) continue;
        const what = random();
        if (what < 0.25) venue.fill(order, 1 + Math.floor(random() * (order.lots - order.filled)));
        else if (what < 0.29) venue.end(order, 'EXPIRED');
      }
      for (const algo of venue.algos) if (algo.status === 'NEW' && random() < 0.2) venue.trigger(algo);
      if (random() < 0.3) engine.cancel(ids[Math.floor(random() * ids.length)]!);
      if (random() < 0.05) engine.runtime.crash('/trading/orders');
      const child = engine.news.at(-1);
      if (random() < 0.05 && child?.type === 'order.changed') engine.runtime.crash(`/trading/orders/${child.intent.clientId}`);
    }
    if (random() < 0.08) {
      crash();
      crashes += 1;
    }
  }
  // The weather clears: what is open is withdrawn, the stream comes back, and everybody has time.
  engine.fate = () => SURE;
  engine.streams = () => [1000];
  engine.run(2000);
  engine.send({ type: 'user-stream', product: 'usdm', state: 'live', reason: 'back' });
  engine.send({ type: 'orders.cancel', symbol: null, entriesOnly: false });
  engine.run(90_000);
  engine.send({ type: 'user-stream', product: 'usdm', state: 'live', reason: 'back' });
  engine.run(60_000);
  reckon();

  const twice = venue.accepted.filter((clientId, at) => venue.accepted.indexOf(clientId) !== at);
  for (const clientId of twice) problems.push(`${clientId} was accepted twice`);
  for (const [id, times] of sent) if (times > 1) problems.push(`${id} was sent ${times} times`);
  let traded = 0;
  for (const order of venue.orders) {
    for (const { id, lots } of order.trades) {
      traded += 1;
      if (fills.get(String(id)) !== lots) problems.push(`trade ${id} of ${order.clientId} (${lots} lots) is ${fills.get(String(id)) ?? 'lost'}`);
    }
    if (isOpen(order)) problems.push(`${order.clientId} is still open at the venue`);
  }
  for (const algo of venue.algos) if (algo.status === 'NEW') problems.push(`algo ${algo.clientId} is still open at the venue`);
  const view = engine.runtime.inspect('/trading/orders')?.value as { readonly orders: readonly { readonly id: string; readonly state: string }[] } | undefined;
  for (const { id, state } of view?.orders ?? []) if (!['filled', 'canceled', 'expired', 'rejected'].includes(state)) problems.push(`${id} is left ${state}`);
  return { problems, placed: ids.length, accepted: venue.accepted.length, fills: traded, unknowns, crashes };
}
