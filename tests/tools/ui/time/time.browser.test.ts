import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { openWindow } from '../../../../tools/ui/serve.js';
import { EAGER } from '../../../support/eager-config.js';
import { axe, closeBrowser, openPage, type WatchedPage } from '../../../support/open-browser.js';
import { generatedTape, writeTape } from '../../../support/replay-tape.js';
import { recordRun, scratch } from '../../runs/record.js';

after(closeBrowser);

const market = generatedTape({ scenario: 'flash-crash', seed: 7, minutes: 6, symbols: 1, rate: 0.002 });
const detector = '/market/detectors/BTCUSDT';
const config = (least: number): typeof EAGER => ({ ...EAGER, trading: { ...EAGER.trading, score: { ...EAGER.trading.score, goodScore: least } } });

async function scene(t: TestContext, bars: readonly number[], options: Parameters<typeof openPage>[1] = {}): Promise<{ readonly page: WatchedPage; readonly root: string } | undefined> {
  const page = await openPage(t, options);
  if (page === undefined) return undefined;
  const root = scratch(t);
  const runs = bars.map((least) => recordRun(join(root, 'runs'), market, { config: config(least), changes: new Map([[Math.floor(market.records * 0.6), { method: 'restart', params: { path: detector } }]]) }));
  writeTape(market, join(root, 'market.tape'));
  const window = await openWindow({ port: 0, runs, tapes: [join(root, 'market.tape')], env: { ...process.env, FAULTLINE_VAR_DIR: root, FAULTLINE_RUN_DIR: join(root, 'none') } });
  t.after(() => window.close());
  const first = runs[0] === undefined ? 'tape:market.tape' : `run:${runs[0].split('/').at(-1)!}`;
  await page.goto(window.url.replace('/#', `/?source=${encodeURIComponent(first)}#`));
  return { page, root };
}

const place = (page: WatchedPage) => page.locator('.time-place');

test('a finished run: to its restart, a decision and what caused it, by the keyboard; then two runs from their first difference', async (t) => {
  const opened = await scene(t, [20, 60]);
  if (opened === undefined) return;
  const { page } = opened;
  const slider = page.getByRole('slider', { name: 'instant' });
  await slider.waitFor();
  await page.getByRole('treeitem', { name: /BTCUSDT/ }).first().waitFor();
  const end = (await place(page).innerText()).slice(0, 27);
  assert.match(end, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);

  await slider.focus();
  await page.keyboard.press('Home');
  await place(page).getByText('decision 0 of').waitFor();
  await page.getByRole('treeitem', { name: /BTCUSDT\s*machine in\s*SLEEP/ }).waitFor();
  const begin = await place(page).locator('strong').innerText();
  await page.keyboard.press('PageUp');
  await place(page).locator('strong', { hasText: begin }).waitFor({ state: 'detached' });

  // The restart, its actor, and the incarnation that it made.
  await page.keyboard.press('End');
  await place(page).getByText(end).waitFor();
  await page.getByRole('button', { name: 'restart back' }).click();
  await place(page).locator('strong', { hasText: end }).waitFor({ state: 'detached' });
  await place(page).getByText('restart 2 of 2').waitFor();
  await page.getByRole('treeitem', { name: /BTCUSDT/ }).first().click();
  const actor = page.getByRole('complementary', { name: 'Actor' });
  await actor.getByRole('heading', { name: new RegExp('BTCUSDT') }).waitFor();
  await page.getByRole('button', { name: 'event of the actor back' }).click();
  await place(page).getByText('restart 0 of').waitFor();

  // A decision, and the tick that led to it.
  await page.keyboard.press(']');
  const decided = place(page).getByText(/decision [1-9]\d* of/);
  await decided.waitFor();
  await page.getByRole('treeitem', { name: /BTCUSDT\s*machine in\s*(ALERT|ACTIVE|RECOVERY)/ }).waitFor();
  await page.getByRole('button', { name: 'why?' }).click();
  const cause = page.getByRole('region', { name: 'cause', exact: true });
  await cause.getByRole('heading', { name: /^decision \d+: \w/ }).waitFor();
  // Fields and moments, no JSON.
  await cause.getByText(/from the (record|input|time-out)/).first().waitFor();
  assert.doesNotMatch(await cause.innerText(), /\{"|Us: \d{13}/);

  await page.getByRole('textbox', { name: 'go to' }).fill('decision 3');
  await page.keyboard.press('Enter');
  await place(page).getByText('decision 4 of').waitFor();
  await page.getByRole('textbox', { name: 'go to' }).fill('no such order');
  await page.keyboard.press('Enter');
  await page.getByText('no decision of the recording names "no such order"').waitFor();

  await page.getByRole('button', { name: 'Runs' }).click();
  // Two that can be compared are chosen already.
  const chosen = await Promise.all([0, 1].map((at) => page.locator('.runs-choose select').nth(at).inputValue()));
  assert.ok(chosen[0] !== '' && chosen[1] !== '' && chosen[0] !== chosen[1], chosen.join(' '));
  await page.getByRole('button', { name: 'compare' }).click();
  await page.getByRole('heading', { name: /is the first that differs/ }).waitFor();
  const a = page.getByRole('region', { name: 'run a' });
  // Decisions are often of one moment: their number says that a step was taken.
  const before = Number(/decision ([\d,]+)/.exec(await a.locator('p .muted').innerText())![1]!.replaceAll(',', ''));
  await page.getByRole('button', { name: 'both, decision forward' }).click();
  await a.locator('p .muted', { hasText: `decision ${(before + 1).toLocaleString('en')} ` }).waitFor();
  await page.getByText('trading.score.goodScore: 60 | 20', { exact: true }).or(page.getByText('trading.score.goodScore: 20 | 60', { exact: true })).waitFor();
  assert.deepEqual(await axe(page), []);
  await a.getByRole('button', { name: 'look at this moment' }).click();
  await page.getByRole('treeitem', { name: /BTCUSDT/ }).first().waitFor();
  // What was refused is said by the browser too.
  assert.deepEqual(page.problems.filter((problem) => !problem.includes('404')), []);
});

test('a tape on a phone, in light: its moments are there, nothing is wider than the window', async (t) => {
  const opened = await scene(t, [], { viewport: { width: 390, height: 844 }, colorScheme: 'light', hasTouch: true });
  if (opened === undefined) return;
  const { page } = opened;
  await page.getByRole('button', { name: 'decision back' }).tap();
  // One line, with the step that is taken most; the slider and all else behind a tap.
  const dock = page.getByRole('region', { name: 'Time travel' });
  assert.ok((await dock.boundingBox())!.height < 50);
  assert.equal(await page.getByRole('slider', { name: 'instant' }).isVisible(), false);
  await page.getByRole('button', { name: 'slider and steps' }).tap();
  await page.getByRole('slider', { name: 'instant' }).waitFor();
  await place(page).getByText(/record [1-9][\d,]* of/).waitFor();
  assert.ok(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'), 'no sideways scrolling');
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(page.problems, []);
});
