import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../../runtime/clock/clock.js';
import { createRuntime } from '../../../runtime/runtime.js';
import { drive, type DeskFloor } from '../../../tools/crash-sweep/desk/drive.js';
import { exchangeEffects } from '../../../tools/crash-sweep/desk/effects.js';
import { statesOf } from '../../../tools/crash-sweep/desk/states.js';
import { deskTree } from '../../../tools/crash-sweep/desk/tree.js';
import { ExchangeClient } from '../../../tools/crash-sweep/exchange/client.js';
import { startExchange } from '../../../tools/crash-sweep/exchange/start.js';
import { makeScript, START_US } from '../../../tools/crash-sweep/script.js';
import { judge, type FinalStates } from '../../../tools/crash-sweep/verdict.js';

const ORDERS = 120;
const script = makeScript(ORDERS, 3);

test('the desk carries out its script, and the verdict notices whatever is taken away or repeated', { timeout: 60_000 }, async (t) => {
  const exchange = await startExchange(ORDERS, 3);
  t.after(() => exchange.stop());
  const client = await ExchangeClient.connect(exchange.socketPath);
  const runtime = createRuntime({ clock: new VirtualClock(START_US), effects: exchangeEffects(client) });
  assert.ok(runtime.start(deskTree(script.slots, { durable: false, unknown: 'asks' })).ok);
  const floor: DeskFloor = {
    runtime,
    accept: async (signal) => void runtime.send('/router', signal),
    settle: async () => void runtime.drain(),
  };
  await drive(script, floor, client);
  client.close();
  const states = statesOf(runtime, script.slots);
  const entries = exchange.entries();
  assert.deepEqual(judge(script, entries, states), { lost: [], doubled: [] });
  assert.ok(entries.filter(({ op }) => op === 'query').length > ORDERS / 20, 'some answers were late, so the desk asked');

  const place = entries.findIndex(({ op }) => op === 'place');
  const cancel = entries.findIndex(({ op }) => op === 'cancel');
  const ack = entries.findLastIndex(({ op }) => op === 'ack');
  const without = (at: number) => entries.filter((_, index) => index !== at);
  const again = (at: number) => [...entries, { ...entries[at]!, key: 'another' } as (typeof entries)[number]];
  const changed = (change: (states: FinalStates) => FinalStates) => judge(script, entries, change(structuredClone(states)));
  const shows = (name: string, { lost, doubled }: ReturnType<typeof judge>, kind: 'lost' | 'doubled') =>
    assert.ok((kind === 'lost' ? lost : doubled).length > 0, `${name}: ${JSON.stringify({ lost, doubled })}`);

  shows('a placement is missing', judge(script, without(place), states), 'lost');
  shows('a placement came twice', judge(script, again(place), states), 'doubled');
  shows('a key came twice', judge(script, [...entries, entries[place]!], states), 'doubled');
  shows('a cancel is missing', judge(script, without(cancel), states), 'lost');
  shows('a cancel came twice', judge(script, again(cancel), states), 'doubled');
  shows('an acknowledgement is missing', judge(script, without(ack), states), 'lost');
  shows('an acknowledged input is not in the desk', changed((s) => ({ ...s, router: { ...s.router, nextInput: s.router.nextInput - 1 } })), 'lost');
  shows('an outcome is missing', changed((s) => ({ ...s, router: { ...s.router, outcomes: { ...s.router.outcomes, 5: undefined as never } } })), 'lost');
  shows('a fill is missing', changed((s) => ({ ...s, account: { ...s.account, fills: s.account.fills - 1 } })), 'lost');
  shows('a fill came twice', changed((s) => ({ ...s, account: { ...s.account, fills: s.account.fills + 1 } })), 'doubled');
  shows('money is missing', changed((s) => ({ ...s, account: { ...s.account, spent: s.account.spent - 1 } })), 'lost');
  shows('a timer is missing', changed((s) => ({ ...s, account: { ...s.account, marks: s.account.marks - 1 } })), 'lost');
  shows('a timer came twice', changed((s) => ({ ...s, account: { ...s.account, marks: s.account.marks + 1 } })), 'doubled');
  const links = states.account.links;
  shows('a message was missed', changed((s) => ({ ...s, account: { ...s.account, links: { ...links, missed: 1 } } })), 'lost');
  shows('a message came twice', changed((s) => ({ ...s, account: { ...s.account, links: { ...links, repeated: 1 } } })), 'doubled');
  const [from = ''] = Object.keys(links.received);
  shows('the last message is missing', changed((s) => ({ ...s, account: { ...s.account, links: { ...links, received: { ...links.received, [from]: links.received[from]! - 1 } } } })), 'lost');
});
