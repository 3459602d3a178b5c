/**
 * Natural logarithm, exponential, power and the normal distribution function from IEEE-754 operations alone.
 *
 * Engines' own functions differ in the last bit between versions, and a decision digest cannot. These are the
 * algorithms of Sun's fdlibm 5.3 (e_log.c, e_exp.c, e_pow.c, s_erf.c; Copyright (C) 1993 by Sun Microsystems,
 * Inc., "permission to use, copy, modify, and distribute this software is freely granted, provided that this
 * notice is preserved"): only + - * /, square root and the bits of a double, in a fixed order, so that every
 * engine and a C compiler without contraction give the same bits. Errors below 1 ulp (pow 0.7; erfc 1 to 2).
 */

// The bits of one double. Little-endian, like the record layout: word 0 is the low half, word 1 the high half.
const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

const LN2_HI = 6.93147180369123816490e-1;
const LN2_LO = 1.90821492927058770002e-10;
const TWO54 = 1.80143985094819840000e16;

/** Natural logarithm. log(0) = -Infinity, negative or NaN gives NaN. */
export function log(x: number): number {
  double[0] = x;
  let hx = words[1]!;
  const lx = words[0]!;
  let k = 0;
  if (hx < 0x00100000) {
    if (((hx & 0x7fffffff) | lx) === 0) return -Infinity;
    if (hx < 0) return NaN;
    // Subnormal: scale up.
    k = -54;
    double[0] = x * TWO54;
    hx = words[1]!;
  }
  if (hx >= 0x7ff00000) return x + x;
  k += (hx >> 20) - 1023;
  hx &= 0x000fffff;
  const carry = (hx + 0x95f64) & 0x100000;
  words[1] = hx | (carry ^ 0x3ff00000);
  k += carry >> 20;
  const f = double[0]! - 1;
  if ((0x000fffff & (2 + hx)) < 3) {
    if (f === 0) return k === 0 ? 0 : k * LN2_HI + k * LN2_LO;
    const r = f * f * (0.5 - 0.33333333333333333 * f);
    return k === 0 ? f - r : k * LN2_HI - ((r - k * LN2_LO) - f);
  }
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const t1 = w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1));
  const t2 = z * (6.666666666666735130e-1 + w * (2.857142874366239149e-1
    + w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)));
  const r = t2 + t1;
  if (((hx - 0x6147a) | (0x6b851 - hx)) > 0) {
    const half = 0.5 * f * f;
    return k === 0 ? f - (half - s * (half + r)) : k * LN2_HI - ((half - (s * (half + r) + k * LN2_LO)) - f);
  }
  return k === 0 ? f - s * (f - r) : k * LN2_HI - ((s * (f - r) - k * LN2_LO) - f);
}

const INV_LN2 = 1.44269504088896338700;
const P1 = 1.66666666666666019037e-1;
const P2 = -2.77777777770155933842e-3;
const P3 = 6.61375632143793436117e-5;
const P4 = -1.65339022054652515390e-6;
const P5 = 4.13813679705723846039e-8;

/** e to the x. Overflows to Infinity above 709.78, underflows to 0 below -745.13. */
export function exp(x: number): number {
  double[0] = x;
  let hx = words[1]!;
  const negative = hx < 0;
  hx &= 0x7fffffff;
  if (hx >= 0x40862e42) {
    if (hx >= 0x7ff00000) {
      if (x !== x) return NaN;
      return negative ? 0 : x;
    }
    if (x > 7.09782712893383973096e2) return Infinity;
    if (x < -7.45133219101941108420e2) return 0;
  }
  let hi = 0;
  let lo = 0;
  let k = 0;
  let r = x;
  if (hx > 0x3fd62e42) {
    if (hx < 0x3ff0a2b2) {
      hi = negative ? x + LN2_HI : x - LN2_HI;
      lo = negative ? -LN2_LO : LN2_LO;
      k = negative ? -1 : 1;
    } else {
      k = (INV_LN2 * x + (negative ? -0.5 : 0.5)) | 0;
      hi = x - k * LN2_HI;
      lo = k * LN2_LO;
    }
    r = hi - lo;
  } else if (hx < 0x3e300000) {
    return 1 + x;
  }
  const t = r * r;
  const c = r - t * (P1 + t * (P2 + t * (P3 + t * (P4 + t * P5))));
  if (k === 0) return 1 - ((r * c) / (c - 2) - r);
  const y = 1 - ((lo - (r * c) / (2 - c)) - hi);
  words[0] = 0;
  if (k >= -1021) {
    if (k === 1024) return y * 2 * 8.98846567431157953865e307;
    words[1] = 0x3ff00000 + (k << 20);
    return y * double[0]!;
  }
  words[1] = 0x3ff00000 + ((k + 1000) << 20);
  return y * double[0]! * 9.33263618503218878990e-302;
}

