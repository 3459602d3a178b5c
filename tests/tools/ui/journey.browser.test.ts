import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { QUESTIONS } from '../../../tools/exchange/verbs.js';
import { openWindow } from '../../../tools/ui/serve.js';
import { EnginePlayground, HOLDING_CONFIG } from '../../support/engine-process.js';
import { axe, closeBrowser, openPage } from '../../support/open-browser.js';

after(closeBrowser);

const DETECTOR = '/market/detectors/BTCUSDT';

test('a night with a live engine: what crashed and why, the moment it did, the position closed, the window and the engine lost', { timeout: 280_000 }, async (t) => {
  // Every view in the dark here; each view's own test has it in light, or on a phone.
  const page = await openPage(t, { colorScheme: 'dark' });
  if (page === undefined) return;
  const ground = new EnginePlayground();
  t.after(() => ground.close());
  await ground.exchange({ speed: 2, seed: 3 });
  const { served } = await ground.engine({ config: HOLDING_CONFIG });
  const env = { ...process.env, ...ground.env, ...ground.engineEnv };
  let window = await openWindow({ port: 0, env });
  t.after(() => window.close());
  await page.goto(`${window.url}&action=${window.actionToken}`);

  // What crashed, and why.
  const tree = page.getByRole('tree');
  await tree.getByRole('treeitem', { name: /kernel/ }).waitFor();
  await ground.ask('engine', 'restart', { path: DETECTOR, reason: 'to see it' });
  await page.getByRole('button', { name: '1 problem', exact: true }).waitFor();
  await page.keyboard.press('n');
  const actor = page.getByRole('complementary', { name: 'Actor' });
  await actor.getByRole('heading', { name: DETECTOR }).waitFor();
  await actor.getByRole('region', { name: 'Last exit' }).waitFor();

  // Its machine, live.
  await page.keyboard.press('2');
  await page.getByRole('main').getByText('detector v1').waitFor();

  // The moment: the restart, and the incarnations on both sides of it.
  await page.getByRole('button', { name: 'travel in time' }).click();
  await page.getByRole('slider', { name: 'instant' }).waitFor();
  const place = page.locator('.time-place');
  await page.getByRole('button', { name: 'restart back' }).click();
  await place.getByText(/restart \d+ of/).waitFor();
  await page.keyboard.press('1');
  await tree.getByRole('treeitem', { name: /kernel/ }).waitFor();
  await page.getByRole('button', { name: 'live', exact: true }).click();
  await place.getByText('now').waitFor();

  // The position, closed by its name and no other word.
  await page.keyboard.press('4');
  const positions = page.getByRole('region', { name: 'Positions', exact: true });
  await positions.getByRole('button', { name: 'close BTCUSDT' }).click();
  const confirm = page.getByRole('dialog');
  const phrase = await confirm.locator('code').innerText();
  assert.ok(await confirm.getByRole('button').first().isDisabled(), 'nothing is done without the word');
  await confirm.getByRole('textbox').fill('BTC');
  assert.ok(await confirm.getByRole('button').first().isDisabled());
  await confirm.getByRole('textbox').fill(phrase);
  await page.keyboard.press('Enter');
  await positions.getByText('no position').waitFor();
  await page.getByRole('region', { name: 'Commands of this page' }).locator('strong', { hasText: 'close-symbol' }).waitFor();
  const books = await ground.ask('exchange', 'ask', { name: QUESTIONS.books, input: { limit: 100 } }) as unknown as { readonly value: { readonly usdm: { readonly positions: readonly { readonly positionAmt: string }[] } } };
  assert.deepEqual(books.value.usdm.positions.filter(({ positionAmt }) => Number(positionAmt) !== 0), [], 'closed by the exchange’s own books');

  for (const key of ['1', '2', '3', '4', '5']) {
    await page.keyboard.press(key);
    await page.getByRole('main').waitFor();
    // What a theme changes is colours: all else is looked at in each view's own test, and here for the market.
    assert.deepEqual(await axe(page, key === '3' ? {} : { rules: ['color-contrast'] }), [], `view ${key}`);
  }
  assert.equal(page.problems.join('\n'), '');

  // The window goes and comes back; the page finds it again by itself.
  const { port } = new URL(window.origin);
  const { token, actionToken } = window;
  await window.close();
  await page.getByText('connection lost').waitFor();
  window = await openWindow({ port: Number(port), env, tokens: { token, actionToken } });
  await page.getByRole('status').filter({ hasText: /^connected$/ }).waitFor();
  await page.keyboard.press('1');
  await tree.getByRole('treeitem', { name: /kernel/ }).waitFor();

  // The engine is killed; what was known of it stays, and says so.
  await served.kill('SIGKILL');
  await page.getByRole('option', { name: /engine .*gone/ }).waitFor({ state: 'attached' });
  await tree.getByRole('treeitem', { name: /kernel/ }).waitFor();
  assert.equal(page.problems.filter((problem) => !problem.includes('net::ERR_')).join('\n'), '');
});
