import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { VenueError } from '../../../../actors/exchange/venue-error.js';
import { FUTURES_PARAMS, Params, SPOT_PARAMS } from '../../../../tools/exchange/web/index.js';
import { textOfMembers } from '../../../../tools/exchange/web/params.js';

const of = (value: string | undefined, rules = SPOT_PARAMS): Params => new Params(new Map(value === undefined ? [] : [['p', value]]), rules);

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof VenueError, String(error));
    return `${error.code} ${error.message}`;
  }
  return 'none';
}

describe('values', () => {
  const good: readonly (readonly [string, (params: Params) => unknown, string, unknown])[] = [
    ['a decimal stays the text that was sent', (params) => params.decimal('p'), '00.10', '00.10'],
    ['zeros past the precision are no precision', (params) => params.decimal('p', 2), '1.230000000000', '1.230000000000'],
    ['the largest whole number that is exact', (params) => params.int('p'), '9007199254740991', 9_007_199_254_740_991],
    ['a negative one where it may be', (params) => params.optionalSignedInt('p'), '-12', -12],
    ['milliseconds', (params) => params.timestampUs('p'), '1499827319559', 1_499_827_319_559_000],
    ['microseconds', (params) => params.optionalTimestampUs('p'), '1499827319559001', 1_499_827_319_559_001],
    ['true', (params) => params.boolean('p'), 'true', true],
    ['false in capitals', (params) => params.optionalBoolean('p'), 'FALSE', false],
    ['a limit', (params) => params.limit(100, 5000, 'p'), '7', 7],
    ['a limit past the most is the most', (params) => params.limit(100, 5000, 'p'), '9000', 5000],
    ['a symbol of another script', (params) => params.symbol('p'), '１２３４５６', '１２３４５６'],
    ['a list of symbols', (params) => params.optionalSymbols('p'), '["BTCUSDT","ETHUSDT"]', ['BTCUSDT', 'ETHUSDT']],
    ['JSON', (params) => params.json('p'), '[{"a":1}]', [{ a: 1 }]],
    ['a client id', (params) => params.optionalClientId('p'), 'x-ABC_1', 'x-ABC_1'],
  ];
  for (const [what, read, value, expected] of good) test(what, () => assert.deepEqual(read(of(value)), expected));

  test('what was not sent is undefined, or the limit that goes without saying', () => {
    const none = of(undefined);
    const reads = [
      none.optionalString('p'), none.optionalSymbol('p'), none.optionalSymbols('p'), none.optionalClientId('p'), none.optionalDecimal('p'), none.optionalInt('p'),
      none.optionalSignedInt('p'), none.optionalEnum('p', ['A']), none.optionalBoolean('p'), none.optionalTimestampUs('p'), none.optionalJson('p'),
    ];
    assert.deepEqual(new Set(reads), new Set([undefined]));
    assert.equal(none.limit(100, 5000, 'p'), 100);
  });
});

