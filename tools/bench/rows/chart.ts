import type { Browser, Page } from 'playwright-core';
import { findChromium } from '../../chromium/find.js';
import { openWindow, type Window } from '../../ui/serve.js';
import { decodeView, type MarketSymbols } from '../../ui/wire/market.js';
import { chartTape } from './chart-tape.js';
import { median } from '../measure.js';
import type { BenchRow } from '../row.js';

const TRADES = 5_000_000;
/** Frames of a zoom in, and of the zoom out after it. */
const FRAMES = 90;
const READ_LIMIT_MS = 240_000;

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** In the page: a turn of the wheel a frame, into the chart and out again; the milliseconds between frames. */
async function zoomFrames(frames: number): Promise<number[]> {
  // Declared here because the page's own types are another project's.
  const page = globalThis as unknown as {
    readonly document: { querySelector(selector: string): { getBoundingClientRect(): { readonly left: number; readonly top: number; readonly width: number; readonly height: number }; dispatchEvent(event: unknown): void } | null };
    readonly WheelEvent: new (type: string, init: object) => unknown;
    requestAnimationFrame(then: (ms: number) => void): void;
  };
  const plot = page.document.querySelector('.market-pane .u-over')!;
  const { left, top, width, height } = plot.getBoundingClientRect();
  const times: number[] = [];
  return new Promise((resolve) => {
    let before = 0;
    let frame = 0;
    const step = (ms: number): void => {
      if (before > 0) times.push(ms - before);
      before = ms;
      if (frame >= 2 * frames) {
        resolve(times);
        return;
      }
      plot.dispatchEvent(new page.WheelEvent('wheel', { bubbles: true, cancelable: true, clientX: left + width * 0.61, clientY: top + height / 2, deltaY: frame < frames ? -60 : 60 }));
      frame += 1;
      page.requestAnimationFrame(step);
    };
    page.requestAnimationFrame(step);
  });
}

/** The market view of the window in real Chromium, zooming in and out over five million trades: milliseconds between frames. */
export function chart5m(): BenchRow {
  let window: Window;
  let browser: Browser;
  let page: Page;
  let readMs = 0;
  const frames: number[] = [];
  const answers: number[] = [];
  const bytes: number[] = [];
  const ask = async (path: string): Promise<Response> => fetch(`${window.origin}/api/${path}`, { headers: { authorization: `Bearer ${window.token}` } });
  return {
    id: 'ui/chart-5m', unit: 'ms between frames, p99', better: 'lower', peer: null, rounds: 3, slices: 1, limitMs: 400_000,
    absent: () => (findChromium() === undefined ? 'no Chromium' : undefined),
    async prepare() {
      const tape = chartTape(TRADES);
      window = await openWindow({ port: 0, tapes: [tape] });
      const source = encodeURIComponent(`tape:chart-${TRADES}.tape`);
      const begunMs = performance.now();
      for (;;) {
        const symbols = (await (await ask(`market/symbols?source=${source}`)).json()) as MarketSymbols;
        if (symbols.progress.state === 'whole') break;
        if (symbols.progress.state === 'stopped' || performance.now() - begunMs > READ_LIMIT_MS) throw new Error(`the tape was not read: ${JSON.stringify(symbols.progress)}`);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
      readMs = performance.now() - begunMs;
      const { chromium } = await import('playwright-core');
      browser = await chromium.launch({ executablePath: findChromium()!, args: ['--no-sandbox'] });
      page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      page.on('response', (response) => {
        if (!response.url().includes('/api/market/view')) return;
        void response.body().then((body) => {
          answers.push(response.request().timing().responseEnd);
          bytes.push(body.length);
          decodeView(body);
        }).catch(() => undefined);
      });
      await page.goto(window.url.replace('/#', `/?source=${source}&view=market#`));
      await page.waitForSelector('.market-summary');
      await page.evaluate(zoomFrames, FRAMES);
      frames.length = 0;
    },
    async ours() {
      await page.waitForTimeout(500);
      const slice = await page.evaluate(zoomFrames, FRAMES);
      frames.push(...slice);
      return percentile(slice, 0.99);
    },
    also: () => ({
      'ms between frames, p50': percentile(frames, 0.5), 'longest, ms': Math.max(...frames), 'tape read, s': readMs / 1000, 'answer, ms': answers.length === 0 ? 0 : median(answers), 'answer, KiB': bytes.length === 0 ? 0 : median(bytes) / 1024,
    }),
    async close() {
      await browser?.close();
      await window?.close();
    },
  };
}
