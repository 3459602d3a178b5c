/* actors/market/flow.ts and microprice.ts. */

typedef struct {
  double perTick, flat, mid, perMid;
  double delta, volume, ofi, ofiTotal, signedNotional, notional, signedRoot;
  double effective, effectiveTrades, signedPriceOverMid, signOverMid;
  double cvdSession, cvd1m, cvd5m, cvd15m, deltaShare, deltas[900];
  int64_t day;
  SumWindow effectiveSum, effectiveCount, realisedSum, realisedCount;
  double laterPrice[P_realisedSpreadSeconds], laterSign[P_realisedSpreadSeconds], laterCount[P_realisedSpreadSeconds];
  Regression kyle, ofiImpact, hasbrouck;
  double kyleZ, kyleX, kylePrice, lambdaLag[P_kyleIntervals];
  SortedWindow lambdaHistory;
  int64_t kyleIntervalsSeen;
  double ofiPrice, hasbrouckX, hasbrouckPrice;
  double amihud, amihudVolume, amihudPrice;
  SumWindow amihudWindow;
  double vpin, vpinBucketLots, bucketBuy, bucketSell, bucketSize, seconds, totalLots;
  double vpinImbalance[P_vpinBuckets], vpinVolume[P_vpinBuckets];
  double vpinBucketsSeen;
} Flow;

static void flow_init(Flow *f, double perTick, double flat) {
  memset(f, 0, sizeof *f);
  f->perTick = perTick;
  f->flat = flat;
  f->deltaShare = f->kyleZ = f->amihud = f->vpin = NAN;
  sum_init(&f->effectiveSum, 60);
  sum_init(&f->effectiveCount, 60);
  sum_init(&f->realisedSum, 60);
  sum_init(&f->realisedCount, 60);
  regression_init(&f->kyle, P_kyleIntervals);
  regression_init(&f->ofiImpact, 60);
  regression_init(&f->hasbrouck, P_hasbrouckIntervals);
  for (int i = 0; i < P_kyleIntervals; i += 1) f->lambdaLag[i] = NAN;
  sorted_init(&f->lambdaHistory, 360);
  sum_init(&f->amihudWindow, P_amihudIntervals);
  f->vpinBucketLots = f->bucketSize = P_vpinBucketLots;
}

static void flow_close_bucket(Flow *f, double imbalance) {
  int64_t at = (int64_t)f->vpinBucketsSeen % P_vpinBuckets;
  f->vpinImbalance[at] = fabs(imbalance);
  f->vpinVolume[at] = f->bucketSize;
  f->vpinBucketsSeen += 1;
}

static void flow_fill_buckets(Flow *f, double d) {
  int n = P_vpinBuckets;
  double over = f->bucketBuy + f->bucketSell - f->bucketSize;
  if (d > 0) f->bucketBuy -= over;
  else f->bucketSell -= over;
  flow_close_bucket(f, f->bucketBuy - f->bucketSell);
  double whole = floor(over / f->bucketSize), shown = whole < n ? whole : n, size = f->bucketSize;
  over -= whole * size;
  for (int i = 0; i < shown; i += 1) flow_close_bucket(f, size);
  f->vpinBucketsSeen += whole - shown;
  f->bucketBuy = d > 0 ? over : 0;
  f->bucketSell = d > 0 ? 0 : over;
  if (f->vpinBucketsSeen >= n) {
    double imbalance = 0, volume = 0;
    for (int i = 0; i < n; i += 1) {
      imbalance += f->vpinImbalance[i];
      volume += f->vpinVolume[i];
    }
    f->vpin = imbalance / volume;
  }
  f->bucketSize = f->vpinBucketLots;
}

static inline void flow_trade(Flow *f, int32_t price, double d, double q) {
  double value = q * (price * f->perTick + f->flat);
  f->delta += d * q;
  f->volume += q;
  f->signedNotional += d * value;
  f->notional += value;
  f->signedRoot += d * sqrt(value);
  if (f->mid > 0) {
    f->effective += 2 * d * (price - f->mid) * f->perMid;
    f->effectiveTrades += 1;
    f->signedPriceOverMid += d * price * f->perMid;
    f->signOverMid += d * f->perMid;
  }
  if (f->bucketSize > 0) {
    if (d > 0) f->bucketBuy += q;
    else f->bucketSell += q;
    if (f->bucketBuy + f->bucketSell >= f->bucketSize) flow_fill_buckets(f, d);
  }
}

