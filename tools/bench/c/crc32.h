/* CRC-32 as zlib computes it: carry-less multiplication where the machine has it (Gopal et al., Intel 2009), else a table. */
#include <stddef.h>
#include <stdint.h>
#if defined(__PCLMUL__) && defined(__SSE4_1__)
#include <immintrin.h>
#define CRC_FOLDING 1
#endif

static uint32_t crc_table[8][256];

static void crc_init(void) {
  for (uint32_t i = 0; i < 256; i += 1) {
    uint32_t c = i;
    for (int k = 0; k < 8; k += 1) c = (c & 1) ? 0xedb88320u ^ (c >> 1) : c >> 1;
    crc_table[0][i] = c;
  }
  for (int t = 1; t < 8; t += 1)
    for (int i = 0; i < 256; i += 1) crc_table[t][i] = (crc_table[t - 1][i] >> 8) ^ crc_table[0][crc_table[t - 1][i] & 255];
}

static uint32_t crc_by_table(uint32_t c, const uint8_t *p, size_t n) {
  while (n >= 8) {
    uint32_t a, b;
    __builtin_memcpy(&a, p, 4);
    __builtin_memcpy(&b, p + 4, 4);
    a ^= c;
    c = crc_table[7][a & 255] ^ crc_table[6][(a >> 8) & 255] ^ crc_table[5][(a >> 16) & 255] ^ crc_table[4][a >> 24]
      ^ crc_table[3][b & 255] ^ crc_table[2][(b >> 8) & 255] ^ crc_table[1][(b >> 16) & 255] ^ crc_table[0][b >> 24];
    p += 8;
    n -= 8;
  }
  while (n--) c = (c >> 8) ^ crc_table[0][(c ^ *p++) & 255];
  return c;
}

#ifdef CRC_FOLDING
/* n >= 64 and a multiple of 16. */
static uint32_t crc_by_folding(uint32_t crc, const uint8_t *p, size_t n) {
  const __m128i k1k2 = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4), k3k4 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
  const __m128i k5 = _mm_set_epi64x(0, 0x0163cd6124), poly = _mm_set_epi64x(0x01f7011641, 0x01db710641);
  const __m128i low = _mm_setr_epi32(~0, 0, ~0, 0);
#define LOAD(at) _mm_loadu_si128((const __m128i *)(p + (at)))
#define FOLD(x, k, y) _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x, k, 0x00), _mm_clmulepi64_si128(x, k, 0x11)), y)
  __m128i a = _mm_xor_si128(LOAD(0), _mm_cvtsi32_si128((int)crc)), b = LOAD(16), c = LOAD(32), d = LOAD(48);
  for (p += 64, n -= 64; n >= 64; p += 64, n -= 64) {
    a = FOLD(a, k1k2, LOAD(0));
    b = FOLD(b, k1k2, LOAD(16));
    c = FOLD(c, k1k2, LOAD(32));
    d = FOLD(d, k1k2, LOAD(48));
  }
  a = FOLD(a, k3k4, b);
  a = FOLD(a, k3k4, c);
  a = FOLD(a, k3k4, d);
  for (; n >= 16; p += 16, n -= 16) a = FOLD(a, k3k4, LOAD(0));
  a = _mm_xor_si128(_mm_srli_si128(a, 8), _mm_clmulepi64_si128(a, k3k4, 0x10));
  a = _mm_xor_si128(_mm_clmulepi64_si128(_mm_and_si128(a, low), k5, 0x00), _mm_srli_si128(a, 4));
  b = _mm_and_si128(_mm_clmulepi64_si128(_mm_and_si128(a, low), poly, 0x10), low);
  a = _mm_xor_si128(a, _mm_clmulepi64_si128(b, poly, 0x00));
  return (uint32_t)_mm_extract_epi32(a, 1);
#undef LOAD
#undef FOLD
}
#endif

/* zlib's crc32(seed, bytes). */
static uint32_t crc32_of(uint32_t seed, const uint8_t *p, size_t n) {
  uint32_t c = ~seed;
#ifdef CRC_FOLDING
  if (n >= 64) {
    size_t whole = n & ~(size_t)15;
    c = crc_by_folding(c, p, whole);
    p += whole;
    n -= whole;
  }
#endif
  return ~crc_by_table(c, p, n);
}
