import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  booksBehaviour, CLOCK_TOPIC, clockBehaviour, decodeRules, feedBehaviour, feedPlans, healthBehaviour, offsetOf, rulesBehaviour, streamPath,
  type BooksReport, type ClockOffset, type FeedEdge, type FeedReport, type FeedsHealth,
} from '../../../actors/feeds/index.js';
import { RULES_TOPIC, type RulesAnswer, type RulesChanged } from '../../../actors/engine/venue-rules.js';
import { clockSchema, DEFAULT_FEEDS, rulesSchema } from '../../../config/engine/feeds.js';
import { ok, Stage, START_US, timeout, USDM_BTC, USDM_ETH } from './harness.js';

const PLANS = feedPlans([USDM_BTC, USDM_ETH], DEFAULT_FEEDS);
const DEPTH = PLANS.find((plan) => plan.class === 'depth')!;

function feedStage(overrides: Partial<typeof DEFAULT_FEEDS> = {}): Stage {
  return new Stage(feedBehaviour as never, { plan: DEPTH, params: { ...DEFAULT_FEEDS, ...overrides }, listeners: ['/ear'], reportTo: '/other' });
}
const edges = (stage: Stage): boolean[] => stage.of<FeedEdge>('feed.edge').map(({ up }) => up);
const pulse = (socket: string, lastUs: Readonly<Record<string, number>>, frames = 1) => ({
  type: 'socket.pulse', socket, frames, records: frames, refused: 0, duplicates: 0, gaps: 0, disagreements: 0, exchUs: START_US, lagUs: 1000, lagMeanUs: 600, lagP50Us: 500, lagP99Us: 900, lastUs,
});
const [BTC, ETH] = DEPTH.streams.map(({ name }) => name) as [string, string];
const both = (stage: Stage) => ({ [BTC]: stage.runtime.nowUs(), [ETH]: stage.runtime.nowUs() });