const TWO53 = 9007199254740992;
const LG2 = 6.93147180559945286227e-1;
const LG2_H = 6.93147182464599609375e-1;
const LG2_L = -1.90465429995776804525e-9;
const CP = 9.61796693925975554329e-1;
const CP_H = 9.61796700954437255859e-1;
const CP_L = -7.02846165095275826516e-9;
const IVLN2_H = 1.44269502162933349609;
const IVLN2_L = 1.92596299112661746887e-8;
const L1 = 5.99999999999994648725e-1;
const L2 = 4.28571428578550184252e-1;
const L3 = 3.33333329818377432918e-1;
const L4 = 2.72728123808534006489e-1;
const L5 = 2.30660745775561754067e-1;
const L6 = 2.06975017800338417784e-1;

/** The double with its low 32 bits cleared. */
function head(x: number): number {
  double[0] = x;
  words[0] = 0;
  return double[0]!;
}

/** Times 2^n, rounded once, also into subnormals (s_scalbn.c). */
function scale(x: number, n: number): number {
  double[0] = x;
  const k = ((words[1]! >> 20) & 0x7ff) + n;
  if (k > 0) {
    words[1] = (words[1]! & 0x800fffff) | (k << 20);
    return double[0]!;
  }
  if (k <= -54) return x > 0 ? 0 : -0;
  words[1] = (words[1]! & 0x800fffff) | ((k + 54) << 20);
  return double[0]! * 5.55111512312578270212e-17;
}

