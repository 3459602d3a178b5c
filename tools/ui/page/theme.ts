import { signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';
const KEPT = 'faultline.theme';
const ORDER: readonly Theme[] = ['auto', 'light', 'dark'];

/** `auto` follows the system. */
export const theme = signal<Theme>('auto');

export function readTheme(): void {
  const kept = localStorage.getItem(KEPT);
  setTheme(ORDER.find((each) => each === kept) ?? 'auto');
}

export function nextTheme(): void {
  setTheme(ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length]!);
}

function setTheme(next: Theme): void {
  theme.value = next;
  localStorage.setItem(KEPT, next);
  document.documentElement.dataset.theme = next;
}
