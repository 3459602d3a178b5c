import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { TestContext } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { findChromium } from '../../tools/chromium/find.js';

/** What tests of the page say where there is none; run-tests.js repeats it in its last lines. */
export const NO_CHROMIUM = 'skipped: no Chromium';

/** A page with what went wrong in it so far: exceptions, and errors of its console. */
export interface WatchedPage extends Page {
  readonly problems: readonly string[];
}

let browser: Promise<Browser> | undefined;

/** A page in a context of its own, closed with the test; undefined, and the test skipped, where there is no Chromium. The browser is shared by a file's tests. */
export async function openPage(t: TestContext, options: BrowserContextOptions = {}): Promise<WatchedPage | undefined> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    t.skip(NO_CHROMIUM);
    return undefined;
  }
  browser ??= import('playwright-core').then(({ chromium }) => chromium.launch({ executablePath, args: ['--no-sandbox'] }));
  const context = await (await browser).newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  // Loaded machines take their time; what never comes still fails.
  page.setDefaultTimeout(30_000);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error.stack ?? error)));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(`${message.type()}: ${message.text()}`);
  });
  return Object.assign(page, { problems });
}

/** Waits until something of the page holds, asked from outside: the page's policy lets no text become code. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + 30_000; !(await holds());) {
    if (performance.now() > endMs) throw new Error(`waited for ever: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Axe {
  run(within: string, options: unknown): Promise<{ readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[] }[] }>;
}

/** What axe finds wrong with a page, or a part of it, by all of its rules or by these. */
export async function axe(page: Page, { within = 'html', rules }: { readonly within?: string; readonly rules?: readonly string[] } = {}): Promise<readonly string[]> {
  // The page's policy lets no script in but its own; a debugger's evaluation is not the page's.
  await page.evaluate(`globalThis.axe === undefined && (() => {${readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')}\n})()`);
  return await page.evaluate(async ({ where, only }) => {
    const { violations } = await (globalThis as unknown as { readonly axe: Axe }).axe.run(where, { resultTypes: ['violations'], ...(only === undefined ? {} : { runOnly: { type: 'rule', values: only } }) });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 300)} ${failureSummary ?? ''}`).join('\n')}`);
  }, { where: within, only: rules });
}

/** Ends the browser; to be called in `after` of each file that opens pages. */
export async function closeBrowser(): Promise<void> {
  const open = browser;
  browser = undefined;
  await (await open)?.close();
}
