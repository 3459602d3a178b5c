// The ring's twin: one producer, one consumer, slots of 64 bytes written in place, a batch published by one release store, the other
// side's cursor cached, cursors on lines of their own. Both spin.
//   ring RECORDS SLOTS BATCH  ->  "seconds checksum"
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FIELDS 8

static _Alignas(128) _Atomic uint64_t head; // published
static _Alignas(128) _Atomic uint64_t tail; // released
static _Alignas(128) double *slots;
static uint64_t records, size, batch;
static _Alignas(128) struct timespec begun;
static _Alignas(128) struct timespec ended;
static double checksum;

static void *produce(void *unused) {
  (void)unused;
  uint64_t at = 0, seen = 0;
  clock_gettime(CLOCK_MONOTONIC, &begun);
  while (at < records) {
    while (size - (at - seen) < batch) seen = atomic_load_explicit(&tail, memory_order_acquire);
    double *to = slots + (at & (size - 1)) * FIELDS;
    for (uint64_t k = 0; k < batch; k += 1, to += FIELDS) {
      const double value = (double)(at + k);
      for (int field = 0; field < FIELDS; field += 1) to[field] = value + field;
    }
    at += batch;
    atomic_store_explicit(&head, at, memory_order_release);
  }
  return NULL;
}

static void *consume(void *unused) {
  (void)unused;
  uint64_t at = 0, seen = 0;
  double sum = 0;
  while (at < records) {
    while (seen == at) seen = atomic_load_explicit(&head, memory_order_acquire);
    uint64_t run = seen - at;
    if (run > batch) run = batch;
    const double *from = slots + (at & (size - 1)) * FIELDS;
    for (uint64_t k = 0; k < run; k += 1, from += FIELDS) sum += from[0] + from[1] + from[2] + from[3] + from[4] + from[5] + from[6] + from[7];
    at += run;
    atomic_store_explicit(&tail, at, memory_order_release);
  }
  clock_gettime(CLOCK_MONOTONIC, &ended);
  checksum = sum;
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  records = strtoull(argv[1], NULL, 10);
  size = strtoull(argv[2], NULL, 10);
  batch = strtoull(argv[3], NULL, 10);
  if (batch == 0 || size % batch != 0 || records % batch != 0 || (size & (size - 1)) != 0) return 2;
  slots = aligned_alloc(128, size * FIELDS * sizeof(double));
  if (slots == NULL) return 1;
  for (uint64_t k = 0; k < size * FIELDS; k += 1) slots[k] = 0;
  pthread_t producer, consumer;
  if (pthread_create(&consumer, NULL, consume, NULL) != 0 || pthread_create(&producer, NULL, produce, NULL) != 0) return 1;
  pthread_join(producer, NULL);
  pthread_join(consumer, NULL);
  printf("%.9f %.17g\n", (double)(ended.tv_sec - begun.tv_sec) + 1e-9 * (double)(ended.tv_nsec - begun.tv_nsec), checksum);
  return 0;
}
