/* actors/market/book-side.ts and book.ts. */
#include <stdbool.h>
#include <stdlib.h>

typedef struct {
  bool isBid;
  int32_t size, mask, base, best, none, flip, farCount, farSize, topCount;
  double sumLots, sumWorth, perTick, flat;
  double *lots;
  uint32_t *bits;
  int32_t *farPrices;
  double *farLots;
  int32_t topPrices[64];
  double topLots[64];
} BookSide;

static void side_init(BookSide *s, bool isBid, int32_t windowTicks, double perTick, double flat) {
  memset(s, 0, sizeof *s);
  s->isBid = isBid;
  s->size = windowTicks;
  s->mask = windowTicks - 1;
  s->lots = calloc((size_t)windowTicks, 8);
  s->bits = calloc((size_t)windowTicks / 32, 4);
  s->none = isBid ? 0 : 2147483647;
  s->flip = isBid ? 0 : -1;
  s->best = s->none;
  s->perTick = perTick;
  s->flat = flat;
  s->farSize = 64;
  s->farPrices = calloc(64, 4);
  s->farLots = calloc(64, 8);
}

static void side_free(BookSide *s) {
  free(s->lots);
  free(s->bits);
  free(s->farPrices);
  free(s->farLots);
}

static void side_clear(BookSide *s) {
  memset(s->lots, 0, (size_t)s->size * 8);
  memset(s->bits, 0, (size_t)s->size / 8);
  memset(s->farPrices, 0, (size_t)s->farSize * 4);
  s->best = s->none;
  s->farCount = 0;
  s->topCount = 0;
}

static inline int32_t far_home(const BookSide *s, int32_t price) {
  return (int32_t)(((uint32_t)price * 0x9e3779b1u) >> 7) & (s->farSize - 1);
}

static int32_t far_find(const BookSide *s, int32_t price) {
  int32_t m = s->farSize - 1;
  for (int32_t i = far_home(s, price); s->farPrices[i] != 0; i = (i + 1) & m) if (s->farPrices[i] == price) return i;
  return -1;
}

static void far_set(BookSide *s, int32_t price, double lots);

static void far_grow(BookSide *s) {
  int32_t n = s->farSize, *prices = s->farPrices;
  double *values = s->farLots;
  s->farSize = n * 2;
  s->farPrices = calloc((size_t)n * 2, 4);
  s->farLots = calloc((size_t)n * 2, 8);
  s->farCount = 0;
  for (int32_t i = 0; i < n; i += 1) if (prices[i] != 0) far_set(s, prices[i], values[i]);
  free(prices);
  free(values);
}

static void far_set(BookSide *s, int32_t price, double lots) {
  if ((s->farCount + 1) * 2 > s->farSize) far_grow(s);
  int32_t m = s->farSize - 1, i = far_home(s, price);
  while (s->farPrices[i] != 0 && s->farPrices[i] != price) i = (i + 1) & m;
  if (s->farPrices[i] == 0) {
    s->farPrices[i] = price;
    s->farCount += 1;
  }
  s->farLots[i] = lots;
}

static void far_delete(BookSide *s, int32_t price) {
  int32_t hole = far_find(s, price);
  if (hole < 0) return;
  int32_t m = s->farSize - 1;
  s->farCount -= 1;
  for (int32_t i = (hole + 1) & m; s->farPrices[i] != 0; i = (i + 1) & m) {
    int32_t home = far_home(s, s->farPrices[i]);
    if (((i - home) & m) >= ((i - hole) & m)) {
      s->farPrices[hole] = s->farPrices[i];
      s->farLots[hole] = s->farLots[i];
      hole = i;
    }
  }
  s->farPrices[hole] = 0;
}

static int32_t far_next(const BookSide *s, int32_t price) {
  int32_t found = s->none;
  for (int32_t i = 0; i < s->farSize; i += 1) {
    int32_t p = s->farPrices[i];
    if (p == 0) continue;
    if (s->isBid ? p < price && p > found : p > price && p < found) found = p;
  }
  return found;
}

