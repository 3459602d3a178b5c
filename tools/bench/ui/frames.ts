import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { endProcess, openWindowProcess, type WindowProcess } from './window.js';

const BUSY = fileURLToPath(new URL('./busy-tree.js', import.meta.url));
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];
/** A page of which nothing but one element moves, every frame: as many frames as this browser makes here. */
const EMPTY = `<!doctype html><title>empty</title><style>body{margin:0;background:#14161a}div{width:40px;height:40px;background:#6cb6ff}</style><div></div><script>
const box = document.querySelector('div');
requestAnimationFrame(function turn(now) { box.style.transform = 'translateX(' + (now / 5 % 800) + 'px)'; requestAnimationFrame(turn); });
</script>`;
const COUNT_FRAMES = `(ms) => new Promise((resolve) => {
  let frames = 0, began;
  requestAnimationFrame(function turn(now) {
    began ??= now;
    if (now - began >= ms) resolve(frames * 1000 / (now - began));
    else { frames += 1; requestAnimationFrame(turn); }
  });
})`;

/** The Chromium to measure with; undefined where there is none. */
export function chromiumPath(): string | undefined {
  const named = process.env['FAULTLINE_CHROMIUM'];
  return named === undefined ? PLACES.find((file) => existsSync(file)) : named === '' ? undefined : named;
}

/** A busy process, the window that shows it, and a browser with that page and an empty one. */
export class FrameBench {
  readonly #folder = mkdtempSync(join(tmpdir(), 'flb-'));
  #busy: ChildProcess | undefined;
  #window: WindowProcess | undefined;
  #browser: Browser | undefined;
  #context: BrowserContext | undefined;

  async start(actors: number, rate: number): Promise<void> {
    const run = join(this.#folder, 'run');
    mkdirSync(run, { mode: 0o700 });
    this.#busy = fork(BUSY, [join(run, 'busy.sock'), String(actors), String(rate)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    await Promise.race([once(this.#busy, 'message'), once(this.#busy, 'exit').then(() => Promise.reject(new Error('the busy process ended')))]);
    this.#window = await openWindowProcess({ FAULTLINE_RUN_DIR: run, FAULTLINE_VAR_DIR: join(this.#folder, 'var') }, 0);
    const { chromium } = await import('playwright-core');
    this.#browser = await chromium.launch({ executablePath: chromiumPath()!, args: ['--no-sandbox'] });
    this.#context = await this.#browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'no-preference' });
  }

  /** Frames a second of the page with the tree; it is opened for that and closed again, so that the other side has the browser for itself. */
  async tree(actors: number, seconds: number): Promise<number> {
    const page = await this.#context!.newPage();
    try {
      await page.goto(this.#window!.url);
      await page.getByText(`${actors.toLocaleString('en')} actors`).waitFor();
      // All of them are busy: the lines carry messages, and code is compiled.
      await page.waitForTimeout(1_500);
      return await frames(page, seconds);
    } finally {
      await page.close();
    }
  }

  async empty(seconds: number): Promise<number> {
    const page = await this.#context!.newPage();
    try {
      await page.setContent(EMPTY);
      await page.waitForTimeout(300);
      return await frames(page, seconds);
    } finally {
      await page.close();
    }
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    await endProcess(this.#window?.child);
    await endProcess(this.#busy);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function frames(page: Page, seconds: number): Promise<number> {
  return Number(await page.evaluate(`(${COUNT_FRAMES})(${seconds * 1000})`));
}
