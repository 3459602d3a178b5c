/** Ordinary least squares over the last pairs (x, y); a pair with NaN is not counted. Recomputed when asked. */
export class Regression {
  private readonly x: Float64Array;
  private readonly y: Float64Array;
  private at = 0;
  private filled = 0;

  /** Valid pairs of the last fit. */
  n = 0;
  slope = NaN;
  intercept = NaN;
  /** Standard error and t of the slope, share of variance explained. */
  standardError = NaN;
  t = NaN;
  rSquared = NaN;

  constructor(length: number) {
    this.x = new Float64Array(length);
    this.y = new Float64Array(length);
  }

  push(x: number, y: number): void {
    this.x[this.at] = x;
    this.y[this.at] = y;
    this.at += 1;
    if (this.at === this.x.length) this.at = 0;
    if (this.filled < this.x.length) this.filled += 1;
  }

  /** y = intercept + slope·x. NaN below `least` pairs or when x does not vary. */
  fit(least: number): void {
    this.count();
    this.slope = NaN;
    this.intercept = NaN;
    this.standardError = NaN;
    this.t = NaN;
    this.rSquared = NaN;
    const { x, y, n } = this;
    if (n < least || n < 3) return;
    let sx = 0;
    let sy = 0;
    for (let i = 0; i < this.filled; i += 1) {
      if (x[i] - y[i] !== x[i] - y[i]) continue;
      sx += x[i];
      sy += y[i];
    }
    const mx = sx / n;
    const my = sy / n;
    let sxx = 0;
    let sxy = 0;
    let syy = 0;
    for (let i = 0; i < this.filled; i += 1) {
      if (x[i] - y[i] !== x[i] - y[i]) continue;
      sxx += (x[i] - mx) * (x[i] - mx);
      sxy += (x[i] - mx) * (y[i] - my);
      syy += (y[i] - my) * (y[i] - my);
    }
    if (sxx === 0) return;
    this.slope = sxy / sxx;
    this.intercept = my - this.slope * mx;
    let residual = 0;
    for (let i = 0; i < this.filled; i += 1) {
      if (x[i] - y[i] !== x[i] - y[i]) continue;
      const e = y[i] - this.intercept - this.slope * x[i];
      residual += e * e;
    }
    this.standardError = Math.sqrt(residual / (n - 2) / sxx);
    this.t = this.slope / this.standardError;
    this.rSquared = syy === 0 ? NaN : 1 - residual / syy;
  }

  /** y = slope·x, no intercept. */
  fitThroughOrigin(least: number): void {
    this.count();
    this.slope = NaN;
    if (this.n < least) return;
    let sxx = 0;
    let sxy = 0;
    for (let i = 0; i < this.filled; i += 1) {
      if (this.x[i] - this.y[i] !== this.x[i] - this.y[i]) continue;
      sxx += this.x[i] * this.x[i];
      sxy += this.x[i] * this.y[i];
    }
    if (sxx > 0) this.slope = sxy / sxx;
  }

  private count(): void {
    let n = 0;
    for (let i = 0; i < this.filled; i += 1) if (this.x[i] - this.y[i] === this.x[i] - this.y[i]) n += 1;
    this.n = n;
  }
}
