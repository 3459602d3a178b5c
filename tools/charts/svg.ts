import { CHART_FONT, type ChartArrow, type ChartBox, type ChartGeometry } from '../ui/wire/chart.js';

/** Both palettes stand in the file, so that it can be read by itself on a dark and on a light page. */
const STYLE = `
:root { color-scheme: light dark; }
.c-bg { fill: #ffffff; }
text { font-family: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: ${CHART_FONT.size}px; fill: #1a1f27; }
.c-title { font-size: ${CHART_FONT.titleSize}px; font-weight: 600; }
.c-line, .c-label { fill: #48525f; }
.c-box { fill: #f6f7f9; stroke: #7d8794; }
.c-region, .c-parallel { fill: #8a94a3; fill-opacity: 0.07; }
.c-parallel > .c-inside { stroke-dasharray: none; }
.c-rule { stroke: #c5ccd6; }
.c-part { stroke-dasharray: 5 4; }
.c-arrow path { fill: none; stroke: #535d6b; stroke-width: 1.2; }
.c-head { fill: #535d6b; }
.c-dot { fill: #535d6b; }
.c-back { fill: #ffffff; fill-opacity: 0.88; }
@media (prefers-color-scheme: dark) {
  .c-bg { fill: #14161a; }
  text { fill: #e4e7ec; }
  .c-line, .c-label { fill: #b3bcc9; }
  .c-box { fill: #1f232b; stroke: #707a8a; }
  .c-region, .c-parallel { fill: #8a94a3; fill-opacity: 0.07; }
  .c-rule { stroke: #363c48; }
  .c-arrow path { stroke: #97a1b0; }
  .c-head, .c-dot { fill: #97a1b0; }
  .c-back { fill: #14161a; fill-opacity: 0.85; }
}
`.trim();

/** The chart as one SVG file. Whatever a name holds is text in it. */
export function svgOf(geometry: ChartGeometry, description: string): string {
  const { id, width, height, boxes, arrows, note } = geometry;
  const foot = note === null ? 0 : 24;
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + foot}" width="${width}" height="${height + foot}" role="img" aria-labelledby="t d">`,
    `<title id="t">${escape(`Statechart of ${id}`)}</title>`,
    `<desc id="d">${escape(description)}</desc>`,
    `<style>${STYLE}</style>`,
    '<defs><marker id="h" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="c-head" d="M0 0.5 8 4 0 7.5z"/></marker></defs>',
    `<rect class="c-bg" width="${width}" height="${height + foot}"/>`,
    ...boxes.map(boxOf),
    ...arrows.map(lineOf),
    ...arrows.map(labelOf),
    ...(note === null ? [] : [`<text class="c-line" x="12" y="${height + 14}">${escape(note)}</text>`]),
    '</svg>',
  ];
  return `${out.filter((line) => line !== '').join('\n')}\n`;
}

function boxOf({ shape, x, y, width, height, title, full, lines }: ChartBox): string {
  const tip = `<title>${escape(full)}</title>`;
  const middleX = x + width / 2;
  const middleY = y + height / 2;
  switch (shape) {
    case 'initial':
      return `<circle class="c-dot" cx="${middleX}" cy="${middleY}" r="5">${tip}</circle>`;
    case 'history':
      return `<g>${tip}<circle class="c-box" cx="${middleX}" cy="${middleY}" r="${width / 2 - 1}"/><text x="${middleX}" y="${middleY + 4}" text-anchor="middle">${escape(title)}</text></g>`;
    case 'state':
    case 'final':
    case 'region':
    case 'parallel': {
      const { headerHeight, inset } = CHART_FONT;
      const open = shape === 'region' || shape === 'parallel';
      const parts = [
        `<g>${tip}<rect class="c-box${open ? ` c-${shape}` : ''}" x="${x}" y="${y}" width="${width}" height="${height}" rx="7"/>`,
        ...(shape === 'final' ? [`<rect class="c-box" x="${x + 3}" y="${y + 3}" width="${width - 6}" height="${height - 6}" rx="5"/>`] : []),
        `<text class="c-title" x="${x + inset}" y="${y + 17}">${escape(title)}</text>`,
        ...(lines.length === 0 ? [] : [`<path class="c-rule" d="M${x} ${y + headerHeight}h${width}"/>`]),
        ...lines.map((line) => `<text class="c-line" x="${x + inset}" y="${y + line.y}">${line.text === line.full ? '' : `<title>${escape(line.full)}</title>`}${escape(line.text)}</text>`),
        '</g>',
      ];
      return parts.join('');
    }
  }
}

function lineOf({ paths, labels }: ChartArrow): string {
  const lines = paths.map((points) => `<path marker-end="url(#h)" d="${pathOf(points)}"/>`);
  return `<g class="c-arrow">${labels.length === 0 ? '' : `<title>${escape(labels.map(({ full }) => full).join('\n'))}</title>`}${lines.join('')}</g>`;
}

function labelOf({ labels, labelBox }: ChartArrow): string {
  if (labelBox === null) return '';
  const { x, y, width, height } = labelBox;
  const lines = labels.map(({ text, full }, at) =>
    `<text class="c-label" x="${x + 4}" y="${y + 11.5 + at * CHART_FONT.lineHeight}">${text === full ? '' : `<title>${escape(full)}</title>`}${escape(text)}</text>`);
  return `<g><rect class="c-back" x="${x}" y="${y}" width="${width}" height="${height}" rx="3"/>${lines.join('')}</g>`;
}

/** A polyline with its corners rounded a little. */
export function pathOf(points: readonly (readonly [number, number])[], radius = 5): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let out = `M${first[0]} ${first[1]}`;
  for (let at = 0; at < rest.length; at++) {
    const [x, y] = rest[at]!;
    const before = at === 0 ? first : rest[at - 1]!;
    const after = rest[at + 1];
    if (after === undefined) {
      out += `L${x} ${y}`;
      continue;
    }
    const [fromX, fromY] = towards([x, y], before, radius);
    const [toX, toY] = towards([x, y], after, radius);
    out += `L${fromX} ${fromY}Q${x} ${y} ${toX} ${toY}`;
  }
  return out;
}

/** The point `far` from `from` towards `to`, half way at most. */
function towards([x, y]: readonly [number, number], [toX, toY]: readonly [number, number], far: number): readonly [number, number] {
  const length = Math.max(Math.abs(toX - x), Math.abs(toY - y));
  const share = length === 0 ? 0 : Math.min(far, length / 2) / length;
  return [round(x + (toX - x) * share), round(y + (toY - y) * share)];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Text of an XML file: markup escaped, and what XML 1.0 allows in no file replaced. */
export function escape(text: string): string {
  return Array.from(text, (char) => {
    switch (char) {
      case '&': return '&amp;';
      case '<': return '&lt;';
      case '>': return '&gt;';
      case '"': return '&quot;';
      case "'": return '&#39;';
      default: return isXmlChar(char.codePointAt(0)!) ? char : '\uFFFD';
    }
  }).join('');
}

function isXmlChar(code: number): boolean {
  return code === 0x9 || code === 0xa || code === 0xd || (code >= 0x20 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0xfffd) || code >= 0x10000;
}