/** x to the y, with the special values of ECMAScript (pow(1, ±Infinity) and pow(1, NaN) are NaN, unlike C99). */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (x !== x || y !== y) return NaN;
  double[0] = x;
  const hx = words[1]!;
  const lx = words[0]!;
  double[0] = y;
  const hy = words[1]!;
  const ly = words[0]!;
  let ix = hx & 0x7fffffff;
  const iy = hy & 0x7fffffff;

  // 0: y is not an integer, 1: odd, 2: even. Only asked of a negative x.
  let yIsInt = 0;
  if (hx < 0) {
    if (iy >= 0x43400000) yIsInt = 2;
    else if (iy >= 0x3ff00000) {
      const k = (iy >> 20) - 0x3ff;
      if (k > 20) {
        const j = ly >>> (52 - k);
        if (((j << (52 - k)) | 0) === ly) yIsInt = 2 - (j & 1);
      } else if (ly === 0) {
        const j = iy >> (20 - k);
        if (j << (20 - k) === iy) yIsInt = 2 - (j & 1);
      }
    }
  }
  if (ly === 0) {
    if (iy === 0x7ff00000) {
      if (((ix - 0x3ff00000) | lx) === 0) return NaN;
      if (ix >= 0x3ff00000) return hy >= 0 ? y : 0;
      return hy < 0 ? -y : 0;
    }
    if (iy === 0x3ff00000) return hy < 0 ? 1 / x : x;
    if (hy === 0x40000000) return x * x;
    if (hy === 0x3fe00000 && hx >= 0) return Math.sqrt(x);
  }
  let ax = Math.abs(x);
  if (lx === 0 && (ix === 0x7ff00000 || ix === 0 || ix === 0x3ff00000)) {
    let z = ax;
    if (hy < 0) z = 1 / z;
    if (hx < 0) {
      if (((ix - 0x3ff00000) | yIsInt) === 0) z = NaN;
      else if (yIsInt === 1) z = -z;
    }
    return z;
  }
  if (hx < 0 && yIsInt === 0) return NaN;
  const sign = hx < 0 && yIsInt === 1 ? -1 : 1;

  let t1 = 0;
  let t2 = 0;
  if (iy > 0x41e00000) {
    // |y| > 2^31
    if (iy > 0x43f00000) {
      if (ix <= 0x3fefffff) return hy < 0 ? Infinity : 0;
      if (ix >= 0x3ff00000) return hy > 0 ? Infinity : 0;
    }
    if (ix < 0x3fefffff) return hy < 0 ? sign * Infinity : sign * 0;
    if (ix > 0x3ff00000) return hy > 0 ? sign * Infinity : sign * 0;
    // |1 - x| <= 2^-20: log(x) by x - x^2/2 + x^3/3 - x^4/4
    const t = ax - 1;
    const w = (t * t) * (0.5 - t * (0.3333333333333333333333 - t * 0.25));
    const u = IVLN2_H * t;
    const v = t * IVLN2_L - w * INV_LN2;
    t1 = head(u + v);
    t2 = v - (t1 - u);
  } else {
    let n = 0;
    if (ix < 0x00100000) {
      ax *= TWO53;
      n -= 53;
      double[0] = ax;
      ix = words[1]!;
    }
    n += (ix >> 20) - 0x3ff;
    const j = ix & 0x000fffff;
    ix = j | 0x3ff00000;
    let upper = false;
    if (j > 0x3988e) {
      if (j < 0xbb67a) upper = true;
      else {
        n += 1;
        ix -= 0x00100000;
      }
    }
    double[0] = ax;
    words[1] = ix;
    ax = double[0]!;
    // log2(ax) in two parts, t1 + t2
    const bp = upper ? 1.5 : 1;
    const u = ax - bp;
    const v = 1 / (ax + bp);
    const ss = u * v;
    const sH = head(ss);
    words[0] = 0;
    words[1] = ((ix >> 1) | 0x20000000) + 0x00080000 + (upper ? 0x00040000 : 0);
    let tH = double[0]!;
    let tL = ax - (tH - bp);
    const sL = v * ((u - sH * tH) - sH * tL);
    let s2 = ss * ss;
    let r = s2 * s2 * (L1 + s2 * (L2 + s2 * (L3 + s2 * (L4 + s2 * (L5 + s2 * L6)))));
    r += sL * (sH + ss);
    s2 = sH * sH;
    tH = head(3 + s2 + r);
    tL = r - ((tH - 3) - s2);
    const a = sH * tH;
    const b = sL * tH + tL * ss;
    const pH = head(a + b);
    const pL = b - (pH - a);
    const zH = CP_H * pH;
    const zL = CP_L * pH + pL * CP + (upper ? 1.35003920212974897128e-8 : 0);
    const dpH = upper ? 5.84962487220764160156e-1 : 0;
    t1 = head(((zH + zL) + dpH) + n);
    t2 = zL - (((t1 - n) - dpH) - zH);
  }

  // (y1 + y2) * (t1 + t2), y1 the head of y
  const y1 = head(y);
  const pL = (y - y1) * t1 + y * t2;
  let pH = y1 * t1;
  const z = pL + pH;
  double[0] = z;
  const jz = words[1]!;
  const lz = words[0]!;
  if (jz >= 0x40900000) {
    if (((jz - 0x40900000) | lz) !== 0) return sign * Infinity;
    if (pL + 8.0085662595372944372e-17 > z - pH) return sign * Infinity;
  } else if ((jz & 0x7fffffff) >= 0x4090cc00) {
    if (((jz - (0xc090cc00 | 0)) | lz) !== 0) return sign * 0;
    if (pL <= z - pH) return sign * 0;
  }
  // 2^(pH + pL)
  const iz = jz & 0x7fffffff;
  let k = (iz >> 20) - 0x3ff;
  let n = 0;
  if (iz > 0x3fe00000) {
    n = jz + (0x00100000 >> (k + 1));
    k = ((n & 0x7fffffff) >> 20) - 0x3ff;
    words[0] = 0;
    words[1] = n & ~(0x000fffff >> k);
    const t = double[0]!;
    n = ((n & 0x000fffff) | 0x00100000) >> (20 - k);
    if (jz < 0) n = -n;
    pH -= t;
  }
  const t = head(pL + pH);
  const u = t * LG2_H;
  const v = (pL - (t - pH)) * LG2 + t * LG2_L;
  const s = u + v;
  const w = v - (s - u);
  const q = s * s;
  const c = s - q * (P1 + q * (P2 + q * (P3 + q * (P4 + q * P5))));
  const r = (s * c) / (c - 2) - (w + s * w);
  return sign * scale(1 - (r - s), n);
}

