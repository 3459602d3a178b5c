/** What is drawn on the price pane besides its lines: book heat, bands, candles, trades, liquidations, orders and fills. */
import type uPlot from 'uplot';
import type { Band, Mark, MarketView } from '../../wire/market.js';
import { channels, stateColor, type Colors } from './colors.js';

/** Where values lie on the canvas, in its own pixels. */
export interface Place {
  readonly ctx: CanvasRenderingContext2D;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
  x(us: number): number;
  y(value: number): number;
}

/** The plot of a chart as it is scaled now. */
export function placeOf(chart: uPlot): Place {
  const { left, top, width, height } = chart.bbox;
  const { min: fromUs = 0, max: toUs = 1 } = chart.scales['x'] as { min?: number; max?: number };
  const { min: low = 0, max: high = 1 } = chart.scales['y'] as { min?: number; max?: number };
  const perUs = width / (toUs - fromUs);
  const per = height / (high - low);
  return {
    ctx: chart.ctx, left, top, width, height, ratio: devicePixelRatio || 1,
    x: (us) => left + (us - fromUs) * perUs,
    y: (value) => top + height - (value - low) * per,
  };
}

/** Draws within the plot only. */
export function clipped(place: Place, paint: (ctx: CanvasRenderingContext2D) => void): void {
  const { ctx, left, top, width, height } = place;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  paint(ctx);
  ctx.restore();
}

const block = (view: MarketView, name: string): Float64Array => view.blocks.get(name) ?? new Float64Array(0);

/** The heat map as a picture of a pixel a cell, made once an answer. */
export function heatPicture(view: MarketView, colors: Colors): HTMLCanvasElement | undefined {
  const { heat } = view.head;
  if (heat === null || heat.most === 0) return undefined;
  const canvas = document.createElement('canvas');
  canvas.width = heat.columns;
  canvas.height = heat.rows;
  const ctx = canvas.getContext('2d')!;
  const image = ctx.createImageData(heat.columns, heat.rows);
  const [r, g, b] = channels(colors.accent);
  // Most cells hold little: what is near the most stands out.
  const floor = heat.most * 0.25;
  for (let column = 0; column < heat.columns; column += 1) {
    for (let row = 0; row < heat.rows; row += 1) {
      const code = view.heat[column * heat.rows + row];
      if (code === 0) continue;
      const at = ((heat.rows - 1 - row) * heat.columns + column) * 4;
      const share = Math.max(0, (code - floor) / (heat.most - floor));
      image.data[at] = r;
      image.data[at + 1] = g;
      image.data[at + 2] = b;
      image.data[at + 3] = 10 + 170 * share * share;
    }
  }
  ctx.putImageData(image, 0, 0);
  return canvas;
}

export function drawHeat(place: Place, view: MarketView, picture: HTMLCanvasElement, tick: number): void {
  const heat = view.head.heat!;
  const times = block(view, 'heatT');
  clipped(place, (ctx) => {
    ctx.imageSmoothingEnabled = false;
    const low = place.y(heat.lowTicks * tick);
    const high = place.y((heat.lowTicks + heat.rows * heat.binTicks) * tick);
    // Runs of columns that follow each other are one picture; a hole in the data stays one.
    for (let from = 0; from < times.length; ) {
      let to = from + 1;
      while (to < times.length && times[to] - times[to - 1] < heat.stepUs * 2.5) to += 1;
      const left = place.x(times[from]);
      const right = place.x(times[to - 1] + heat.stepUs);
      if (right > place.left && left < place.left + place.width) ctx.drawImage(picture, from, 0, to - from, heat.rows, left, high, Math.max(1, right - left), low - high);
      from = to;
    }
  });
}

/** States as a tint over the whole height; SLEEP is the plain ground. */
export function drawTint(place: Place, bands: readonly Band[], colors: Colors): void {
  clipped(place, (ctx) => {
    ctx.globalAlpha = 0.09;
    for (const { fromUs, toUs, state } of bands) {
      if (state === 'SLEEP') continue;
      ctx.fillStyle = stateColor(colors, state);
      ctx.fillRect(place.x(fromUs), place.top, Math.max(1, place.x(toUs) - place.x(fromUs)), place.height);
    }
  });
}

