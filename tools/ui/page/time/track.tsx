import { useEffect, useRef } from 'preact/hooks';
import type { TimeMarks } from '../../wire/time.js';
import { theme } from '../theme.js';
import { readPalette } from '../tree/palette.js';

const STATE_HUES: Readonly<Record<string, string>> = { SLEEP: '--sleep', ALERT: '--alert', ACTIVE: '--active', RECOVERY: '--recovery' };
/** Detectors that have a band of their own, a few pixels each. */
const MOST_BANDS = 6;
const BAND_PX = 4;
const HEIGHT_PX = 44;

/** What happened where, as a strip: bands of the detectors, and marks for decisions, fills and restarts over the density of all events. */
export function Track({ marks, share }: { readonly marks: TimeMarks | null; readonly share: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const colours = theme.value;
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const paint = (): void => draw(element, marks, share);
    paint();
    const observer = new ResizeObserver(paint);
    observer.observe(element);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', paint);
    return () => {
      observer.disconnect();
      scheme.removeEventListener('change', paint);
    };
  }, [marks, share, colours]);
  return <canvas ref={canvas} class="time-track" aria-hidden="true" />;
}

function draw(canvas: HTMLCanvasElement, marks: TimeMarks | null, share: number): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const ratio = devicePixelRatio;
  const width = Math.max(1, canvas.clientWidth);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(HEIGHT_PX * ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const palette = readPalette(canvas);
  context.clearRect(0, 0, width, HEIGHT_PX);
  if (marks !== null) {
    const style = getComputedStyle(canvas);
    const step = width / marks.count;
    const column = (at: number): readonly [x: number, w: number] => [at * step, Math.max(1, step)];
    const bands = marks.bands.slice(0, MOST_BANDS);
    const top = bands.length * BAND_PX;
    for (const [row, { parts }] of bands.entries()) {
      for (let at = 0; at < marks.count; at += 1) {
        const state = parts[at]!;
        if (state < 0) continue;
        context.fillStyle = style.getPropertyValue(STATE_HUES[marks.states[state] ?? ''] ?? '--muted').trim();
        context.fillRect(...rect(column(at), row * BAND_PX, BAND_PX - 1));
      }
    }
    const room = HEIGHT_PX - top - 2;
    const most = Math.max(1, ...marks.events);
    context.fillStyle = palette.line;
    for (let at = 0; at < marks.count; at += 1) {
      const height = marks.events[at] === 0 ? 0 : Math.max(1, room * Math.log1p(marks.events[at]!) / Math.log1p(most));
      context.fillRect(...rect(column(at), HEIGHT_PX - height, height));
    }
    const ticks = (counts: readonly number[], colour: string, from: number, height: number): void => {
      context.fillStyle = colour;
      for (let at = 0; at < marks.count; at += 1) if (counts[at]! > 0) context.fillRect(...rect([at * step, Math.max(1.5, step)], from, height));
    };
    ticks(marks.decisions, palette.accent, top + room * 0.55, room * 0.45);
    ticks(marks.fills, palette.good, top + room * 0.3, room * 0.4);
    ticks(marks.trades, palette.good, top + room * 0.15, room * 0.55);
    ticks(marks.restarts, palette.bad, top, room);
  }
  context.fillStyle = palette.text;
  if (share >= 0) context.fillRect(Math.min(width - 2, share * width), 0, 2, HEIGHT_PX);
}

const rect = ([x, width]: readonly [number, number], y: number, height: number): [number, number, number, number] => [x, y, width, height];
