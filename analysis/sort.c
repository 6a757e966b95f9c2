#include "analysis/sort.h"

#include <stdlib.h>

struct item {
    double value;
    size_t at;
};

static int by_number(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

void sort_values(double *x, size_t n)
{
    if (n > 1)
        qsort(x, n, sizeof *x, by_number);
}

int sort_order(const double *x, size_t n, size_t *order)
{
    struct item *item = malloc((n + 1) * sizeof *item);
    if (!item)
        return -1;
    for (size_t i = 0; i < n; i++)
        item[i] = (struct item){x[i], i};
    if (n > 1)
        qsort(item, n, sizeof *item, by_value);
    for (size_t i = 0; i < n; i++)
        order[i] = item[i].at;
    free(item);
    return 0;
}
