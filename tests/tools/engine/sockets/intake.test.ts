import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AUX, EXTRA, Flag, ID, Kind, KIND_MASK, RECV_US, SYMBOL_SHIFT, TAG } from '../../../../data/records/index.js';
import { MarketIntake } from '../../../../tools/engine/sockets/index.js';
import { RecordingDoor, SPOT_BTC, USDM_BTC } from './lab.js';

const aggTrade = (id: number) => `{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1700000000000,"s":"BTCUSDT","a":${id},"p":"10.0","q":"1","f":${id},"l":${id},"T":1700000000000,"m":true}}`;
const diff = (first: number, last: number, before: number) => `{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1700000000000,"T":1700000000000,"s":"BTCUSDT","U":${first},"u":${last},"pu":${before},"b":[["10.0","1"],["9.9","2"]],"a":[["10.1","1"]]}}`;
const ticker = (id: number, bid = '10.0') => `{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":${id},"s":"BTCUSDT","b":"${bid}","B":"1","a":"11.0","A":"1","T":1700000000000,"E":1700000000000}}`;
const force = (ms: number, price: string) => `{"stream":"btcusdt@forceOrder","data":{"e":"forceOrder","E":${ms},"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"1","p":"${price}","ap":"${price}","X":"FILLED","l":"1","z":"1","T":${ms}}}}`;

function taken(frames: readonly string[]): { readonly door: RecordingDoor; readonly intake: MarketIntake; readonly kinds: readonly number[] } {
  const door = new RecordingDoor(undefined, [USDM_BTC]);
  const intake = new MarketIntake(door);
  for (const frame of frames) intake.take('usdm', Buffer.from(frame));
  intake.flush();
  return { door, intake, kinds: door.words.map((words) => new Int32Array(words.buffer)[TAG]! & KIND_MASK) };
}