static int32_t near_below(const BookSide *s, int32_t price) {
  if (price < s->base) return s->none;
  int64_t top = (int64_t)s->base + s->size - 1;
  int32_t from = price > top ? (int32_t)top : price;
  int32_t slot = from & s->mask, words = (s->size >> 5) - 1, last = (s->base & s->mask) >> 5, w = slot >> 5;
  uint32_t m = s->bits[w] & (0xffffffffu >> (31 - (slot & 31)));
  for (;;) {
    if (m != 0) return s->base + ((((w << 5) | (31 - __builtin_clz(m))) - s->base) & s->mask);
    if (w == last) return s->none;
    w = (w - 1) & words;
    m = s->bits[w];
  }
}

static int32_t near_above(const BookSide *s, int32_t price) {
  if (price - s->base >= s->size) return s->none;
  int32_t from = price < s->base ? s->base : price;
  int32_t slot = from & s->mask, words = (s->size >> 5) - 1, last = ((s->base - 1) & s->mask) >> 5, w = slot >> 5;
  uint32_t m = s->bits[w] & (0xffffffffu << (slot & 31));
  for (;;) {
    if (m != 0) return s->base + ((((w << 5) | __builtin_ctz(m)) - s->base) & s->mask);
    if (w == last) return s->none;
    w = (w + 1) & words;
    m = s->bits[w];
  }
}

static int32_t side_next_worse(const BookSide *s, int32_t price) {
  int32_t near = s->isBid ? near_below(s, price - 1) : near_above(s, price + 1);
  return near != s->none || s->farCount == 0 ? near : far_next(s, price);
}

static void side_move_to(BookSide *s, int32_t base) {
  int32_t old = s->base;
  if (base == old) return;
  for (int32_t w = 0; w < s->size >> 5; w += 1) {
    uint32_t m = s->bits[w];
    while (m != 0) {
      int32_t b = 31 - __builtin_clz(m);
      m &= ~(1u << b);
      int32_t slot = (w << 5) | b;
      int32_t price = old + ((slot - old) & s->mask);
      if (price - base >= 0 && price - base < s->size) continue;
      far_set(s, price, s->lots[slot]);
      s->lots[slot] = 0;
      s->bits[w] &= ~(1u << b);
    }
  }
  s->base = base;
  if (s->farCount == 0) return;
  int32_t n = s->farSize, *prices = s->farPrices;
  double *values = s->farLots;
  s->farPrices = calloc((size_t)n, 4);
  s->farLots = calloc((size_t)n, 8);
  s->farCount = 0;
  for (int32_t i = 0; i < n; i += 1) {
    int32_t price = prices[i];
    if (price == 0) continue;
    if (price - base >= 0 && price - base < s->size) {
      int32_t slot = price & s->mask;
      s->lots[slot] = values[i];
      s->bits[slot >> 5] |= 1u << (slot & 31);
    } else far_set(s, price, values[i]);
  }
  free(prices);
  free(values);
}

static void side_keep_inside(BookSide *s) {
  int32_t offset = s->best - s->base, eighth = s->size >> 3;
  if (s->isBid ? offset < 2 * eighth || offset >= 7 * eighth : offset < eighth || offset >= 6 * eighth) {
    int32_t base = s->best - (s->isBid ? 5 * eighth : 3 * eighth);
    side_move_to(s, base <= 0 ? 0 : base & ~31);
  }
}

static void side_worsen(BookSide *s) {
  s->best = side_next_worse(s, s->best);
  if (s->best != s->none) side_keep_inside(s);
}

static inline void side_set(BookSide *s, int32_t price, double q) {
  if ((uint32_t)(price - s->base) < (uint32_t)s->size) {
    int32_t slot = price & s->mask;
    s->lots[slot] = q;
    if (q > 0) {
      s->bits[slot >> 5] |= 1u << (slot & 31);
      if ((price ^ s->flip) > (s->best ^ s->flip)) {
        s->best = price;
        side_keep_inside(s);
      }
    } else {
      s->bits[slot >> 5] &= ~(1u << (slot & 31));
      if (price == s->best) side_worsen(s);
    }
  } else if (q > 0) {
    far_set(s, price, q);
    if ((price ^ s->flip) > (s->best ^ s->flip)) {
      s->best = price;
      side_keep_inside(s);
    }
  } else far_delete(s, price);
}

static double side_lots_at(const BookSide *s, int32_t price) {
  int32_t offset = price - s->base;
  if (offset >= 0 && offset < s->size) return s->lots[price & s->mask];
  int32_t at = far_find(s, price);
  return at < 0 ? 0 : s->farLots[at];
}