/** States as a strip at the top, pauses as a thinner one below it. */
export function drawStrip(place: Place, bands: readonly Band[], pauses: readonly Band[], colors: Colors): void {
  clipped(place, (ctx) => {
    for (const { fromUs, toUs, state } of bands) {
      ctx.fillStyle = stateColor(colors, state);
      ctx.fillRect(place.x(fromUs), place.top, Math.max(1, place.x(toUs) - place.x(fromUs)), 4 * place.ratio);
    }
    ctx.fillStyle = colors.warn;
    for (const { fromUs, toUs } of pauses) ctx.fillRect(place.x(fromUs), place.top + 5 * place.ratio, Math.max(1, place.x(toUs) - place.x(fromUs)), 2 * place.ratio);
  });
}

/** Candles, as wide as their time allows; from the buyer's close upwards `good`, downwards `bad`. */
export function drawCandles(place: Place, view: MarketView, tick: number, colors: Colors): void {
  const [t, open, high, low, close] = ['candleT', 'candleO', 'candleH', 'candleL', 'candleC'].map((name) => block(view, name)) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
  const intervalUs = view.head.intervalSeconds * 1e6;
  const wide = Math.max(1, place.x(intervalUs) - place.x(0));
  const body = Math.max(1, Math.min(wide * 0.7, 24 * place.ratio));
  const rising = new Path2D();
  const falling = new Path2D();
  for (let n = 0; n < t.length; n += 1) {
    const middle = place.x(t[n] + intervalUs / 2);
    if (middle < place.left - wide || middle > place.left + place.width + wide) continue;
    const path = close[n] >= open[n] ? rising : falling;
    const top = place.y(Math.max(open[n], close[n]) * tick);
    const bottom = place.y(Math.min(open[n], close[n]) * tick);
    const wick = Math.max(1, place.ratio);
    path.rect(middle - wick / 2, place.y(high[n] * tick), wick, Math.max(1, place.y(low[n] * tick) - place.y(high[n] * tick)));
    if (body > 2) path.rect(middle - body / 2, top, body, Math.max(1, bottom - top));
  }
  clipped(place, (ctx) => {
    ctx.fillStyle = colors.good;
    ctx.fill(rising);
    ctx.fillStyle = colors.bad;
    ctx.fill(falling);
  });
}

/** The best prices: a band from the least to the greatest of each pixel. */
export function drawQuotes(place: Place, view: MarketView, tick: number, colors: Colors): void {
  const t = block(view, 'quoteT');
  if (t.length === 0) return;
  // From its number, not its time: of a few microseconds a double knows too little.
  const begin = place.x(view.head.fromUs);
  const step = (place.x(view.head.toUs) - begin) / t.length;
  clipped(place, (ctx) => {
    ctx.globalAlpha = 0.55;
    for (const [low, high, color] of [[block(view, 'bidLow'), block(view, 'bidHigh'), colors.good], [block(view, 'askLow'), block(view, 'askHigh'), colors.bad]] as const) {
      const path = new Path2D();
      for (let n = 0; n < t.length; n += 1) {
        if (Number.isNaN(low[n])) continue;
        const top = place.y(high[n] * tick);
        path.rect(begin + n * step, top, step, Math.max(place.ratio, place.y(low[n] * tick) - top));
      }
      ctx.fillStyle = color;
      ctx.fill(path);
    }
  });
}

/** Trades one by one, larger ones larger, by the side that took. */
export function drawTrades(place: Place, view: MarketView, tick: number, colors: Colors): void {
  const [t, price, lots] = [block(view, 'tradeT'), block(view, 'tradeP'), block(view, 'tradeQ')];
  if (t.length === 0) return;
  let most = 1;
  for (const size of lots) most = Math.max(most, Math.abs(size));
  const bought = new Path2D();
  const sold = new Path2D();
  for (let n = 0; n < t.length; n += 1) {
    const [x, y] = [place.x(t[n]), place.y(price[n] * tick)];
    if (x < place.left - 10 || x > place.left + place.width + 10) continue;
    const radius = (1.5 + 4 * Math.sqrt(Math.abs(lots[n]) / most)) * place.ratio;
    // A sale of no lots is -0.
    const path = lots[n] < 0 || Object.is(lots[n], -0) ? sold : bought;
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
  }
  clipped(place, (ctx) => {
    ctx.globalAlpha = 0.75;
    ctx.fillStyle = colors.good;
    ctx.fill(bought);
    ctx.fillStyle = colors.bad;
    ctx.fill(sold);
  });
}

