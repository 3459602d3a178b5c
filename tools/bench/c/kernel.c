/*
 * The market kernel of actors/market in C, function by function, over the same uncompressed tape with the same
 * checksums: what the machine can do. Compiled by the benchmark with -O3 -march=native -ffp-contract=off; params.h is
 * written by it from the kernel's own defaults.
 *
 *   kernel TAPE PASSES FREEZE_US UNFREEZE_US [INDEX PER_TICK FLAT FUTURES]…
 *
 * prints for each pass `records seconds checksum`, the checksum over every edge, every block's features and the end.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "params.h"
#include "elementary.h"
#include "crc32.h"

typedef struct {
  double seq, recv, exch, id, qty, aux;
  int32_t price, tag, price2, extra;
} Record;

enum { TRADE = 1, AGG_TRADE, BOOK_TICKER, DEPTH, SNAPSHOT, LIQUIDATION, MARK, CANDLE, GAP_RECORD, FUNDING, DEPTH_BAND };
enum { SELL = 1 << 8, FIRST = 1 << 9, LAST = 1 << 10, EMPTY = 1 << 11, KIND_MASK = 0xff };

#include "book.h"
#include "windows.h"
#include "flow.h"
#include "grid.h"

#define SECOND_US 1e6
#define LONGEST_SILENCE_SECONDS 2000
#define EXTREMES 10
enum { PAUSE_GAP = 1, PAUSE_LATENCY = 2, PAUSE_SPREAD = 4, PAUSE_LIQUIDITY = 8, PAUSE_STALE = 16 };

typedef struct {
  int32_t index;
  bool futures, live, quotesFromBook, quotesStale, dirty, candleClosed, hasBook;
  double perTick, flat;
  int32_t bestBidTicks, bestAskTicks, lastTradeTicks;
  double bestBidLots, bestAskLots;
  Book book;
  int32_t bookSeen;
  Grid grid;
  Candles candles;
  Flow flow;
  Microprice micro;
  Votes votes;
  Walls bidWalls, askWalls;
  double clockUs, exchUs, offsetUs, secondEndUs, lastBookUs, lastQuoteUs, staleCheckUs;
  int64_t second;
  int32_t behind, tradeKind;
  double quoteId;
  double obi, spreadRatio, spread, depthBid, depthAsk, pattern, wallSampleUs, spoofUntilUs;
  int32_t spoofMask, pauses, lastLevel, lastBook;
  double gapPauseUntilUs, candleEndUs, closedCandle[8];
  int64_t records, gapRecords, invalid, exchangeBackwards;
  double missing, extremes[EXTREMES * 4], watched[EXTREMES];
} Symbol;

static void symbol_init(Symbol *s, int32_t index, double perTick, double flat, bool futures) {
  memset(s, 0, sizeof *s);
  s->index = index;
  s->futures = futures;
  s->perTick = perTick;
  s->flat = flat;
  grid_init(&s->grid);
  candles_init(&s->candles);
  flow_init(&s->flow, perTick, flat);
  s->micro.state = -1;
  votes_refresh(&s->votes);
  s->bidWalls.perTick = s->askWalls.perTick = perTick;
  s->bidWalls.flat = s->askWalls.flat = flat;
  s->bidWalls.low = s->askWalls.low = 1;
  s->staleCheckUs = INFINITY;
  s->second = -1;
  s->obi = s->spreadRatio = s->spread = s->depthBid = s->depthAsk = NAN;
  for (int i = 0; i < EXTREMES; i += 1) {
    s->extremes[i * 4] = INFINITY;
    s->extremes[i * 4 + 2] = -INFINITY;
    s->watched[i] = NAN;
  }
}

static inline void extreme(Symbol *s, int index) {
  double value = s->watched[index], *at = &s->extremes[index * 4];
  if (value < at[0]) {
    at[0] = value;
    at[1] = s->votes.nowUs;
  }
  if (value > at[2]) {
    at[2] = value;
    at[3] = s->votes.nowUs;
  }
}

static inline bool spread_emergency(const Symbol *s) {
  double scale = (s->pauses & PAUSE_SPREAD) ? 0.5 : 1;
  return s->spreadRatio > P_spreadEmergencyMultiplier * scale && s->spread * 10000 > P_spreadEmergencyBps * scale;
}

static void set_pauses(Symbol *s) {
  int32_t pauses = 0;
  if (s->hasBook && (s->book.state == GAP || (s->book.state == SYNCING && s->book.snapshots > 0))) pauses |= PAUSE_GAP;
  if (s->gapPauseUntilUs != 0) pauses |= PAUSE_GAP;
  if (s->grid.latencyMs > P_latencyPauseMs) pauses |= PAUSE_LATENCY;
  if (spread_emergency(s)) pauses |= PAUSE_SPREAD;
  if (s->live && (s->depthBid + s->depthAsk) * P_usdPerQuote < P_depthMinUsd) pauses |= PAUSE_LIQUIDITY;
  if ((s->hasBook && s->book.state == STALE) || s->quotesStale) pauses |= PAUSE_STALE;
  if (pauses != s->pauses) {
    s->pauses = pauses;
    s->dirty = true;
  }
}

static void judge_book(Symbol *s) {
  if (!s->hasBook || !s->live) return;
  Votes *votes = &s->votes;
  BookSide *bids = &s->book.bids, *asks = &s->book.asks;
  side_sum(bids);
  side_sum(asks);
  double atUs = votes->nowUs, bidLots = bids->sumLots, askLots = asks->sumLots, bid = bids->sumWorth, ask = asks->sumWorth;
  s->obi = bidLots + askLots > 0 ? (bidLots - askLots) / (bidLots + askLots) : NAN;
  s->depthBid = bid;
  s->depthAsk = ask;
  double total = bid + ask, imbalance = total > 0 ? (bid - ask) / total : NAN;
  if (atUs >= s->wallSampleUs) {
    s->wallSampleUs = atUs + P_wallSampleMs * 1000.0;
    s->bidWalls.nowUs = atUs;
    s->askWalls.nowUs = atUs;
    walls_sample(&s->bidWalls, bids);
    walls_sample(&s->askWalls, asks);
    if (s->bidWalls.spoof || s->askWalls.spoof) {
      s->spoofMask = (s->bidWalls.spoof ? 1 : 0) | (s->askWalls.spoof ? 2 : 0);
      s->spoofUntilUs = atUs + P_jitterBufferMs * 1000.0;
    }
  }
  bool warm = s->grid.warm;
  votes_ability(votes, OBI, warm && ISNUM(s->obi));
  votes_ability(votes, DEPTH_BIT, warm && total > 0);
  votes_level(votes, OBI, 2, warm && s->obi < P_obiThreshold);
  votes_level(votes, DEPTH_BIT, 7, warm && fabs(imbalance) > P_depthExtremeImbalance);
  s->watched[2] = s->obi;
  extreme(s, 2);
  s->watched[7] = imbalance;
  extreme(s, 7);
  if ((total * P_usdPerQuote < P_depthMinUsd) != ((s->pauses & PAUSE_LIQUIDITY) != 0)) set_pauses(s);
}

static void judge_spread(Symbol *s) {
  double x = s->spread / s->grid.spreadMedian;
  s->spreadRatio = s->grid.warm && !s->quotesStale ? x : NAN;
  votes_ability(&s->votes, SPREAD, ISNUM(s->spreadRatio));
  votes_level(&s->votes, SPREAD, 3, s->spreadRatio > P_spreadMultiplier && s->spread * 10000 >= P_spreadGateBps);
  s->watched[3] = s->spreadRatio;
  extreme(s, 3);
  if (spread_emergency(s) != ((s->pauses & PAUSE_SPREAD) != 0)) set_pauses(s);
}

static void no_quotes(Symbol *s) {
  s->micro.state = -1;
  s->flow.mid = 0;
  s->spread = NAN;
  if (s->lastTradeTicks > 0) s->grid.price = s->lastTradeTicks;
}

static inline void confirm(Symbol *s) {
  double before = s->grid.violentRange;
  grid_touch(&s->grid);
  if (s->grid.violentRange != before) s->dirty = true;
}

static void keep_candle(Symbol *s, double endUs) {
  Candles *c = &s->candles;
  s->candleClosed = true;
  s->candleEndUs = endUs;
  s->closedCandle[0] = c->open;
  s->closedCandle[1] = c->high;
  s->closedCandle[2] = c->low;
  s->closedCandle[3] = c->close;
  s->closedCandle[4] = c->volume;
  s->closedCandle[5] = c->meanVolume;
  s->closedCandle[6] = c->windowLow;
  s->closedCandle[7] = c->windowHigh;
  c->trades = 0;
  c->volume = 0;
}

static void end_second(Symbol *s) {
  double endUs = (s->second + 1) * SECOND_US;
  Grid *grid = &s->grid;
  Votes *votes = &s->votes;
  votes->nowUs = endUs;
  bool wasWarm = grid->warm, silent = !grid->event;
  grid_end_second(grid, s->second, s->flow.delta, s->spread, grid->price > 0 ? 1 / grid->price : 0);
  flow_end_second(&s->flow, s->second, grid->silent ? 0 : grid->price);
  if ((s->second + 1) % P_micropriceFitSeconds == 0) micro_fit(&s->micro);
  if (candles_end_second(&s->candles, s->second)) {
    keep_candle(s, endUs);
    if (s->candles.pattern != 0 && grid->warm) {
      s->pattern = s->candles.pattern;
      votes_pulse(votes, 6, true);
      s->watched[6] = s->candles.pattern;
      extreme(s, 6);
    }
  }
  double v = grid->volatilityRatio, sigma = grid->volatilityNow;
  bool byRatio = v > P_volatilityMultiplier && sigma >= P_volatilityGatePerSecond, bySigma = sigma >= P_volatilityAbsolutePerSecond;
  bool burst = P_volatilityCombineOr ? byRatio || bySigma : byRatio && bySigma;
  votes_pulse(votes, 0, burst || (P_volatilityByRange && ISNUM(v) && grid->violentRange >= P_violentRange));
  votes_pulse(votes, 1, grid->acceleration < P_accelerationPerSecond2 && grid->acceleration < -P_accelerationNoiseMultiple * grid->volatilityBase);
  votes_pulse(votes, 4, grid->volumeDeltaZ < P_volumeDeltaZ);
  votes_pulse(votes, 5, grid->velocityRatio > P_velocityMultiplier && grid->eventsPerSecond >= P_velocityMinPerSecond);
  votes_ability(votes, VOLATILITY, ISNUM(v));
  votes_ability(votes, ACCELERATION, ISNUM(grid->acceleration));
  votes_ability(votes, VOLUME_DELTA, ISNUM(grid->volumeDeltaZ) && s->tradeKind != 0);
  judge_spread(s);
  if (grid->warm != wasWarm) judge_book(s);
  double *watched = s->watched;
  watched[0] = v;
  watched[1] = grid->acceleration;
  watched[4] = grid->volumeDeltaZ;
  watched[5] = grid->velocityRatio;
  watched[8] = grid->violentRange;
  watched[9] = grid->latencyMs;
  for (int i = 0; i < EXTREMES; i += 1) if (i != 2 && i != 3 && i != 6 && i != 7) extreme(s, i);
  if (!silent || votes->dirty || grid->warm != wasWarm) set_pauses(s);
  if (votes->dirty || endUs > votes->expiryUs) votes_refresh(votes);
  s->dirty = true;
}

static void roll(Symbol *s) {
  int64_t now = (int64_t)floor(s->exchUs / SECOND_US);
  if (s->second < 0) s->second = now;
  else if (now - s->second > LONGEST_SILENCE_SECONDS) {
    end_second(s);
    s->second = now - LONGEST_SILENCE_SECONDS;
  }
  while (s->second < now) {
    end_second(s);
    s->second += 1;
  }
  s->secondEndUs = (now + 1) * SECOND_US;
}

static void resync(Symbol *s) {
  s->behind = 0;
  s->votes.nowUs = s->exchUs;
  s->second = (int64_t)floor(s->exchUs / SECOND_US);
  s->secondEndUs = (s->second + 1) * SECOND_US;
  grid_cut(&s->grid);
  votes_unlatch(&s->votes);
  s->spoofUntilUs = 0;
  s->gapPauseUntilUs = 0;
  s->wallSampleUs = 0;
  set_pauses(s);
}

static inline void advance(Symbol *s, const Record *r) {
  double e = s->exchUs;
  if (r->exch > 0) {
    e = r->exch;
    if (r->recv > 0) {
      s->offsetUs = r->exch - r->recv;
      grid_latency(&s->grid, r->recv - r->exch);
    }
  } else if (r->recv > 0) e = r->recv + s->offsetUs;
  if (e < s->exchUs) {
    if (r->exch > 0) {
      s->exchangeBackwards += 1;
      if (s->exchUs - e >= P_clockResyncMs * 1000.0) s->behind += 1;
      else s->behind = 0;
      if (s->behind >= P_clockResyncRecords) {
        s->exchUs = e;
        resync(s);
      }
    }
    return;
  }
  if (!(e < 9e15)) return;
  if (r->exch > 0) s->behind = 0;
  s->exchUs = e;
  if (e >= s->secondEndUs) roll(s);
  s->votes.nowUs = e;
}

static inline void check_stale_by(Symbol *s, double afterMs) {
  double due = s->clockUs + afterMs * 1000;
  if (due < s->staleCheckUs) s->staleCheckUs = due;
}

static inline void set_quotes(Symbol *s, int32_t bid, int32_t ask, double bidLots, double askLots) {
  s->lastQuoteUs = s->clockUs;
  s->quotesStale = false;
  if (bid > 0 && ask > 0) {
    int32_t b0 = s->bestBidTicks, a0 = s->bestAskTicks;
    if (b0 > 0 && a0 > 0) {
      double e = (bid >= b0 ? bidLots : 0) - (bid <= b0 ? s->bestBidLots : 0) - (ask <= a0 ? askLots : 0) + (ask >= a0 ? s->bestAskLots : 0);
      s->flow.ofi += e;
      s->flow.ofiTotal += e;
    }
    micro_quotes(&s->micro, bid, ask, bidLots, askLots);
  } else s->micro.state = -1;
  s->bestBidLots = bidLots;
  s->bestAskLots = askLots;
  if (bid != s->bestBidTicks || ask != s->bestAskTicks || s->flow.mid == 0) {
    s->bestBidTicks = bid;
    s->bestAskTicks = ask;
    if (bid > 0 && ask > 0) {
      double mid = ((double)bid + ask) / 2;
      if (s->flow.mid == 0) check_stale_by(s, P_quoteStaleMs);
      s->flow.mid = mid;
      s->flow.perMid = 1 / mid;
      s->grid.price = mid;
      s->spread = (ask - bid) / mid;
    } else no_quotes(s);
    judge_spread(s);
  }
  confirm(s);
}

static inline void take_trade(Symbol *s, const Record *r) {
  int32_t kind = r->tag & KIND_MASK;
  if (s->tradeKind == 0) s->tradeKind = kind;
  if (kind != s->tradeKind) return;
  s->lastTradeTicks = r->price;
  candles_trade(&s->candles, r->price, r->qty);
  flow_trade(&s->flow, r->price, (r->tag & SELL) ? -1 : 1, r->qty);
  if (r->price >= s->bidWalls.low && r->price <= s->bidWalls.high) walls_trade(&s->bidWalls, r->price, r->qty);
  if (r->price >= s->askWalls.low && r->price <= s->askWalls.high) walls_trade(&s->askWalls, r->price, r->qty);
  s->grid.events += 1;
  if (s->flow.mid == 0) s->grid.price = r->price;
  confirm(s);
}

static inline void take_ticker(Symbol *s, const Record *r) {
  int32_t bid = r->price, ask = r->price2;
  if (!(bid >= 0 && ask >= 0 && r->qty >= 0 && r->aux >= 0 && r->qty < INFINITY && r->aux < INFINITY) || (bid > 0 && ask > 0 && bid >= ask)) {
    s->invalid += 1;
    return;
  }
  advance(s, r);
  s->grid.events += 1;
  if (r->id != 0 && r->id < s->quoteId && !s->quotesStale) return;
  if (r->id != 0) s->quoteId = r->id;
  s->quotesFromBook = false;
  set_quotes(s, bid, ask, r->qty, r->aux);
}

static void book_state(Symbol *s) {
  bool live = s->book.state == LIVE;
  s->bookSeen = s->book.state;
  s->dirty = true;
  if (s->live && !live) {
    votes_unlatch(&s->votes);
    s->obi = s->depthBid = s->depthAsk = NAN;
    walls_clear(&s->bidWalls);
    walls_clear(&s->askWalls);
    votes_ability(&s->votes, OBI, false);
    votes_ability(&s->votes, DEPTH_BIT, false);
    if (s->quotesFromBook && s->book.state != STALE) {
      s->bestBidTicks = 0;
      s->bestBidLots = 0;
      s->bestAskTicks = 0;
      s->bestAskLots = 0;
      s->quoteId = 0;
      no_quotes(s);
    }
    judge_spread(s);
  }
  if (live && !s->live) check_stale_by(s, P_bookStaleMs);
  s->live = live;
  set_pauses(s);
}

static inline void take_depth(Symbol *s, const Record *r) {
  if (!s->hasBook) {
    s->hasBook = true;
    book_init(&s->book, s->futures, P_bookWindowTicks, s->perTick, s->flat, P_bookBufferRecords);
  }
  Book *book = &s->book;
  book_take(book, r);
  if (book->state != s->bookSeen) book_state(s);
  if (!book->changed) return;
  s->lastBookUs = s->clockUs;
  s->grid.events += book->changedLevels;
  if (book->lastId == 0 || book->lastId >= s->quoteId || s->quotesStale) {
    if (book->lastId != 0) s->quoteId = book->lastId;
    s->quotesFromBook = true;
    int32_t bid = book->bids.best == book->bids.none ? 0 : book->bids.best, ask = book->asks.best == book->asks.none ? 0 : book->asks.best;
    set_quotes(s, bid, ask, bid == 0 ? 0 : side_lots_at(&book->bids, bid), ask == 0 ? 0 : side_lots_at(&book->asks, ask));
  } else confirm(s);
  judge_book(s);
}

static void take_gap(Symbol *s, const Record *r) {
  s->gapRecords += 1;
  if (r->qty > 0 && r->qty < INFINITY) s->missing += r->qty;
  if (r->extra == DEPTH || r->extra == SNAPSHOT) {
    if (s->hasBook) {
      book_gap(&s->book);
      if (s->book.state != s->bookSeen) book_state(s);
    }
    return;
  }
  s->gapPauseUntilUs = s->exchUs + P_tradeGapPauseMs * 1000.0;
  set_pauses(s);
}

static void check_stale(Symbol *s) {
  double next = INFINITY;
  if (s->hasBook && s->live) {
    double due = s->lastBookUs + P_bookStaleMs * 1000.0;
    if (s->clockUs > due) {
      s->book.state = STALE;
      book_state(s);
    } else next = due;
  }
  if (s->flow.mid > 0) {
    double due = s->lastQuoteUs + P_quoteStaleMs * 1000.0;
    if (s->clockUs > due) {
      s->quotesStale = true;
      no_quotes(s);
      judge_spread(s);
      set_pauses(s);
    } else if (due < next) next = due;
  }
  s->staleCheckUs = next;
}

static inline void take(Symbol *s, const Record *r) {
  s->records += 1;
  switch (r->tag & KIND_MASK) {
    case DEPTH:
    case SNAPSHOT:
      if ((r->tag & FIRST) || !s->hasBook || s->book.openId < 0) advance(s, r);
      take_depth(s, r);
      break;
    case TRADE:
    case AGG_TRADE:
      if (!(r->price > 0 && r->qty >= 0 && r->qty < INFINITY)) s->invalid += 1;
      else {
        advance(s, r);
        take_trade(s, r);
      }
      break;
    case BOOK_TICKER:
      take_ticker(s, r);
      break;
    case GAP_RECORD:
      advance(s, r);
      take_gap(s, r);
      break;
    case LIQUIDATION:
    case MARK:
    case CANDLE:
    case FUNDING:
    case DEPTH_BAND:
      advance(s, r);
      break;
    default:
      s->invalid += 1;
  }
  if (s->exchUs > s->votes.expiryUs || s->votes.dirty) {
    s->votes.nowUs = s->exchUs;
    votes_refresh(&s->votes);
    s->dirty = true;
  }
  if (s->clockUs > s->staleCheckUs) check_stale(s);
  if (s->gapPauseUntilUs != 0 && s->exchUs > s->gapPauseUntilUs) {
    s->gapPauseUntilUs = 0;
    set_pauses(s);
  }
}

/* ---- the kernel, its edges folded into a checksum ---- */

