#include "scan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vector.h"

enum {
    BLOCK = 64,
    TALLIED_BLOCKS = 63, /* after so many, a count of bytes in a byte might overflow */
    FIRST_SLOTS = 1 << 10,
    FIRST_GROUPS = 1 << 8,
    FIRST_KEY_BYTES = 1 << 14
};

static const uint32_t NO_GROUP = UINT32_MAX;

typedef unsigned __int128 uint128;

typedef struct {
    uint64_t hash;
    uint32_t at; /* of its parts, one behind the other, in key_bytes */
    uint32_t group;
    uint16_t length[SCAN_KEY_PARTS];
} known_key;

/* What was seen of one line: where it ends, and its fields as far as any matters. */
typedef struct {
    size_t end;
    uint64_t commas;
    bool quoted;
} line_shape;

struct scanner {
    scan_layout layout;
    uint64_t seed;
    uint32_t wanted;  /* fields of a row that are located */
    scan_text *field; /* those fields of the line at hand */

    known_key *slots; /* open addressing; a power of two of them, at most two thirds of them taken */
    size_t slot_count;
    size_t known;
    char *key_bytes;
    size_t key_bytes_used;
    size_t key_bytes_room;

    uint64_t *rows; /* of each group */
    scan_sums *sums; /* of each group, as many as there are numbers */
    uint32_t group_room;
};

/* ---- keys ---- */