describe('a connection of market data', () => {
  test('carries streams of one class, by the way that the venue has for it', () => {
    assert.deepEqual(PLANS.map(({ id, path }) => [id, path.split('=')[0]]), [
      ['depth-1', '/public/stream?streams'], ['bookTicker-1', '/public/stream?streams'], ['aggTrade-1', '/market/stream?streams'], ['markPrice-1', '/market/stream?streams'], ['forceOrder-1', '/market/stream?streams'],
    ]);
    assert.equal(DEPTH.path, '/public/stream?streams=btcusdt@depth@100ms/ethusdt@depth@100ms');
    assert.equal(streamPath('spot', 'aggTrade', ['btcusdt@aggTrade']), '/stream?streams=btcusdt@aggTrade');
    assert.deepEqual(feedPlans([{ ...USDM_BTC, venue: 'binance-spot' }], DEFAULT_FEEDS).map(({ class: cls }) => cls), ['depth', 'bookTicker', 'aggTrade']);
    assert.equal(feedPlans([USDM_BTC, USDM_ETH], { ...DEFAULT_FEEDS, copies: 2, streamsPerSocket: 1, streams: ['depth'] }).length, 4);
  });

  test('is up when every stream has spoken, and down when one of them falls silent', () => {
    const stage = feedStage();
    const { socket } = stage.opened[0]!;
    stage.tell({ type: 'socket.opened', socket } as never);
    stage.tell(pulse(socket, { [BTC]: stage.runtime.nowUs() }));
    assert.deepEqual(edges(stage), []);
    stage.tell(pulse(socket, both(stage)));
    assert.deepEqual(edges(stage), [true]);
    const ethUs = stage.runtime.nowUs();
    for (let at = 0; at < 20 && stage.probed.length === 0; at += 1) {
      stage.pass(100);
      stage.tell(pulse(socket, { [BTC]: stage.runtime.nowUs(), [ETH]: ethUs }));
    }
    assert.equal(stage.probed.length, 1, 'the line is asked first');
    stage.tell(pulse(socket, { [BTC]: stage.runtime.nowUs(), [ETH]: ethUs }));
    assert.deepEqual(stage.closed, [{ socket, reason: `silent: ${ETH}`, cut: true }]);
    assert.deepEqual(edges(stage), [true, false]);
    assert.ok(stage.seconds >= 1.25 && stage.seconds < 1.5);
  });

  test('that only was not read for a while stays: what lay in the line counts', () => {
    const stage = feedStage();
    const { socket } = stage.opened[0]!;
    stage.tell({ type: 'socket.opened', socket } as never);
    stage.tell(pulse(socket, both(stage)));
    stage.pass(30_000);
    assert.deepEqual(stage.probed, [socket]);
    stage.tell(pulse(socket, both(stage)));
    assert.deepEqual([stage.closed, edges(stage)], [[], [true]]);
  });

  test('comes back with pauses that double, are random in part, and end at the most; another origin each time', () => {
    const stage = feedStage({ backoffMinMs: 1000, backoffMaxMs: 60_000, backoffJitter: 0.5, attentionAfter: 10 });
    const waits: number[] = [];
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const failedAt = stage.runtime.nowUs();
      stage.tell({ type: 'socket.closed', socket: stage.opened.at(-1)!.socket, code: 1006, reason: 'ECONNREFUSED' } as never);
      const count = stage.opened.length;
      while (stage.opened.length === count) stage.pass(50);
      waits.push((stage.runtime.nowUs() - failedAt) / 1000);
    }
    waits.forEach((wait, at) => {
      const whole = Math.min(60_000, 1000 * 2 ** at);
      assert.ok(wait >= whole / 2 && wait <= whole + 50, `${wait} of ${whole}`);
    });
    assert.ok(new Set(waits.slice(6).map((wait) => Math.round(wait / 100))).size > 3, 'not all the same');
    assert.deepEqual(stage.opened.slice(0, 4).map(({ origin }) => origin), [0, 1, 0, 1]);
    const report = stage.of<FeedReport>('feed.report').at(-1)!;
    assert.equal(report.attention, true);
    // It held: the next failure is the first again.
    const { socket } = stage.opened.at(-1)!;
    stage.tell({ type: 'socket.opened', socket } as never);
    for (let at = 0; at < 400; at += 1) {
      stage.tell(pulse(socket, both(stage), at));
      stage.pass(100);
    }
    stage.tell({ type: 'socket.closed', socket, code: 1001, reason: '' } as never);
    const count = stage.opened.length;
    stage.pass(1050);
    assert.equal(stage.opened.length, count + 1);
  });

  test('does not listen to sockets that are gone, and survives any order of inputs with at most two connections at a time', () => {
    const input = fc.record({ type: fc.constantFrom('opened', 'closed', 'pulse', 'frame', 'malformed', 'pass', 'reconnect', 'shutdown', 'offset'), which: fc.nat(3), ms: fc.nat(40_000), some: fc.boolean() });
    fc.assert(fc.property(fc.array(input, { maxLength: 120 }), (inputs) => {
      const stage = feedStage({ lifetimeMs: 60_000, rolloverLeadMs: 20_000, steadyMs: 5000 });
      const gone = new Set<string>();
      for (const { type, which, ms, some } of inputs) {
        const socket = stage.opened.at(-1 - which)?.socket ?? stage.opened[0]!.socket;
        if (type === 'pass') stage.pass(ms);
        else if (type === 'closed') {
          if (!gone.has(socket)) stage.tell({ type: 'socket.closed', socket, code: 1006, reason: 'x' } as never);
          gone.add(socket);
        } else if (type === 'opened') stage.tell({ type: 'socket.opened', socket } as never);
        else if (type === 'pulse') stage.tell(pulse(socket, some ? both(stage) : {}));
        else if (type === 'frame') stage.tell({ type: 'socket.frame', socket, body: null } as never);
        else if (type === 'shutdown') stage.tell({ type: 'socket.frame', socket, body: { data: { e: 'serverShutdown' } } } as never);
        else if (type === 'malformed') stage.tell({ type: 'socket.malformed', socket, problem: 'x', text: '' } as never);
        else if (type === 'reconnect') stage.tell({ type: 'feed.reconnect' });
        else stage.tell({ type: 'clock.offset', product: 'usdm', offsetUs: ms, uncertaintyUs: 1, roundTripUs: 1, samples: 1, atUs: 0 } as never);
        const asked = new Set(stage.closed.map((one) => one.socket));
        const wanted = stage.opened.filter((one) => !gone.has(one.socket) && !asked.has(one.socket));
        assert.ok(wanted.length <= 2, `${wanted.length} connections are wanted`);
        const told = edges(stage);
        assert.ok(told.every((up, at) => up === (at % 2 === 0)), 'up and down by turns');
      }
      assert.equal(stage.dead, false);
      // Whatever was: once all of them are gone it tries again.
      for (const one of stage.opened) if (!gone.has(one.socket)) stage.tell({ type: 'socket.closed', socket: one.socket, code: 1006, reason: '' } as never);
      const count = stage.opened.length;
      stage.pass(120_000);
      assert.ok(stage.opened.length > count || stage.opened.some((one) => !gone.has(one.socket) && !stage.closed.some(({ socket }) => socket === one.socket)));
    }), { numRuns: 60 });
  });
});

