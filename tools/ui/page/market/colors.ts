/** The page's colours for canvases, which no stylesheet reaches. Read anew when the theme changes. */
export interface Colors {
  readonly bg: string;
  readonly line: string;
  readonly text: string;
  readonly muted: string;
  readonly accent: string;
  readonly good: string;
  readonly bad: string;
  readonly warn: string;
  readonly sleep: string;
  readonly alert: string;
  readonly active: string;
  readonly recovery: string;
}

export function readColors(): Colors {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim() || '#888888';
  return {
    bg: of('bg'), line: of('line'), text: of('text'), muted: of('muted'), accent: of('accent'), good: of('good'), bad: of('bad'), warn: of('warn'),
    sleep: of('sleep'), alert: of('alert'), active: of('active'), recovery: of('recovery'),
  };
}

/** The colour of a detector's state; of one that nobody knows the plain text's. */
export function stateColor(colors: Colors, state: string): string {
  switch (state) {
    case 'SLEEP': return colors.sleep;
    case 'ALERT': return colors.alert;
    case 'ACTIVE': return colors.active;
    case 'RECOVERY': return colors.recovery;
    default: return colors.muted;
  }
}

/** `#rrggbb` as numbers. */
export function channels(color: string): readonly [number, number, number] {
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color);
  return found === null ? [128, 128, 128] : [parseInt(found[1], 16), parseInt(found[2], 16), parseInt(found[3], 16)];
}