static uint64_t read64(const char *from)
{
    uint64_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

static uint64_t read32(const char *from)
{
    uint32_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

/* Both halves of a product: how wyhash mixes (Wang Yi). */
static uint64_t mixed(uint64_t one, uint64_t other)
{
    const uint128 product = (uint128)one * other;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_part(uint64_t hash, scan_text part)
{
    const uint64_t odd = 0x9e3779b97f4a7c15u, prime = 0xd6e8feb86659fd93u;
    const char *at = part.at;
    size_t left = part.length;
    uint64_t first = 0, last = 0;
    for (; left > 16; at += 16, left -= 16)
        hash = mixed(read64(at) ^ odd, read64(at + 8) ^ hash);
    if (left >= 8) {
        first = read64(at);
        last = read64(at + left - 8);
    } else if (left >= 4) {
        first = read32(at);
        last = read32(at + left - 4);
    } else if (left > 0) {
        first = (uint64_t)(uint8_t)at[0] << 16 | (uint64_t)(uint8_t)at[left / 2] << 8 | (uint8_t)at[left - 1];
    }
    return mixed(first ^ odd ^ part.length, last ^ prime ^ hash);
}

static uint64_t hash_key(const scanner *s, const scan_text parts[SCAN_KEY_PARTS])
{
    uint64_t hash = s->seed;
    for (int part = 0; part < SCAN_KEY_PARTS; part++)
        hash = hash_part(hash, parts[part]);
    return hash;
}

static bool is_key(const scanner *s, const known_key *key, const scan_text parts[SCAN_KEY_PARTS])
{
    const char *at = s->key_bytes + key->at;
    for (int part = 0; part < SCAN_KEY_PARTS; part++) {
        if (key->length[part] != parts[part].length || memcmp(at, parts[part].at, parts[part].length) != 0)
            return false;
        at += parts[part].length;
    }
    return true;
}

/* The slot that holds a key, or the empty one where it would stand. */
static known_key *slot_of(const scanner *s, uint64_t hash, const scan_text parts[SCAN_KEY_PARTS])
{
    const size_t mask = s->slot_count - 1;
    size_t at = (size_t)hash & mask;
    while (s->slots[at].group != NO_GROUP && (s->slots[at].hash != hash || !is_key(s, &s->slots[at], parts)))
        at = (at + 1) & mask;
    return &s->slots[at];
}

static known_key *empty_slots(size_t count)
{
    known_key *slots = calloc(count, sizeof *slots);
    for (size_t at = 0; slots != NULL && at < count; at++)
        slots[at].group = NO_GROUP;
    return slots;
}

static bool grow_slots(scanner *s)
{
    const size_t count = s->slot_count * 2;
    known_key *slots = empty_slots(count);
    if (slots == NULL)
        return false;
    for (size_t from = 0; from < s->slot_count; from++) {
        if (s->slots[from].group == NO_GROUP)
            continue;
        size_t to = (size_t)s->slots[from].hash & (count - 1);
        while (slots[to].group != NO_GROUP)
            to = (to + 1) & (count - 1);
        slots[to] = s->slots[from];
    }
    free(s->slots);
    s->slots = slots;
    s->slot_count = count;
    return true;
}

static bool room_for_key_bytes(scanner *s, size_t more)
{
    size_t room = s->key_bytes_room;
    while (room - s->key_bytes_used < more)
        room *= 2;
    if (room == s->key_bytes_room)
        return true;
    char *bytes = realloc(s->key_bytes, room);
    if (bytes == NULL)
        return false;
    s->key_bytes = bytes;
    s->key_bytes_room = room;
    return true;
}

/* ---- groups ---- */

static bool room_for_group(scanner *s, uint32_t group)
{
    if (group == NO_GROUP)
        return false;
    uint32_t room = s->group_room;
    while (room <= group)
        room = room > NO_GROUP / 2 ? NO_GROUP : room * 2;
    if (room == s->group_room)
        return true;
    uint64_t *rows = realloc(s->rows, room * sizeof *rows);
    if (rows == NULL)
        return false;
    s->rows = rows;
    scan_sums *sums = realloc(s->sums, (size_t)room * s->layout.numbers * sizeof *sums);
    if (sums == NULL)
        return false;
    s->sums = sums;
    memset(rows + s->group_room, 0, (room - s->group_room) * sizeof *rows);
    memset(sums + (size_t)s->group_room * s->layout.numbers, 0,
           (size_t)(room - s->group_room) * s->layout.numbers * sizeof *sums);
    s->group_room = room;
    return true;
}

static void add_number(scan_sums *sums, uint64_t number)
{
    const uint128 sum = (uint128)sums->sum[0] + number;
    sums->sum[0] = (uint64_t)sum;
    sums->sum[1] += (uint64_t)(sum >> 64);

    const uint128 square = (uint128)number * number;
    const uint128 low = (uint128)sums->squares[0] + (uint64_t)square;
    const uint128 high = (uint128)sums->squares[1] + (uint64_t)(square >> 64) + (uint64_t)(low >> 64);
    sums->squares[0] = (uint64_t)low;
    sums->squares[1] = (uint64_t)high;
    sums->squares[2] += (uint64_t)(high >> 64);
}

static void add_row(scanner *s, uint32_t group, const uint64_t *numbers)
{
    scan_sums *sums = s->sums + (size_t)group * s->layout.numbers;
    s->rows[group]++;
    for (uint32_t at = 0; at < s->layout.numbers; at++)
        add_number(sums + at, numbers[at]);
}

/* ---- lines and fields ---- */

/* Sixty-four bytes of a text, of which those beyond its end are line feeds. */
static inline bytes64 block_at(scan_text text, size_t at)
{
    if (text.length - at >= BLOCK)
        return load64(text.at + at);
    char tail[BLOCK];
    memset(tail, '\n', sizeof tail);
    memcpy(tail, text.at + at, text.length - at);
    return load64(tail);
}

static uint64_t below_lowest(uint64_t bits)
{
    return bits == 0 ? ~(uint64_t)0 : (bits & -bits) - 1;
}

static bool has_end_or_quote(const bytes64 *block)
{
    bytes16 found = {0};
    for (int part = 0; part < 4; part++)
        found |= equal16(block->part[part], '\n') | equal16(block->part[part], '"');
    return any16(found);
}

/* Looks at the rest of a line, of which no field matters any more. `at` is within or at the end of the text. */
static void shape_rest(scan_text text, size_t at, line_shape *shape)
{
    bytes16 tally = {0};
    for (uint32_t tallied = 0;; at += BLOCK) {
        const bytes64 block = block_at(text, at);
        if (has_end_or_quote(&block)) {
            const uint64_t ends = places64(&block, '\n'), inside = below_lowest(ends);
            shape->quoted |= (places64(&block, '"') & inside) != 0;
            shape->commas += ones64(places64(&block, ',') & inside);
            if (ends != 0) {
                shape->commas += total16(tally);
                shape->end = at + (size_t)__builtin_ctzll(ends);
                return;
            }
        } else {
            tally = tally64(tally, &block, ',');
            if (++tallied == TALLIED_BLOCKS) {
                shape->commas += total16(tally);
                tally = (bytes16){0};
                tallied = 0;
            }
        }
    }
}

/* Looks at the line that begins at `from`, and locates its fields as far as they matter, as if it had no quotes. */
static line_shape shape_line(scanner *s, scan_text text, size_t from)
{
    line_shape shape = {0};
    size_t begin = from;
    uint32_t located = 0;
    for (size_t at = from;; at += BLOCK) {
        const bytes64 block = block_at(text, at);
        const uint64_t ends = places64(&block, '\n'), inside = below_lowest(ends);
        uint64_t commas = places64(&block, ',') & inside;
        shape.quoted |= (places64(&block, '"') & inside) != 0;
        shape.commas += ones64(commas);
        for (; commas != 0 && located < s->wanted; commas &= commas - 1) {
            const size_t comma = at + (size_t)__builtin_ctzll(commas);
            s->field[located++] = (scan_text){text.at + begin, comma - begin};
            begin = comma + 1;
        }
        if (ends != 0) {
            shape.end = at + (size_t)__builtin_ctzll(ends);
            if (located < s->wanted)
                s->field[located] = (scan_text){text.at + begin, shape.end - begin};
            return shape;
        }
        if (located == s->wanted) {
            shape_rest(text, at + BLOCK, &shape);
            return shape;
        }
    }
}

/* Locates the fields of a line with quotes, by RFC 4180: a field that begins with a quote ends with one, and two inside
 * stand for one. Returns how many there are; 0 when quoting is broken, or a field that matters has quotes inside. */
static uint64_t split_quoted(scanner *s, scan_text line)
{
    const char *at = line.at, *end = line.at + line.length;
    while (end > at && end[-1] == '\r')
        end--;
    for (uint64_t fields = 0;; at++) {
        scan_text field = {at, 0};
        bool doubled = false;
        if (at < end && *at == '"') {
            field.at = ++at;
            while ((at = memchr(at, '"', (size_t)(end - at))) != NULL && at + 1 < end && at[1] == '"') {
                doubled = true;
                at += 2;
            }
            if (at == NULL)
                return 0;
            field.length = (size_t)(at++ - field.at);
            if (at < end && *at != ',')
                return 0;
        } else {
            const char *comma = memchr(at, ',', (size_t)(end - at));
            at = comma == NULL ? end : comma;
            field.length = (size_t)(at - field.at);
        }
        if (fields < s->wanted) {
            if (doubled)
                return 0;
            s->field[fields] = field;
        }
        fields++;
        if (at == end)
            return fields;
    }
}

/* ---- rows ---- */

static bool read_number(scan_text cell, uint32_t digits, uint64_t *number)
{
    uint64_t value = 0;
    if (cell.length == 0 || cell.length > digits)
        return false;
    for (size_t at = 0; at < cell.length; at++) {
        const uint8_t digit = (uint8_t)(cell.at[at] - '0');
        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}

static size_t date_length(const scan_layout *layout, scan_text timestamp)
{
    size_t length = 0;
    while (length < timestamp.length && !layout->ends_date[(uint8_t)timestamp.at[length]])
        length++;
    return length;
}

/* Adds up the row whose fields are located; false when a number is not plain or its key, told in `parts`, not known. */
static bool add_fields(scanner *s, scan_text parts[SCAN_KEY_PARTS])
{
    const scan_layout *layout = &s->layout;
    uint64_t numbers[SCAN_MAX_NUMBERS];
    for (uint32_t at = 0; at < layout->numbers; at++) {
        if (!read_number(s->field[layout->number[at]], layout->digits[at], &numbers[at]))
            return false;
        numbers[at] *= layout->scale[at];
    }
    for (int part = 0; part < SCAN_KEY_PARTS; part++)
        parts[part] = s->field[layout->key[part]];
    parts[SCAN_KEY_PARTS - 1].length = date_length(layout, parts[SCAN_KEY_PARTS - 1]);
    const known_key *key = slot_of(s, hash_key(s, parts), parts);
    if (key->group == NO_GROUP)
        return false;
    add_row(s, key->group, numbers);
    return true;
}

scan_stop scan_lines(scanner *s, scan_text text, size_t from)
{
    scan_stop stop = {0};
    const uint64_t width = s->layout.width;
    while (from < text.length) {
        const line_shape shape = shape_line(s, text, from);
        const scan_text line = {text.at + from, shape.end - from};
        const uint64_t fields = shape.quoted ? split_quoted(s, line) : shape.commas + 1;
        if ((fields != width && fields != width + 1) || !add_fields(s, stop.unknown)) {
            stop.line = line;
            return stop;
        }
        stop.unknown[0].at = NULL;
        stop.added++;
        from = shape.end + 1;
    }
    return stop;
}

/* ---- what others call ---- */

scanner *scan_new(const scan_layout *layout, uint64_t seed)
{
    scanner *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->layout = *layout;
    s->seed = seed;
    for (int part = 0; part < SCAN_KEY_PARTS; part++)
        s->wanted = layout->key[part] >= s->wanted ? layout->key[part] + 1 : s->wanted;
    for (uint32_t at = 0; at < layout->numbers; at++)
        s->wanted = layout->number[at] >= s->wanted ? layout->number[at] + 1 : s->wanted;
    s->slot_count = FIRST_SLOTS;
    s->key_bytes_room = FIRST_KEY_BYTES;
    s->group_room = FIRST_GROUPS;
    s->field = calloc(s->wanted, sizeof *s->field);
    s->slots = empty_slots(FIRST_SLOTS);
    s->key_bytes = malloc(FIRST_KEY_BYTES);
    s->rows = calloc(FIRST_GROUPS, sizeof *s->rows);
    s->sums = calloc((size_t)FIRST_GROUPS * layout->numbers, sizeof *s->sums);
    if (s->field == NULL || s->slots == NULL || s->key_bytes == NULL || s->rows == NULL || s->sums == NULL) {
        scan_free(s);
        return NULL;
    }
    return s;
}

void scan_free(scanner *s)
{
    if (s == NULL)
        return;
    free(s->field);
    free(s->slots);
    free(s->key_bytes);
    free(s->rows);
    free(s->sums);
    free(s);
}

int scan_learn(scanner *s, const scan_text parts[SCAN_KEY_PARTS], uint32_t group)
{
    size_t bytes = 0;
    for (int part = 0; part < SCAN_KEY_PARTS; part++) {
        if (parts[part].length > SCAN_MAX_PART)
            return 0;
        bytes += parts[part].length;
    }
    if (bytes > UINT32_MAX - s->key_bytes_used)
        return 0;
    if (!room_for_group(s, group) || !room_for_key_bytes(s, bytes) || (s->known * 3 >= s->slot_count * 2 && !grow_slots(s)))
        return -1;
    const uint64_t hash = hash_key(s, parts);
    known_key *key = slot_of(s, hash, parts);
    if (key->group == NO_GROUP) {
        *key = (known_key){.hash = hash, .at = (uint32_t)s->key_bytes_used};
        for (int part = 0; part < SCAN_KEY_PARTS; part++) {
            memcpy(s->key_bytes + s->key_bytes_used, parts[part].at, parts[part].length);
            key->length[part] = (uint16_t)parts[part].length;
            s->key_bytes_used += parts[part].length;
        }
        s->known++;
    }
    key->group = group;
    return 1;
}

void scan_forget(scanner *s)
{
    for (size_t at = 0; at < s->slot_count; at++)
        s->slots[at].group = NO_GROUP;
    s->known = 0;
    s->key_bytes_used = 0;
}

size_t scan_known(const scanner *s)
{
    return s->known;
}

int scan_add(scanner *s, uint32_t group, const uint64_t *numbers)
{
    if (!room_for_group(s, group))
        return -1;
    add_row(s, group, numbers);
    return 0;
}

const scan_sums *scan_group(const scanner *s, uint32_t group, uint64_t *rows)
{
    *rows = group < s->group_room ? s->rows[group] : 0;
    return group < s->group_room ? s->sums + (size_t)group * s->layout.numbers : NULL;
}