describe('books in step', () => {
  const stageOf = (): Stage => new Stage(booksBehaviour as never, {
    product: 'usdm', instruments: [USDM_BTC, USDM_ETH], params: { ...DEFAULT_FEEDS.books, concurrent: 1 }, reportTo: '/other', kernelPath: '/ear',
  });
  const up = (stage: Stage, is = true): void => stage.tell({ type: 'feed.edge', feed: '/feeds/usdm/depth-1', product: 'usdm', class: 'depth', symbols: [0, 1], up: is, reason: '', atUs: 0 } as never);
  const book = (stage: Stage, symbol: number, to: string): void => stage.tell({ type: 'book', symbol, seq: 0, atUs: 0, from: 'SYNCING', to } as never);
  const snapshot = ok({ lastUpdateId: 7, levels: 2000 });

  test('a snapshot is asked for when diffs come, one at a time, and again while it does not help', () => {
    const stage = stageOf();
    stage.pass(60_000);
    assert.equal(stage.asked.length, 0, 'without diffs a snapshot is of no use');
    up(stage);
    assert.deepEqual(stage.asked.map(({ params, depthOf, path }) => [params['symbol'], params['limit'], depthOf, path]), [['BTCUSDT', '1000', 0, '/fapi/v1/depth']]);
    book(stage, 0, 'LIVE');
    stage.answer(stage.asked[0]!, snapshot);
    assert.equal(stage.asked[1]!.depthOf, 1);
    // Older than the diffs: the book is not in step, and the next ones come later and later.
    const waits: number[] = [];
    for (let at = 1; at < 9; at += 1) {
      const fromUs = stage.runtime.nowUs() + 10_000;
      stage.answer(stage.asked[at]!, snapshot);
      const count: number = stage.asked.length;
      while (stage.asked.length === count) stage.pass(10);
      waits.push((stage.asked.at(-1)!.atUs - fromUs) / 1000);
    }
    assert.deepEqual(waits, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    book(stage, 1, 'LIVE');
    assert.equal(stage.of<BooksReport>('books.report').at(-1)!.books[1]!.state, 'LIVE');
  });

  test('a book that held is mended at once, one that keeps breaking later each time; a refusal for too many requests is heeded', () => {
    const stage = stageOf();
    up(stage);
    book(stage, 0, 'LIVE');
    book(stage, 1, 'LIVE');
    stage.answer(stage.asked[0]!, snapshot);
    stage.pass(20_000);
    const count: number = stage.asked.length;
    book(stage, 0, 'GAP');
    assert.equal(stage.asked.length, count + 1);
    book(stage, 0, 'LIVE');
    stage.answer(stage.asked.at(-1)!, snapshot);
    book(stage, 0, 'GAP');
    assert.equal(stage.asked.length, count + 1, 'it broke only just now');
    stage.pass(250);
    assert.equal(stage.asked.length, count + 2);
    stage.answer(stage.asked.at(-1)!, ok({}, 429, 30));
    stage.pass(29_900);
    assert.equal(stage.asked.length, count + 2);
    stage.pass(200);
    assert.equal(stage.asked.length, count + 3);
    up(stage, false);
    stage.answer(stage.asked.at(-1)!, timeout);
    stage.pass(600_000);
    assert.equal(stage.asked.length, count + 3);
  });

  test('any answers in any order: never two questions for one book, and none that never end', () => {
    const outcome = fc.oneof(fc.constant(snapshot), fc.constant(timeout), fc.jsonValue().map((body) => ok(body)), fc.constant(ok({}, 418, 5)), fc.constant(ok('<html>', 502)));
    const step = fc.oneof(
      fc.record({ do: fc.constant('answer' as const), outcome }), fc.record({ do: fc.constant('book' as const), symbol: fc.nat(1), to: fc.constantFrom('GAP', 'LIVE', 'STALE', 'SYNCING') }),
      fc.record({ do: fc.constant('up' as const), is: fc.boolean() }), fc.record({ do: fc.constant('pass' as const), ms: fc.nat(20_000) }),
    );
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const stage = stageOf();
      let answered = 0;
      for (const one of steps) {
        if (one.do === 'answer' && answered < stage.asked.length) stage.answer(stage.asked[answered++]!, one.outcome);
        else if (one.do === 'book') book(stage, one.symbol, one.to);
        else if (one.do === 'up') up(stage, one.is);
        else if (one.do === 'pass') stage.pass(Math.min(one.ms, 14_000));
        if (one.do !== 'pass') assert.ok(stage.asked.length - answered <= 2 + steps.length);
      }
      assert.equal(stage.dead, false);
      while (answered < stage.asked.length) stage.answer(stage.asked[answered++]!, timeout);
      up(stage);
      book(stage, 0, 'GAP');
      stage.pass(60_000);
      assert.ok(stage.asked.slice(answered).some(({ depthOf }) => depthOf === 0), 'a book out of step is asked for');
    }), { numRuns: 60 });
  });
});

