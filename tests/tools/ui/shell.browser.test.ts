import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { closeBrowser, openPage } from '../../support/open-browser.js';
import { Playground } from '../../support/served.js';
import { openWindow } from '../../../tools/ui/serve.js';

after(closeBrowser);

test('the shell: nothing without the token, everything with it, and the token leaves the address', async (t) => {
  const page = await openPage(t);
  if (page === undefined) return;
  const playground = new Playground();
  t.after(() => playground.close());
  const window = await openWindow({ port: 0, env: { ...process.env, ...playground.env } });
  t.after(() => window.close());
  await page.goto(window.origin);
  await page.getByText('shows nothing without its token').waitFor();
  await page.getByLabel('token').fill(window.url);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByRole('status').filter({ hasText: 'connected' }).waitFor();
  await page.getByRole('heading', { name: 'Nothing to look at yet' }).waitFor();
  await page.goto('about:blank');
  await page.goto(window.url);
  await page.getByRole('status').filter({ hasText: 'connected' }).waitFor();
  assert.equal(page.url(), `${window.origin}/`);
  assert.deepEqual(page.problems, []);
});
