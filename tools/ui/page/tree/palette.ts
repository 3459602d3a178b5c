/** Colours of the drawing, from the page's custom properties, so that it follows the theme. */
export interface Palette {
  readonly bg: string;
  readonly panel: string;
  readonly raised: string;
  readonly line: string;
  readonly text: string;
  readonly muted: string;
  readonly accent: string;
  readonly good: string;
  readonly warn: string;
  readonly bad: string;
  readonly sleep: string;
  readonly alert: string;
  readonly active: string;
  readonly recovery: string;
}

export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    bg: of('bg'), panel: of('panel'), raised: of('raised'), line: of('line'), text: of('text'), muted: of('muted'), accent: of('accent'), good: of('good'), warn: of('warn'), bad: of('bad'),
    sleep: of('sleep'), alert: of('alert'), active: of('active'), recovery: of('recovery'),
  };
}
