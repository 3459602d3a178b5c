import { describe, test } from 'node:test';
import * as ring from '../../../runtime/ring/index.js';
import { explore } from './checker.js';
import { scenarios, thoroughScenarios } from './scenarios.js';

// RING_MODEL=thorough adds the large ones: minutes, and some gigabytes (NODE_OPTIONS=--max-old-space-size=8000).
const thorough = process.env['RING_MODEL'] === 'thorough';

describe('every interleaving of', () => {
  for (const scenario of [...scenarios, ...(thorough ? thoroughScenarios : [])]) {
    test(scenario.name, (t) => {
      const { states, ends } = explore(scenario, ring, 20_000_000);
      t.diagnostic(`${states} states, ${ends} ends`);
    });
  }
});
