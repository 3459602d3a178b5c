/* actors/market/grid.ts, votes.ts, walls.ts. */

#define HISTORY 128
#define LATENCY_SAMPLES 256

typedef struct {
  double price, high, low, previous, returns2[HISTORY], prices[HISTORY], deltas[HISTORY], deltaSums[HISTORY];
  double velocities[HISTORY], spreads[HISTORY], highs[HISTORY], lows[HISTORY];
  bool event, silent, warm, frozen;
  int32_t events, silentSeconds, validSamples;
  SumWindow varianceBase;
  SortedWindow deltaBase, velocityBase, spreadBase;
  double volatilityRatio, volatilityNow, volatilityBase, acceleration, volumeDeltaZ, velocityRatio, eventsPerSecond, latencyMs;
  double spreadMedian, closedHigh, closedLow, violentRange, latencies[LATENCY_SAMPLES];
  int32_t latencyCount, latencyStride, latencySkip;
} Grid;

static void grid_init(Grid *g) {
  memset(g, 0, sizeof *g);
  g->silent = true;
  for (int i = 0; i < HISTORY; i += 1) g->returns2[i] = g->deltaSums[i] = g->velocities[i] = g->spreads[i] = NAN;
  sum_init(&g->varianceBase, P_baselineSeconds);
  sorted_init(&g->deltaBase, P_baselineSeconds);
  sorted_init(&g->velocityBase, P_baselineSeconds);
  sorted_init(&g->spreadBase, P_baselineSeconds);
  g->volatilityRatio = g->volatilityNow = g->volatilityBase = g->acceleration = g->volumeDeltaZ = g->velocityRatio = g->latencyMs = g->spreadMedian = NAN;
  g->latencyStride = 1;
}

static inline void grid_touch(Grid *g) {
  double p = g->price;
  g->event = true;
  if (p == 0) return;
  if (g->high == 0) {
    g->high = p;
    g->low = p;
  } else if (p > g->high) g->high = p;
  else if (p < g->low) g->low = p;
  else return;
  double high = g->closedHigh > g->high ? g->closedHigh : g->high;
  double low = g->closedLow > 0 && g->closedLow < g->low ? g->closedLow : g->low;
  g->violentRange = (high - low) / low;
}

static inline void grid_latency(Grid *g, double us) {
  if (g->latencySkip > 0) {
    g->latencySkip -= 1;
    return;
  }
  if (g->latencyCount == LATENCY_SAMPLES) {
    for (int i = 0; i < LATENCY_SAMPLES / 2; i += 1) g->latencies[i] = g->latencies[2 * i];
    g->latencyCount = LATENCY_SAMPLES / 2;
    g->latencyStride *= 2;
  }
  g->latencies[g->latencyCount] = us;
  g->latencyCount += 1;
  g->latencySkip = g->latencyStride - 1;
}

static void grid_cut(Grid *g) {
  g->previous = 0;
  for (int i = 0; i < HISTORY; i += 1) g->returns2[i] = NAN;
}

static void grid_extend_baselines(Grid *g, int32_t h) {
  int32_t lag = P_baselineLagSeconds;
  sum_push(&g->varianceBase, g->returns2[(h + HISTORY - P_volatilityWindowSeconds - lag) % HISTORY]);
  sorted_push(&g->deltaBase, g->deltaSums[(h + HISTORY - P_volumeDeltaWindowSeconds - lag) % HISTORY]);
  sorted_push(&g->velocityBase, g->velocities[(h + HISTORY - 1 - lag) % HISTORY]);
  sorted_push(&g->spreadBase, g->spreads[(h + HISTORY - lag) % HISTORY]);
}

static void grid_volatility(Grid *g, int32_t h) {
  double sum = 0;
  int32_t n = 0;
  for (int32_t back = 0; back < P_volatilityWindowSeconds; back += 1) {
    double r2 = g->returns2[(h + HISTORY - back) % HISTORY];
    if (ISNUM(r2)) {
      sum += r2;
      n += 1;
    }
  }
  const SumWindow *base = &g->varianceBase;
  if (!g->warm || base->count < P_baselineMinSamples) g->volatilityBase = NAN;
  else {
    double halfTick = 1 / (2 * g->price);
    double floor = halfTick > P_volatilityFloorPerSecond ? halfTick : P_volatilityFloorPerSecond;
    double sigma = base->sum > 0 ? sqrt(base->sum / base->count) : 0;
    g->volatilityBase = sigma > floor ? sigma : floor;
  }
  g->volatilityNow = n < P_volatilityMinSamples || !ISNUM(g->volatilityBase) ? NAN : sqrt(sum / n);
  g->volatilityRatio = g->volatilityNow / g->volatilityBase;
}

static void grid_accelerate(Grid *g, int32_t h) {
  double p0 = g->prices[h], p1 = g->prices[(h + HISTORY - 1) % HISTORY], p2 = g->prices[(h + HISTORY - 2) % HISTORY];
  bool whole = g->returns2[h] >= 0 && g->returns2[(h + HISTORY - 1) % HISTORY] >= 0;
  g->acceleration = whole && g->volatilityBase > 0 ? (p0 - 2 * p1 + p2) / p1 : NAN;
}