describe('facts of the venue', () => {
  test('the offset of its clock is the median of several round trips, measured again when somebody was refused', () => {
    const stage = new Stage(clockBehaviour as never, { products: ['usdm'], params: clockSchema.parse({ samples: 5 }) }, [CLOCK_TOPIC]);
    const reply = (aheadMs: number, tookMs = 20): void => {
      const request = stage.asked.at(-1)!;
      stage.answer(request, ok({ serverTime: Math.floor((request.atUs / 1000) + tookMs / 2 + aheadMs) }), tookMs);
      // To the moment of the next question.
      stage.pass(50);
    };
    for (const ahead of [300, 301, 299, 9000, 300]) reply(ahead);
    const [offset] = stage.of<ClockOffset>('clock.offset');
    assert.ok(offset !== undefined && Math.abs(offset.offsetUs - 300_000) <= 1000, JSON.stringify(offset));
    assert.ok(offset.uncertaintyUs >= 10_000 && offset.uncertaintyUs < 20_000);
    const count = stage.asked.length;
    stage.pass(1000);
    assert.equal(stage.asked.length, count);
    stage.tell({ type: 'clock.measure', product: 'usdm' } as never);
    for (let at = 0; at < 5; at += 1) {
      stage.answer(stage.asked.at(-1)!, at < 3 ? timeout : ok({ serverTime: 'soon' }));
      stage.pass(60);
    }
    assert.equal(stage.of('clock.offset').length, 1, 'answers that say no time are no measurement');
    stage.pass(5000);
    assert.ok(stage.asked.length > count + 5, 'it is tried again');
    assert.equal(stage.ask<readonly ClockOffset[]>({ type: 'clock.get' })[0]!.offsetUs, offset.offsetUs);
    assert.deepEqual(offsetOf([{ offsetUs: 10, roundTripUs: 4 }]), { offsetUs: 10, uncertaintyUs: 2, roundTripUs: 4, samples: 1 });
  });

  test('rules that change while the engine runs are told, with what changed', () => {
    const info = (status: string, tick = '0.10') => ({ serverTime: 1, rateLimits: [], symbols: [{ symbol: 'BTCUSDT', status, filters: [{ filterType: 'PRICE_FILTER', minPrice: tick, maxPrice: '1000000', tickSize: tick }, { filterType: 'LOT_SIZE', minQty: '0.001', maxQty: '1000', stepSize: '0.001' }] }] });
    const boot = decodeRules('usdm', info('TRADING') as never, [USDM_BTC]);
    assert.ok(boot.ok);
    const stage = new Stage(rulesBehaviour as never, { instruments: [USDM_BTC], params: rulesSchema.parse({ everyMs: 60_000 }), boot: [boot.rules], brackets: false }, [RULES_TOPIC]);
    stage.pass(60_000);
    stage.answer(stage.asked[0]!, ok(info('TRADING')));
    assert.equal(stage.heard.length, 0, 'nothing changed');
    stage.pass(3000);
    stage.tell({ type: 'rules.suspect', product: 'usdm' } as never);
    stage.answer(stage.asked[1]!, ok(info('CANCEL_ONLY')));
    assert.deepEqual(stage.of<RulesChanged>('rules.changed')[0]!.instruments.map(({ rules, changed }) => [rules.status, changed]), [['CANCEL_ONLY', ['status', 'statusText']]]);
    stage.tell({ type: 'rules.suspect', product: 'usdm' } as never);
    assert.equal(stage.asked.length, 2, 'not again at once');
    stage.pass(2000);
    stage.answer(stage.asked[2]!, ok('<html>'));
    stage.pass(10_000);
    stage.answer(stage.asked[3]!, ok(info('TRADING', '0.05')));
    const last = stage.of<RulesChanged>('rules.changed').at(-1)!.instruments[0]!;
    assert.equal(last.rules.priceStepTicks, 0, 'a tick that this run cannot write');
    stage.pass(60_000);
    stage.answer(stage.asked[4]!, ok({ symbols: [] }));
    assert.equal(stage.ask<RulesAnswer>({ type: 'rules.get' }).products[0]!.instruments[0]!.status, 'GONE');
  });

  test('health says what is missing, and pauses a symbol whose stream does not come', () => {
    const stage = new Stage(healthBehaviour as never, { symbols: [{ symbol: 0, name: 'BTCUSDT', product: 'usdm', requires: ['depth', 'aggTrade'], pausePath: '/ear' }], feeds: ['/feeds/usdm/depth-1', '/feeds/usdm/aggTrade-1'], lagMaxMs: 500 });
    const edge = (cls: string, up: boolean): void => stage.tell({ type: 'feed.edge', feed: `/feeds/usdm/${cls}-1`, product: 'usdm', class: cls, symbols: [0], up, reason: '', atUs: 0 } as never);
    const pauses = (): boolean[] => stage.of<{ readonly type: 'pause'; readonly on: boolean }>('pause').map(({ on }) => on);
    assert.deepEqual(pauses(), []);
    edge('depth', true);
    edge('aggTrade', true);
    edge('aggTrade', false);
    edge('aggTrade', false);
    edge('aggTrade', true);
    assert.deepEqual(pauses(), [true, false, true, false]);
    const { ok: well, problems, paused } = stage.ask<FeedsHealth>({ type: 'feeds.health' });
    assert.deepEqual([well, paused.length, problems.length], [false, 0, 3]);
  });
});
