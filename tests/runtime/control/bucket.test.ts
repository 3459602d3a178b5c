import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bucket } from '../../../runtime/control/bucket.js';

test('a debt is paid before anything is left again, and is never more than it may be', () => {
  const bucket = new Bucket(10, 5, 0, 20);
  bucket.take(5);
  assert.equal(bucket.has(0), false);
  assert.equal(bucket.has(100), true);
  bucket.take(1_000_000);
  assert.equal(bucket.has(2000), false);
  assert.equal(bucket.has(2200), true);
  const patient = new Bucket(10, 5, 0);
  patient.take(105);
  assert.equal(patient.has(9000), false);
  assert.equal(patient.has(10_100), true);
});