static void side_sum(BookSide *s) {
  const int32_t most = P_obiLevels > P_depthLevels ? P_obiLevels : P_depthLevels;
  int32_t count = 0, price = s->best;
  double sumLots = 0, sumWorth = 0;
#define ADD(q) do { \
    double q_ = (q); \
    if (count < P_obiLevels) sumLots += q_; \
    if (count < P_depthLevels) sumWorth += q_ * (price * s->perTick + s->flat); \
    count += 1; \
  } while (0)
  if (price != s->none) {
    int32_t words = (s->size >> 5) - 1, w = (price & s->mask) >> 5;
    if (s->isBid) {
      int32_t last = (s->base & s->mask) >> 5;
      uint32_t m = s->bits[w] & (0xffffffffu >> (31 - (price & 31)));
      for (;;) {
        while (m != 0 && count < most) {
          int32_t b = 31 - __builtin_clz(m);
          m &= ~(1u << b);
          int32_t slot = (w << 5) | b;
          price = s->base + ((slot - s->base) & s->mask);
          ADD(s->lots[slot]);
        }
        if (count == most || w == last) break;
        w = (w - 1) & words;
        m = s->bits[w];
      }
    } else {
      int32_t last = ((s->base - 1) & s->mask) >> 5;
      uint32_t m = s->bits[w] & (0xffffffffu << (price & 31));
      for (;;) {
        while (m != 0 && count < most) {
          int32_t b = __builtin_ctz(m);
          m &= m - 1;
          int32_t slot = (w << 5) | b;
          price = s->base + ((slot - s->base) & s->mask);
          ADD(s->lots[slot]);
        }
        if (count == most || w == last) break;
        w = (w + 1) & words;
        m = s->bits[w];
      }
    }
    while (count < most && s->farCount > 0) {
      price = far_next(s, price);
      if (price == s->none) break;
      ADD(s->farLots[far_find(s, price)]);
    }
  }
#undef ADD
  s->sumLots = sumLots;
  s->sumWorth = sumWorth;
}

static void side_read_top(BookSide *s) {
  int32_t count = 0;
  for (int32_t price = s->best; price != s->none && count < P_depthLevels; price = side_next_worse(s, price)) {
    s->topPrices[count] = price;
    s->topLots[count] = side_lots_at(s, price);
    count += 1;
  }
  s->topCount = count;
}

enum { SYNCING, LIVE, GAP, STALE };
enum { FATE_NONE, FATE_APPLY, FATE_OLD, FATE_BUFFER, FATE_REFUSE };

typedef struct {
  bool futures, changed, awaitsBracket;
  BookSide bids, asks;
  int32_t state, changedLevels, fate, openKind, openLevels, snapshots, crossed, breaks, diffs, invalid;
  int64_t applied, refused, waiting, bufferLimit, bufferSize;
  double lastId, openId, tornId, tornSnapshotId;
  Record *buffer;
} Book;

static void book_init(Book *b, bool futures, int32_t windowTicks, double perTick, double flat, int64_t bufferRecords) {
  memset(b, 0, sizeof *b);
  b->futures = futures;
  side_init(&b->bids, true, windowTicks, perTick, flat);
  side_init(&b->asks, false, windowTicks, perTick, flat);
  b->openId = b->tornId = b->tornSnapshotId = -1;
  b->bufferLimit = bufferRecords;
  b->bufferSize = 64;
  b->buffer = malloc(64 * sizeof(Record));
}

static void book_free(Book *b) {
  side_free(&b->bids);
  side_free(&b->asks);
  free(b->buffer);
}

static void book_drop_buffer(Book *b) {
  b->refused += b->waiting;
  b->waiting = 0;
}

static void book_close_message(Book *b) {
  b->openId = -1;
  b->openKind = 0;
  b->fate = FATE_NONE;
}

static void book_break(Book *b) {
  if (b->state == SYNCING && b->snapshots == 0) return;
  if (b->state != GAP) b->breaks += 1;
  b->state = GAP;
  b->changed = false;
  side_clear(&b->bids);
  side_clear(&b->asks);
}

