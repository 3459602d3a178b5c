import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'smol-toml';
import { z } from 'zod';
import { checkToml, ConfigError, digestOf, parseConfig, problemLine } from '../../config/index.js';
import { editDistance } from '../../config/expected.js';

const schema = z.strictObject({
  market: z
    .strictObject({
      votesNeeded: z.int().min(1).max(5).default(3),
      dwellSeconds: z.number().min(0).max(10).default(0.5),
      share: z.number().gt(0).lt(1).default(0.2),
      windowTicks: z
        .number()
        .int()
        .min(2)
        .refine((n) => (n & (n - 1)) === 0, 'expected a power of two')
        .default(64),
      combine: z.enum(['or', 'and']).default('or'),
      enabled: z.boolean().default(true),
      balance: z.string().regex(/^\d+$/, 'expected digits in quotes').default('10'),
      venues: z.array(z.string()).default([]),
    })
    .prefault({}),
  account: z.strictObject({ fees: z.record(z.string(), z.strictObject({ makerBps: z.number() })).default({ default: { makerBps: 10 } }), maxConcurrent: z.int().default(3) }).prefault({}),
});

const load = (text: string): z.infer<typeof schema> => checkToml(text, 'a.toml', schema).value;
function problems(text: string): string[] {
  try {
    load(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(problemLine);
    throw error;
  }
  return [];
}

describe('values', () => {
  test('no text gives the defaults', () => {
    assert.deepEqual(load(''), schema.parse({}));
  });

  test('tables lie over the defaults, lists and values replace', () => {
    const value = load('[market]\nvotesNeeded = 4\nvenues = ["x"]\n[account.fees.deribit]\nmakerBps = 0\n');
    assert.equal(value.market.votesNeeded, 4);
    assert.equal(value.market.dwellSeconds, 0.5);
    assert.deepEqual(value.market.venues, ['x']);
    assert.deepEqual(value.account.fees, { default: { makerBps: 10 }, deribit: { makerBps: 0 } });
  });
});

describe('a refusal names file, line, column, key, what was expected and what was found', () => {
  for (const [what, text, expected] of [
    ['too big', '[market]\nvotesNeeded = 9\n', 'a.toml:2:15: market.votesNeeded: expected an integer from 1 to 5, found 9'],
    ['not whole', '[market]\nvotesNeeded = 2.5\n', 'a.toml:2:15: market.votesNeeded: expected an integer from 1 to 5, found 2.5'],
    ['text for a number', 'market.dwellSeconds = "soon"', 'a.toml:1:23: market.dwellSeconds: expected a number from 0 to 10, found "soon"'],
    ['open limits', 'market = { share = 1 }', 'a.toml:1:20: market.share: expected a number above 0 and below 1, found 1'],
    ['no choice', '\n\n  [market]\n  combine   =   "xor"', 'a.toml:4:17: market.combine: expected one of "or", "and", found "xor"'],
    ['a rule of its own', '[market]\nwindowTicks = 100', 'a.toml:2:15: market.windowTicks: expected a power of two, found 100'],
    ['a format', "[market]\nbalance = 'much'", "a.toml:2:11: market.balance: expected digits in quotes, found 'much'"],
    ['a table for a value', '[market.enabled]\nx = 1', 'a.toml:1:1: market.enabled: expected true or false, found a table'],
    ['a value for a table', 'market = 3', 'a.toml:1:10: market: expected a table, found 3'],
    ['inside a list', '[market]\nvenues = ["a",\n  7]', 'a.toml:3:3: market.venues[1]: expected a text in quotes, found 7'],
    ['inside a named table', '[account.fees."my venue"]\nmakerBps = true', 'a.toml:2:12: account.fees."my venue".makerBps: expected a number, found true'],
    ['missing inside a named table', '[account.fees.x]', 'a.toml:1:2: account.fees.x.makerBps: expected a number, found nothing'],
    ['not finite', '[market]\ndwellSeconds = nan', 'a.toml:2:16: market.dwellSeconds: expected a number from 0 to 10, found nan'],
    ['an unknown key', '[market]\nvoteNeeded = 2', 'a.toml:2:1: market.voteNeeded: expected a key of [market], found an unknown key; the nearest valid key is market.votesNeeded'],
    ['another spelling', '[market]\ndwell_seconds = 2', 'a.toml:2:1: market.dwell_seconds: expected a key of [market], found an unknown key; the nearest valid key is market.dwellSeconds'],
    ['a key of another table', '[market]\nmaxConcurrent = 2', 'a.toml:2:1: market.maxConcurrent: expected a key of [market], found an unknown key; the nearest valid key is account.maxConcurrent'],
    ['an unknown table', '[markt]\nvotesNeeded = 2', 'a.toml:1:2: markt: expected one of the tables market, account, found an unknown key; the nearest valid key is market'],
    ['a key before any table', 'votesNeeded = 2', 'a.toml:1:1: votesNeeded: expected one of the tables market, account, found an unknown key; the nearest valid key is market.votesNeeded'],
    ['a reserved name', '[account.fees.__proto__]\nmakerBps = 1', 'a.toml:1:2: account.fees.__proto__: expected another name, found a reserved one'],
    ['no TOML', '[market\nvotesNeeded = 2', 'a.toml:1:8: expected TOML, found illegal character in key: [market'],
    ['a key twice', '[market]\nshare = 0.1\nshare = 0.2', 'a.toml:3:1: expected TOML, found trying to redefine an already defined table or value: share = 0.2'],
    ['an integer no double holds', '[market]\nvotesNeeded = 9007199254740993', 'a.toml:2:15: expected TOML, found integer value cannot be represented losslessly: votesNeeded = 9007199254740993'],
  ] as const) {
    test(what, () => assert.deepEqual(problems(text), [expected]));
  }

  test('every problem at once, in the order of the file', () => {
    const found = problems('[account]\nmaxConcurrent = "x"\nmaxConcurent = 1\n[market]\nshare = 2\nfoo = 1\n');
    assert.deepEqual(found.map((line) => line.slice(0, 10)), ['a.toml:2:1', 'a.toml:3:1', 'a.toml:5:9', 'a.toml:6:1']);
  });

  test('control characters never reach the terminal, long values are cut', () => {
    const [line] = problems(`[market]\nbalance = """${'\u009b'}2J${'y'.repeat(500)}"""`);
    assert.ok(line !== undefined && line.length < 160 && !/[\u0000-\u001f\u007f-\u009f]/.test(line), line);
  });

  test('any text ends in values or in a ConfigError, never in another error', () => {
    const word = fc.constantFrom('market', 'votesNeeded', 'account', 'fees', '[', ']', '[[', ']]', '{', '}', '=', '.', '\n', '"', "'", '"""', '1', '-0', 'inf', 'true', '1979-05-27', ',', '#', '\u0000', '__proto__');
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.array(word, { maxLength: 30 }).map((words) => words.join(' ')), fc.array(word, { maxLength: 30 }).map((words) => words.join(''))), (text) => {
        for (const line of problems(text)) assert.match(line, /^a\.toml:\d+:\d+: .*expected .+, found .+/);
      }),
      { numRuns: 2000 },
    );
  });

  test('every wrong value is found where it was written', () => {
    const wrong = fc.record({ votesNeeded: fc.integer({ min: 6, max: 99 }), combine: fc.constantFrom('nor', ''), enabled: fc.integer(), share: fc.constantFrom(-1, 0, 2) }, { requiredKeys: [] });
    fc.assert(
      fc.property(wrong, fc.nat({ max: 5 }), (market, blank) => {
        const text = '\n'.repeat(blank) + stringify({ market });
        const lines = text.split('\n');
        const found = problems(text);
        assert.equal(found.length, Object.keys(market).length);
        for (const line of found) {
          const [, row, column, key] = /^a\.toml:(\d+):(\d+): market\.(\w+): /.exec(line)!;
          assert.ok(lines[Number(row) - 1]!.startsWith(`${key} = `));
          assert.equal(Number(column), key!.length + 4);
        }
      }),
    );
  });
});

