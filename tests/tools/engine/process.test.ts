import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { RunReader } from '../../../data/runs/index.js';
import { ENGINE_CONFIG, EnginePlayground } from '../../support/engine-process.js';

describe('faultline engine run, mode paper', () => {
  const ground = new EnginePlayground();
  before(() => ground.exchange({ speed: 20, seed: 7 }));
  after(() => ground.close());

  test('trades a flash crash on the exchange\'s feeds, ends in good order, and its run decides the same again', { timeout: 120_000 }, async () => {
    const { served, ready } = await ground.engine();
    assert.deepEqual(Object.keys(ready), ['name', 'socket', 'runDir']);
    assert.equal(ready.name, 'engine');
    assert.ok(existsSync(ready.socket));
    const listed = await ground.run(['processes', '--json']);
    assert.match(listed.stdout, /"engine"/);

    await ground.until(() => ground.warm(0), 'the kernel is warm');
    const started = await ground.run(['exchange', 'start', 'flash-crash', '--process', 'exchange']);
    assert.equal(started.code, 0, started.stderr);
    await ground.until(() => /"to":"ACTIVE"/.test(ground.decisionLines(ready.runDir)), 'the detector is ACTIVE');

    served.child.kill('SIGTERM');
    assert.deepEqual(await served.ended, { code: 0, signal: null });
    const run = RunReader.open(ready.runDir);
    assert.equal(run.manifest.exit?.code, 0);
    assert.equal(run.manifest.kind, 'engine');
    assert.equal(run.manifest.mode, 'paper');
    assert.ok(run.manifest.decisions!.count > 0);

    const compared = await ground.run(['live-vs-replay', ready.runDir, '--json']);
    assert.equal(compared.code, 0, compared.stdout + compared.stderr);
    const verdict = JSON.parse(compared.stdout) as { equal: boolean; liveDigest: string; replayDigest: string; firstDifference: unknown };
    assert.deepEqual([verdict.equal, verdict.firstDifference], [true, null]);
    assert.equal(verdict.liveDigest, run.manifest.decisions!.digest);
    assert.equal(verdict.replayDigest, verdict.liveDigest);
  });

  test('one engine an account: the second is refused, and SIGKILL frees the account', { timeout: 60_000 }, async () => {
    const first = await ground.engine({ name: 'one' });
    const second = await ground.run([...ground.args('two')], { env: ground.engineEnv });
    assert.equal(second.code, 78);
    assert.match(second.stderr, /another engine has the account main/);
    first.served.child.kill('SIGKILL');
    await first.served.ended;
    const third = await ground.engine({ name: 'two' });
    third.served.child.kill('SIGINT');
    assert.equal((await third.served.ended).code, 0);
  });

  test('what cannot be is refused with one line and its way out, and leaves no run behind', { timeout: 60_000 }, async () => {
    const runs = (): string[] => (existsSync(ground.at('var/runs')) ? readdirSync(ground.at('var/runs')).sort() : []);
    const before = runs();
    const bad = async (what: string, config: string, args: readonly string[], code: number, says: RegExp): Promise<void> => {
      const file = ground.at('bad.toml');
      writeFileSync(file, config);
      const { code: ended, stderr, stdout } = await ground.run(['engine', 'run', '--config', file, '--name', 'bad', ...args], { env: ground.engineEnv });
      assert.equal(ended, code, `${what}: ${stderr}`);
      assert.match(stderr, says, what);
      assert.equal(stdout, '', what);
      assert.doesNotMatch(stderr, /^\s+at /m, what);
    };
    const venue = ['--venue-json', ground.venue];
    await bad('no symbol', '[engine.symbols]\nusdm = []', venue, 78, /no symbol to trade/);
    await bad('a symbol that there is not', '[engine.symbols]\nusdm = ["NOSUCHUSDT"]', venue, 78, /usdm has no symbol NOSUCHUSDT/);
    await bad('a venue that is not there', '[engine.usdm]\nrest = "http://127.0.0.1:9"\nws = "ws://127.0.0.1:9"', [], 4, /http:\/\/127\.0\.0\.1:9\/fapi\/v1\/exchangeInfo does not answer/);
    await bad('no such file', '', ['--venue-json', ground.at('none.json')], 4, /none\.json/);
    writeFileSync(ground.at('half.json'), '{"spot":{"rest":"http://127.0.0.1:1"');
    await bad('half a line', '', ['--venue-json', ground.at('half.json')], 3, /is not a line of JSON/);
    writeFileSync(ground.at('other.json'), '{"spot":{"rest":"file:///etc"}}');
    await bad('another line', '', ['--venue-json', ground.at('other.json')], 3, /is not the line of an exchange/);
    await bad('demo without a key', '[engine]\nmode = "demo"', [], 78, /there is no key/);
    await bad('live without a word', ENGINE_CONFIG, [...venue, '--mode', 'live'], 78, /needs your word/);
    await bad('live without limits', ENGINE_CONFIG, [...venue, '--mode', 'live', '--acknowledge-live'], 78, /maxSymbolNotional is not set/);
    const line = JSON.parse(readFileSync(ground.venue, 'utf8')) as { usdm: { rest: string } };
    writeFileSync(ground.at('far.json'), JSON.stringify({ ...line, usdm: { ...line.usdm, rest: 'http://127.0.0.1.example.com' } }));
    const limits = '\n[engine.limits]\nmaxSymbolNotional = "100"\nmaxTotalNotional = "100"\nmaxOpenOrders = 2\n';
    await bad('live elsewhere', ENGINE_CONFIG + limits, ['--venue-json', ground.at('far.json'), '--mode', 'live', '--acknowledge-live'], 78, /is not on this machine/);
    assert.deepEqual(runs(), before);
  });
});
