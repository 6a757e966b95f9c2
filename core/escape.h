/* Escape noise of one sample at one site (../DESIGN words): the smallest scale at which the prediction leaves
 * the clean class, by three definitions. Scales are ascending and positive; the last may be infinity. NAN
 * means censored: never left on this grid. */
#ifndef APEX_CORE_ESCAPE_H
#define APEX_CORE_ESCAPE_H

#include <stdint.h>

/* First scale whose most frequent class differs from the clean class. have[k] == 0 marks scales that were not
 * computed: they are skipped. */
double apex_escape_mode(const double *sigma, int n, const unsigned char *have, const uint32_t *mode_class,
                        uint32_t clean_class);

/* Where stay falls below 1/2, interpolated linearly in log sigma between the last scale at or above 1/2 and
 * the first below. If the first scale is already below 1/2: that scale. Between a finite scale and infinity:
 * the finite scale. */
double apex_escape_half(const double *sigma, int n, const unsigned char *have, const uint32_t *stay_count,
                        uint32_t draws);

/* exp of the mean over draws of log of the first scale at which that draw left. stay[k] is the bit set of
 * scale k (unit.h). Draws that never left, or left first at infinity, do not enter the mean; *flipped gets
 * how many did. NAN if none. */
double apex_escape_first_flip(const double *sigma, int n, const unsigned char *have,
                              const unsigned char *const *stay, uint32_t draws, uint32_t *flipped);

#endif
