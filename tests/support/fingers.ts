import type { Locator, Page } from 'playwright-core';

const STEPS = 4;

/** Two fingers on the middle of something, apart (`factor` above 1) or together, side by side. */
export async function pinch(page: Page, on: Locator, factor: number): Promise<void> {
  const { x, y, width, height } = (await on.boundingBox())!;
  const from = width / (factor > 1 ? 4 * factor : 4);
  await touch(page, STEPS, (share) => {
    const half = from * (1 + (factor - 1) * share);
    return [{ x: x + width / 2 - half, y: y + height / 2 }, { x: x + width / 2 + half, y: y + height / 2 }];
  });
}

/** A finger drawn over something. */
export async function drag(page: Page, on: Locator, dx: number, dy: number): Promise<void> {
  const { x, y, width, height } = (await on.boundingBox())!;
  await touch(page, STEPS, (share) => [{ x: x + width / 2 + dx * share, y: y + height / 2 + dy * share }]);
}

async function touch(page: Page, steps: number, at: (share: number) => readonly { readonly x: number; readonly y: number }[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const points = (share: number): { x: number; y: number; id: number }[] => at(share).map((point, id) => ({ ...point, id }));
  await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: points(0) });
  for (let step = 1; step <= steps; step++) await session.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: points(step / steps) });
  await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await session.detach();
}
