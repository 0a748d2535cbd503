/* SPDX-License-Identifier: MIT */
/*
 * smtp/scan.c - looking at many bytes at once.
 *
 * Content is judged by pairs: a block of 64 bytes is compared with CR, LF, NUL
 * and a dot, and so is the block that begins one byte later. Then "a CR here"
 * and "an LF behind it" are two vectors that have to be equal, and nothing is
 * carried from one block to the next. It is written in the vectors of GNU C,
 * which become SSE2, NEON or what else the machine has; on x86 there is a
 * second copy for AVX2, taken when the processor knows it.
 *
 * Other compilers get the same in words of eight bytes.
 */
#include "smtp/scan.h"

#include <string.h>

/* What there is to choose from; the tests try each. */
#define WORDS 0
#define VECTORS 1
#define VECTORS_AVX2 2

#if !defined(SMAIL__SCAN_BY)
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
#define SMAIL__SCAN_BY VECTORS_AVX2
#elif defined(__GNUC__)
#define SMAIL__SCAN_BY VECTORS
#else
#define SMAIL__SCAN_BY WORDS
#endif
#endif

#if SMAIL__SCAN_BY >= VECTORS && defined(__SSE2__)
#define WITH_SSE2 1
#include <emmintrin.h>
#else
#define WITH_SSE2 0
#endif

#include "base/span.h"

#define BLOCK 64

#define WORD_ONES UINT64_C(0x0101010101010101)
#define WORD_LOWS UINT64_C(0x7f7f7f7f7f7f7f7f)

static uint64_t load(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    return word;
}

/* 0x80 in each byte that is `byte`, 0 in the others. */
static uint64_t equals(uint64_t word, char byte)
{
    word ^= WORD_ONES * (unsigned char)byte;
    return ~(((word & WORD_LOWS) + WORD_LOWS) | word | WORD_LOWS);
}

#if SMAIL__SCAN_BY >= VECTORS

/* The two copies differ in nothing but the size of the vector. */
typedef signed char vector16 __attribute__((vector_size(16)));

static size_t plain_blocks(const char *text, size_t len, char stuffing)
{
    const vector16 zero = { 0 };
    vector16 cr, lf, dot;
    size_t done = 0;

    memset(&cr, '\r', sizeof(cr));
    memset(&lf, '\n', sizeof(lf));
    memset(&dot, stuffing, sizeof(dot));
    for (; len - done > BLOCK; done += BLOCK) {
        vector16 wrong = zero;
        uint64_t any[sizeof(wrong) / sizeof(uint64_t)];

        for (size_t i = 0; i < BLOCK; i += sizeof(wrong)) {
            vector16 here, next;

            memcpy(&here, text + done + i, sizeof(here));
            memcpy(&next, text + done + i + 1, sizeof(next));
            wrong |= ((here == cr) ^ (next == lf)) |
                     ((here == lf) & (next == dot)) | (here == zero);
        }
        memcpy(any, &wrong, sizeof(any));
        if ((any[0] | any[1]) != 0)
            break;
    }
    return done;
}

#if SMAIL__SCAN_BY == VECTORS_AVX2

typedef signed char vector32 __attribute__((vector_size(32)));

__attribute__((target("avx2"))) static size_t plain_blocks_avx2(
    const char *text, size_t len, char stuffing)
{
    const vector32 zero = { 0 };
    vector32 cr, lf, dot;
    size_t done = 0;

    memset(&cr, '\r', sizeof(cr));
    memset(&lf, '\n', sizeof(lf));
    memset(&dot, stuffing, sizeof(dot));
    for (; len - done > BLOCK; done += BLOCK) {
        vector32 wrong = zero;
        uint64_t any[sizeof(wrong) / sizeof(uint64_t)];

        for (size_t i = 0; i < BLOCK; i += sizeof(wrong)) {
            vector32 here, next;

            memcpy(&here, text + done + i, sizeof(here));
            memcpy(&next, text + done + i + 1, sizeof(next));
            wrong |= ((here == cr) ^ (next == lf)) |
                     ((here == lf) & (next == dot)) | (here == zero);
        }
        memcpy(any, &wrong, sizeof(any));
        if ((any[0] | any[1] | any[2] | any[3]) != 0)
            break;
    }
    return done;
}

static size_t skip_blocks(const char *text, size_t len, char stuffing)
{
    return __builtin_cpu_supports("avx2")
               ? plain_blocks_avx2(text, len, stuffing)
               : plain_blocks(text, len, stuffing);
}

#else

static size_t skip_blocks(const char *text, size_t len, char stuffing)
{
    return plain_blocks(text, len, stuffing);
}

#endif

#else

static size_t skip_blocks(const char *text, size_t len, char stuffing)
{
    size_t done = 0;

    for (; len - done > BLOCK; done += BLOCK) {
        uint64_t wrong = 0;

        for (size_t i = 0; i < BLOCK; i += sizeof(uint64_t)) {
            uint64_t here = load(text + done + i);
            uint64_t next = load(text + done + i + 1);

            wrong |= (equals(here, '\r') ^ equals(next, '\n')) |
                     (equals(here, '\n') & equals(next, stuffing)) |
                     equals(here, '\0');
        }
        if (wrong != 0)
            break;
    }
    return done;
}

#endif

size_t smail__scan_plain(smail_span text, char stuffing)
{
    return text.len > BLOCK ? skip_blocks(text.data, text.len, stuffing) : 0;
}

size_t smail__scan_run(smail_span text)
{
    size_t at = 0;

#if WITH_SSE2
    const __m128i cr = _mm_set1_epi8('\r');
    const __m128i lf = _mm_set1_epi8('\n');

    for (; text.len - at >= sizeof(cr); at += sizeof(cr)) {
        __m128i here = _mm_loadu_si128((const void *)(text.data + at));
        __m128i found =
            _mm_or_si128(_mm_cmpeq_epi8(here, cr), _mm_cmpeq_epi8(here, lf));
        unsigned mask;

        found = _mm_or_si128(found, _mm_cmpeq_epi8(here, _mm_setzero_si128()));
        mask = (unsigned)_mm_movemask_epi8(found);
        if (mask != 0)
            return at + (size_t)__builtin_ctz(mask);
    }
#endif
    while (text.len - at >= sizeof(uint64_t)) {
        uint64_t word = load(text.data + at);

        if ((equals(word, '\r') | equals(word, '\n') | equals(word, '\0')) != 0)
            break;
        at += sizeof(uint64_t);
    }
    while (at < text.len && text.data[at] != '\r' && text.data[at] != '\n' &&
           text.data[at] != '\0')
        at++;
    return at;
}
