import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { CHART_FONT, type ChartArrow, type ChartBox, type ChartGeometry } from '../../wire/chart.js';
import { centred, fit, type Frame, moved, resized, type Size, zoomed } from './zoom.js';

/** What of the chart is lit. */
export interface Lit {
  readonly active: ReadonlySet<number>;
  /** Transitions of the event that is looked at, and a number that grows with each: it starts the movement anew. */
  readonly taken: ReadonlySet<number>;
  readonly takenKey: string;
  readonly counts: Readonly<Record<string, number>>;
}

const STEP = 60;

/** A chart, with zoom and pan by wheel, mouse, fingers and keys. */
export function Drawing({ geometry, lit, label }: { readonly geometry: ChartGeometry; readonly lit: Lit; readonly label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const window = useSize(box);
  const [frame, setFrame] = useState<Frame | null>(null);
  const drawing: Size = geometry;
  const seen = useRef({ digest: '', window });
  const shown = frame ?? fit(drawing, window);
  const latest = useRef(shown);
  latest.current = shown;
  // Two fingers may move between two drawings: each goes on from where the other has led.
  const show = (next: Frame): void => {
    latest.current = next;
    setFrame(next);
  };

  useEffect(() => {
    const before = seen.current;
    seen.current = { digest: geometry.digest, window };
    if (before.digest !== geometry.digest) setFrame(null);
    else if (frame !== null && before.window.width > 0) setFrame(resized(frame, before.window, window));
  }, [geometry.digest, window.width, window.height]);

  const zoom = (factor: number, shareX?: number, shareY?: number): void => show(zoomed(latest.current, factor, drawing, window, shareX, shareY));
  const move = (dx: number, dy: number): void => {
    const scale = latest.current.width / window.width;
    show(moved(latest.current, dx * scale, dy * scale, drawing));
  };
  usePointers(box, window, zoom, move);

  const toActive = (): void => {
    const deepest = geometry.boxes.filter(({ state, shape }) => lit.active.has(state) && shape !== 'initial').at(-1);
    if (deepest !== undefined) setFrame(centred(latest.current, deepest.x + deepest.width / 2, deepest.y + deepest.height / 2, drawing));
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { '+': () => zoom(1.25), '=': () => zoom(1.25), '-': () => zoom(0.8), '0': () => setFrame(null), '.': toActive,
      ArrowLeft: () => move(-STEP, 0), ArrowRight: () => move(STEP, 0), ArrowUp: () => move(0, -STEP), ArrowDown: () => move(0, STEP) }[event.key];
    if (act === undefined) return;
    act();
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class="chart-drawing">
      <div class="chart-tools" role="toolbar" aria-label="Zoom of the chart">
        <button type="button" aria-label="Closer" title="Closer (+)" onClick={() => zoom(1.25)}>+</button>
        <button type="button" aria-label="Farther" title="Farther (-)" onClick={() => zoom(0.8)}>−</button>
        <button type="button" title="All of it (0)" onClick={() => setFrame(null)}>fit</button>
        <button type="button" title="To the current state (.)" onClick={toActive}>current</button>
      </div>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div class="chart-canvas" ref={box} tabIndex={0} role="group" aria-label={`${label}. Arrow keys move it, plus and minus zoom, 0 shows all of it.`} onKeyDown={onKey}>
        <svg class="chart-svg" viewBox={`${shown.x} ${shown.y} ${shown.width} ${shown.height}`} aria-hidden="true">
          <defs>
            <marker id="chart-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="chart-head" d="M0 0.5 8 4 0 7.5z" /></marker>
            <marker id="chart-head-lit" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="10" markerHeight="10" markerUnits="userSpaceOnUse" orient="auto"><path class="chart-head is-lit" d="M0 0.5 8 4 0 7.5z" /></marker>
          </defs>
          {geometry.boxes.map((one, at) => <Box key={at} box={one} lit={lit} />)}
          {geometry.arrows.map((one, at) => <Arrow key={at} arrow={one} lit={lit} />)}
          {geometry.arrows.map((one, at) => <Label key={at} arrow={one} lit={lit} />)}
        </svg>
      </div>
    </div>
  );
}

const HUES: Readonly<Record<string, string>> = { SLEEP: 'sleep', ALERT: 'alert', ACTIVE: 'active', RECOVERY: 'recovery' };

function Box({ box, lit }: { readonly box: ChartBox; readonly lit: Lit }) {
  const { state, shape, x, y, width, height, title, full, lines } = box;
  const hue = Object.hasOwn(HUES, title) ? ` hue-${HUES[title]}` : '';
  const active = lit.active.has(state) && shape !== 'initial';
  const middleX = x + width / 2;
  const middleY = y + height / 2;
  if (shape === 'initial') return <circle class="chart-dot" cx={middleX} cy={middleY} r={5} />;
  if (shape === 'history') {
    return (
      <g class="chart-box">
        <title>{full}</title>
        <circle class="chart-outline" cx={middleX} cy={middleY} r={width / 2 - 1} />
        <text x={middleX} y={middleY + 4} text-anchor="middle">{title}</text>
      </g>
    );
  }
  return (
    <g class={`chart-box is-${shape}${hue}${active ? ' is-active' : ''}`} data-state={full}>
      <title>{full}</title>
      <rect class="chart-outline" x={x} y={y} width={width} height={height} rx={7} />
      {shape === 'final' ? <rect class="chart-outline chart-inner" x={x + 3} y={y + 3} width={width - 6} height={height - 6} rx={5} /> : null}
      <text class="chart-title" x={x + CHART_FONT.inset} y={y + 17}>{title}</text>
      {lines.length === 0 ? null : <path class="chart-rule" d={`M${x} ${y + CHART_FONT.headerHeight}h${width}`} />}
      {lines.map((line, at) => (
        <text key={at} class={`chart-line${line.transition !== null && lit.taken.has(line.transition) ? ' is-taken' : ''}`} x={x + CHART_FONT.inset} y={y + line.y}>
          {line.text === line.full ? null : <title>{line.full}</title>}
          {line.text}
          <Count of={line.transition} lit={lit} />
        </text>
      ))}
    </g>
  );
}

function Arrow({ arrow, lit }: { readonly arrow: ChartArrow; readonly lit: Lit }) {
  const taken = arrow.transitions.some((at) => lit.taken.has(at));
  return (
    <g class={`chart-arrow${taken ? ' is-taken' : ''}`}>
      {/* Where others to the same state say it for this one too. */}
      {arrow.labelBox === null && arrow.labels.length > 0 ? <title>{arrow.labels.map(({ full }) => full).join('\n')}</title> : null}
      {arrow.paths.map((points, at) => <path key={at} d={pathOf(points)} marker-end={taken ? 'url(#chart-head-lit)' : 'url(#chart-head)'} />)}
      {taken ? arrow.paths.map((points, at) => <path key={`${lit.takenKey} ${at}`} class="chart-run" pathLength={1} d={pathOf(points)} />) : null}
    </g>
  );
}

function Label({ arrow: { labels, labelBox, paths }, lit }: { readonly arrow: ChartArrow; readonly lit: Lit }) {
  if (labelBox === null) return <Uncounted paths={paths} labels={labels} lit={lit} />;
  const { x, y, width, height } = labelBox;
  return (
    <g class="chart-label">
      <rect x={x} y={y} width={width} height={height} rx={3} />
      {labels.map((label, at) => (
        <text key={at} class={label.transition >= 0 && lit.taken.has(label.transition) ? 'is-taken' : undefined} x={x + 4} y={y + 11.5 + at * CHART_FONT.lineHeight}>
          <title>{label.full}</title>
          {label.text}
          <Count of={label.transition} lit={lit} />
        </text>
      ))}
    </g>
  );
}

/** Of an arrow without words of its own: how often it was taken, in the middle of its longest piece. */
function Uncounted({ paths, labels, lit }: { readonly paths: ChartArrow['paths']; readonly labels: ChartArrow['labels']; readonly lit: Lit }) {
  const count = labels.reduce((sum, { transition }) => sum + (lit.counts[String(transition)] ?? 0), 0);
  const [points = []] = paths;
  if (count === 0 || points.length < 2) return null;
  const pieces = points.slice(1).map(([x, y], at) => ({ x: (x + points[at]![0]) / 2, y: (y + points[at]![1]) / 2, length: Math.abs(x - points[at]![0]) + Math.abs(y - points[at]![1]) }));
  const { x, y } = pieces.reduce((longest, piece) => (piece.length > longest.length ? piece : longest));
  return <g class="chart-label"><text x={x + 3} y={y + 4}><tspan class="chart-count">{`×${count}`}</tspan></text></g>;
}

function Count({ of, lit }: { readonly of: number | null; readonly lit: Lit }) {
  const count = of === null ? undefined : lit.counts[String(of)];
  return count === undefined ? null : <tspan class="chart-count">{` ×${count}`}</tspan>;
}

/** A polyline whose corners are rounded a little. */
function pathOf(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], at) => {
    const before = points[at - 1];
    const after = points[at + 1];
    if (before === undefined) return `M${x} ${y}`;
    if (after === undefined) return `L${x} ${y}`;
    const [fromX, fromY] = near([x, y], before);
    const [toX, toY] = near([x, y], after);
    return `L${fromX} ${fromY}Q${x} ${y} ${toX} ${toY}`;
  }).join('');
}