static void flow_spreads(Flow *f, int64_t second) {
  sum_push(&f->effectiveSum, f->effective);
  sum_push(&f->effectiveCount, f->effectiveTrades);
  int64_t at = second % P_realisedSpreadSeconds;
  double usable = f->mid > 0 ? 1 : 0;
  sum_push(&f->realisedSum, usable * 2 * (f->laterPrice[at] - f->mid * f->laterSign[at]));
  sum_push(&f->realisedCount, usable * f->laterCount[at]);
  f->laterPrice[at] = f->signedPriceOverMid;
  f->laterSign[at] = f->signOverMid;
  f->laterCount[at] = f->effectiveTrades;
  f->effective = 0;
  f->effectiveTrades = 0;
  f->signedPriceOverMid = 0;
  f->signOverMid = 0;
}

static void flow_end_kyle(Flow *f, double price) {
  if (price > 0 && f->kylePrice > 0) regression_push(&f->kyle, f->kyleX, fl_log(price / f->kylePrice));
  else regression_push(&f->kyle, NAN, NAN);
  regression_fit(&f->kyle, P_kyleMinIntervals);
  int64_t at = f->kyleIntervalsSeen % P_kyleIntervals;
  sorted_push(&f->lambdaHistory, f->lambdaLag[at]);
  f->lambdaLag[at] = f->kyle.slope;
  f->kyleIntervalsSeen += 1;
  double spread = 1.4826 * sorted_mad(&f->lambdaHistory);
  f->kyleZ = f->lambdaHistory.count >= P_kyleMinIntervals && spread > 0 ? (f->kyle.slope - sorted_median(&f->lambdaHistory)) / spread : NAN;
  f->kyleX = 0;
  f->kylePrice = price;
}

static void flow_end_second(Flow *f, int64_t second, double price) {
  f->seconds += 1;
  f->totalLots += f->volume;
  f->deltaShare = f->volume > 0 ? f->delta / f->volume : NAN;
  int64_t day = second / 86400;
  if (day != f->day) {
    f->day = day;
    f->cvdSession = 0;
  }
  f->cvdSession += f->delta;
  int64_t at = second % 900;
  f->cvd15m += f->delta - f->deltas[at];
  f->deltas[at] = f->delta;
  f->cvd5m += f->delta - f->deltas[(second + 900 - 300) % 900];
  f->cvd1m += f->delta - f->deltas[(second + 900 - 60) % 900];
  flow_spreads(f, second);
  if (price > 0 && f->ofiPrice > 0) regression_push(&f->ofiImpact, f->ofi, price - f->ofiPrice);
  f->ofiPrice = price;
  if ((second + 1) % 60 == 0) regression_fit(&f->ofiImpact, 30);
  f->kyleX += f->signedNotional;
  if ((second + 1) % P_kyleIntervalSeconds == 0) flow_end_kyle(f, price);
  f->hasbrouckX += f->signedRoot;
  if ((second + 1) % P_hasbrouckIntervalSeconds == 0) {
    if (price > 0 && f->hasbrouckPrice > 0) {
      regression_push(&f->hasbrouck, f->hasbrouckX, fl_log(price / f->hasbrouckPrice));
      regression_fit_origin(&f->hasbrouck, 3);
    }
    f->hasbrouckX = 0;
    f->hasbrouckPrice = price;
  }
  f->amihudVolume += f->notional;
  if ((second + 1) % P_amihudIntervalSeconds == 0) {
    bool usable = price > 0 && f->amihudPrice > 0 && f->amihudVolume > 0;
    sum_push(&f->amihudWindow, usable ? fabs(fl_log(price / f->amihudPrice)) / f->amihudVolume : NAN);
    f->amihud = f->amihudWindow.count > 0 ? f->amihudWindow.sum / f->amihudWindow.count : NAN;
    f->amihudVolume = 0;
    f->amihudPrice = price;
  }
  if (P_vpinBucketLots == 0 && f->seconds >= P_vpinCalibrationSeconds && f->totalLots != 0) {
    f->vpinBucketLots = (f->totalLots / f->seconds) * (86400.0 / 50);
    if (f->bucketSize == 0) f->bucketSize = f->vpinBucketLots;
  }
  f->delta = 0;
  f->volume = 0;
  f->ofi = 0;
  f->signedNotional = 0;
  f->notional = 0;
  f->signedRoot = 0;
}

