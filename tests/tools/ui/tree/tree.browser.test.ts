import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, test, type TestContext } from 'node:test';
import { ControlServer } from '../../../../runtime/control/index.js';
import { type Behaviour, type ChildSpec, createRuntime, dynamicSupervisor, machine, type Runtime, WallClock, worker } from '../../../../runtime/index.js';
import { openWindow } from '../../../../tools/ui/serve.js';
import { door } from '../../../runtime/probe/machines.js';
import { child, root } from '../../../runtime/support.js';
import { drag, pinch } from '../../../support/fingers.js';
import { axe, closeBrowser, openPage, until, type WatchedPage } from '../../../support/open-browser.js';
import { Playground } from '../../../support/served.js';

after(closeBrowser);

const HOSTILE = '<img src=x onerror=alert(1)>';

interface Scene {
  readonly runtime: Runtime;
  readonly page: WatchedPage;
  readonly origin: string;
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
  const window = await openWindow({ port: 0, env: { ...playground.env, FAULTLINE_VAR_DIR: playground.at('var') } });
  let ended: Promise<void> | undefined;
  const end = (): Promise<void> => (ended ??= server.close().then(() => runtime.fence()));
  t.after(async () => {
    await window.close();
    assert.deepEqual(page.problems.filter((problem) => !problem.includes('503')), []);
    await end();
  });
  await page.goto(window.url);
  await page.getByRole('tree').waitFor();
  return { runtime, page, origin: window.origin, end };
}

const spec = (): ChildSpec => root([
  child('feed'), root([child('orders'), child(HOSTILE), child('venue')], { id: 'trading', strategy: 'restForOne' }), root([child('a'), child('b')], { id: 'pair', strategy: 'oneForAll' }),
  dynamicSupervisor({ id: 'sessions', intensity: { restarts: 3, withinMs: 5_000 } }),
]);

test('an operator finds the crashed actor and reads its cause in two keystrokes, and sees everything by the keyboard', async (t) => {
  const opened = await scene(t, spec());
  if (opened === undefined) return;
  const { page, runtime } = opened;
  const tree = page.getByRole('tree');
  await tree.getByRole('treeitem').nth(9).waitFor();
  runtime.send('/trading/venue', { type: 'die', why: Object.assign(new Error('the venue hung up'), { cause: new Error('ECONNRESET') }) });
  await page.getByRole('button', { name: '1 problem', exact: true }).waitFor();
  await page.keyboard.press('n');
  const actor = page.getByRole('complementary', { name: 'Actor' });
  await actor.getByRole('region', { name: 'Last exit' }).getByText('the venue hung up', { exact: true }).waitFor();
  await actor.getByText('child terminated: Error: the venue hung up').waitFor();
  await actor.getByRole('region', { name: 'State' }).getByText('total').waitFor();
  assert.match(page.url(), /path=%2Ftrading%2Fvenue/);

  // The list by the keyboard alone.
  await tree.focus();
  await page.keyboard.press('Home');
  await page.locator('[role=treeitem][aria-selected=true][aria-level="1"]').waitFor();
  await page.keyboard.press('t');
  await page.locator('[aria-selected=true]', { hasText: 'trading' }).waitFor();
  await page.keyboard.press('ArrowLeft');
  await page.locator('[aria-selected=true][aria-expanded=false]', { hasText: 'trading' }).waitFor();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await page.locator('[aria-selected=true]', { hasText: HOSTILE }).waitFor();
  await page.keyboard.press('Shift+P');
  await page.getByRole('list', { name: 'Pinned actors' }).getByText(HOSTILE).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('venue');
  await page.keyboard.press('Enter');
  await page.getByText(', 1 found').waitFor();
  await actor.getByRole('heading', { name: '/trading/venue' }).waitFor();

  // A quarantined or held actor comes before one that failed and lives.
  runtime.suspend('/feed');
  await page.getByRole('button', { name: '2 problems' }).click();
  await actor.getByRole('heading', { name: '/feed' }).waitFor();
  await actor.getByText('suspended').first().waitFor();
  assert.equal(await page.locator('img').count(), 0, 'a name is text');

  // It writes no run; what it was seen to do can be travelled in all the same, by the same keys.
  await tree.focus();
  await page.keyboard.press('{');
  const place = page.locator('.time-place');
  await place.getByText('restart 2 of 2').waitFor();
  await page.keyboard.press('{');
  await place.getByText('restart 1 of 2').waitFor();
  await place.getByRole('button', { name: 'exit /trading/venue' }).click();
  await actor.getByText('the venue hung up', { exact: true }).waitFor();
  await actor.getByText(/^\d+, sampled \d+\.\d+ s before$/).first().waitFor();
  await page.getByRole('button', { name: 'live', exact: true }).click();
  await place.getByText('now', { exact: true }).waitFor();
  // What was asked for as it went is refused, and the browser says so.
  assert.deepEqual(page.problems.filter((problem) => !problem.includes('503')), []);
});

