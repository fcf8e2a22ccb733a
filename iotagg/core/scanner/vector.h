/* Sixty-four bytes at a time: where among them a byte stands, and how often.
 *
 * Written in the vector types of GCC and Clang, which become SSE2 on x86-64 and NEON on AArch64; only taking one bit of
 * each byte has no portable name.
 */
#ifndef IOTAGG_VECTOR_H
#define IOTAGG_VECTOR_H

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint64_t halves16 __attribute__((vector_size(16)));

typedef struct {
    bytes16 part[4];
} bytes64;

static inline bytes64 load64(const char *from)
{
    bytes64 loaded;
    memcpy(&loaded, from, sizeof loaded);
    return loaded;
}

/* Each byte that is `wanted` becomes 255, each other one 0. */
static inline bytes16 equal16(bytes16 given, uint8_t wanted)
{
    const bytes16 all = {wanted, wanted, wanted, wanted, wanted, wanted, wanted, wanted,
                         wanted, wanted, wanted, wanted, wanted, wanted, wanted, wanted};
    return (bytes16)(given == all);
}

static inline int any16(bytes16 found)
{
    const halves16 halves = (halves16)found;
    return (halves[0] | halves[1]) != 0;
}

static inline uint32_t bits16(bytes16 found)
{
#if defined(__SSE2__)
    return (uint32_t)_mm_movemask_epi8((__m128i)found);
#elif defined(__ARM_NEON) && defined(__aarch64__)
    static const uint8_t weights[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t weighed = vandq_u8((uint8x16_t)found, vld1q_u8(weights));
    return vaddv_u8(vget_low_u8(weighed)) | (uint32_t)vaddv_u8(vget_high_u8(weighed)) << 8;
#else
    uint32_t bits = 0;
    for (int at = 0; at < 16; at++)
        bits |= (uint32_t)(found[at] & 1) << at;
    return bits;
#endif
}

/* One bit for each byte that is `wanted`, the first one lowest. */
static inline uint64_t places64(const bytes64 *given, uint8_t wanted)
{
    uint64_t places = 0;
    for (int part = 0; part < 4; part++)
        places |= (uint64_t)bits16(equal16(given->part[part], wanted)) << (16 * part);
    return places;
}

/* A count of bytes for each of sixteen places; good for 63 additions of 64 bytes. */
static inline bytes16 tally64(bytes16 tally, const bytes64 *given, uint8_t wanted)
{
    for (int part = 0; part < 4; part++)
        tally -= equal16(given->part[part], wanted); /* 255 is -1 */
    return tally;
}

static inline uint32_t total16(bytes16 tally)
{
    const halves16 halves = (halves16)tally;
    uint64_t pairs[2];
    for (int at = 0; at < 2; at++)
        pairs[at] = (halves[at] & 0x00ff00ff00ff00ffu) + (halves[at] >> 8 & 0x00ff00ff00ff00ffu);
    return (uint32_t)((pairs[0] + pairs[1]) * 0x0001000100010001u >> 48);
}

/* How many bits are set (Warren, Hacker's Delight, 5-1): the instruction for it is not on every x86-64. */
static inline uint32_t ones64(uint64_t bits)
{
    bits -= bits >> 1 & 0x5555555555555555u;
    bits = (bits & 0x3333333333333333u) + (bits >> 2 & 0x3333333333333333u);
    bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (uint32_t)(bits * 0x0101010101010101u >> 56);
}

#endif