/** Liquidations: a diamond, larger for more lots; of a long (which is sold) `bad`. */
export function drawLiquidations(place: Place, view: MarketView, tick: number, colors: Colors): void {
  const [t, price, lots] = [block(view, 'liqT'), block(view, 'liqP'), block(view, 'liqQ')];
  let most = 1;
  for (const size of lots) most = Math.max(most, Math.abs(size));
  clipped(place, (ctx) => {
    ctx.lineWidth = 1.5 * place.ratio;
    for (let n = 0; n < t.length; n += 1) {
      const [x, y] = [place.x(t[n]), place.y(price[n] * tick)];
      const radius = (4 + 7 * Math.sqrt(Math.abs(lots[n]) / most)) * place.ratio;
      ctx.strokeStyle = lots[n] < 0 ? colors.bad : colors.good;
      ctx.beginPath();
      ctx.moveTo(x, y - radius);
      ctx.lineTo(x + radius, y);
      ctx.lineTo(x, y + radius);
      ctx.lineTo(x - radius, y);
      ctx.closePath();
      ctx.stroke();
    }
  });
}

/** Where a mark is drawn: at its price, or at the price of its time where it names none. */
export function markPlace(place: Place, mark: Mark, view: MarketView, tick: number): readonly [number, number] {
  return [place.x(mark.atUs), place.y((mark.priceTicks > 0 ? mark.priceTicks : priceAt(view, mark.atUs)) * tick)];
}

/** The close of the candle of a moment, or the last before it; NaN without one. */
export function priceAt(view: MarketView, us: number): number {
  const t = block(view, 'candleT');
  let low = 0;
  let high = t.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (t[middle] <= us) low = middle + 1;
    else high = middle;
  }
  return t.length === 0 ? NaN : block(view, 'candleC')[Math.max(0, low - 1)];
}

/** Orders while they rest as dashed lines; fills as triangles that point the way; entries, exits, refusals and the rest as small signs. */
export function drawMarks(place: Place, view: MarketView, tick: number, colors: Colors): void {
  const { marks, resting } = view.head;
  clipped(place, (ctx) => {
    ctx.lineWidth = place.ratio;
    ctx.setLineDash([5 * place.ratio, 4 * place.ratio]);
    for (const { fromUs, toUs, side, priceTicks } of resting) {
      ctx.strokeStyle = side === 'buy' ? colors.good : colors.bad;
      ctx.beginPath();
      ctx.moveTo(place.x(fromUs), place.y(priceTicks * tick));
      ctx.lineTo(Math.max(place.x(toUs), place.x(fromUs) + 2), place.y(priceTicks * tick));
      ctx.stroke();
    }
    ctx.setLineDash([]);
    for (const mark of marks) {
      const [x, y] = markPlace(place, mark, view, tick);
      if (!(x >= place.left - 20 && x <= place.left + place.width + 20) || Number.isNaN(y)) continue;
      drawSign(ctx, mark, x, y, place.ratio, colors);
    }
  });
}

function drawSign(ctx: CanvasRenderingContext2D, { kind, side }: Mark, x: number, y: number, ratio: number, colors: Colors): void {
  const color = side === 'buy' ? colors.good : side === 'sell' ? colors.bad : colors.muted;
  const size = (kind === 'fill' ? 7 : 4) * ratio;
  ctx.beginPath();
  switch (kind) {
    case 'fill': {
      const up = side === 'buy' ? -1 : 1;
      ctx.moveTo(x, y + up * size);
      ctx.lineTo(x + size * 0.8, y - up * size * 0.6);
      ctx.lineTo(x - size * 0.8, y - up * size * 0.6);
      ctx.closePath();
      ctx.fillStyle = color;
      ctx.fill();
      ctx.strokeStyle = colors.bg;
      ctx.lineWidth = ratio;
      ctx.stroke();
      return;
    }
    case 'order':
    case 'entry':
    case 'exit':
      ctx.rect(x - size / 2, y - size / 2, size, size);
      break;
    case 'trade':
      ctx.arc(x, y, size, 0, 2 * Math.PI);
      break;
    case 'cancel':
    case 'reject':
    case 'refusal':
      ctx.moveTo(x - size / 2, y - size / 2);
      ctx.lineTo(x + size / 2, y + size / 2);
      ctx.moveTo(x + size / 2, y - size / 2);
      ctx.lineTo(x - size / 2, y + size / 2);
      break;
  }
  ctx.strokeStyle = kind === 'reject' || kind === 'refusal' ? colors.warn : color;
  ctx.lineWidth = 1.5 * ratio;
  ctx.stroke();
}

/** The moment that the time machine is at. */
export function drawInstant(place: Place, us: number, colors: Colors): void {
  const x = place.x(us);
  clipped(place, (ctx) => {
    ctx.strokeStyle = colors.accent;
    ctx.lineWidth = 2 * place.ratio;
    ctx.beginPath();
    ctx.moveTo(x, place.top);
    ctx.lineTo(x, place.top + place.height);
    ctx.stroke();
  });
}
