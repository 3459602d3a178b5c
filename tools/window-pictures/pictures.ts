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

const travel = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'travel in time' }).click();
  await page.getByRole('button', { name: 'decision back' }).and(page.locator(':enabled')).click();
  await page.locator('.time-place').getByText(/decision \d/).waitFor();
};
const detector = async (page: Page): Promise<void> => {
  await view(page, 'Tree');
  await page.getByRole('tree').getByRole('treeitem', { name: /BTCUSDT/ }).first().click();
};
/** What moves has come to rest, and what is asked for has come. */
const settled = (page: Page): Promise<void> => page.waitForTimeout(2500);

export const pictures: readonly Picture[] = [
  {
    name: 'tree', show: async (page) => {
      await detector(page);
      await settled(page);
    },
  },
  {
    name: 'chart', show: async (page) => {
      await detector(page);
      await view(page, 'Chart');
      await page.getByRole('main').locator('svg').first().waitFor();
      await settled(page);
    },
  },
  {
    name: 'market', show: async (page) => {
      await view(page, 'Market');
      await page.getByRole('main').locator('canvas').first().waitFor();
      await page.getByText(/read(ing)?, \d+ %/).waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Reset zoom' }).click();
      await settled(page);
    },
  },
  {
    name: 'desk', show: async (page) => {
      await view(page, 'Desk');
      await page.getByRole('region', { name: 'Positions', exact: true }).waitFor();
      await settled(page);
    },
  },
  {
    name: 'time', dark: false, show: async (page) => {
      await detector(page);
      await travel(page);
      for (let n = 0; n < 12; n++) await page.keyboard.press('[');
      await page.getByRole('button', { name: 'why?' }).click();
      await page.getByLabel('cause', { exact: true }).waitFor();
      await settled(page);
    },
  },
  {
    name: 'phone', dark: false, width: 390, height: 780, show: async (page) => {
      await view(page, 'Desk');
      await settled(page);
    },
  },
];
