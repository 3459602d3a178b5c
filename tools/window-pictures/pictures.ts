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

const view = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();

export const pictures: readonly Picture[] = [
  { name: 'tree', show: (page) => view(page, 'Tree') },
];