/** erfc on [0.84375, 1.25), as erx-complement minus P/Q. */
function erfcMiddle(s: number): number {
  const p = -2.36211856075265944077e-3 + s * (4.14856118683748331666e-1 + s * (-3.72207876035701323847e-1
    + s * (3.18346619901161753674e-1 + s * (-1.10894694282396677476e-1 + s * (3.54783043256182359371e-2
    + s * -2.16637559486879084300e-3)))));
  const q = 1 + s * (1.06420880400844228286e-1 + s * (5.40397917702171048937e-1 + s * (7.18286544141962662868e-2
    + s * (1.26171219808761642112e-1 + s * (1.36370839120290507362e-2 + s * 1.19844998467991074170e-2)))));
  return p / q;
}

/** Complementary error function, erfc(x) = 1 - erf(x) (s_erf.c). */
export function erfc(x: number): number {
  if (x !== x) return NaN;
  const ax = Math.abs(x);
  if (ax < 0.84375) {
    if (ax < 1.3877787807814457e-17) return 1 - x;
    const z = x * x;
    const r = 1.28379167095512558561e-1 + z * (-3.25042107247001499370e-1 + z * (-2.84817495755985104766e-2
      + z * (-5.77027029648944159157e-3 + z * -2.37630166566501626084e-5)));
    const s = 1 + z * (3.97917223959155352819e-1 + z * (6.50222499887672944485e-2 + z * (5.08130628187576562776e-3
      + z * (1.32494738004321644526e-4 + z * -3.96022827877536812320e-6))));
    const y = r / s;
    if (x < 0.25) return 1 - (x + x * y);
    return 0.5 - (x - 0.5 + x * y);
  }
  if (ax < 1.25) {
    const pq = erfcMiddle(ax - 1);
    return x >= 0 ? 1 - 8.45062911510467529297e-1 - pq : 1 + (8.45062911510467529297e-1 + pq);
  }
  if (ax >= 28) return x > 0 ? 0 : 2;
  if (x < -6) return 2;
  const s = 1 / (ax * ax);
  let r = 0;
  let d = 0;
  if (ax < 2.857142857142857) {
    r = -9.86494403484714822705e-3 + s * (-6.93858572707181764372e-1 + s * (-1.05586262253232909814e1
      + s * (-6.23753324503260060396e1 + s * (-1.62396669462573470355e2 + s * (-1.84605092906711035994e2
      + s * (-8.12874355063065934246e1 + s * -9.81432934416914548592))))));
    d = 1 + s * (1.96512716674392571292e1 + s * (1.37657754143519042600e2 + s * (4.34565877475229228821e2
      + s * (6.45387271733267880336e2 + s * (4.29008140027567833386e2 + s * (1.08635005541779435134e2
      + s * (6.57024977031928170135 + s * -6.04244152148580987438e-2)))))));
  } else {
    r = -9.86494292470009928597e-3 + s * (-7.99283237680523006574e-1 + s * (-1.77579549177547519889e1
      + s * (-1.60636384855821916062e2 + s * (-6.37566443368389627722e2 + s * (-1.02509513161107724954e3
      + s * -4.83519191608651397019e2)))));
    d = 1 + s * (3.03380607434824582924e1 + s * (3.25792512996573918826e2 + s * (1.53672958608443695994e3
      + s * (3.19985821950859553908e3 + s * (2.55305040643316442583e3 + s * (4.74528541206955367215e2
      + s * -2.24409524465858183362e1))))));
  }
  const z = head(ax);
  const tail = exp(-z * z - 0.5625) * exp((z - ax) * (z + ax) + r / d) / ax;
  return x > 0 ? tail : 2 - tail;
}

/** Φ(x), the probability that a standard normal variable is at most x. */
export function normalCdf(x: number): number {
  return 0.5 * erfc(x * -0.70710678118654752440);
}