describe('the digest', () => {
  test('does not depend on the order or the spelling of keys, and does on a value', () => {
    assert.equal(digestOf(load('[market]\nshare = 0.3\nvotesNeeded = 2')), digestOf(load('market = { votesNeeded = 0x2, share = 3e-1 }')));
    assert.equal(digestOf(load('[market]\nvotesNeeded = 3')), digestOf(load('')));
    assert.notEqual(digestOf(load('[market]\nvotesNeeded = 4')), digestOf(load('')));
  });

  test('the real configuration has one', () => {
    assert.match(parseConfig('', undefined).digest, /^[0-9a-f]{64}$/);
  });
});

test('edit distance against the plain recursion', () => {
  const slow = (a: string, b: string): number => {
    if (a === '' || b === '') return a.length + b.length;
    const cost = a.at(-1) === b.at(-1) ? 0 : 1;
    let least = Math.min(slow(a.slice(0, -1), b) + 1, slow(a, b.slice(0, -1)) + 1, slow(a.slice(0, -1), b.slice(0, -1)) + cost);
    if (a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1)) least = Math.min(least, slow(a.slice(0, -2), b.slice(0, -2)) + 1);
    return least;
  };
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 });
  fc.assert(fc.property(word, word, (a, b) => assert.equal(editDistance(a, b), slow(a, b))), { numRuns: 200 });
});