#define STATES 30

typedef struct {
  double stays[STATES * STATES], moves[STATES * STATES], moved[STATES], adjustment[STATES];
  double matrix[STATES * STATES], onward[STATES * STATES], term[STATES], next[STATES], twiceMid;
  int32_t state;
} Microprice;

static inline void micro_quotes(Microprice *p, int32_t bid, int32_t ask, double bidLots, double askLots) {
  double lots = bidLots + askLots;
  if (!(lots > 0)) {
    p->state = -1;
    return;
  }
  int32_t imbalance = (int32_t)((bidLots / lots) * 10);
  if (imbalance == 10) imbalance -= 1;
  int32_t ticks = ask - bid, state = (ticks > 3 ? 2 : ticks - 1) * 10 + imbalance;
  if (p->state >= 0) {
    double d = (double)bid + ask - p->twiceMid;
    if (d == 0) p->stays[p->state * STATES + state] += 1;
    else {
      p->moves[p->state * STATES + state] += 1;
      p->moved[p->state] += d;
    }
  }
  p->state = state;
  p->twiceMid = (double)bid + ask;
}

static double micro_price(const Microprice *p) {
  return p->state < 0 ? NAN : p->twiceMid / 2 + p->adjustment[p->state];
}

static int mirror_of(int state) {
  int imbalance = state % 10;
  return state - imbalance + (9 - imbalance);
}

static void micro_solve(Microprice *p) {
  for (int i = 0; i < STATES; i += 1) {
    double v = p->term[i];
    for (int j = 0; j < i; j += 1) v -= p->matrix[i * STATES + j] * p->term[j];
    p->term[i] = v;
  }
  for (int i = STATES - 1; i >= 0; i -= 1) {
    double v = p->term[i];
    for (int j = i + 1; j < STATES; j += 1) v -= p->matrix[i * STATES + j] * p->term[j];
    p->term[i] = v / p->matrix[i * STATES + i];
  }
}

static void micro_fit(Microprice *p) {
  for (int x = 0; x < STATES; x += 1) {
    int mx = mirror_of(x);
    double total = 1;
    for (int y = 0; y < STATES; y += 1) {
      int my = mirror_of(y);
      double stay = p->stays[x * STATES + y] + p->stays[mx * STATES + my];
      double move = p->moves[x * STATES + y] + p->moves[mx * STATES + my];
      p->matrix[x * STATES + y] = -stay;
      p->onward[x * STATES + y] = move;
      total += stay + move;
    }
    for (int y = 0; y < STATES; y += 1) {
      p->matrix[x * STATES + y] /= total;
      p->onward[x * STATES + y] /= total;
    }
    p->matrix[x * STATES + x] += 1;
    p->term[x] = (p->moved[x] - p->moved[mx]) / 2 / total;
  }
  for (int k = 0; k < STATES; k += 1) {
    for (int i = k + 1; i < STATES; i += 1) {
      double f = p->matrix[i * STATES + k] / p->matrix[k * STATES + k];
      p->matrix[i * STATES + k] = f;
      for (int j = k + 1; j < STATES; j += 1) p->matrix[i * STATES + j] -= f * p->matrix[k * STATES + j];
    }
  }
  micro_solve(p);
  for (int x = 0; x < STATES; x += 1) p->adjustment[x] = p->term[x];
  for (int k = 1; k < 32; k += 1) {
    for (int x = 0; x < STATES; x += 1) {
      double sum = 0;
      for (int y = 0; y < STATES; y += 1) sum += p->onward[x * STATES + y] * p->term[y];
      p->next[x] = sum;
    }
    for (int x = 0; x < STATES; x += 1) p->term[x] = p->next[x];
    micro_solve(p);
    for (int x = 0; x < STATES; x += 1) p->adjustment[x] += p->term[x];
  }
  for (int i = 0; i < STATES * STATES; i += 1) {
    p->stays[i] /= 2;
    p->moves[i] /= 2;
  }
  for (int x = 0; x < STATES; x += 1) p->moved[x] /= 2;
}
