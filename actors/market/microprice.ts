/**
 * Stoikov's micro-price (2018): the mid plus the expected sum of its future moves, given imbalance and spread.
 *
 * Best quotes are a Markov chain on (imbalance in tenths, spread in ticks up to `SPREADS`). Counted are steps that
 * leave the mid (Q), steps that move it (T) and by how much (R·K). Counts are symmetrised: a step and its mirror,
 * bid and ask exchanged, are one observation. Then with B = (I−Q)⁻¹T
 *
 *     g = G + B·G + B²·G + …,   G = (I−Q)⁻¹·(expected move of one step)
 *
 * which the symmetry makes converge. One pseudo-step without a move in every state keeps I−Q regular. Counts are
 * halved at each fit, so that old behaviour fades.
 */
const IMBALANCES = 10;
const SPREADS = 3;
const STATES = IMBALANCES * SPREADS;
const TERMS = 32;

export class Microprice {
  private readonly stays = new Float64Array(STATES * STATES);
  private readonly moves = new Float64Array(STATES * STATES);
  /** Sum of the moves out of each state, half ticks. */
  private readonly moved = new Float64Array(STATES);
  /** Expected sum of future moves in each state, ticks; 0 before the first fit. */
  readonly adjustment = new Float64Array(STATES);
  private state = -1;
  /** Bid plus ask of the last quotes. */
  private twiceMid = 0;
  fits = 0;

  private readonly matrix = new Float64Array(STATES * STATES);
  private readonly onward = new Float64Array(STATES * STATES);
  private readonly term = new Float64Array(STATES);
  private readonly next = new Float64Array(STATES);

  /** New best quotes in ticks, both sides there, with their lots in q[bidAt] and q[askAt]. */
  quotes(bid: number, ask: number, q: Float64Array, bidAt: number, askAt: number): void {
    const lots = q[bidAt] + q[askAt];
    if (!(lots > 0)) {
      this.state = -1;
      return;
    }
    let imbalance = ((q[bidAt] / lots) * IMBALANCES) | 0;
    if (imbalance === IMBALANCES) imbalance -= 1;
    const ticks = ask - bid;
    const state = (ticks > SPREADS ? SPREADS - 1 : ticks - 1) * IMBALANCES + imbalance;
    if (this.state >= 0) {
      const d = bid + ask - this.twiceMid;
      if (d === 0) this.stays[this.state * STATES + state] += 1;
      else {
        this.moves[this.state * STATES + state] += 1;
        this.moved[this.state] += d;
      }
    }
    this.state = state;
    this.twiceMid = bid + ask;
  }

  /** A side is empty or the quotes are not known: the next ones follow nothing. */
  lose(): void {
    this.state = -1;
  }

  /** Micro-price in ticks, NaN without quotes; the mid before the first fit. */
  get price(): number {
    return this.state < 0 ? NaN : this.twiceMid / 2 + this.adjustment[this.state];
  }

  /** Recomputes the adjustments from the counts. */
  fit(): void {
    const { stays, moves, moved, matrix, onward, term, next, adjustment } = this;
    for (let x = 0; x < STATES; x += 1) {
      const mx = mirror(x);
      let total = 1;
      for (let y = 0; y < STATES; y += 1) {
        const my = mirror(y);
        const stay = stays[x * STATES + y] + stays[mx * STATES + my];
        const move = moves[x * STATES + y] + moves[mx * STATES + my];
        matrix[x * STATES + y] = -stay;
        onward[x * STATES + y] = move;
        total += stay + move;
      }
      for (let y = 0; y < STATES; y += 1) {
        matrix[x * STATES + y] /= total;
        onward[x * STATES + y] /= total;
      }
      matrix[x * STATES + x] += 1;
      term[x] = (moved[x] - moved[mx]) / 2 / total;
    }
    this.factor();
    this.solve();
    for (let x = 0; x < STATES; x += 1) adjustment[x] = term[x];
    for (let k = 1; k < TERMS; k += 1) {
      for (let x = 0; x < STATES; x += 1) {
        let sum = 0;
        for (let y = 0; y < STATES; y += 1) sum += onward[x * STATES + y] * term[y];
        next[x] = sum;
      }
      for (let x = 0; x < STATES; x += 1) term[x] = next[x];
      this.solve();
      for (let x = 0; x < STATES; x += 1) adjustment[x] += term[x];
    }
    for (let i = 0; i < STATES * STATES; i += 1) {
      stays[i] /= 2;
      moves[i] /= 2;
    }
    for (let x = 0; x < STATES; x += 1) moved[x] /= 2;
    this.fits += 1;
  }

  /** LU in place; I−Q is strictly diagonally dominant, so no pivot is needed. */
  private factor(): void {
    const { matrix } = this;
    for (let k = 0; k < STATES; k += 1) {
      for (let i = k + 1; i < STATES; i += 1) {
        const f = matrix[i * STATES + k] / matrix[k * STATES + k];
        matrix[i * STATES + k] = f;
        for (let j = k + 1; j < STATES; j += 1) matrix[i * STATES + j] -= f * matrix[k * STATES + j];
      }
    }
  }

  /** term ← (I−Q)⁻¹·term. */
  private solve(): void {
    const { matrix, term } = this;
    for (let i = 0; i < STATES; i += 1) {
      let v = term[i];
      for (let j = 0; j < i; j += 1) v -= matrix[i * STATES + j] * term[j];
      term[i] = v;
    }
    for (let i = STATES - 1; i >= 0; i -= 1) {
      let v = term[i];
      for (let j = i + 1; j < STATES; j += 1) v -= matrix[i * STATES + j] * term[j];
      term[i] = v / matrix[i * STATES + i];
    }
  }
}

/** The state with bid and ask exchanged. */
function mirror(state: number): number {
  const imbalance = state % IMBALANCES;
  return state - imbalance + (IMBALANCES - 1 - imbalance);
}