describe('market intake', () => {
  test('quotes of two connections that differ are told, marks and forced orders are taken once', () => {
    const { intake, kinds } = taken([ticker(5), ticker(5), ticker(5, '10.1'), ticker(4), ticker(6), force(1_700_000_000_000, '10.0'), force(1_700_000_001_000, '9.0'), force(1_700_000_000_000, '10.0'), force(1_700_000_001_000, '9.0')]);
    assert.deepEqual(kinds, [Kind.BOOK_TICKER, Kind.BOOK_TICKER, Kind.LIQUIDATION, Kind.LIQUIDATION]);
    assert.equal(intake.guard.counts.disagreements, 1);
    assert.equal(intake.guard.counts.duplicates, 5);
  });

  test('a numbering that begins anew is taken when nothing else came for long, with a gap record before it', () => {
    const door = new RecordingDoor(undefined, [USDM_BTC]);
    let nowUs = 1_700_000_000_000_000;
    const intake = new MarketIntake({ clock: { speed: 1, nowUs: () => nowUs }, instruments: [USDM_BTC], give: () => {}, records: (batch, from, to) => door.records(batch, from, to) });
    intake.take('usdm', Buffer.from(aggTrade(1000)));
    for (let id = 1; id <= 40; id += 1) {
      nowUs += 500_000;
      intake.take('usdm', Buffer.from(aggTrade(id)));
      // Each comes in a chunk of its own.
      intake.flush();
    }
    const ids = door.words.filter((words) => (new Int32Array(words.buffer)[TAG]! & KIND_MASK) === Kind.AGG_TRADE).map((words) => words[ID]);
    assert.deepEqual(ids, [1000, ...Array.from({ length: 21 }, (_, at) => 20 + at)]);
    assert.equal(door.kinds().get(Kind.GAP), 1);
  });

  test('what comes in one chunk has one stamp, the next chunk a later one', () => {
    const door = new RecordingDoor(undefined, [USDM_BTC]);
    let reads = 0;
    const intake = new MarketIntake({ clock: { speed: 1, nowUs: () => 1_700_000_000_000_000 + ++reads }, instruments: [USDM_BTC], give: () => {}, records: (batch, from, to) => door.records(batch, from, to) });
    for (const ids of [[1, 2, 3], [4, 5]]) {
      for (const id of ids) assert.equal(intake.take('usdm', Buffer.from(aggTrade(id))).recvUs, 1_700_000_000_000_000 + reads);
      intake.flush();
    }
    assert.equal(reads, 2);
    assert.deepEqual(door.words.map((words) => words[RECV_US]! - 1_700_000_000_000_000), [1, 1, 1, 2, 2]);
  });

  test('symbols of several products keep their places in the run', () => {
    const door = new RecordingDoor(undefined, [SPOT_BTC, { ...USDM_BTC, index: 1 }]);
    const intake = new MarketIntake(door);
    intake.take('usdm', Buffer.from(ticker(5)));
    intake.take('spot', Buffer.from('{"stream":"btcusdt@bookTicker","data":{"u":7,"s":"BTCUSDT","b":"10.00","B":"1.00000","a":"11.00","A":"1.00000"}}'));
    assert.equal(intake.snapshot('usdm', 1, '{"lastUpdateId":9,"E":1700000000000,"T":1700000000000,"bids":[["10.0","1"]],"asks":[["10.1","1"]]}').records, 2);
    intake.flush();
    assert.deepEqual(door.words.map((words) => new Int32Array(words.buffer)[TAG]! >>> SYMBOL_SHIFT), [1, 0, 1, 1]);
  });

  test('a message larger than the room is taken whole', () => {
    const levels = Array.from({ length: 9000 }, (_, at) => `["${(at + 1) / 10}","1"]`).join(',');
    const { door } = taken([aggTrade(1), `{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1700000000000,"T":1700000000000,"s":"BTCUSDT","U":1,"u":2,"pu":0,"b":[${levels}],"a":[]}}`, aggTrade(2)]);
    assert.equal(door.words.length, 9002);
    assert.equal(new Int32Array(door.words[1]!.buffer)[TAG]! & Flag.FIRST, Flag.FIRST);
    assert.equal(new Int32Array(door.words[9000]!.buffer)[TAG]! & Flag.LAST, Flag.LAST);
  });

  test('any frames in any order: none throws, each id is taken once, every hole has its record, messages are whole', () => {
    const id = fc.nat(30);
    const frame = fc.oneof(
      { weight: 4, arbitrary: id.map((at) => aggTrade(at + 1)) },
      { weight: 4, arbitrary: fc.tuple(id, fc.nat(2), fc.nat(2)).map(([at, span, behind]) => diff(at * 3 + 1, at * 3 + 1 + span, Math.max(0, at * 3 - behind))) },
      { weight: 2, arbitrary: id.map((at) => ticker(at + 1)) },
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc.string(),
      fc.tuple(id, fc.nat(200)).map(([at, cut]) => aggTrade(at + 1).slice(0, cut)),
      fc.array(id, { maxLength: 4 }).map((ids) => `{"stream":"!x@arr","data":[${ids.map((at) => (JSON.parse(aggTrade(at + 1)) as { data: unknown }).data).map((data) => JSON.stringify(data)).join(',')}]}`),
    );
    fc.assert(fc.property(fc.array(frame, { maxLength: 80 }), (frames) => {
      const { door } = taken(frames);
      const last = new Map<number, number>();
      let gap: { readonly kind: number; readonly last: number; readonly next: number } | undefined;
      let open = false;
      let stampUs = 0;
      for (const words of door.words) {
        const i = new Int32Array(words.buffer);
        const tag = i[TAG]!;
        const kind = tag & KIND_MASK;
        assert.ok(words[RECV_US]! >= stampUs);
        stampUs = words[RECV_US]!;
        if (kind === Kind.GAP) {
          gap = { kind: i[EXTRA]!, last: words[ID]!, next: words[AUX]! };
          continue;
        }
        if (kind === Kind.DEPTH) {
          assert.equal((tag & Flag.FIRST) !== 0, !open);
          open = (tag & Flag.LAST) === 0;
        }
        if ((kind !== Kind.AGG_TRADE && kind !== Kind.DEPTH) || (kind === Kind.DEPTH && (tag & Flag.FIRST) === 0)) continue;
        const before = last.get(kind);
        const first = kind === Kind.DEPTH ? words[ID]! - i[EXTRA]! : words[ID]!;
        last.set(kind, words[ID]!);
        if (before === undefined) continue;
        assert.ok(words[ID]! > before, 'each id once, in order');
        const follows = kind === Kind.DEPTH ? words[AUX] === before : words[ID] === before + 1;
        assert.ok(follows || (gap?.kind === kind && gap.last === before && gap.next === first), `a hole between ${before} and ${first}`);
        gap = undefined;
      }
      assert.equal(open, false);
    }), { numRuns: 200 });
  });
});

