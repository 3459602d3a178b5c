import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, test, type TestContext } from 'node:test';
import { setup, type AnyStateMachine } from 'xstate';
import { ControlServer } from '../../../../runtime/control/index.js';
import { type ChildSpec, createRuntime, machine, type Runtime, WallClock, worker } from '../../../../runtime/index.js';
import { openWindow } from '../../../../tools/ui/serve.js';
import { door } from '../../../runtime/probe/machines.js';
import { child, root } from '../../../runtime/support.js';
import { drag, pinch } from '../../../support/fingers.js';
import { axe, closeBrowser, openPage, until, type WatchedPage } from '../../../support/open-browser.js';
import { Playground } from '../../../support/served.js';

after(closeBrowser);

const HOSTILE = '<img src=x onerror=alert(1)>';
const hostile = setup({ types: {} as { events: { type: string } } }).createMachine({
  id: HOSTILE, initial: HOSTILE, states: { [HOSTILE]: { on: { [HOSTILE]: 'other' } }, other: {} },
} as never) as unknown as AnyStateMachine;

interface Scene {
  readonly runtime: Runtime;
  readonly page: WatchedPage;
  look(path: string): Promise<void>;
  end(): Promise<void>;
}

async function scene(t: TestContext, spec: ChildSpec, options: Parameters<typeof openPage>[1] = {}): Promise<Scene | undefined> {
  const page = await openPage(t, options);
  if (page === undefined) return undefined;
  const playground = new Playground();
  t.after(() => playground.close());
  mkdirSync(playground.at('run'), { mode: 0o700 });
  const runtime = createRuntime({ clock: new WallClock(), seed: 'page' });
  assert.ok(runtime.start(spec).ok);
  runtime.run();
  const server = await ControlServer.start({ socketPath: playground.at('run/engine.sock'), target: { name: 'engine', version: '1', runtime: () => runtime } });
  const window = await openWindow({ port: 0, env: { ...process.env, ...playground.env, FAULTLINE_VAR_DIR: playground.at('var') } });
  let ended: Promise<void> | undefined;
  const end = (): Promise<void> => (ended ??= server.close().then(() => runtime.fence()));
  t.after(async () => {
    await window.close();
    assert.deepEqual(page.problems, []);
  await end();
  });
  return {
    runtime, page, end,
    look: async (path) => {
      await page.goto('about:blank');
      await page.goto(`${window.origin}/?source=process%3Aengine&path=${encodeURIComponent(path)}&view=chart#token=${window.token}`);
      await page.getByRole('heading', { name: path }).waitFor();
    },
  };
}

const spec = (): ChildSpec => root([worker({ id: 'door', behaviour: machine(door, { version: 1 }) }), worker({ id: 'odd', behaviour: machine(hostile, { version: 1 }) }), child('sum')]);

test('an operator sees where a machine stands, why an event was refused and what another changed; mouse, keys, axe', async (t) => {
  const opened = await scene(t, spec(), { colorScheme: 'light' });
  if (opened === undefined) return;
  const { page, runtime, look, end } = opened;
  await look('/door');
  const chart = page.getByRole('group', { name: /Statechart of door, in shut/ });
  await chart.waitFor();
  await page.locator('.chart-box.is-active', { hasText: 'shut' }).last().waitFor();
  await page.getByText('No event since this was opened.').waitFor();

  for (const type of ['go', 'add', 'nonsense']) runtime.send('/door', { type });
  const events = page.locator('.chart-event');
  await events.nth(2).waitFor();
  assert.deepEqual(await events.locator('.chart-type').allTextContents(), ['nonsense', 'add', 'go']);
  assert.deepEqual(await events.locator('.chart-result').allTextContents(), ['nothing in shut names it', 'shut —add→ stays', '[above(10)] fails']);
  await events.nth(2).getByRole('button').click();
  await page.getByText('[above(10)] fails · shut —go [above(10)]→ open').waitFor();
  await events.nth(2).getByRole('button').click();
  await page.locator('.context-leaf.is-changed', { hasText: 'n1was 0' }).waitFor();

  for (let n = 0; n < 10; n++) runtime.send('/door', { type: 'add' });
  runtime.send('/door', { type: 'go' });
  await page.getByRole('group', { name: /Statechart of door, in open/ }).waitFor();
  await page.locator('.chart-box.is-active', { hasText: 'open' }).last().waitFor();
  await page.locator('.chart-arrow.is-taken').waitFor();
  await page.locator('.chart-count', { hasText: '×11' }).waitFor();

  const frame = (): Promise<string | null> => page.locator('.chart-svg').getAttribute('viewBox');
  const seen = async (holds: (now: string | null) => boolean): Promise<void> => {
    for (const deadline = performance.now() + 30_000; !holds(await frame());) assert.ok(performance.now() < deadline, 'the drawing does not move');
  };
  const differs = async (act: () => Promise<void>): Promise<void> => {
    const before = await frame();
    await act();
    await seen((now) => now !== before);
  };
  const whole = await frame();
  await chart.or(page.getByRole('group', { name: /Statechart/ })).first().focus();
  await differs(() => page.keyboard.press('+'));
  await differs(() => page.keyboard.press('ArrowRight'));
  await differs(() => page.keyboard.press('.'));
  const box = (await page.locator('.chart-canvas').boundingBox())!;
  await page.mouse.move(box.x + 100, box.y + 100);
  await differs(() => page.mouse.wheel(0, -200));
  await differs(async () => {
    await page.mouse.down();
    await page.mouse.move(box.x + 160, box.y + 130);
    await page.mouse.up();
  });
  await page.keyboard.press('0');
  await seen((now) => now === whole);

  // In light; the journey has every view in the dark.
  assert.deepEqual(await axe(page, { within: 'main' }), []);
  await end();
  await page.getByText(/connection to the process has ended|does not answer|its socket has gone/).first().waitFor();
  // What was asked for as it went is refused, and the browser says so.
  assert.deepEqual(page.problems.filter((problem) => !problem.includes('503')), []);
});

test('names that would be markup are text, an actor that is no machine is told as one, and a phone shows all of it', async (t) => {
  const opened = await scene(t, spec(), { viewport: { width: 390, height: 780 }, hasTouch: true });
  if (opened === undefined) return;
  const { page, runtime, look } = opened;
  await look('/odd');
  await page.locator('.chart-title', { hasText: HOSTILE }).first().waitFor();
  runtime.send('/odd', { type: HOSTILE });
  await page.locator('.chart-event', { hasText: HOSTILE }).waitFor();
  assert.equal(await page.locator('img').count(), 0);
  // Two fingers come closer, one moves it.
  const drawing = page.locator('.chart-canvas');
  const frame = async (): Promise<number[]> => (await page.locator('.chart-svg').getAttribute('viewBox'))!.split(' ').map(Number);
  const [, , width] = await frame();
  await pinch(page, drawing, 2);
  await until('twice as near', async () => Math.abs((await frame())[2]! / width! - 0.5) < 0.01);
  const [x] = await frame();
  await drag(page, drawing, -40, 0);
  await until('moved', async () => (await frame())[0]! > x!);
  assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), 'nothing beside the window');
  await look('/sum');
  await page.getByText('This actor is no state machine').waitFor();
  runtime.send('/sum', { type: 'add', n: 3 });
  await page.locator('.context-leaf.is-changed', { hasText: 'total3was 0' }).waitFor();
  await look('/nobody');
  await page.getByText('there is no actor at /nobody').waitFor();
  assert.deepEqual(page.problems, []);
});
