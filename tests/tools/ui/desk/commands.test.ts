import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type RpcErrorName, rpcError } from '../../../../runtime/control/errors.js';
import { ControlError, type ControlClient } from '../../../../runtime/control/index.js';
import { csvCell, csvLine } from '../../../../tools/ui/parts/desk/csv.js';
import { Commander, commandSchema } from '../../../../tools/ui/parts/desk/commands.js';
import type { CommandRequest } from '../../../../tools/engine/commands/desk.js';
import type { UiError } from '../../../../tools/ui/server/host.js';
import type { Sources } from '../../../../tools/ui/sources/index.js';
import { confirmationOf, type DeskCommand, knownAfter } from '../../../../tools/ui/wire/desk.js';

const COMMAND: DeskCommand = { source: 'process:engine', id: 'ui-1', verb: 'close-all', args: {} };

/** A window on an engine whose answers are these, one after the other. */
function windowOn(...answers: readonly (() => unknown)[]): { readonly commander: Commander; readonly told: CommandRequest[] } {
  const told: CommandRequest[] = [];
  const left = [...answers];
  const client = {
    call: async (method: string, asked: { readonly input: CommandRequest } | undefined) => {
      if (method === 'process') return { status: { run: 'run-1' } };
      told.push(asked!.input);
      return { value: await left.shift()!() };
    },
  };
  return { commander: new Commander({ client: async () => client as unknown as ControlClient } as unknown as Sources), told };
}
const rpc = (name: RpcErrorName, message: string) => (): never => {
  throw new ControlError('rpc', message, { rpc: rpcError(name, message) });
};

test('an engine that vanishes in the midst of a command: unknown, and asked again under the same id', async () => {
  const { commander, told } = windowOn(
    () => { throw new ControlError('disconnected', 'the process closed the connection before it answered'); },
    () => { throw new ControlError('timeout', 'tell was not answered within 145 s'); },
    rpc('refused', 'the engine has ended'),
    rpc('refused', 'no answer to close-all within 150 s; ask again with the same id'),
    () => ({ id: 'ui-1', ok: true, answer: { flat_confirmed: true, remaining_positions: [] } }),
  );
  for (let k = 0; k < 4; k += 1) {
    const { state, text } = await commander.carryOut(COMMAND);
    assert.equal(state, 'unknown');
    assert.match(text, /did not answer.*journal.*same id/);
  }
  const last = await commander.carryOut(COMMAND);
  assert.deepEqual([last.state, last.text], ['done', 'flat, and the exchange says so']);
  assert.deepEqual(new Set(told.map(({ id }) => id)), new Set(['ui-1']));
  assert.ok(told.every(({ issuer }) => issuer.program === `ui:${commander.session}` && issuer.pid === process.pid));
});

test('a command is for the run that was looked at, not for the next one under its name', async () => {
  const { commander, told } = windowOn(() => ({ ok: true, answer: {} }));
  await assert.rejects(commander.carryOut({ ...COMMAND, run: 'the-one-before' }), (error: UiError) => error.status === 409 && /nothing was sent/.test(error.message));
  assert.deepEqual(told, []);
  assert.equal((await commander.carryOut({ ...COMMAND, run: 'run-1' })).state, 'done');
});

test('a second try that is not taken leaves the first as unknown as it was', () => {
  const refused = { state: 'refused', text: 'the run b has this name now: nothing was sent', answer: '' } as const;
  assert.deepEqual(knownAfter(undefined, refused), refused);
  const again = knownAfter('unknown', refused);
  assert.equal(again.state, 'unknown');
  assert.match(again.text, /nothing was sent.*first try.*journal/);
  assert.equal(knownAfter('unknown', { ...refused, answer: '{"refused":"no"}' }).state, 'refused', 'the engine’s own answer to that id');
  assert.equal(knownAfter('unknown', { ...refused, state: 'done' }).state, 'done');
});

