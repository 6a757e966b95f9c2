#include "dist/grid/grid.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { LONGEST = 64 }; /* longer words are not compared */

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Damerau-Levenshtein distance (optimal string alignment), ignoring case: insert, delete, replace, or swap
 * two neighbours. */
static int distance(const char *a, int n, const char *b, int m)
{
    int row[3][LONGEST + 1], *before = row[0], *last = row[1], *now = row[2];
    for (int j = 0; j <= m; j++)
        last[j] = j;
    for (int i = 1; i <= n; i++) {
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            int cost = last[j - 1] + !same(a[i - 1], b[j - 1]);
            cost = least(cost, least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                cost = least(cost, before[j - 2] + 1);
            now[j] = cost;
        }
        int *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[m];
}

/* The distance, or -1 where it is too far: a third of the letters may be wrong, or one word begins with the
 * other (gauss, gaussian). */
static int nearness(const char *word, const char *name)
{
    size_t n = strlen(word), m = strlen(name);
    if (n == 0 || m == 0 || n > LONGEST || m > LONGEST)
        return -1;
    int shorter = least((int)n, (int)m), longer = (int)(n + m) - shorter;
    int d = distance(word, (int)n, name, (int)m);
    if (shorter >= 3 && !strncasecmp(word, name, (size_t)shorter))
        return d;
    int allowed = longer / 3 > 1 ? longer / 3 : 1;
    return d <= allowed && d < shorter ? d : -1;
}

const char *grid_nearest(const char *word, const char *const *name, int n)
{
    const char *nearest = NULL;
    int best = -1;
    for (int i = 0; i < n; i++) {
        int d = nearness(word, name[i]);
        if (d >= 0 && (best < 0 || d < best)) {
            best = d;
            nearest = name[i];
        }
    }
    return nearest;
}