describe('refusals, in the venue\'s words', () => {
  const bad: readonly (readonly [(params: Params) => unknown, string | undefined, string])[] = [
    [(params) => params.int('p'), undefined, "-1102 Mandatory parameter 'p' was not sent, was empty/null, or malformed."],
    [(params) => params.int('p'), '', "-1102 Mandatory parameter 'p' was not sent, was empty/null, or malformed."],
    [(params) => params.optionalInt('p'), '', "-1105 Parameter 'p' was empty."],
    [(params) => params.int('p'), '-1', "-1100 Illegal characters found in parameter 'p'; legal range is '^[0-9]{1,20}$'."],
    [(params) => params.int('p'), '1.0', "-1100 Illegal characters found in parameter 'p'; legal range is '^[0-9]{1,20}$'."],
    [(params) => params.int('p'), '9007199254740992', "-1108 Parameter 'p' overflowed."],
    [(params) => params.int('p', 10), '11', "-1102 'p' contains unexpected value. Cannot be greater than 10."],
    [(params) => params.decimal('p'), '-1', "-1100 Illegal characters found in parameter 'p'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'."],
    [(params) => params.decimal('p'), '.5', "-1100 Illegal characters found in parameter 'p'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'."],
    [(params) => params.decimal('p'), 'NaN', "-1100 Illegal characters found in parameter 'p'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'."],
    [(params) => params.decimal('p', 2), '0.123', "-1111 Parameter 'p' has too much precision."],
    [(params) => params.enum('p', ['A', 'B']), 'C', "-1130 Data sent for parameter 'p' is not valid."],
    [(params) => params.enum('p', ['A'], () => new VenueError(-1117, 'Invalid side.')), 'C', '-1117 Invalid side.'],
    [(params) => params.boolean('p'), '1', "-1100 Illegal characters found in parameter 'p'; legal range is 'true|false'."],
    [(params) => params.optionalSymbols('p'), '["btc"]', "-1100 Illegal characters found in parameter 'p'; legal range is '^\\[(\"[A-Z0-9-_.]{1,20}\"(,\"[A-Z0-9-_.]{1,20}\"){0,}){0,1}\\]$'."],
    [(params) => params.optionalClientId('p'), 'a b', "-1100 Illegal characters found in parameter 'p'; legal range is '^[a-zA-Z0-9-_]{1,36}$'."],
    [(params) => params.optionalClientId('p'), 'x'.repeat(37), "-1100 Illegal characters found in parameter 'p'; legal range is '^[a-zA-Z0-9-_]{1,36}$'."],
    [(params) => params.json('p'), '{', "-1135 JSON sent for parameter 'p' is not valid"],
    [(params) => params.limit(1, 2, 'p'), '0', "-1130 Data sent for parameter 'p' is not valid."],
    [(params) => params.needOneOf('p', 'q'), undefined, "-1102 Param 'p' or 'q' must be sent, but both were empty/null!"],
    [(params) => params.refuse('p'), '1', "-1106 Parameter 'p' sent when not required."],
    [(params) => params.end(), '1', "-1104 Not all sent parameters were read; read '0' parameter(s) but was sent '1'."],
  ];
  for (const [read, value, expected] of bad) test(`${expected.slice(0, 60)} (${value})`, () => assert.equal(refusal(() => read(of(value))), expected));

  test('the futures have other words for precision, other client ids, and overlook what they do not know', () => {
    assert.equal(refusal(() => of('0.123', FUTURES_PARAMS).decimal('p', 2)), '-1111 Precision is over the maximum defined for this asset.');
    assert.equal(of('.:/x', FUTURES_PARAMS).optionalClientId('p'), '.:/x');
    of('1', FUTURES_PARAMS).end();
  });
});

test('no text makes a getter throw anything but the venue\'s refusal', () => {
  const getters: readonly ((params: Params) => unknown)[] = [
    (params) => params.string('p'), (params) => params.symbol('p'), (params) => params.optionalSymbols('p'), (params) => params.optionalClientId('p'), (params) => params.decimal('p'),
    (params) => params.int('p'), (params) => params.optionalSignedInt('p'), (params) => params.limit(1, 9, 'p'), (params) => params.enum('p', ['A']), (params) => params.boolean('p'),
    (params) => params.timestampUs('p'), (params) => params.json('p'), (params) => params.of({ a: 1 }).int('a'),
  ];
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.double().map(String)), fc.constantFrom(...getters), (value, getter) => {
    refusal(() => getter(of(value)));
  }));
});

test('members of an object read like a query; null and what nests too deep were not sent', () => {
  let deep: unknown = 1;
  for (let level = 0; level < 200_000; level += 1) deep = [deep];
  const object = JSON.parse('{"a":1.5,"b":true,"c":"x","d":null,"e":["BTCUSDT"],"__proto__":"p"}') as object;
  assert.deepEqual([...textOfMembers({ ...object, deep })], [['a', '1.5'], ['b', 'true'], ['c', 'x'], ['e', '["BTCUSDT"]'], ['__proto__', 'p']]);
});