function near([x, y]: readonly [number, number], [toX, toY]: readonly [number, number]): readonly [number, number] {
  const length = Math.max(Math.abs(toX - x), Math.abs(toY - y));
  const share = length === 0 ? 0 : Math.min(5, length / 2) / length;
  return [x + (toX - x) * share, y + (toY - y) * share];
}

function useSize(box: { readonly current: HTMLDivElement | null }): Size {
  const [size, setSize] = useState<Size>({ width: 600, height: 400 });
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setSize({ width: Math.max(1, element.clientWidth), height: Math.max(1, element.clientHeight) }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return size;
}

/** Wheel, drag and pinch. */
function usePointers(box: { readonly current: HTMLDivElement | null }, window: Size, zoom: (factor: number, shareX: number, shareY: number) => void, move: (dx: number, dy: number) => void): void {
  const act = useRef({ zoom, move });
  act.current = { zoom, move };
  const down = useMemo(() => new Map<number, { x: number; y: number }>(), []);
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const shareOf = (x: number, y: number): readonly [number, number] => {
      const { left, top, width, height } = element.getBoundingClientRect();
      return [(x - left) / Math.max(1, width), (y - top) / Math.max(1, height)];
    };
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * 30;
      act.current.zoom(Math.exp(-Math.max(-200, Math.min(200, pixels)) / 300), ...shareOf(event.clientX, event.clientY));
    };
    const onDown = (event: PointerEvent): void => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    };
    const onMove = (event: PointerEvent): void => {
      const last = down.get(event.pointerId);
      if (last === undefined) return;
      const others = [...down].filter(([id]) => id !== event.pointerId);
      const [, other] = others[0] ?? [];
      if (other === undefined) {
        act.current.move(last.x - event.clientX, last.y - event.clientY);
      } else {
        const before = Math.hypot(last.x - other.x, last.y - other.y);
        const after = Math.hypot(event.clientX - other.x, event.clientY - other.y);
        // What is under the finger that rests stays there.
        if (before > 5 && after > 5) act.current.zoom(after / before, ...shareOf(other.x, other.y));
      }
      last.x = event.clientX;
      last.y = event.clientY;
    };
    const onUp = (event: PointerEvent): void => void down.delete(event.pointerId);
    element.addEventListener('wheel', onWheel, { passive: false });
    element.addEventListener('pointerdown', onDown);
    element.addEventListener('pointermove', onMove);
    element.addEventListener('pointerup', onUp);
    element.addEventListener('pointercancel', onUp);
    return () => {
      element.removeEventListener('wheel', onWheel);
      element.removeEventListener('pointerdown', onDown);
      element.removeEventListener('pointermove', onMove);
      element.removeEventListener('pointerup', onUp);
      element.removeEventListener('pointercancel', onUp);
    };
  }, [window.width > 0]);
}