typedef struct {
  Symbol *symbols;
  Symbol *bySymbol[256];
  int32_t count;
  double clockUs, seq, freezeUs, unfreezeUs;
  int64_t backwardStamps, strangers, records, edges;
  uint32_t hash;
} Kernel;

static inline void fold(Kernel *k, double x) {
  uint64_t bits;
  if (x != x) bits = 0x7ff8000000000000u;
  else memcpy(&bits, &x, 8);
  k->hash = (k->hash ^ (uint32_t)bits) * 16777619u;
  k->hash = (k->hash ^ (uint32_t)(bits >> 32)) * 16777619u;
}

static void fold_features(Kernel *k, const Symbol *s) {
  const Grid *g = &s->grid;
  bool spoofing = s->spoofUntilUs != 0 && s->exchUs <= s->spoofUntilUs;
  fold(k, g->price);
  fold(k, s->bestBidTicks);
  fold(k, s->bestAskTicks);
  fold(k, g->volatilityRatio);
  fold(k, g->volatilityNow);
  fold(k, g->acceleration);
  fold(k, s->obi);
  fold(k, s->spreadRatio);
  fold(k, s->spread * 10000);
  fold(k, g->volumeDeltaZ);
  fold(k, g->velocityRatio);
  fold(k, g->eventsPerSecond);
  fold(k, (s->votes.mask & PATTERN) ? s->pattern : 0);
  fold(k, s->depthBid);
  fold(k, s->depthAsk);
  fold(k, (s->bidWalls.wall ? 1 : 0) | (s->askWalls.wall ? 2 : 0));
  fold(k, spoofing ? s->spoofMask : 0);
  fold(k, g->violentRange);
  fold(k, g->latencyMs);
}

