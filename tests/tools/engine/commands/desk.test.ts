import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandInput, EngineInput } from '../../../../actors/engine/io.js';
import type { EndOfProcess } from '../../../../actors/operator/messages.js';
import { CommandDesk, type CommandRequest, ENGINE_COMMAND, ENGINE_QUESTION } from '../../../../tools/engine/commands/desk.js';
import type { MarketHealth } from '../../../../tools/engine/market-health.js';
import type { EngineDoor } from '../../../../tools/engine/parts.js';

function desk(market?: () => MarketHealth) {
  const given: EngineInput[] = [];
  const warnings: string[] = [];
  const ends: EndOfProcess[] = [];
  const door = { give: (input: EngineInput) => void given.push(input), log: { write: (_level: string, _kind: string, text: string) => void warnings.push(text) } } as unknown as EngineDoor;
  const commands = new CommandDesk(door, (end) => void ends.push(end), market);
  const { questions, commands: verbs } = commands.verbs;
  return {
    given, warnings, ends, commands,
    tell: (input: unknown) => verbs[ENGINE_COMMAND]!(input) as Promise<unknown>,
    ask: (input: unknown) => questions[ENGINE_QUESTION]!(input) as Promise<unknown>,
    answer: (id: string, ok = true, answer: null | { readonly [key: string]: string | { readonly [key: string]: string } } = null) => commands.part.effects['command.answer']!({ id, ok, answer }),
  };
}
const request = (change: Partial<CommandRequest> = {}): CommandRequest => ({
  id: 'a', verb: 'pause', args: {}, sentMs: Date.now(), issuer: { uid: process.getuid?.() ?? null, pid: process.pid, user: 'me', program: 'test' }, ...change,
});

test('a command becomes an input with its issuer, and its answer goes to everybody who waits for the id', async () => {
  const it = desk();
  const [first, second] = [it.tell(request()), it.tell(request())];
  assert.deepEqual(it.given.map(({ to }) => to), ['/operator', '/operator']);
  const { issuer, ...command } = it.given[0]!.message as CommandInput;
  assert.deepEqual(command, { type: 'command', id: 'a', verb: 'pause', args: {} });
  assert.match(issuer, new RegExp(`^me \\(uid .*, pid ${process.pid}, test\\)$`));
  it.answer('b');
  it.answer('a');
  assert.deepEqual(await Promise.all([first, second]), [{ id: 'a', ok: true, answer: null }, { id: 'a', ok: true, answer: null }]);
  it.answer('a');
});

test('002-063: health is the tree\'s with the market\'s, and what the market has to complain of is not well', async () => {
  const problems: string[] = [];
  const it = desk(() => ({ rows: [{ instrument: 'BTCUSDT' }], cross: { found: 0 }, problems }));
  const asked = async (): Promise<unknown> => {
    const answered = it.ask(request({ verb: 'health' }));
    it.answer('a', true, { ok: true, problems: ['told'] } as never);
    return ((await answered) as { readonly answer: unknown }).answer;
  };
  assert.deepEqual(await asked(), { ok: true, problems: ['told'], market: [{ instrument: 'BTCUSDT' }], cross: { found: 0 } });
  problems.push('two books');
  assert.deepEqual(await asked(), { ok: false, problems: ['told', 'two books'], market: [{ instrument: 'BTCUSDT' }], cross: { found: 0 } });
});

test('malformed, stale and unauthorised ones are refused clearly, and nothing is done', async () => {
  const it = desk();
  const issuer = request().issuer;
  const bad: readonly (readonly [unknown, RegExp])[] = [
    [null, /^malformed command/], [{}, /^malformed command: id/], [{ ...request(), id: 'a b' }, /malformed command: id/], [{ ...request(), id: 'x'.repeat(65) }, /malformed/], [{ ...request(), extra: 1 }, /malformed/],
    [{ ...request(), args: { x: () => 1 } }, /malformed command: args/], [{ ...request(), sentMs: '1' }, /malformed/],
    [request({ sentMs: Date.now() - 31_000 }), /^stale command: it was sent 31\d\d\d ms ago; nothing was done$/], [request({ sentMs: Date.now() + 60_000 }), /^stale/],
    [request({ verb: 'status' }), /status is a question/],
    ...(process.getuid === undefined ? [] : [[request({ issuer: { ...issuer, uid: process.getuid() + 4242 } }), /^unauthorised: uid \d+ is not the engine's/] as const]),
  ];
  for (const [input, refusal] of bad) await assert.rejects(it.tell(input), (error: Error) => refusal.test(error.message), JSON.stringify(input));
  await assert.rejects(it.ask(request()), /pause is a command/);
  assert.deepEqual(it.given, []);
});

test('an answer that says so ends the process, once, after who asked has it', async () => {
  const it = desk();
  const asked = it.tell(request({ verb: 'stop' }));
  it.answer('a', true, { end: { exit: 'ok', reason: 'evening' } });
  await asked;
  assert.deepEqual(it.ends, []);
  await new Promise((resolve) => setTimeout(resolve, 80));
  assert.deepEqual(it.ends, [{ exit: 'ok', reason: 'evening' }]);
  await it.commands.windDown('SIGTERM');
  assert.equal(it.given.length, 1, 'entries were withdrawn already');
  await assert.rejects(it.tell(request({ id: 'late' })), /the engine is ending/);
});

test('a process that is asked to end withdraws its entries first, and ends all the same when nobody answers', async () => {
  const it = desk();
  const down = it.commands.windDown('SIGTERM');
  const { id, verb, args } = it.given[0]!.message as CommandInput;
  assert.deepEqual([verb, args], ['stop', { flatten: false, reason: 'SIGTERM' }]);
  it.answer(id, true, { end: { exit: 'ok', reason: 'x' } });
  await down;
  assert.deepEqual(it.ends, []);
  const other = desk();
  const again = other.commands.windDown('SIGTERM');
  await other.commands.part.close();
  await again;
  assert.equal(other.warnings.length, 1);
});

test('who waits is told when the engine has ended', async () => {
  const it = desk();
  const asked = it.tell(request());
  await it.commands.part.close();
  await assert.rejects(asked, /the engine has ended/);
});

test('a process that is asked to end while it closes its positions goes on closing them', async () => {
  const it = desk();
  const stop = it.tell(request({ id: 'flatten', verb: 'stop', args: { flatten: true } }));
  let ended = false;
  const down = it.commands.windDown('SIGTERM').then(() => (ended = true));
  it.answer((it.given[1]!.message as CommandInput).id, false, { refused: 'the engine is stopping' });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ended, false);
  it.answer('flatten', true, { end: { exit: 'ok', reason: 'flat' } });
  await Promise.all([stop, down]);
  assert.deepEqual(it.ends, []);
});
