/* How long a unit takes: seconds for a predicted flop, measured as units come back, for each model. */
#ifndef APEX_DIST_PACE_H
#define APEX_DIST_PACE_H

#include "core/error.h"

#include <stdint.h>

struct pace;

/* NULL with err. pace_free accepts NULL. */
struct pace *pace_new(int models, struct apex_error *err);
void pace_free(struct pace *p);

/* A unit of so many predicted flops took so many seconds by the clock of the wall. */
void pace_learn(struct pace *p, uint32_t model, double flops, double seconds);

/* Seconds that a unit will probably take, and that it will hardly exceed. Without a measurement for the model
 * the slowest other one is taken twice, without any a slow core is assumed. */
double pace_likely(const struct pace *p, uint32_t model, double flops);
double pace_at_worst(const struct pace *p, uint32_t model, double flops);

/* Whether any unit has been measured. */
int pace_known(const struct pace *p);

#endif