static void grid_end_second(Grid *g, int64_t second, double delta, double spread, double spreadFloor) {
  int32_t h = (int32_t)(second % HISTORY);
  bool priced = g->price > 0, valid = priced && g->previous > 0;
  if (g->event) {
    if (g->silentSeconds > P_maxSilenceSeconds) valid = false;
    g->silentSeconds = 0;
  } else {
    g->silentSeconds += 1;
    if (g->silentSeconds > P_maxSilenceSeconds) valid = false;
  }
  bool sampled = g->silentSeconds <= P_maxSilenceSeconds;
  g->silent = !sampled;
  double r = valid ? fl_log(g->price / g->previous) : NAN;
  g->returns2[h] = r * r;
  g->prices[h] = valid || (priced && g->event) ? g->price : 0;
  g->deltas[h] = delta;
  g->velocities[h] = sampled ? g->events : NAN;
  g->spreads[h] = sampled ? spread : NAN;
  g->highs[h] = g->high;
  g->lows[h] = g->low;
  g->previous = g->price;
  if (valid) g->validSamples += 1;
  double sum = 0;
  for (int32_t back = 0; back < P_volumeDeltaWindowSeconds; back += 1) sum += g->deltas[(h + HISTORY - back) % HISTORY];
  g->deltaSums[h] = sampled ? sum : NAN;
  if (!g->frozen || !g->warm) grid_extend_baselines(g, h);
  g->warm = g->validSamples >= P_warmupSamples;

  grid_volatility(g, h);
  grid_accelerate(g, h);
  if (!g->warm || !sampled || g->deltaBase.count < P_baselineMinSamples) g->volumeDeltaZ = NAN;
  else {
    double mad = 1.4826 * sorted_mad(&g->deltaBase), scale = mad > 0 ? mad : sorted_deviation(&g->deltaBase);
    g->volumeDeltaZ = scale > 0 ? (sum - sorted_median(&g->deltaBase)) / scale : 0;
  }
  g->eventsPerSecond = g->events;
  if (!g->warm || g->velocityBase.count < P_baselineMinSamples) g->velocityRatio = NAN;
  else {
    double median = sorted_median(&g->velocityBase);
    g->velocityRatio = g->events / (median > P_velocityMedianFloorPerSecond ? median : P_velocityMedianFloorPerSecond);
  }
  if (g->spreadBase.count >= P_baselineMinSamples) {
    double median = sorted_median(&g->spreadBase);
    g->spreadMedian = median > spreadFloor ? median : spreadFloor;
  } else g->spreadMedian = NAN;

  double high = 0, low = 0;
  for (int32_t back = 0; back < P_violentWindowSeconds - 1; back += 1) {
    int32_t i = (h + HISTORY - back) % HISTORY;
    if (g->highs[i] > high) high = g->highs[i];
    if (g->lows[i] > 0 && (low == 0 || g->lows[i] < low)) low = g->lows[i];
  }
  if (g->price > high) high = g->price;
  if (g->price > 0 && (low == 0 || g->price < low)) low = g->price;
  g->closedHigh = high;
  g->closedLow = low;
  g->high = 0;
  g->low = 0;
  g->violentRange = low > 0 ? (high - low) / low : 0;

  if (g->latencyCount > 0) g->latencyMs = median_in_place(g->latencies, g->latencyCount) / 1000 + P_clockOffsetMs;
  g->latencyCount = 0;
  g->latencyStride = 1;
  g->latencySkip = 0;
  g->event = false;
  g->events = 0;
}

enum { VOLATILITY = 1, ACCELERATION = 2, OBI = 4, SPREAD = 8, VOLUME_DELTA = 16, VELOCITY = 32, PATTERN = 64, DEPTH_BIT = 128 };

typedef struct {
  double untilUs[8], expiryUs, nowUs;
  int32_t holding, able, mask, votes, voters, need;
  bool dirty;
} Votes;

static inline int32_t bits5(int32_t m) {
  return (m & 1) + ((m >> 1) & 1) + ((m >> 2) & 1) + ((m >> 3) & 1) + ((m >> 4) & 1);
}

static void votes_refresh(Votes *v) {
  int32_t mask = v->holding;
  double expiry = INFINITY;
  for (int i = 0; i < 8; i += 1) {
    double until = v->untilUs[i];
    if (until == 0) continue;
    if (v->nowUs <= until) {
      mask |= 1 << i;
      if (until < expiry) expiry = until;
    } else v->untilUs[i] = 0;
  }
  v->mask = mask;
  v->expiryUs = expiry;
  v->dirty = false;
  v->votes = bits5(mask & 31);
  v->voters = bits5(v->able & 31);
  int32_t of5 = (mask & VELOCITY) ? P_votesNeededInBurst : P_votesNeeded;
  int32_t share = (of5 * v->voters + 4) / 5;
  v->need = share > P_votesFloor ? share : P_votesFloor;
}

