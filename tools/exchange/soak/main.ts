import { parseArgs } from 'node:util';
import { EXCHANGE_SCENARIOS } from '../startables.js';
import { soak } from './run.js';

/*
 * node dist/tools/exchange/soak/main.js [--minutes 60] [--speed 10] [--scenario calm] [--seed 1] [--accounts 2] [--pause-ms 10] [--flood 11000]
 * Prints one JSON line; ends with 1 when anything is wrong.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' }, speed: { type: 'string', default: '10' }, scenario: { type: 'string', default: 'calm' }, seed: { type: 'string', default: '1' },
    accounts: { type: 'string', default: '2' }, 'pause-ms': { type: 'string', default: '10' }, flood: { type: 'string', default: '11000' },
  },
});
const scenario = EXCHANGE_SCENARIOS.find((name) => name === values.scenario);
if (scenario === undefined) {
  process.stderr.write(`--scenario is one of ${EXCHANGE_SCENARIOS.join(', ')}\n`);
  process.exit(2);
}
const result = await soak({
  minutes: Number(values.minutes), speed: Number(values.speed), scenario, seed: Number(values.seed), accounts: Number(values.accounts), pauseMs: Number(values['pause-ms']), flood: Number(values.flood),
  onProgress: (line) => process.stderr.write(`${line}\n`),
});
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(result.ok ? 0 : 1);
