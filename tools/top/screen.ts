import { fitLine, type Line, lineWidth, plainText, type Style } from './text.js';

const SGR: Readonly<Record<Style, string>> = { dim: '2', bold: '1', good: '32', warn: '33', bad: '31', info: '36', selected: '7', title: '1;36' };

const CSI = '\u001b[';
/** The other screen, no cursor, no wrapping: what does not fit must not push lines around. */
export const ENTER = `${CSI}?1049h${CSI}?25l${CSI}?7l`;
/** The terminal as it was. */
export const LEAVE = `${CSI}0m${CSI}?7h${CSI}?25h${CSI}?1049l`;
/** DEC mode 2026: the terminal shows what stands between them at once; one that does not know it ignores it. */
const BEGIN = `${CSI}?2026h`;
const END = `${CSI}?2026l`;

export interface PaintOptions {
  readonly colour: boolean;
  readonly ascii: boolean;
}

/** A line as a terminal gets it. */
export function painted(line: Line, { colour }: Pick<PaintOptions, 'colour'>): string {
  if (!colour) {
    // What is selected is seen without colours too.
    return line.some(({ style }) => style === 'selected') ? `${CSI}7m${plainText(line)}${CSI}0m` : plainText(line);
  }
  return line.map(({ text, style }) => (style === undefined ? text : `${CSI}${SGR[style]}m${text}${CSI}0m`)).join('');
}

/** Makes of frames the bytes that change a terminal from the last one to the next: only lines that differ, each at its place. */
export class Painter {
  readonly #options: PaintOptions;
  #columns = 0;
  #rows = 0;
  #shown: string[] = [];

  constructor(options: PaintOptions) {
    this.#options = options;
  }

  /** Nothing is known of the screen any more: the next frame is drawn whole. */
  forget(): void {
    this.#shown = [];
    this.#columns = 0;
  }

  /** Bytes for a frame of at most `rows` lines; '' where nothing changed. A terminal of another size is drawn whole. */
  frame(lines: readonly Line[], columns: number, rows: number): string {
    const whole = columns !== this.#columns || rows !== this.#rows;
    this.#columns = columns;
    this.#rows = rows;
    let bytes = '';
    const shown: string[] = [];
    for (let row = 0; row < rows; row += 1) {
      const line = fitLine(lines[row] ?? [], columns, this.#options.ascii);
      const text = painted(line, this.#options);
      shown.push(text);
      if (!whole && this.#shown[row] === text) continue;
      // A line that fills its row leaves the cursor on the last column, and what is erased there would be of the line.
      bytes += `${CSI}${row + 1};1H${text}${lineWidth(line) < columns ? `${CSI}K` : ''}`;
    }
    this.#shown = shown;
    return bytes === '' ? '' : BEGIN + bytes + END;
  }
}
