import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { EngineInput, RestAnswer, RestRequest } from '../../../../actors/engine/io.js';
import { DEFAULT_CONFIG } from '../../../../config/index.js';
import type { EngineDoor, EnginePart } from '../../../../tools/engine/parts.js';
import { restPart } from '../../../../tools/engine/rest/part.js';
import type { ProcessLog } from '../../../../tools/process/log.js';
import { http, RawServer } from './raw-server.js';

let server: RawServer;
before(async () => { server = await RawServer.open(); });
after(() => server.close());

/** The part and what it gives to the tree; the engine's clock stands where the test puts it. */
class Host {
  nowUs = 1_000_000;
  readonly lines: string[] = [];
  readonly #given: EngineInput[] = [];
  readonly #waiting: ((answer: RestAnswer) => void)[] = [];
  readonly part: EnginePart;

  constructor() {
    const origin = { rest: `http://127.0.0.1:${server.port}`, ws: 'ws://127.0.0.1:1' };
    const door = {
      clock: { speed: 1, nowUs: () => this.nowUs }, instruments: [], flush: () => true, records: () => {}, fail: () => {},
      log: { write: (_level: string, event: string) => void this.lines.push(event) } as unknown as ProcessLog,
      give: (input: EngineInput) => {
        this.#given.push(input);
        this.#waiting.shift()?.(input.message as RestAnswer);
      },
    } as unknown as EngineDoor;
    const keys = { kind: 'hmac', key: 'k'.repeat(64), secret: 's'.repeat(64) } as const;
    this.part = restPart(door, { origins: { spot: origin, usdm: origin, options: origin }, keys, ca: null }, { params: DEFAULT_CONFIG.engine.rest });
  }

  async ask(changed: Partial<RestRequest> = {}): Promise<RestAnswer> {
    const before = this.#given.length;
    const answer = new Promise<RestAnswer>((resolve) => { this.#waiting.push(resolve); });
    this.part.effects['rest.send']!({ id: 'a', to: '/x', product: 'spot', method: 'GET', path: '/p', params: {}, security: 'none', timeoutMs: 20_000, flushFirst: false, ...changed });
    assert.equal(this.#given.length, before, 'never within the call');
    return answer;
  }
}

test('an answer comes as an input to whoever asked, under the id he gave; what is malformed is logged', async () => {
  const host = new Host();
  server.answer = http(200, '{"a":1}');
  const answer = await host.ask({ id: 'mine' });
  assert.deepEqual([answer.type, answer.id, answer.outcome.kind], ['rest.answer', 'mine', 'answer']);
  server.answer = http(502, '<html></html>');
  assert.equal((await host.ask()).outcome.kind, 'malformed');
  assert.deepEqual(host.lines, ['rest.malformed']);
  await host.part.close();
});

test('while a product is over its limits or banned, nobody asks it in public; what has been through the limits goes', async () => {
  for (const [status, headers, seconds] of [[418, { 'Retry-After': '120' }, 120], [429, {}, 60]] as const) {
    const host = new Host();
    server.heads.length = 0;
    server.answer = http(status, '{"code":-1003,"msg":""}', headers);
    await host.ask();
    server.answer = http(200, '{}');
    host.nowUs += seconds * 1_000_000 - 1;
    assert.deepEqual((await host.ask()).outcome, { kind: 'failed', reason: 'cancelled', sent: 'no' });
    assert.equal(server.heads.length, 1);
    assert.equal((await host.ask({ product: 'usdm' })).outcome.kind, 'answer');
    assert.equal((await host.ask({ security: 'signed' })).outcome.kind, 'answer');
    host.nowUs += 1;
    assert.equal((await host.ask()).outcome.kind, 'answer');
    assert.equal(host.part.metrics!()['restHeldBack'], 1);
    await host.part.close();
  }
});
