import { describe, test } from 'node:test';
import * as ring from '../../../runtime/ring/index.js';
import { explore } from './checker.js';
import { scenarios } from './scenarios.js';

describe('every interleaving of', () => {
  for (const scenario of scenarios) {
    test(scenario.name, (t) => {
      const { states, ends } = explore(scenario, ring);
      t.diagnostic(`${states} states, ${ends} ends`);
    });
  }
});