static inline void votes_pulse(Votes *v, int index, bool fired) {
  if (!fired) return;
  v->untilUs[index] = v->nowUs + P_jitterBufferMs * 1000.0;
  v->dirty = true;
}

static inline void votes_level(Votes *v, int32_t bit, int index, bool holds) {
  if (((v->holding & bit) != 0) == holds) return;
  if (holds) v->holding |= bit;
  else {
    v->holding &= ~bit;
    v->untilUs[index] = v->nowUs + P_jitterBufferMs * 1000.0;
  }
  v->dirty = true;
}

static inline void votes_ability(Votes *v, int32_t bit, bool able) {
  if (((v->able & bit) != 0) == able) return;
  v->able ^= bit;
  v->dirty = true;
}

static void votes_unlatch(Votes *v) {
  for (int i = 0; i < 8; i += 1) v->untilUs[i] = 0;
  v->holding = 0;
  v->dirty = true;
}

#define SLOTS 4

typedef struct {
  double perTick, flat, scratch[64], worth[64], times[SLOTS * WALL_DEPTH], lots[SLOTS * WALL_DEPTH], traded[SLOTS * WALL_DEPTH], tradedNow[SLOTS], nowUs;
  int32_t price[SLOTS], samples[SLOTS], lastWall[SLOTS], followed, spoofs, low, high;
  bool wall, spoof;
} Walls;

static void walls_clear(Walls *w) {
  for (int s = 0; s < SLOTS; s += 1) w->price[s] = 0;
  w->followed = 0;
  w->low = 1;
  w->high = 0;
  w->wall = false;
  w->spoof = false;
}

static inline void walls_trade(Walls *w, int32_t price, double lots) {
  for (int s = 0; s < SLOTS; s += 1) if (w->price[s] == price) w->tradedNow[s] += lots;
}

static void walls_begin(Walls *w, int32_t price, double lots) {
  int free = -1;
  for (int s = 0; s < SLOTS; s += 1) {
    if (w->price[s] == price) {
      w->lastWall[s] = w->samples[s];
      return;
    }
    if (w->price[s] == 0 && free < 0) free = s;
  }
  if (free < 0) return;
  w->price[free] = price;
  w->times[free * WALL_DEPTH] = w->nowUs;
  w->lots[free * WALL_DEPTH] = lots;
  w->traded[free * WALL_DEPTH] = 0;
  w->tradedNow[free] = 0;
  w->samples[free] = 1;
  w->lastWall[free] = 1;
  w->followed += 1;
}

static void walls_follow(Walls *w, const BookSide *side) {
  double since = w->nowUs - P_spoofWithinMs * 1000.0;
  for (int s = 0; s < SLOTS; s += 1) {
    int32_t price = w->price[s];
    if (price == 0) continue;
    double now = side_lots_at(side, price), most = 0, tradedThen = 0;
    int32_t from = s * WALL_DEPTH, held = w->samples[s] < WALL_DEPTH ? w->samples[s] : WALL_DEPTH;
    for (int32_t i = 0; i < held; i += 1) {
      if (w->times[from + i] < since || w->lots[from + i] < most || (w->lots[from + i] == most && w->traded[from + i] <= tradedThen)) continue;
      most = w->lots[from + i];
      tradedThen = w->traded[from + i];
    }
    double lost = most - now;
    if (most > 0 && lost >= P_spoofLossShare * most) {
      if (w->tradedNow[s] - tradedThen < P_spoofTradedShare * lost) {
        w->spoof = true;
        w->spoofs += 1;
      }
      w->price[s] = 0;
      w->followed -= 1;
      continue;
    }
    int32_t at = from + (w->samples[s] % WALL_DEPTH);
    w->times[at] = w->nowUs;
    w->lots[at] = now;
    w->traded[at] = w->tradedNow[s];
    w->samples[s] += 1;
    if (now == 0 || w->samples[s] - w->lastWall[s] > WALL_DEPTH) {
      w->price[s] = 0;
      w->followed -= 1;
    }
  }
}

static void walls_sample(Walls *w, BookSide *side) {
  w->wall = false;
  w->spoof = false;
  if (w->followed > 0) walls_follow(w, side);
  side_read_top(side);
  int32_t n = side->topCount;
  for (int32_t i = 0; i < n; i += 1) {
    double value = side->topLots[i] * (side->topPrices[i] * w->perTick + w->flat);
    w->worth[i] = value;
    w->scratch[i] = value;
  }
  double limit = P_wallMultiple * median_in_place(w->scratch, n);
  for (int32_t i = 0; i < n; i += 1) {
    if (w->worth[i] <= limit) continue;
    w->wall = true;
    walls_begin(w, side->topPrices[i], side->topLots[i]);
  }
  w->low = 1;
  w->high = 0;
  for (int s = 0; s < SLOTS; s += 1) {
    int32_t price = w->price[s];
    if (price == 0) continue;
    if (w->high == 0 || price < w->low) w->low = price;
    if (price > w->high) w->high = price;
  }
}
