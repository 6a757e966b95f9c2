/* What noise at one site becomes at the sites after it (docs/statistics.md): the response_... variables of a
 * result file, and their summaries over samples with bootstrap intervals. */
#ifndef APEX_ANALYSIS_RESPONSE_H
#define APEX_ANALYSIS_RESPONSE_H

#include "analysis/interval.h"
#include "analysis/result.h"

struct response {
    size_t sigmas, sites, samples; /* sites: the source, then what follows it */
    int draws;
    double factor; /* of sigma at the source */
    double *sigma;
    char **site;
    int64_t *elements;
    size_t *partner;                       /* [samples] position of the sample it is compared with */
    double *clean_square, *clean_variance; /* [sites][samples]; NaN: not computed */
    double *energy, *shift, *rank;         /* [sigmas][sites][samples]; NaN: not computed, or no rank */
};

/* The response of a file that has one (r->response_sigmas > 0). NULL with err. */
struct response *response_load(const struct result *r, struct apex_error *err);
void response_free(struct response *p); /* accepts NULL */

enum response_measure {
    RESPONSE_SHARE,    /* variance over draws, of that plus the variance over samples */
    RESPONSE_RELATIVE, /* noise energy over the mean square of the clean activation */
    RESPONSE_SHIFT,    /* share of the noise energy that is a shift of the mean */
    RESPONSE_RANK,     /* effective rank, mean over samples that have one */
    RESPONSE_MEASURES
};

struct response_summary {
    size_t samples;                              /* with this scale computed */
    struct bootstrap measure[RESPONSE_MEASURES]; /* estimate NaN: not known */
};

/* Of one scale at one site. Samples are resampled: a pair of partners counts as often as the product of how
 * often each is there, because pairs share samples. -1 with err: no memory. */
int response_summarise(const struct response *p, size_t sigma, size_t site, const struct bootstrap_options *o,
                       struct response_summary *out, struct apex_error *err);

#endif
