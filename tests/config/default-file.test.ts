import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { DEFAULT_CONFIG, parseConfig } from '../../config/index.js';
import { defaultFile } from '../../tools/config/default-file.js';
import { projectRoot } from '../tools/cli/run-node.js';

describe('config/faultline.toml', () => {
  const text = readFileSync(join(projectRoot, 'config/faultline.toml'), 'utf8');

  test('is made from the schema (else: npm run docs)', () => {
    assert.equal(text, defaultFile(projectRoot));
  });

  test('means exactly the defaults', () => {
    const loaded = parseConfig(text, 'config/faultline.toml');
    assert.deepEqual(loaded.config, DEFAULT_CONFIG);
    assert.equal(loaded.digest, parseConfig('', undefined).digest);
  });

  test('writes every key, so that none is a secret of the source', () => {
    const loaded = parseConfig(text, 'config/faultline.toml');
    const walk = (value: unknown, path: string[]): void => {
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
      else assert.notEqual(loaded.lineOf(path), undefined, path.join('.'));
    };
    walk(DEFAULT_CONFIG, []);
  });

  test('says something of nearly every key', () => {
    const lines = text.split('\n');
    const keys = lines.filter((line) => /^\w+ = /.test(line));
    const bare = lines.filter((line, index) => /^\w+ = [^#]*$/.test(line) && !(lines[index - 1] ?? '').startsWith('#'));
    assert.ok(keys.length > 50 && bare.length < keys.length / 4, bare.join('\n'));
  });
});
