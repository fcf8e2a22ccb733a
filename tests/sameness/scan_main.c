/* The scanner without Python, for other processors: says of a text at which lines it stops, and what it adds up.
 *
 * scan_main WIDTH SOURCE DESTINATION TIMESTAMP NUMBER NUMBER < TEXT
 *
 * Here nobody judges: whatever stands in the fields of a line at which the scan stops is learned as it is, in a group of
 * its own. Two builds that say the same about the same text are the same scanner.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../iotagg/core/scanner/scan.h"

enum { ARGUMENTS = 7, PART = 1 << 16 };

static scan_text field(scan_text line, uint32_t wanted)
{
    const char *at = line.at, *end = line.at + line.length;
    for (const char *comma; wanted > 0 && (comma = memchr(at, ',', (size_t)(end - at))) != NULL; wanted--)
        at = comma + 1;
    const char *comma = memchr(at, ',', (size_t)(end - at));
    return (scan_text){at, (size_t)((comma == NULL ? end : comma) - at)};
}

static scan_text all_input(void)
{
    size_t room = PART, length = 0, more;
    char *text = malloc(room);
    while (text != NULL && (more = fread(text + length, 1, room - length, stdin)) > 0)
        if ((length += more) == room)
            text = realloc(text, room *= 2);
    if (text == NULL)
        abort();
    return (scan_text){text, length};
}

static void show(const scanner *s, uint32_t groups)
{
    for (uint32_t group = 0; group < groups; group++) {
        uint64_t rows;
        const scan_sums *sums = scan_group(s, group, &rows);
        printf("group %" PRIu32 " %" PRIu64, group, rows);
        for (int at = 0; at < 2; at++)
            printf(" %" PRIx64 ":%" PRIx64 " %" PRIx64 ":%" PRIx64 ":%" PRIx64, sums[at].sum[1], sums[at].sum[0],
                   sums[at].squares[2], sums[at].squares[1], sums[at].squares[0]);
        putchar('\n');
    }
}

int main(int count, char **given)
{
    if (count != ARGUMENTS)
        return 2;
    scan_layout layout = {.width = (uint32_t)atoi(given[1]), .numbers = 2, .digits = {16, 13}, .scale = {1, 1000}};
    for (int at = 0; at < SCAN_KEY_PARTS; at++)
        layout.key[at] = (uint32_t)atoi(given[2 + at]);
    for (int at = 0; at < 2; at++)
        layout.number[at] = (uint32_t)atoi(given[5 + at]);
    layout.ends_date[' '] = layout.ends_date['\t'] = layout.ends_date['T'] = 1;

    scanner *s = scan_new(&layout, 1);
    const scan_text text = all_input();
    uint32_t groups = 0;
    for (size_t from = 0; s != NULL;) {
        const scan_stop stop = scan_lines(s, text, from);
        printf("added %" PRIu64 "\n", stop.added);
        if (stop.line.at == NULL)
            break;
        printf("line %zu %zu\n", (size_t)(stop.line.at - text.at), stop.line.length);
        scan_text parts[SCAN_KEY_PARTS];
        for (int at = 0; at < SCAN_KEY_PARTS; at++)
            parts[at] = field(stop.line, layout.key[at]);
        for (size_t at = 0; at < parts[2].length; at++)
            if (layout.ends_date[(uint8_t)parts[2].at[at]])
                parts[2].length = at;
        const uint64_t numbers[2] = {groups, UINT64_MAX - groups};
        if (scan_learn(s, parts, groups) < 0 || scan_add(s, groups++, numbers) < 0)
            return 1;
        from = (size_t)(stop.line.at - text.at) + stop.line.length + 1;
    }
    show(s, groups);
    scan_free(s);
    free((char *)text.at);
    return 0;
}