static void book_gap(Book *b) {
  if (b->openKind == SNAPSHOT) b->tornSnapshotId = b->openId;
  else if (b->openId >= 0) b->tornId = b->openId;
  book_close_message(b);
  book_break(b);
  book_drop_buffer(b);
}

static bool book_level(Book *b, const Record *r) {
  if (!(r->price > 0 && r->price < 2147483647 && r->qty >= 0 && r->qty <= 9007199254740992.0)) {
    b->invalid += 1;
    book_close_message(b);
    book_break(b);
    return false;
  }
  side_set((r->tag & SELL) ? &b->asks : &b->bids, r->price, r->qty);
  return true;
}

static void book_settle(Book *b) {
  if (b->bids.best >= b->asks.best) {
    b->crossed += 1;
    book_break(b);
    return;
  }
  b->state = LIVE;
  b->changed = true;
}

static int book_verdict(const Book *b, const Record *r) {
  if (r->id == 0 && r->aux == 0) return 1;
  if (b->awaitsBracket) {
    if (b->futures) return r->id < b->lastId ? -1 : r->id - r->extra <= b->lastId || r->aux == b->lastId ? 1 : 0;
    return r->id <= b->lastId ? -1 : r->aux <= b->lastId ? 1 : 0;
  }
  if (r->aux == b->lastId) return 1;
  return r->id <= b->lastId ? -1 : 0;
}

static void book_end_diff(Book *b) {
  b->lastId = b->openId;
  b->diffs += 1;
  b->awaitsBracket = false;
  b->changedLevels = b->openLevels;
  book_close_message(b);
  book_settle(b);
}

static void book_open_diff(Book *b, const Record *r) {
  if (b->openId >= 0 && !(b->openId == r->id && b->openKind == DEPTH)) {
    book_break(b);
    book_drop_buffer(b);
  }
  b->openId = r->id;
  b->openKind = DEPTH;
  b->openLevels = 0;
  if (r->id == b->tornId) {
    b->fate = FATE_REFUSE;
    return;
  }
  if (b->state == LIVE || b->state == STALE) {
    int fits = book_verdict(b, r);
    if (fits != 0) {
      b->fate = fits > 0 ? FATE_APPLY : FATE_OLD;
      return;
    }
    book_break(b);
  }
  b->fate = FATE_BUFFER;
}

static void book_keep(Book *b, const Record *r) {
  if (b->waiting == b->bufferLimit) {
    book_drop_buffer(b);
    b->fate = FATE_REFUSE;
    b->refused += 1;
    return;
  }
  if (b->waiting == b->bufferSize) b->buffer = realloc(b->buffer, (size_t)(b->bufferSize *= 2) * sizeof(Record));
  b->buffer[b->waiting] = *r;
  b->waiting += 1;
}

static void book_take_diff(Book *b, const Record *r) {
  if (r->tag & FIRST) book_open_diff(b, r);
  else if (r->id != b->openId || b->openKind != DEPTH) {
    if (b->openId < 0 && r->id == b->lastId && (b->state == LIVE || b->state == STALE)) {
      b->applied += 1;
      if (!(r->tag & EMPTY) && book_level(b, r)) book_settle(b);
      return;
    }
    b->tornId = r->id;
    book_close_message(b);
    book_break(b);
    book_drop_buffer(b);
    b->refused += 1;
    return;
  }
  switch (b->fate) {
    case FATE_APPLY:
      b->applied += 1;
      if (!(r->tag & EMPTY)) {
        if (!book_level(b, r)) return;
        b->openLevels += 1;
      }
      if (r->tag & LAST) book_end_diff(b);
      return;
    case FATE_OLD:
      b->applied += 1;
      break;
    case FATE_BUFFER:
      book_keep(b, r);
      break;
    default:
      b->refused += 1;
  }
  if (r->tag & LAST) book_close_message(b);
}

static bool book_older_than_buffer(const Book *b, double id) {
  if (id == 0) return false;
  for (int64_t k = 0; k < b->waiting; k += 1) {
    const Record *r = &b->buffer[k];
    if (b->futures ? r->id < id : r->id <= id) continue;
    return b->futures ? r->id - r->extra > id && r->aux != id : r->aux > id;
  }
  return false;
}

