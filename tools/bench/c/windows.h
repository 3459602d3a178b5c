/* actors/market/windows.ts, candles.ts, regression.ts. A slot may be NaN. */
#include <math.h>

#define ISNUM(x) ((x) == (x))

typedef struct {
  double *ring, sum;
  int32_t length, at, count;
} SumWindow;

static double *doubles(int32_t n, double value) {
  double *a = malloc((size_t)n * 8);
  for (int32_t i = 0; i < n; i += 1) a[i] = value;
  return a;
}

static void sum_init(SumWindow *w, int32_t length) {
  memset(w, 0, sizeof *w);
  w->ring = doubles(length, NAN);
  w->length = length;
}

static void sum_push(SumWindow *w, double value) {
  double old = w->ring[w->at];
  w->ring[w->at] = value;
  if (ISNUM(old)) {
    w->sum -= old;
    w->count -= 1;
    if (w->count == 0) w->sum = 0;
  }
  if (ISNUM(value)) {
    w->sum += value;
    w->count += 1;
  }
  w->at += 1;
  if (w->at == w->length) {
    w->at = 0;
    double sum = 0;
    for (int32_t i = 0; i < w->length; i += 1) if (ISNUM(w->ring[i])) sum += w->ring[i];
    w->sum = sum;
  }
}

typedef struct {
  double *ring, *sorted;
  int32_t length, at, count;
} SortedWindow;

static void sorted_init(SortedWindow *w, int32_t length) {
  memset(w, 0, sizeof *w);
  w->ring = doubles(length, NAN);
  w->sorted = doubles(length, 0);
  w->length = length;
}