test('a machine says its state in the list, the drawing and beside it, and is found by it', async (t) => {
  const opened = await scene(t, root([child('feed'), worker({ id: 'door', behaviour: machine(door, { version: 1 }) as Behaviour<unknown> })]));
  if (opened === undefined) return;
  const { page, runtime } = opened;
  const item = (state: string) => page.getByRole('treeitem', { name: new RegExp(`door\\s*machine in\\s*${state}`) });
  await item('shut').click();
  const actor = page.getByRole('complementary', { name: 'Actor' });
  await actor.getByText('shut', { exact: true }).first().waitFor();
  for (let n = 0; n < 12; n++) runtime.send('/door', { type: 'add' });
  runtime.send('/door', { type: 'go' });
  await item('open').waitFor();
  await actor.getByText(/^shut → open at \d\d:/).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('open');
  await page.getByText(', 1 found').waitFor();
  // It stands under the feed, and what it is is said where the pointer is.
  const box = (await page.locator('.tree-canvas').boundingBox())!;
  const tip = page.locator('.tree-tip');
  for (let y = box.y + 10; y < box.y + box.height && !/machine in open/.test(await tip.textContent() ?? ''); y += 15) for (const share of [0.4, 0.7]) await page.mouse.move(box.x + box.width * share, y);
  assert.match(await tip.textContent() ?? '', /^\/door\nrunning\nmachine in open\nshut → open at /);
  assert.deepEqual(page.problems, []);
});

test('a thousand actors are drawn, and the last of them is reached by one key', async (t) => {
  const groups = Array.from({ length: 20 }, (_, g) => root(Array.from({ length: 48 }, (__, n) => child(`a${n}`)), { id: `g${g}`, strategy: (['oneForOne', 'oneForAll', 'restForOne'] as const)[g % 3]! }));
  const opened = await scene(t, root([...groups, ...Array.from({ length: 19 }, (_, n) => child(`z${n}`))]));
  if (opened === undefined) return;
  const { page } = opened;
  await page.getByText('1,000 actors').waitFor();
  assert.ok(await page.getByRole('treeitem').count() < 60, 'only what is seen is in the document');
  await page.getByRole('tree').focus();
  await page.keyboard.press('End');
  await page.getByRole('complementary', { name: 'Actor' }).getByRole('heading', { name: '/z18' }).waitFor();
  // It is not all in view now, so that there is a map of it.
  const map = page.locator('.tree-map');
  await map.waitFor();
  const origin = () => page.locator('.tree-canvas canvas').first().getAttribute('data-origin');
  const before = await origin();
  await map.click({ position: { x: 5, y: 5 } });
  await until('the drawing is elsewhere', async () => await origin() !== before);
  const colours = `() => {
    const canvas = document.querySelector('.tree-canvas canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  }`;
  await page.getByRole('button', { name: 'fit the whole tree' }).click();
  await page.waitForFunction(`(${colours})() > 8`);
  await map.waitFor({ state: 'hidden' });
  assert.deepEqual(page.problems, []);
});

test('a process that vanishes keeps its last tree, said so; a phone in light is accessible', async (t) => {
  const opened = await scene(t, spec(), { viewport: { width: 390, height: 780 }, colorScheme: 'light', hasTouch: true });
  if (opened === undefined) return;
  const { page, end } = opened;
  const items = page.getByRole('tree').getByRole('treeitem');
  await items.nth(9).waitFor();
  await items.nth(1).click();
  await page.getByRole('complementary', { name: 'Actor' }).getByText('permanent').first().waitFor();
  assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), 'nothing is wider than the phone');
  assert.ok(await page.evaluate<number>('document.querySelector("header").offsetHeight + document.querySelector(".foot").offsetHeight') < 100, 'the view has the window, not what is around it');
  // The drawing instead of the list; fingers bring it closer and move it.
  await page.getByRole('button', { name: 'drawing' }).tap();
  const drawing = page.locator('.tree-canvas canvas[data-scale]').first();
  await drawing.waitFor();
  const [scale, origin] = [await drawing.getAttribute('data-scale'), await drawing.getAttribute('data-origin')];
  await pinch(page, drawing, 2);
  await until('twice as near', async () => Math.abs(Number(await drawing.getAttribute('data-scale')) / Number(scale) - 2) < 0.05);
  const near = await drawing.getAttribute('data-origin');
  assert.notEqual(near, origin);
  await drag(page, drawing, -60, 30);
  await until('moved', async () => await drawing.getAttribute('data-origin') !== near);
  // The source, the colours and the keys wait behind one button.
  assert.equal(await page.getByLabel('source').isVisible(), false);
  await page.locator('.top-fold').click();
  await page.getByLabel('source').waitFor();
  await page.getByRole('button', { name: 'drawing' }).click();
  assert.deepEqual(await axe(page), []);
  await end();
  await page.getByText('its socket has gone').first().waitFor();
  assert.equal(await items.count() > 5, true);
  // What was asked for as it went is refused, and the browser says so.
  assert.deepEqual(page.problems.filter((problem) => !problem.includes('503')), []);
});
