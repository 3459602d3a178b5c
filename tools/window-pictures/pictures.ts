import type { Page } from 'playwright-core';

/** One picture: a window's size, and what is done before it is taken. */
export interface Picture {
  readonly name: string;
  /** Default: dark. */
  readonly dark?: boolean;
  readonly width?: number;
  readonly height?: number;
  show(page: Page): Promise<void>;
}

const view = (page: Page, name: string): Promise<void> => page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name, exact: true }).click();

export const pictures: readonly Picture[] = [
  { name: 'tree', show: async (page) => {
    await view(page, 'Tree');
    await page.waitForTimeout(3000);
  } },
  { name: 'chart', show: async (page) => {
    await view(page, 'Tree');
    await page.getByRole('tree').getByRole('treeitem', { name: /BTCUSDT/ }).first().click();
    await view(page, 'Chart');
    await page.waitForTimeout(3000);
  } },
  { name: 'market', show: async (page) => {
    await view(page, 'Market');
    await page.waitForTimeout(4000);
  } },
  { name: 'desk', show: async (page) => {
    await view(page, 'Desk');
    await page.waitForTimeout(3000);
  } },
];