static inline int32_t level_key(const Symbol *s) {
  bool triggered = s->grid.warm && s->votes.votes >= s->votes.need && s->grid.violentRange >= P_triggerRange;
  bool violent = s->grid.violentRange >= P_violentRange;
  return (triggered ? 1 : 0) | (s->votes.votes <= 1 ? 2 : 0) | (violent ? 4 : 0) | (s->grid.warm ? 8 : 0) | (s->pauses << 4);
}

static void raise_edges(Kernel *k, Symbol *s) {
  s->dirty = false;
  if (s->hasBook && s->book.state != s->lastBook) {
    k->edges += 1;
    fold(k, k->seq);
    fold(k, s->lastBook);
    fold(k, s->book.state);
    s->lastBook = s->book.state;
  }
  if (s->candleClosed) {
    s->candleClosed = false;
    if (s->grid.frozen && s->closedCandle[3] > s->closedCandle[0]) {
      k->edges += 1;
      fold(k, k->seq);
      fold(k, s->candleEndUs);
      for (int i = 0; i < 8; i += 1) fold(k, s->closedCandle[i]);
      fold_features(k, s);
      fold(k, s->votes.mask);
    }
  }
  int32_t key = level_key(s);
  if (key == s->lastLevel) return;
  s->lastLevel = key;
  k->edges += 1;
  fold(k, k->seq);
  fold(k, k->clockUs);
  fold(k, s->exchUs);
  fold(k, s->votes.mask);
  fold(k, s->votes.votes);
  fold(k, s->votes.voters);
  fold(k, s->votes.need);
  fold(k, key);
  fold_features(k, s);
}

