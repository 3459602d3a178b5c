/* actors/math/elementary.ts: the natural logarithm of fdlibm, operation for operation. */
#include <stdint.h>
#include <string.h>

static inline double fl_log(double x) {
  static const double LN2_HI = 6.93147180369123816490e-1, LN2_LO = 1.90821492927058770002e-10;
  uint64_t bits;
  memcpy(&bits, &x, 8);
  int32_t hx = (int32_t)(bits >> 32);
  uint32_t lx = (uint32_t)bits;
  int32_t k = 0;
  if (hx < 0x00100000) {
    if (((hx & 0x7fffffff) | (int32_t)lx) == 0) return -__builtin_inf();
    if (hx < 0) return __builtin_nan("");
    k = -54;
    x *= 1.80143985094819840000e16;
    memcpy(&bits, &x, 8);
    hx = (int32_t)(bits >> 32);
    lx = (uint32_t)bits;
  }
  if (hx >= 0x7ff00000) return x + x;
  k += (hx >> 20) - 1023;
  hx &= 0x000fffff;
  int32_t carry = (hx + 0x95f64) & 0x100000;
  bits = ((uint64_t)(uint32_t)(hx | (carry ^ 0x3ff00000)) << 32) | lx;
  k += carry >> 20;
  double m;
  memcpy(&m, &bits, 8);
  double f = m - 1;
  if ((0x000fffff & (2 + hx)) < 3) {
    if (f == 0) return k == 0 ? 0 : k * LN2_HI + k * LN2_LO;
    double r = f * f * (0.5 - 0.33333333333333333 * f);
    return k == 0 ? f - r : k * LN2_HI - ((r - k * LN2_LO) - f);
  }
  double s = f / (2 + f);
  double z = s * s;
  double w = z * z;
  double t1 = w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1));
  double t2 = z * (6.666666666666735130e-1 + w * (2.857142874366239149e-1
    + w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)));
  double r = t2 + t1;
  if (((hx - 0x6147a) | (0x6b851 - hx)) > 0) {
    double half = 0.5 * f * f;
    return k == 0 ? f - (half - s * (half + r)) : k * LN2_HI - ((half - (s * (half + r) + k * LN2_LO)) - f);
  }
  return k == 0 ? f - s * (f - r) : k * LN2_HI - ((s * (f - r) - k * LN2_LO) - f);
}
