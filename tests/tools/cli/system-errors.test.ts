import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromSystemError } from '../../../tools/cli/system-errors.js';

test('a disk, a quota or a file that is full asks for space, not for another permission', () => {
  for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG']) {
    const error = fromSystemError(Object.assign(new Error(code), { code, errno: -1, syscall: 'write' }));
    assert.deepEqual([error?.exit, error?.fix], ['cannotWrite', 'free some space, or write to another disk']);
  }
});
