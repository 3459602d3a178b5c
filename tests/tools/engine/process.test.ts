import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { SessionReport } from '../../../actors/account/session.js';
import { RunReader } from '../../../data/runs/index.js';
import { RecordStore } from '../../../data/store/index.js';
import { ENGINE_CONFIG, EnginePlayground } from '../../support/engine-process.js';

const isActive = (decisions: string): boolean => decisions.includes('"to":"ACTIVE"');

describe('faultline engine run', () => {
  const ground = new EnginePlayground();
  before(() => ground.exchange({ speed: 10, seed: 7 }));
  after(() => ground.close());

  test('trades a flash crash on the exchange\'s feeds, ends in good order, and its run decides the same again', { timeout: 280_000 }, async () => {
    const { served, ready } = await ground.engine();
    assert.deepEqual(Object.keys(ready), ['name', 'socket', 'runDir']);
    assert.equal(ready.name, 'engine');
    assert.ok(existsSync(ready.socket));
    const listed = await ground.command(['processes', '--json']);
    assert.match(listed.stdout, /"engine"/);

    const second = await ground.run(ground.args('second'), { env: ground.engineEnv });
    assert.equal(second.code, 78);
    assert.match(second.stderr, /another engine has the account main/);

    await ground.until(() => ground.warm(0), 'the kernel is warm');
    // A machine that is too busy may lose its feeds just when the market crashes: then it crashes again.
    for (let crashes = 0; !isActive(ground.decisionLines(ready.runDir)); crashes += 1) {
      assert.ok(crashes < 4, 'the detector slept through four crashes');
      const started = await ground.command(['exchange', 'start', 'flash-crash', '--process', 'exchange']);
      assert.equal(started.code, 0, started.stderr);
      await ground.within(40_000, () => isActive(ground.decisionLines(ready.runDir)));
    }

    served.child.kill('SIGTERM');
    assert.deepEqual(await served.ended, { code: 0, signal: null });
    const run = RunReader.open(ready.runDir);
    assert.equal(run.manifest.exit?.code, 0);
    assert.equal(run.manifest.kind, 'engine');
    assert.equal(run.manifest.mode, 'paper');
    assert.ok(run.manifest.decisions!.count > 0);

    const compared = await ground.command(['live-vs-replay', ready.runDir, '--json']);
    assert.equal(compared.code, 0, compared.stdout + compared.stderr);
    const verdict = JSON.parse(compared.stdout) as { equal: boolean; liveDigest: string; replayDigest: string; firstDifference: unknown };
    assert.deepEqual([verdict.equal, verdict.firstDifference], [true, null]);
    assert.equal(verdict.liveDigest, run.manifest.decisions!.digest);
    assert.equal(verdict.replayDigest, verdict.liveDigest);
  });

  test('in mode demo, its market in a lane, its orders are filled at the exchange, and a replay of the run decides the same without one', { timeout: 280_000 }, async () => {
    const eager = `${ENGINE_CONFIG}\n[trading]\nstrategy = "eager"\n[trading.account]\ndefaultStartingBalance = "5000"\n[engine.risk]\npriceMaxAgeMs = 600000\n[lanes]\nplacement = "socket"\n`;
    const { served, ready } = await ground.engine({ name: 'demo', config: eager, args: ['--mode', 'demo'] });
    assert.ok(await ground.within(200_000, () => ground.decisionLines(ready.runDir).includes('"kind":"trade"')), 'no trade is over');
    const books = JSON.parse((await ground.command(['exchange', 'books', '--process', 'exchange', '--json'])).stdout) as { readonly usdm: { readonly fills: readonly unknown[] } };
    assert.ok(books.usdm.fills.length >= 2);
    served.child.kill('SIGTERM');
    assert.deepEqual(await served.ended, { code: 0, signal: null });
    const lines = ground.decisionLines(ready.runDir);
    for (const kind of ['order', 'venue', 'trade']) assert.ok(lines.includes(`"kind":"${kind}"`), kind);
    const compared = await ground.command(['live-vs-replay', ready.runDir, '--json']);
    assert.equal(compared.code, 0, compared.stdout + compared.stderr);
    assert.equal((JSON.parse(compared.stdout) as { readonly equal: boolean }).equal, true);
    // 002-166: the session's row says how it went.
    const store = RecordStore.open({ dir: ground.at('var/accounts/main-demo'), nowUs: () => 1 });
    const session = [...store.rows('sessions')].find(({ row }) => row['end'] === 'in good order')?.row as { readonly statistics: SessionReport; readonly startedUs: number; readonly endedUs: number } | undefined;
    await store.close();
    assert.ok(session !== undefined && session.endedUs > session.startedUs);
    assert.equal(session.statistics.trades, lines.split('\n').filter((line) => line.includes('"kind":"trade"')).length);
    assert.match(session.statistics.assets['USDT']!.pnl, /^-?\d/);
    // Neither key nor secret is anywhere in what it left.
    const { key, secret } = JSON.parse(readFileSync(ground.venue, 'utf8')) as { readonly key: string; readonly secret: string };
    for (const file of ['run.json', 'boot.json', 'run.log', 'decisions.jsonl']) {
      const left = readFileSync(join(ready.runDir, file), 'latin1');
      assert.ok(!left.includes(key) && !left.includes(secret), `${file} shows the key`);
    }
  });

  test('what cannot be is refused with one line and its way out, and leaves no run behind', { timeout: 60_000 }, async () => {
    const runs = (): string[] => (existsSync(ground.at('var/runs')) ? readdirSync(ground.at('var/runs')).sort() : []);
    const before = runs();
    const bad = async (config: string, code: number, says: RegExp, ...args: readonly string[]): Promise<void> => {
      const { code: ended, stderr, stdout } = await ground.run([...ground.args('bad', config), ...args], { env: ground.engineEnv });
      assert.equal(ended, code, stderr);
      assert.match(stderr, says);
      assert.doesNotMatch(stdout, /runDir/);
      assert.doesNotMatch(stderr, /^\s+at /m);
    };
    await bad('[engine.symbols]\nusdm = ["NOSUCHUSDT"]', 78, /usdm has no symbol NOSUCHUSDT/);
    await bad(ENGINE_CONFIG, 78, /needs your word/, '--mode', 'live');
    assert.deepEqual(runs(), before);
  });
});