static void run(Kernel *k, const Record *records, int32_t count) {
  for (int32_t n = 0; n < count; n += 1) {
    const Record *r = &records[n];
    double stamp = r->recv > 0 ? r->recv : r->exch;
    double clock = stamp > k->clockUs && stamp < 9e15 ? stamp : k->clockUs;
    int32_t kind = r->tag & KIND_MASK;
    if (clock >= k->freezeUs && !((kind == DEPTH || kind == SNAPSHOT) && !(r->tag & FIRST))) {
      for (int32_t i = 0; i < k->count; i += 1) k->symbols[i].grid.frozen = true;
      k->freezeUs = INFINITY;
    }
    if (clock >= k->unfreezeUs && !((kind == DEPTH || kind == SNAPSHOT) && !(r->tag & FIRST))) {
      for (int32_t i = 0; i < k->count; i += 1) k->symbols[i].grid.frozen = false;
      k->unfreezeUs = INFINITY;
    }
    if (stamp < k->clockUs && stamp > 0) k->backwardStamps += 1;
    k->clockUs = clock;
    if (r->seq > k->seq + 1 && k->records > 0)
      for (int32_t i = 0; i < k->count; i += 1) {
        Symbol *s = &k->symbols[i];
        if (!s->hasBook) continue;
        if (s->book.openId >= 0) book_gap(&s->book);
        if (s->book.state != s->bookSeen) book_state(s);
      }
    k->seq = r->seq;
    k->records += 1;
    uint32_t index = (uint32_t)r->tag >> 16;
    Symbol *s = index < 256 ? k->bySymbol[index] : NULL;
    if (s == NULL) {
      k->strangers += 1;
      continue;
    }
    s->clockUs = clock;
    take(s, r);
    if (s->dirty) raise_edges(k, s);
    if ((kind == DEPTH || kind == SNAPSHOT) && s->hasBook && s->book.openId >= 0) {
      int32_t more = book_take_levels(&s->book, records, n + 1, count) - n - 1;
      if (more > 0) {
        n += more;
        k->seq += more;
        k->records += more;
        s->records += more;
        if (stamp < clock && stamp > 0) k->backwardStamps += more;
      }
    }
  }
}

