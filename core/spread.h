/* How a cloud of vectors is spread, from few of them: x_1 .. x_T of n elements, independent draws of a
 * distribution with mean mu and covariance C. Every estimate is an average over pairs or quadruples of
 * different draws (a U-statistic, from the T x T matrix of inner products alone), so its expectation is right
 * for any T and any mu (the trace terms as in Chen, Zhang, Zhong, JASA 105, 2010):
 *
 *     trace    tr C      mean over i < j of |x_i - x_j|^2 / 2
 *     square   (tr C)^2  mean over different i, j, k, l of |x_i - x_j|^2 |x_k - x_l|^2 / 4
 *     product  tr C^2    mean over different i, j, k, l of ((x_i - x_j) (x_k - x_l))^2 / 4
 *     shift    |mu|^2    mean over i < j of x_i x_j; may fall below 0 by chance
 *
 * square >= product >= 0 always. square / product estimates the participation ratio (tr C)^2 / tr C^2, the
 * effective rank: r for r equal eigenvalues and none else, n for isotropic noise; exactly 1 for draws on a
 * line. Sums are in double and in a fixed order: the same bits on every machine. */
#ifndef APEX_CORE_SPREAD_H
#define APEX_CORE_SPREAD_H

#include <stdint.h>

#define APEX_SPREAD_LEAST 4 /* draws, for a quadruple */

struct apex_spread {
    double energy; /* mean over draws of |x|^2; equals trace + shift */
    double trace, square, product, shift;
    double rank; /* square / product; NaN where the draws are all the same */
};

/* x: [draws][elements]; gram: work memory, [draws * draws]. */
void apex_spread_of(const float *x, int draws, int64_t elements, double *gram, struct apex_spread *s);

#endif
