import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TapeWriter } from '../../../data/tape/index.js';
import { openWindow } from '../../../tools/ui/serve.js';
import { drag, pinch } from '../../support/fingers.js';
import { closeBrowser, openPage } from '../../support/open-browser.js';
import { batchOf, headerOf, instrument, START_US, type MadeRecord } from '../market-view/made.js';

after(closeBrowser);

const HOSTILE = '<img src=x onerror=alert(1)>';

test('the chart: zoomed by wheel, drag and keys, brought back, and a tip that stays inside it', async (t) => {
  const page = await openPage(t, { hasTouch: true });
  if (page === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'faultline-chart-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'made.tape');
  const writer = TapeWriter.create(path, headerOf([instrument(0, 'A'), instrument(1, HOSTILE)]));
  const records = Array.from({ length: 4000 }, (_, n): MadeRecord => ({
    kind: n % 2 === 0 ? 'trade' : 'quote', atUs: START_US + n * 50_000, priceTicks: n === 2000 ? 2_147_483_646 : 600_000 + Math.round(50 * Math.sin(n / 100)), lots: 1 + (n % 7), sell: n % 4 === 0,
  }));
  writer.append(batchOf(records), 0, records.length);
  writer.close();
  const window = await openWindow({ port: 0, tapes: [path], env: { ...process.env, FAULTLINE_RUN_DIR: join(folder, 'run'), FAULTLINE_VAR_DIR: join(folder, 'var') } });
  t.after(() => window.close());
  await page.goto(window.url.replace('/#', '/?source=tape%3Amade.tape&view=market#'));
  const summary = page.locator('#market-summary');
  const chart = page.getByRole('group', { name: 'Chart of A' });
  await summary.filter({ hasText: 'A, 3 min' }).waitFor();
  const whole = await summary.innerText();
  assert.match(whole, /from 2026-01-05 14:00:00 UTC\. Opens at 60000\.0, highest 214748364\.6/);
  // One absurd price is said, and does not flatten the others.
  await page.getByText('reach far beyond all other prices').waitFor({ state: 'attached' });

  const plot = page.locator('.market-pane .u-over').first();
  const tip = page.locator('.market-tip');
  const { width, height } = (await plot.boundingBox())!;
  for (const [x, y] of [[2, 2], [width - 2, 2], [2, height - 2], [width - 2, height - 2], [width / 2, height / 2]] as const) {
    await plot.hover({ position: { x, y } });
    await tip.waitFor();
    const [at, box] = [(await tip.boundingBox())!, (await plot.boundingBox())!];
    assert.ok(at.x >= box.x - 1 && at.y >= box.y - 1 && at.x + at.width <= box.x + box.width + 1 && at.y + at.height <= box.y + box.height + 1, JSON.stringify({ x, y, at, box }));
  }
  await tip.filter({ hasText: /14:01:\d\d/ }).waitFor();
  assert.match(await tip.innerText(), /^2026-01-05 14:01:\d\d\nO 600\d\d\.\d/);

  const zoomed = summary.filter({ hasNotText: whole });
  await page.mouse.wheel(0, -400);
  await zoomed.waitFor();
  await plot.dblclick();
  await summary.filter({ hasText: whole }).waitFor();
  await plot.hover({ position: { x: 100, y: 50 } });
  const box = (await plot.boundingBox())!;
  await page.mouse.down();
  await page.mouse.move(box.x + 300, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await zoomed.waitFor();
  await page.getByRole('button', { name: 'Reset zoom' }).click();
  await summary.filter({ hasText: whole }).waitFor();

  // Two fingers to half of it, one moves it; twice a tap of the mouse brings all of it back.
  await pinch(page, plot, 2);
  await summary.filter({ hasText: /A, 1 min 4[12] s/ }).waitFor();
  const half = await summary.innerText();
  await drag(page, plot, -100, 0);
  await summary.filter({ hasNotText: half }).filter({ hasText: /A, 1 min 4[12] s/ }).waitFor();
  await plot.dblclick();
  await summary.filter({ hasText: whole }).waitFor();

  // The crosshair goes to the middle of the nearest candle, from both sides of it.
  const crosshair = (): Promise<number> => page.evaluate<number>('new DOMMatrix(getComputedStyle(document.querySelector(".market-pane .u-cursor-x")).transform).m41');
  await plot.hover({ position: { x: width / 2, y: height / 2 } });
  const middle = await crosshair();
  for (const beside of [-2, 2]) {
    await plot.hover({ position: { x: middle + beside, y: height / 2 } });
    assert.equal(await crosshair(), middle);
  }

  // Down to microseconds by keys alone, and out again.
  await chart.focus();
  for (let n = 0; n < 45; n += 1) await page.keyboard.press('+');
  await summary.filter({ hasText: 'A, 20 µs' }).waitFor();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('0');
  await summary.filter({ hasText: whole }).waitFor();
  await page.keyboard.press(']');
  await page.locator('p[aria-live]').filter({ hasText: 'open' }).waitFor({ state: 'attached' });
  await page.getByText('As tables').click();
  await page.getByRole('table', { name: /^Candles/ }).waitFor();

  // A symbol with a hostile name and no data says so.
  await page.getByLabel('symbol').selectOption(HOSTILE);
  await page.getByText(`There is no market data of ${HOSTILE} yet.`).waitFor();
  assert.deepEqual(page.problems, []);
});