static void fold_end(Kernel *k) {
  for (int32_t i = 0; i < k->count; i += 1) {
    Symbol *s = &k->symbols[i];
    if (s->hasBook) book_drop_buffer(&s->book);
    fold_features(k, s);
    for (int e = 0; e < EXTREMES * 4; e += 1) fold(k, s->extremes[e]);
    const Flow *f = &s->flow;
    fold(k, micro_price(&s->micro));
    fold(k, f->effectiveCount.sum > 0 ? f->effectiveSum.sum / f->effectiveCount.sum : NAN);
    fold(k, f->realisedCount.sum > 0 ? f->realisedSum.sum / f->realisedCount.sum : NAN);
    fold(k, f->ofiTotal);
    fold(k, f->ofiImpact.slope);
    fold(k, f->ofiImpact.rSquared);
    fold(k, f->cvdSession);
    fold(k, f->cvd1m);
    fold(k, f->cvd5m);
    fold(k, f->cvd15m);
    fold(k, f->kyle.slope);
    fold(k, f->kyle.t);
    fold(k, f->kyle.rSquared);
    fold(k, f->kyleZ);
    fold(k, f->hasbrouck.slope);
    fold(k, f->amihud);
    fold(k, f->vpin);
    fold(k, (double)s->records);
    fold(k, (double)s->invalid);
    fold(k, s->hasBook ? (double)s->book.refused : 0);
  }
}