static int32_t lower_bound(const SortedWindow *w, double value) {
  int32_t lo = 0, hi = w->count;
  while (lo < hi) {
    int32_t mid = (lo + hi) >> 1;
    if (w->sorted[mid] < value) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

static void sorted_push(SortedWindow *w, double value) {
  double old = w->ring[w->at];
  w->ring[w->at] = value;
  w->at += 1;
  if (w->at == w->length) w->at = 0;
  if (ISNUM(old)) {
    int32_t i = lower_bound(w, old);
    memmove(w->sorted + i, w->sorted + i + 1, (size_t)(w->count - i - 1) * 8);
    w->count -= 1;
  }
  if (ISNUM(value)) {
    int32_t i = lower_bound(w, value);
    memmove(w->sorted + i + 1, w->sorted + i, (size_t)(w->count - i) * 8);
    w->sorted[i] = value;
    w->count += 1;
  }
}

static double sorted_median(const SortedWindow *w) {
  int32_t n = w->count, h = n >> 1;
  if (n == 0) return NAN;
  return (n & 1) ? w->sorted[h] : (w->sorted[h - 1] + w->sorted[h]) / 2;
}

static double sorted_mad(const SortedWindow *w) {
  int32_t n = w->count;
  if (n == 0) return NAN;
  double m = sorted_median(w), before = 0, value = 0;
  int32_t right = lower_bound(w, m), left = right - 1, h = n >> 1;
  for (int32_t i = 0; i <= h; i += 1) {
    before = value;
    if (left < 0 || (right < n && w->sorted[right] - m <= m - w->sorted[left])) {
      value = w->sorted[right] - m;
      right += 1;
    } else {
      value = m - w->sorted[left];
      left -= 1;
    }
  }
  return (n & 1) ? value : (before + value) / 2;
}

static double sorted_deviation(const SortedWindow *w) {
  int32_t n = w->count;
  if (n < 2) return 0;
  double sum = 0, squares = 0;
  for (int32_t i = 0; i < n; i += 1) sum += w->sorted[i];
  double mean = sum / n;
  for (int32_t i = 0; i < n; i += 1) squares += (w->sorted[i] - mean) * (w->sorted[i] - mean);
  return sqrt(squares / (n - 1));
}

static double median_in_place(double *a, int32_t n) {
  if (n == 0) return NAN;
  int32_t k = n >> 1, lo = 0, hi = n - 1;
  while (lo < hi) {
    double pivot = a[(lo + hi) >> 1];
    int32_t i = lo, j = hi;
    while (i <= j) {
      while (a[i] < pivot) i += 1;
      while (a[j] > pivot) j -= 1;
      if (i <= j) {
        double t = a[i];
        a[i] = a[j];
        a[j] = t;
        i += 1;
        j -= 1;
      }
    }
    if (k <= j) hi = j;
    else if (k >= i) lo = i;
    else break;
  }
  if (n & 1) return a[k];
  double below = a[0];
  for (int32_t i = 1; i < k; i += 1) if (a[i] > below) below = a[i];
  return (below + a[k]) / 2;
}

typedef struct {
  int32_t open, high, low, close, trades, windowLow, windowHigh;
  double volume, meanVolume, pattern, volumes[5];
  int32_t opens[5], highs[5], lows[5], closes[5];
  int32_t closed;
  int64_t lastSecond;
  int32_t rangeLow[64], rangeHigh[64];
  SumWindow volumeWindow;
} Candles;

static void candles_init(Candles *c) {
  memset(c, 0, sizeof *c);
  c->lastSecond = -1;
  sum_init(&c->volumeWindow, P_meanVolumeSeconds);
}

static inline void candles_trade(Candles *c, int32_t price, double lots) {
  if (c->trades == 0) {
    c->open = price;
    c->high = price;
    c->low = price;
  } else if (price > c->high) c->high = price;
  else if (price < c->low) c->low = price;
  c->close = price;
  c->volume += lots;
  c->trades += 1;
}

static double candles_exhaustion(const Candles *c) {
  int32_t most = c->closed < 5 ? c->closed : 5;
  double strength = 0, sum = 0;
  for (int32_t m = 1; m <= most; m += 1) {
    int32_t i = (c->closed - m) % 5;
    double range = c->highs[i] - c->lows[i], wick = c->closes[i] - c->lows[i];
    if (!(c->closes[i] < c->opens[i] && wick / range > P_patternWickShare)) break;
    if (m > 1) {
      int32_t newer = (c->closed - m + 1) % 5;
      if (!(c->closes[newer] - c->lows[newer] >= P_patternWickGrowth * wick)) break;
      if (!(c->opens[newer] - c->closes[newer] < c->opens[i] - c->closes[i])) break;
    }
    double share = wick / range / 0.5;
    sum += share < 1 ? share : 1;
    if (m >= 3) strength = ((m - 2) / 3.0) * (sum / m);
  }
  return strength;
}

static double candles_climax(const Candles *c) {
  int32_t most = c->closed < 5 ? c->closed : 5;
  double last = c->volumes[(c->closed - 1) % 5], strength = 0, sum = 0, volume = 0;
  for (int32_t m = 1; m <= most; m += 1) {
    int32_t i = (c->closed - m) % 5;
    double range = c->highs[i] - c->lows[i], wick = c->highs[i] - c->closes[i];
    if (!(c->closes[i] > c->opens[i] && wick / range > P_patternWickShare)) break;
    if (m > 1) volume += c->volumes[i];
    double share = wick / range / 0.5;
    sum += share < 1 ? share : 1;
    if (m >= 3 && last > (P_patternClimaxVolume * volume) / (m - 1)) strength = ((m - 2) / 3.0) * (sum / m);
  }
  return strength;
}

static bool candles_end_second(Candles *c, int64_t second) {
  int32_t slot = (int32_t)(second % 64);
  c->pattern = 0;
  if (c->trades == 0) {
    c->rangeLow[slot] = 0;
    c->rangeHigh[slot] = 0;
    sum_push(&c->volumeWindow, 0);
    return false;
  }
  c->meanVolume = c->volumeWindow.sum / P_meanVolumeSeconds;
  sum_push(&c->volumeWindow, c->volume);
  int32_t low = 0, high = 0;
  for (int32_t back = 1; back <= P_extremumWindowSeconds; back += 1) {
    int32_t i = (int32_t)((second - back) % 64), l = c->rangeLow[i];
    if (l != 0 && (low == 0 || l < low)) low = l;
    if (c->rangeHigh[i] > high) high = c->rangeHigh[i];
  }
  c->windowLow = low;
  c->windowHigh = high;
  c->rangeLow[slot] = c->low;
  c->rangeHigh[slot] = c->high;
  if (second - c->lastSecond - 1 > P_maxSilenceSeconds) c->closed = 0;
  c->lastSecond = second;
  int32_t n = c->closed % 5;
  c->opens[n] = c->open;
  c->highs[n] = c->high;
  c->lows[n] = c->low;
  c->closes[n] = c->close;
  c->volumes[n] = c->volume;
  c->closed += 1;
  if (c->high == c->low) c->closed = 0;
  else c->pattern = candles_exhaustion(c) - candles_climax(c);
  return true;
}

typedef struct {
  double *x, *y, slope, intercept, standardError, t, rSquared;
  int32_t length, at, filled, n;
} Regression;

static void regression_init(Regression *r, int32_t length) {
  memset(r, 0, sizeof *r);
  r->x = doubles(length, 0);
  r->y = doubles(length, 0);
  r->length = length;
  r->slope = r->intercept = r->standardError = r->t = r->rSquared = NAN;
}

static void regression_push(Regression *r, double x, double y) {
  r->x[r->at] = x;
  r->y[r->at] = y;
  r->at += 1;
  if (r->at == r->length) r->at = 0;
  if (r->filled < r->length) r->filled += 1;
}

static inline bool pair_valid(const Regression *r, int32_t i) {
  double d = r->x[i] - r->y[i];
  return ISNUM(d);
}

static void regression_count(Regression *r) {
  r->n = 0;
  for (int32_t i = 0; i < r->filled; i += 1) if (pair_valid(r, i)) r->n += 1;
}

static void regression_fit(Regression *r, int32_t least) {
  regression_count(r);
  r->slope = r->intercept = r->standardError = r->t = r->rSquared = NAN;
  int32_t n = r->n;
  if (n < least || n < 3) return;
  double sx = 0, sy = 0;
  for (int32_t i = 0; i < r->filled; i += 1) {
    if (!pair_valid(r, i)) continue;
    sx += r->x[i];
    sy += r->y[i];
  }
  double mx = sx / n, my = sy / n, sxx = 0, sxy = 0, syy = 0, residual = 0;
  for (int32_t i = 0; i < r->filled; i += 1) {
    if (!pair_valid(r, i)) continue;
    sxx += (r->x[i] - mx) * (r->x[i] - mx);
    sxy += (r->x[i] - mx) * (r->y[i] - my);
    syy += (r->y[i] - my) * (r->y[i] - my);
  }
  if (sxx == 0) return;
  r->slope = sxy / sxx;
  r->intercept = my - r->slope * mx;
  for (int32_t i = 0; i < r->filled; i += 1) {
    if (!pair_valid(r, i)) continue;
    double e = r->y[i] - r->intercept - r->slope * r->x[i];
    residual += e * e;
  }
  r->standardError = sqrt(residual / (n - 2) / sxx);
  r->t = r->slope / r->standardError;
  r->rSquared = syy == 0 ? NAN : 1 - residual / syy;
}

static void regression_fit_origin(Regression *r, int32_t least) {
  regression_count(r);
  r->slope = NAN;
  if (r->n < least) return;
  double sxx = 0, sxy = 0;
  for (int32_t i = 0; i < r->filled; i += 1) {
    if (!pair_valid(r, i)) continue;
    sxx += r->x[i] * r->x[i];
    sxy += r->x[i] * r->y[i];
  }
  if (sxx > 0) r->slope = sxy / sxx;
}
