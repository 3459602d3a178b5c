import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { VenueOutcome } from '../../../../actors/engine/venue-calls.js';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import { VenueRig } from './venue-rig.js';

/** Venue seconds in one of the wall's: breakers and back-off are waited for. */
const SPEED = 10;
const SYMBOL = 'BTCUSDT';
/** A machine that is busy for seconds is not late on this venue. */
const WINDOW = { recvWindow: '60000' };

let opened: OpenedExchange;
let rig: VenueRig;
let orders = 0;
before(async () => {
  opened = await openExchange({ speed: SPEED });
  rig = await VenueRig.open(opened, { symbols: { spot: [SYMBOL], usdm: [SYMBOL], options: [] }, userStream: { probeMs: 3000, probeTimeoutMs: 500, keepAliveMs: 10_000, backoffMs: 100 }, breaker: { openMs: 10_000 }, rateLimits: { blockedMs: 600_000 } });
});
after(async () => {
  await rig.close();
  await opened.close();
  assert.deepEqual(opened.defects, []);
});

/** An order far from the market, under a new id. */
async function place(changed: Parameters<VenueRig['call']>[3] = {}): Promise<{ readonly clientId: string; readonly outcome: VenueOutcome['outcome'] }> {
  orders += 1;
  const clientId = `trouble-${orders}`;
  // The market moves while it is tried: a price of a minute ago may be refused.
  const { markPrice } = (await (await fetch(`${opened.origins.usdm.rest}/fapi/v1/premiumIndex?symbol=${SYMBOL}`)).json()) as { readonly markPrice: string };
  const price = (Number(markPrice) * 0.97).toFixed(1);
  const { outcome } = await rig.call('POST', '/fapi/v1/order', { symbol: SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.010', price, newClientOrderId: clientId, ...WINDOW }, changed);
  return { clientId, outcome };
}
/** Whether the venue has it, by its own word. */
async function isThere(clientId: string): Promise<boolean> {
  const { outcome } = await rig.call('GET', '/fapi/v1/order', { symbol: SYMBOL, origClientOrderId: clientId, ...WINDOW });
  if (outcome.kind === 'refused') assert.equal(outcome.code, -2013);
  else assert.equal(outcome.kind, 'ok', JSON.stringify(outcome));
  return outcome.kind === 'ok';
}
/** A request that nobody waits for any more may still be on its way. */
async function thereAtLast(clientId: string): Promise<void> {
  for (let k = 0; k < 100 && !(await isThere(clientId)); k += 1);
  assert.ok(await isThere(clientId));
}
/** Does something while the venue is in trouble, and no longer. */
async function during<T>(script: string, what: () => Promise<T>): Promise<T> {
  const stop = rig.trouble(script);
  try {
    return await what();
  } finally {
    stop();
  }
}
const onOrders = (step: string): string => `[[step]]\non = "order"\nproduct = "usdm"\n${step}\n`;

describe('what is not known is unknown, whatever the venue did', () => {
  // Without successes between them the breaker would have its say.
  beforeEach(async () => {
    for (let k = 0; k < 2; k += 1) assert.equal((await place()).outcome.kind, 'ok');
  });
  const troubles: Readonly<Record<string, readonly [step: string, done: boolean]>> = {
    'answered -1007, and done': ['do = "fail"\ncode = -1007\neffect = true', true],
    'answered -1007, and not done': ['do = "fail"\ncode = -1007', false],
    'answered with a page, and done': ['do = "fail"\nstatus = 502\npage = "<html>502</html>"\neffect = true', true],
    'answered by half, and done': ['do = "cut-answer"\nmiddle = true', true],
    'not answered, and done': ['do = "cut-answer"', true],
    'not answered, and not done': ['do = "cut-answer"\neffect = false', false],
    'held for longer than is waited': ['do = "hang"\neffect = true', true],
  };
  for (const [what, [step, done]] of Object.entries(troubles)) {
    test(`an order that is ${what}`, async () => {
      const { clientId, outcome } = await during(onOrders(step), () => place({ timeoutMs: step.includes('hang') ? 5000 : 60_000 }));
      assert.equal(outcome.kind, 'unknown', JSON.stringify(outcome));
      if (done) await thereAtLast(clientId);
      else assert.equal(await isThere(clientId), false);
    });
  }

  test('an order that comes late is not waited for, and what it tells later is nobody\'s', async () => {
    const { clientId, outcome } = await during(onOrders('do = "delay-answer"\nby = "30s"'), () => place({ timeoutMs: 5000 }));
    assert.equal(outcome.kind, 'unknown');
    await thereAtLast(clientId);
  });

  test('-1008 is a refusal: nothing was taken', async () => {
    const { clientId, outcome } = await during(onOrders('do = "fail"\ncode = -1008'), () => place());
    assert.ok(outcome.kind === 'refused' && outcome.code === -1008, JSON.stringify(outcome));
    assert.equal(await isThere(clientId), false);
  });
});

describe('clocks', () => {
  test('a stamp that the venue refuses, whatever its clock is measured to be, is tried twice and refused: the order is nowhere', async () => {
    const from = rig.asked.length;
    // Skewed where stamps are judged, and right where the time is told.
    const { clientId, outcome } = await during('[[step]]\ndo = "skew-clock"\nby = "-10m"\n', () => place({ timeoutMs: 60_000 }));
    assert.ok(outcome.kind === 'refused' && outcome.code === -1021, JSON.stringify(outcome));
    assert.equal(rig.requests(from).filter(({ params }) => params['newClientOrderId'] === clientId).length, 2);
    assert.equal(await isThere(clientId), false);
  });

  test('an engine whose own clock is off measures it, and is understood', async () => {
    for (const aheadMs of [3_600_000, -3_600_000]) {
      const other = await VenueRig.open(opened, { symbols: { spot: [SYMBOL], usdm: [], options: [] }, aheadMs, userStream: { backoffMs: 100 } });
      try {
        // On a machine that stalls for seconds a minute of the venue may pass between a stamp and its judge: then the next call is understood.
        const ask = async (): Promise<VenueOutcome['outcome']> => (await other.call('GET', '/api/v3/account', WINDOW, { timeoutMs: 100_000 })).outcome;
        let outcome = await ask();
        for (let k = 0; k < 5 && outcome.kind === 'refused' && outcome.code === -1021; k += 1) outcome = await ask();
        assert.equal(outcome.kind, 'ok', JSON.stringify(outcome));
        await other.live('spot');
      } finally {
        await other.close();
      }
    }
  });
});

test('over the limit: one 429, and nothing more reaches the venue until it may; a person can say so sooner', async () => {
  // Without Retry-After, which near the end of a minute is over at once: ten minutes are waited then.
  await during('[[step]]\ndo = "fail"\non = "query"\nproduct = "usdm"\nstatus = 429\ncode = -1003\n', async () => {
    const { outcome } = await rig.call('GET', '/fapi/v1/openOrders', { symbol: SYMBOL, ...WINDOW });
    assert.ok(outcome.kind === 'refused' && outcome.status === 429, JSON.stringify(outcome));
    const from = rig.asked.length;
    const call = async (k: number): Promise<string> =>
      (await rig.call(k === 3 ? 'DELETE' : 'GET', '/fapi/v1/allOpenOrders', { symbol: SYMBOL, ...WINDOW }, { timeoutMs: 100, reducing: k === 3 })).outcome.kind;
    assert.deepEqual(await Promise.all([1, 2, 3].map(call)), ['notSent', 'notSent', 'notSent']);
    assert.deepEqual(rig.requests(from).filter(({ to, product }) => to === '/venue/gateway' && product === 'usdm'), []);
  });
  await rig.answered();
  rig.runtime.send('/venue/limits', { type: 'limits.release', product: 'usdm' });
  await rig.ok('GET', '/fapi/v1/openOrders', { symbol: SYMBOL, ...WINDOW });
  assert.deepEqual(rig.rows.filter(({ row }) => row['breaker'] === 'limits').map(({ row }) => row['to']), ['blocked', 'free']);
});

test('a ban stops the product whole', async () => {
  await during('[[step]]\ndo = "ban"\nproduct = "usdm"\n', async () => {
    const { outcome } = await rig.call('GET', '/fapi/v1/openOrders', { symbol: SYMBOL, ...WINDOW });
    assert.ok(outcome.kind === 'refused' && outcome.status === 418, JSON.stringify(outcome));
    assert.equal((await rig.call('DELETE', '/fapi/v1/allOpenOrders', { symbol: SYMBOL, ...WINDOW }, { timeoutMs: 100, reducing: true })).outcome.kind, 'notSent');
  });
  await rig.answered();
  rig.runtime.send('/venue/limits', { type: 'limits.release', product: 'usdm' });
  await rig.ok('GET', '/fapi/v1/openOrders', { symbol: SYMBOL, ...WINDOW });
});

test('a venue that does not work is left alone, but for what takes risk off, and is tried again with care', async () => {
  const isOf = (to: string): number => rig.rows.filter(({ row }) => row['breaker'] === 'order' && row['to'] === to).length;
  const before = isOf('open');
  await during(onOrders('do = "fail"\ncode = -1007'), async () => {
    for (let k = 0; k < 5 && isOf('open') === before; k += 1) {
      const { outcome } = await place();
      assert.equal(outcome.kind, 'unknown', JSON.stringify(outcome));
    }
    const { outcome } = await place();
    assert.ok(outcome.kind === 'notSent' && outcome.reason.startsWith('breaker of usdm order is open'), JSON.stringify(outcome));
    const { outcome: closing } = await place({ reducing: true });
    assert.equal(closing.kind, 'unknown', `it goes, and the venue is as it was: ${JSON.stringify(closing)}`);
    assert.equal(await isThere('trouble-1'), true, 'questions have a breaker of their own');
  });
  await rig.until(() => isOf('halfOpen') === 1, 'its time is over');
  for (let k = 0; k < 3; k += 1) assert.equal((await place()).outcome.kind, 'ok');
  assert.equal(isOf('closed'), 1);
});

/** The stream tells of an order. On a busy machine it may be found silent, and be replaced, just then. */
async function tells(): Promise<void> {
  for (let k = 0; k < 20; k += 1) {
    const downs = await rig.until(() => (rig.edges('usdm', 'live') === rig.edges('usdm', 'down') ? rig.edges('usdm', 'down') : undefined), 'it is live');
    const { clientId, outcome } = await place();
    assert.equal(outcome.kind, 'ok', JSON.stringify(outcome));
    const isTold = (): boolean => rig.reports.some((report) => report.type === 'order.report' && report.clientId === clientId);
    const seen = await rig.until(() => (isTold() ? 'told' : rig.edges('usdm', 'down') > downs ? 'down' : undefined), 'an order is told of');
    if (seen === 'told') return;
  }
  assert.fail('no order is ever told of');
}

describe('a user stream comes back', () => {
  const again: Readonly<Record<string, readonly [script: string, product: 'spot' | 'usdm']>> = {
    'after its listen key has expired': ['listen-key-expires', 'usdm'],
    'after its listen key has died without a word': ['listen-key-dies', 'usdm'],
    'after all sockets were dropped, and none came in for a while': ['both-sockets-drop', 'usdm'],
    'after all sockets were dropped, on spot': ['[[step]]\ndo = "disconnect"\nproduct = "spot"\n', 'spot'],
    'after it had become mute and deaf': ['[[step]]\ndo = "partition"\nsockets = "user"\nproduct = "usdm"\nfor = "15s"\n', 'usdm'],
    'after it had become mute and deaf, on spot': ['[[step]]\ndo = "partition"\nsockets = "api"\nproduct = "spot"\nfor = "15s"\n', 'spot'],
  };
  for (const [what, [script, product]] of Object.entries(again)) {
    test(what, async () => {
      await rig.live(product);
      await rig.until(() => rig.edges(product, 'live') === rig.edges(product, 'down'), 'it is live');
      const before = rig.edges(product, 'live');
      rig.trouble(script);
      await rig.live(product, before + 1);
      // And it says something: what happens now is told.
      if (product === 'usdm') await tells();
    });
  }
});