/* ---- the tape ---- */

static void die(const char *why) {
  fprintf(stderr, "kernel: %s\n", why);
  exit(1);
}

static uint32_t u32(const uint8_t *p) {
  uint32_t v;
  memcpy(&v, p, 4);
  return v;
}

static double play(const char *path, Kernel *k) {
  struct timespec begun, ended;
  clock_gettime(CLOCK_MONOTONIC, &begun);
  int fd = open(path, O_RDONLY);
  if (fd < 0) die("cannot open the tape");
  static uint8_t preamble[32];
  if (pread(fd, preamble, 32, 0) != 32) die("no preamble");
  uint32_t headerBytes = u32(preamble + HEADER_BYTES_AT), seed = u32(preamble + HEADER_CRC_AT);
  int64_t at = 32 + (int64_t)headerBytes;
  static _Alignas(64) uint8_t block[64 + 65536];
  for (uint32_t number = 0;; number += 1) {
    ssize_t got = pread(fd, block, sizeof block, at);
    if (got < 64) die("cut");
    if (u32(block) != 0x314b4c42u) break; /* the index */
    if (crc32_of(seed, block, 60) != u32(block + 60)) die("block header checksum");
    uint32_t records = u32(block + 8), stored = u32(block + 16);
    if (u32(block + 4) != number || u32(block + 12) != 0 || records < 1 || records > 1024 || stored != records * 64 || got < 64 + (ssize_t)stored) die("block header");
    if (crc32_of(seed, block + 64, stored) != u32(block + 48)) die("block checksum");
    run(k, (const Record *)(const void *)(block + 64), (int32_t)records);
    for (int32_t i = 0; i < k->count; i += 1) {
      const Symbol *s = &k->symbols[i];
      fold(k, s->grid.price);
      fold(k, s->obi);
      fold(k, s->spreadRatio);
      fold(k, s->depthBid);
      fold(k, s->flow.ofi);
      fold(k, s->votes.mask);
    }
    at += 64 + stored;
  }
  close(fd);
  fold_end(k);
  clock_gettime(CLOCK_MONOTONIC, &ended);
  return (double)(ended.tv_sec - begun.tv_sec) + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9;
}

