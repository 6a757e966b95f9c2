#include "core/spread.h"

#include "core/engine/hot.h"

#include <math.h>
#include <string.h>

static const double rounding = 1e-13; /* of centring, for draws that are all the same */

enum { LANES = 16, CHUNK = 512 }; /* a chunk of every draw stays in cache */

/* The product of two floats is exact in double. */
HOT static double dot(const float *a, const float *b, int64_t n)
{
    double sum[LANES] = {0}, all = 0;
    int64_t whole = n - n % LANES;
    for (int64_t i = 0; i < whole; i += LANES)
        for (int k = 0; k < LANES; k++)
            sum[k] += (double)a[i + k] * (double)b[i + k];
    for (int64_t i = whole; i < n; i++)
        sum[i - whole] += (double)a[i] * (double)b[i];
    for (int k = 0; k < LANES; k++)
        all += sum[k];
    return all;
}

static void fill_gram(const float *x, int t, int64_t elements, double *gram)
{
    memset(gram, 0, (size_t)t * (size_t)t * sizeof *gram);
    for (int64_t from = 0; from < elements; from += CHUNK) {
        int64_t n = elements - from < CHUNK ? elements - from : CHUNK;
        for (int i = 0; i < t; i++)
            for (int j = i; j < t; j++)
                gram[i * t + j] += dot(x + i * elements + from, x + j * elements + from, n);
    }
    for (int i = 0; i < t; i++)
        for (int j = 0; j < i; j++)
            gram[i * t + j] = gram[j * t + i];
}

/* Sums over ordered pairs of different draws of a symmetric a: all, of squares, and of squared row sums. */
struct sums {
    double all, squares, rows;
};

/* Mean over ordered quadruples of different i, j, k, l of a_ij a_kl. */
static double mean_of_quadruples(const struct sums *s, double t)
{
    return (s->all * s->all - 4 * s->rows + 2 * s->squares) / (t * (t - 1) * (t - 2) * (t - 3));
}

static void add_row(struct sums *s, double row, double squares)
{
    s->all += row;
    s->rows += row * row;
    s->squares += squares;
}

/* Inner products of draws minus their mean: all but `shift` are the same, and large means cost no digits. */
static void centre(double *gram, int t)
{
    double all = 0;
    for (int i = 0; i < t; i++)
        for (int j = 0; j < t; j++)
            all += gram[i * t + j];
    all /= (double)t * t;
    double row[t];
    for (int i = 0; i < t; i++) {
        row[i] = 0;
        for (int j = 0; j < t; j++)
            row[i] += gram[i * t + j];
        row[i] /= t;
    }
    for (int i = 0; i < t; i++)
        for (int j = 0; j < t; j++)
            gram[i * t + j] += all - row[i] - row[j];
}

void apex_spread_of(const float *x, int draws, int64_t elements, double *gram, struct apex_spread *s)
{
    const int t = draws;
    const double pairs = (double)t * (t - 1), triples = pairs * (t - 2);
    struct sums products = {0}, distances = {0};
    double diagonal = 0, off = 0;
    fill_gram(x, t, elements, gram);
    for (int i = 0; i < t; i++) {
        diagonal += gram[i * t + i];
        for (int j = 0; j < t; j++)
            off += i == j ? 0 : gram[i * t + j];
    }
    centre(gram, t);
    for (int i = 0; i < t; i++) {
        double row = 0, squares = 0, distance_row = 0, distance_squares = 0;
        for (int j = 0; j < t; j++) {
            double g = gram[i * t + j], h = (gram[i * t + i] + gram[j * t + j]) / 2 - g;
            if (i == j)
                continue;
            row += g;
            squares += g * g;
            distance_row += h;
            distance_squares += h * h;
        }
        add_row(&products, row, squares);
        add_row(&distances, distance_row, distance_squares);
    }
    s->energy = diagonal / t;
    s->shift = off / pairs;
    s->trace = distances.all / pairs;
    s->square = mean_of_quadruples(&distances, t);
    s->product = products.squares / pairs - 2 * (products.rows - products.squares) / triples +
                 mean_of_quadruples(&products, t);
    s->rank = s->trace > rounding * s->energy && s->product > 0 ? s->square / s->product : NAN;
}
