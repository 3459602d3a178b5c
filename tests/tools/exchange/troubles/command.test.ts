import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { Playground } from '../../../support/served.js';

const playground = new Playground();
after(() => playground.close());

interface Listed {
  readonly name: string;
  readonly running: boolean;
  readonly steps?: readonly { readonly do: string; readonly hits: number; readonly state: string }[];
}

test('a script from a file at the start, others by name or file while it runs, counted, and stopped', async () => {
  const slow = playground.at('slow.toml');
  const down = playground.at('down.toml');
  writeFileSync(slow, '[[step]]\ndo = "delay-answer"\non = "query"\nby = "10ms"\n');
  writeFileSync(down, 'summary = "time is down"\n[[step]]\ndo = "fail"\non = "request"\nname = "/time"\ncode = -1008\n');
  const served = playground.serve(['exchange', '--json', '--name', 'trouble', '--symbols', '2', '--script', slow]);
  await served.until(() => served.lines.length > 0, 'the ready line');
  const { spot } = JSON.parse(served.lines[0]!) as { readonly spot: { readonly rest: string } };
  const listed = async (): Promise<readonly Listed[]> => JSON.parse((await playground.command(['exchange', 'scripts', '--json', '--process', 'trouble'])).stdout) as readonly Listed[];
  const time = async (): Promise<number> => (await fetch(`${spot.rest}/api/v3/time`)).status;

  assert.equal(await time(), 200);
  const { stdout, code } = await playground.command(['exchange', 'start', down, '--json', '--process', 'trouble']);
  assert.equal(code, 0);
  assert.equal((JSON.parse(stdout) as Listed).running, true);
  assert.equal(await time(), 503);
  const all = await listed();
  const one = (name: string): Listed => all.find((item) => item.name === name)!;
  assert.ok(one('slow').running && one('slow').steps![0]!.hits >= 2);
  assert.deepEqual(one('down').steps!.map(({ hits, state }) => [hits, state]), [[1, 'open']]);
  assert.equal(one('ack-after-fill').running, false);

  assert.equal((await playground.command(['exchange', 'stop', 'down', '--process', 'trouble'])).code, 0);
  assert.equal(await time(), 200);

  const broken = playground.at('broken.toml');
  writeFileSync(broken, '[[step]]\ndo = "explode"\n');
  const refused = await playground.command(['exchange', 'start', broken, '--process', 'trouble']);
  assert.deepEqual([refused.code, /broken\.toml:2:6: step\[0\]\.do: expected/.test(refused.stderr)], [78, true], refused.stderr);
  await served.kill('SIGTERM');
  const log = (await playground.command(['logs', '--process', 'trouble'])).stdout;
  for (const part of ['slow starts', 'down: fail begins', 'down has ended: somebody asked']) assert.ok(log.includes(part), part);
});