int main(int argc, char **argv) {
  if (argc < 9 || (argc - 5) % 4 != 0) die("usage: kernel TAPE PASSES FREEZE_US UNFREEZE_US [INDEX PER_TICK FLAT FUTURES]...");
  crc_init();
  int32_t count = (argc - 5) / 4;
  for (int pass = 0; pass < atoi(argv[2]); pass += 1) {
    Kernel k = { .count = count, .seq = -1, .freezeUs = atof(argv[3]), .unfreezeUs = atof(argv[4]), .hash = 2166136261u };
    k.symbols = calloc((size_t)count, sizeof(Symbol));
    for (int32_t i = 0; i < count; i += 1) {
      char **a = argv + 5 + i * 4;
      Symbol *s = &k.symbols[i];
      symbol_init(s, atoi(a[0]), atof(a[1]), atof(a[2]), atoi(a[3]) != 0);
      s->lastLevel = level_key(s);
      if (s->index < 256) k.bySymbol[s->index] = s;
    }
    double seconds = play(argv[1], &k);
    printf("%lld %.9f %u %lld\n", (long long)k.records, seconds, k.hash, (long long)k.edges);
    fflush(stdout);
    for (int32_t i = 0; i < count; i += 1) if (k.symbols[i].hasBook) book_free(&k.symbols[i].book);
    free(k.symbols);
  }
  return 0;
}
