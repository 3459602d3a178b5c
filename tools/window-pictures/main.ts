/**
 * `npm run pictures`: takes the pictures of docs/window/ anew, in a real Chromium, of an exchange in a box and an engine on it in a flash crash.
 * FAULTLINE_CHROMIUM names the browser where it is not found; an argument names another folder than docs/window.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Page } from 'playwright-core';
import { z } from 'zod';
import { ControlClient } from '../../runtime/control/index.js';
import { EngineWatch } from '../demo/live/watch.js';
import { Stage } from '../demo/live/stage.js';
import { COMMANDS } from '../exchange/verbs.js';
import { findChromium } from '../chromium/find.js';
import { pictures } from './pictures.js';

const SEED = 7;
const SPEED = 10;
/** Longest wait for anything. */
const PATIENCE_MS = 120_000;

const out = process.argv[2] ?? 'docs/window';
const executablePath = findChromium();
if (executablePath === undefined) {
  console.error('pictures: there is no Chromium; install one, or name it with FAULTLINE_CHROMIUM');
  process.exit(78);
}
const folder = mkdtempSync(join(tmpdir(), 'faultline-pictures-'));
process.env['FAULTLINE_RUN_DIR'] = join(folder, 'run');
process.env['FAULTLINE_LOG_DIR'] = join(folder, 'log');
const stage = await Stage.open(folder);
try {
  await take(executablePath);
} finally {
  await stage.close();
  rmSync(folder, { recursive: true, force: true });
}

async function take(browserPath: string): Promise<void> {
  const line = await stage.startExchange(SEED, SPEED).readyLine();
  const exchange = await ControlClient.connect({ socketPath: z.object({ socket: z.string() }).parse(JSON.parse(line)).socket });
  const ready = z.object({ socket: z.string(), runDir: z.string() }).parse(JSON.parse(await stage.startEngine(line).readyLine()));
  const engine = await ControlClient.connect({ socketPath: ready.socket });
  const window = await stage.openWindow();
  if (window === undefined) throw new Error('the window cannot be opened');
  const watch = new EngineWatch(ready.runDir);
  await until('the engine is warm', async () => {
    await watch.look(engine).catch(() => undefined);
    return watch.kernel?.symbols.every(({ warm, live }) => warm && live) === true && watch.status?.truth?.every(({ freshness }) => freshness === 'fresh') === true;
  });
  await exchange.call('tell', { name: COMMANDS.start, input: { name: 'flash-crash' } });
  await until('it has traded', () => {
    watch.newDecisions();
    return watch.report.trades.length > 0;
  });

  const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
  try {
    mkdirSync(out, { recursive: true });
    for (const { name, dark = true, width = 1280, height = 800, show } of pictures) {
      const page: Page = await browser.newPage({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' });
      page.setDefaultTimeout(PATIENCE_MS);
      await page.goto(`${window.url}&action=${window.actionToken}`);
      await page.getByRole('status').filter({ hasText: 'connected' }).waitFor();
      await show(page);
      await page.screenshot({ path: join(out, `${name}.png`) });
      console.log(`${join(out, name)}.png`);
      await page.close();
    }
  } finally {
    await browser.close();
    exchange.close();
    engine.close();
    await window.close();
  }
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + PATIENCE_MS; !(await holds());) {
    if (performance.now() > endMs) throw new Error(`waited ${PATIENCE_MS} ms: ${what}`);
    await sleep(200);
  }
}
