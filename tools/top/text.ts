/** Text that a terminal may get: no control character, nothing without a width, no half character. Each such one becomes a middle dot, or a question mark. */
const UNSAFE = /[\p{C}\p{M}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu;
const WIDE = /[\u1100-\u115e\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const PLAIN = /^[\u0020-\u007e]*$/;

/** `ascii`: nothing but printable ASCII is left. */
export function clean(text: string, ascii = false): string {
  if (PLAIN.test(text)) return text;
  const safe = text.replaceAll(UNSAFE, ascii ? '?' : '·');
  return ascii ? safe.replaceAll(/[^\u0020-\u007e]/gu, (character) => FALLBACK[character] ?? '?') : safe;
}

/** What stands for our own signs where only ASCII can be shown. */
const FALLBACK: Readonly<Record<string, string>> = { '│': '|', '├': '|', '└': '`', '─': '-', '…': '~', '▸': '+', '▾': '-', '·': '.', '→': '>', '↑': '^', '↓': 'v', '●': '*', '–': '-', '’': "'" };

/** Columns of a clean text. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += WIDE.test(character) ? 2 : 1;
  return width;
}

/** The beginning of a clean text that takes at most `width` columns; one that is cut ends in an ellipsis. */
export function cut(text: string, width: number): string {
  if (width <= 0) return '';
  if (widthOf(text) <= width) return text;
  let taken = '';
  let used = 0;
  for (const character of text) {
    const wide = WIDE.test(character) ? 2 : 1;
    if (used + wide > width - 1) break;
    taken += character;
    used += wide;
  }
  return `${taken}…`;
}

export type Style = 'dim' | 'bold' | 'good' | 'warn' | 'bad' | 'info' | 'selected' | 'title';

/** A stretch of text in one style. */
export interface Span {
  readonly text: string;
  readonly style?: Style;
}
/** One line of a frame. */
export type Line = readonly Span[];

/** A line of clean text that takes at most `width` columns. */
export function fitLine(line: Line, width: number, ascii: boolean): Line {
  const fitted: Span[] = [];
  let left = width;
  for (const { text, style } of line) {
    if (left <= 0) break;
    const safe = clean(cut(clean(text), left), ascii);
    left -= widthOf(safe);
    fitted.push(style === undefined ? { text: safe } : { text: safe, style });
  }
  return fitted;
}

export const plainText = (line: Line): string => line.map(({ text }) => text).join('');
export const lineWidth = (line: Line): number => line.reduce((sum, { text }) => sum + widthOf(text), 0);

/** To the right or left of so many columns; what is longer is cut. */
export function pad(text: string, width: number, align: 'l' | 'r' = 'l'): string {
  const shown = cut(clean(text), width);
  const space = ' '.repeat(Math.max(0, width - widthOf(shown)));
  return align === 'l' ? shown + space : space + shown;
}