test('what certainly was not done is told as refused', async () => {
  const refusals = [rpc('busy', 'too many calls'), rpc('stalled', 'withdrawn'), rpc('notFound', 'no such verb'), rpc('refused', 'stale command: it was sent 40000 ms ago; nothing was done'), rpc('refused', 'the engine is ending')];
  const { commander } = windowOn(...refusals, () => ({ ok: false, answer: { refused: 'close-all x is under way' } }), () => ({ ok: false, answer: { flat_confirmed: false, remaining_positions: [1, 2] } }));
  for (const _ of refusals) assert.equal((await commander.carryOut(COMMAND)).state, 'refused');
  assert.match((await commander.carryOut(COMMAND)).text, /nothing was done: close-all x is under way/);
  const partly = await commander.carryOut(COMMAND);
  assert.deepEqual([partly.state, partly.text], ['partly', '2 positions left: look at the answer']);
});

test('nothing but the known verbs at a process, and each with a phrase of its own', () => {
  for (const wrong of [{ ...COMMAND, verb: 'wind-down' }, { ...COMMAND, source: 'run:1' }, { ...COMMAND, id: 'a b' }, { ...COMMAND, args: { a: 1 } }, { ...COMMAND, more: 1 }]) assert.equal(commandSchema.safeParse(wrong).success, false);
  const phrase = (verb: DeskCommand['verb'], args: DeskCommand['args'] = {}): string => confirmationOf({ ...COMMAND, verb, args });
  const order = { order: 'web-1' };
  assert.deepEqual([
    phrase('close-symbol', { instrument: 'BTCUSDT', product: 'usdm' }), phrase('close-symbol', { instrument: 'BTCUSDT' }), phrase('close-all'), phrase('cancel-all', { foreign: true }), phrase('cancel-all', { foreign: false }),
    phrase('release', { product: 'spot' }), phrase('cancel-order', order), phrase('cancel-order', { ...order, foreign: true }), phrase('resolve', order), phrase('pause'), phrase('stop', { flatten: false }), phrase('stop', { flatten: true }),
  ], [
    'CLOSE BTCUSDT usdm engine', 'CLOSE BTCUSDT engine', 'CLOSE ALL engine', 'CANCEL ALL AND FOREIGN engine', 'CANCEL ALL engine', 'RELEASE SPOT engine', 'CANCEL web-1 engine', 'CANCEL FOREIGN web-1 engine', 'GIVE UP web-1 engine', 'PAUSE engine', 'STOP engine', 'CLOSE ALL AND STOP engine',
  ]);
  assert.notEqual(confirmationOf(COMMAND), confirmationOf({ ...COMMAND, source: 'process:other' }), 'another process is another phrase');
});

test('CSV comes back as it went in, and no cell is a formula', () => {
  assert.equal(csvLine(['a,b', 'say "so"', '-1.5', '-x', '=1+1', '@sum', '+1', 'two\r\nlines', '']), '"a,b","say ""so""",-1.5,\'-x,\'=1+1,\'@sum,\'+1,"two\r\nlines",\r\n');
  fc.assert(fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (cells) => {
    const read = parseLine(csvLine(cells));
    assert.deepEqual(read.map((cell, at) => (cells[at]!.length + 1 === cell.length && cell.startsWith("'") ? cell.slice(1) : cell)), cells);
    for (const cell of read) assert.ok(!/^[=+@\t\r]/.test(cell) && (!cell.startsWith('-') || !Number.isNaN(Number(cell))));
  }));
  assert.equal(csvCell('-2'), '-2');
});

/** One line of RFC 4180, by its own grammar. */
function parseLine(line: string): string[] {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    let cell = '';
    if (line[at] === '"') {
      for (at += 1; ; at += 1) {
        if (line[at] !== '"') cell += line[at];
        else if (line[at + 1] === '"') cell += line[++at];
        else break;
      }
      at += 1;
    } else while (line[at] !== ',' && !line.startsWith('\r\n', at)) cell += line[at++];
    cells.push(cell);
    if (line[at] === ',') at += 1;
    else return cells;
  }
}