static void book_open_snapshot(Book *b, const Record *r) {
  if (b->openId >= 0 && b->openKind == DEPTH) {
    b->tornId = b->openId;
    book_break(b);
    book_drop_buffer(b);
  }
  bool again = b->openId == r->id && b->openKind == SNAPSHOT && b->openLevels > 1;
  b->openId = r->id;
  b->openKind = SNAPSHOT;
  b->openLevels = 0;
  if (again || r->id == b->tornSnapshotId) b->fate = FATE_REFUSE;
  else if (b->state == LIVE && r->id != 0 && r->id < b->lastId) b->fate = FATE_OLD;
  else if (b->state != LIVE && book_older_than_buffer(b, r->id)) b->fate = FATE_REFUSE;
  else {
    b->fate = FATE_APPLY;
    side_clear(&b->bids);
    side_clear(&b->asks);
    if (b->state == LIVE || b->state == STALE) b->state = SYNCING;
  }
}

static void book_apply_buffer(Book *b) {
  int64_t n = b->waiting, r = 0;
  b->waiting = 0;
  while (r < n) {
    int64_t end = r + 1;
    while (end < n && !(b->buffer[end].tag & FIRST)) end += 1;
    int fits = b->state != LIVE ? 0 : book_verdict(b, &b->buffer[r]);
    if (fits > 0) {
      b->openId = b->buffer[r].id;
      b->openKind = DEPTH;
      b->openLevels = 0;
      b->fate = FATE_APPLY;
      for (; r < end && b->openId >= 0; r += 1) {
        const Record *x = &b->buffer[r];
        b->applied += 1;
        if ((x->tag & EMPTY) || book_level(b, x)) {
          if (!(x->tag & EMPTY)) b->openLevels += 1;
          if (x->tag & LAST) book_end_diff(b);
        }
      }
      if (b->openId >= 0) book_close_message(b);
    } else if (fits == 0 && b->state == LIVE) book_break(b);
    b->refused += end - r;
    r = end;
  }
}

static void book_end_snapshot(Book *b) {
  b->lastId = b->openId;
  b->awaitsBracket = true;
  b->snapshots += 1;
  b->changedLevels = 0;
  book_close_message(b);
  if (b->bids.best >= b->asks.best) {
    b->crossed += 1;
    book_break(b);
    book_drop_buffer(b);
    return;
  }
  b->state = LIVE;
  b->changed = true;
  book_apply_buffer(b);
}

static void book_take_snapshot(Book *b, const Record *r) {
  if (r->tag & FIRST) book_open_snapshot(b, r);
  else if (r->id != b->openId || b->openKind != SNAPSHOT) {
    b->tornSnapshotId = r->id;
    if (b->openKind == DEPTH) book_gap(b);
    book_close_message(b);
    b->refused += 1;
    return;
  }
  if (b->fate == FATE_APPLY) {
    b->applied += 1;
    if (!(r->tag & EMPTY)) {
      if (!book_level(b, r)) return;
      b->openLevels += 1;
    }
    if (r->tag & LAST) book_end_snapshot(b);
    return;
  }
  if (b->fate == FATE_OLD) b->applied += 1;
  else b->refused += 1;
  if (r->tag & LAST) book_close_message(b);
}

static inline void book_take(Book *b, const Record *r) {
  b->changed = false;
  if ((r->tag & KIND_MASK) == SNAPSHOT) book_take_snapshot(b, r);
  else book_take_diff(b, r);
}

#define SAME_MESSAGE ((int32_t)(KIND_MASK | 0xffff0000u))

static inline int32_t book_take_levels(Book *b, const Record *records, int32_t from, int32_t to) {
  if (b->fate != FATE_APPLY) return from;
  const Record *first = &records[from - 1];
  int32_t same = first->tag & SAME_MESSAGE, r = from;
  double seq = first->seq;
  for (; r < to; r += 1) {
    const Record *x = &records[r];
    seq += 1;
    if ((x->tag & (SAME_MESSAGE | FIRST | LAST | EMPTY)) != same || x->id != first->id || x->seq != seq || x->recv != first->recv || (first->recv == 0 && x->exch != first->exch)) break;
    if (!(x->price > 0 && x->price < 2147483647 && x->qty >= 0 && x->qty <= 9007199254740992.0)) break;
    side_set((x->tag & SELL) ? &b->asks : &b->bids, x->price, x->qty);
  }
  b->openLevels += r - from;
  b->applied += r - from;
  return r;
}
