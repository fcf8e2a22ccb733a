/* A scanner of CSV lines that knows no rules.
 *
 * It cuts text into lines and lines into fields, and adds up the numbers of those rows whose key (source, destination
 * and date, as raw bytes) it was taught and whose numbers are plain digits. It stops at every other line: what such a
 * line means is somebody else's business, who may then teach it a key.
 */
#ifndef IOTAGG_SCAN_H
#define IOTAGG_SCAN_H

#include <stddef.h>
#include <stdint.h>

enum {
    SCAN_KEY_PARTS = 3,    /* source, destination, timestamp (of which the date counts) */
    SCAN_MAX_NUMBERS = 8,  /* numbers that are added up */
    SCAN_MAX_PART = 65535, /* bytes of one part of a key */
    SCAN_MAX_DIGITS = 18   /* digits of a number, and of it times its scale, so that both fit into 64 bits */
};

/* Where the fields stand that matter (from 0), how many there are in a row (one more is allowed), how many digits a
 * plain number may have, what it is multiplied with, and the bytes that end the date in a timestamp. */
typedef struct {
    uint32_t key[SCAN_KEY_PARTS];
    uint32_t number[SCAN_MAX_NUMBERS];
    uint32_t numbers;
    uint32_t width;
    uint32_t digits[SCAN_MAX_NUMBERS];
    uint64_t scale[SCAN_MAX_NUMBERS];
    uint8_t ends_date[256];
} scan_layout;

/* The sum of some numbers below 2^64 and the sum of their squares, exact: squares in 64-bit limbs, lowest first. */
typedef struct {
    uint64_t sum[2];
    uint64_t squares[3];
} scan_sums;

typedef struct scanner scanner;

/* Bytes of the caller's, not ended by a NUL. */
typedef struct {
    const char *at;
    size_t length;
} scan_text;

/* Where scanning stopped: the rows that were added up before, and the line (without its LF) that was not; or the end of
 * the text, where `line.at` is NULL. `unknown` holds the parts of the line's key where that is all that speaks against
 * it; else `unknown[0].at` is NULL. */
typedef struct {
    uint64_t added;
    scan_text line;
    scan_text unknown[SCAN_KEY_PARTS];
} scan_stop;

/* Returns NULL when there is no memory. `seed` makes collisions of keys unforeseeable. */
scanner *scan_new(const scan_layout *layout, uint64_t seed);
void scan_free(scanner *s);

/* Scans lines from `from` on; a last one without LF is a line too. */
scan_stop scan_lines(scanner *s, scan_text text, size_t from);

/* Teaches a key: rows that have it are added to `group` from now on. Returns 1, 0 when a part is too long to be learned,
 * and -1 when there is no memory. */
int scan_learn(scanner *s, const scan_text parts[SCAN_KEY_PARTS], uint32_t group);
/* Forgets every key, but no sum. */
void scan_forget(scanner *s);
size_t scan_known(const scanner *s);

/* Adds one row's numbers, already multiplied, to a group. Returns -1 when there is no memory. */
int scan_add(scanner *s, uint32_t group, const uint64_t *numbers);

/* The rows of a group and the sums of each of its numbers; NULL and 0 for a group that there is not. */
const scan_sums *scan_group(const scanner *s, uint32_t group, uint64_t *rows);

#endif
