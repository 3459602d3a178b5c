import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdNames } from '../../../tools/runs/decided.js';

const named = (marks: readonly string[], lines: readonly string[]): string[] => {
  const names = new IdNames(marks);
  return lines.map((line) => names.name(line));
};

void test('ids that are made of the run are no difference; how they are used is', () => {
  const order = (id: string): string => `{"by":"/trading/orders","kind":"order","data":{"clientId":"${id}"}}`;
  const a = named(['0abc9d8e'], ['fl-0abc9d8e-x1', 'fl-0abc9d8e-x2', 'fl-0abc9d8e-x1'].map(order));
  assert.deepEqual(a, named(['9z.0', 'other'], ['fl-9z.0-q', 'fl-9z.0-p', 'fl-9z.0-q'].map(order)));
  assert.notDeepEqual(a, named(['77'], ['fl-77-q', 'fl-77-p', 'fl-77-p'].map(order)));
  assert.equal(a[1], order('<id 2>'));
});

void test('without marks, or where none stands, a line stays as it is', () => {
  assert.deepEqual(named([], ['fl-1-2']), ['fl-1-2']);
  assert.deepEqual(named(['run'], ['no id of it']), ['no id of it']);
});
