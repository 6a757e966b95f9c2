/* What came of a unit of kind APEX_UNIT_RESPONSE: the JOURNAL_RESPONSE payload, little-endian:
 *   u32 version; u8 key[16]; u32 places, sigmas, samples; sigmas x f64;
 *   samples x { u32 sample index, partner's index; places x { f64 square, variance };
 *               sigmas x places x { f64 energy, shift, rank } }
 * Work is known by the key, the sample with its partner, and the scale. */
#ifndef APEX_DIST_RESPONSE_RECORD_H
#define APEX_DIST_RESPONSE_RECORD_H

#include "core/response.h"
#include "dist/results/context.h"

#define RESPONSE_RECORD_VERSION 1

/* sigma: the scales that are in this record. */
void response_record_put_head(struct bytes *out, const struct context_response *p, const double *sigma,
                              uint32_t sigmas, uint32_t samples);
/* clean[places]; noise[sigmas][places] */
void response_record_put_sample(struct bytes *out, const struct context_response *p, uint32_t sigmas,
                                uint32_t index, uint32_t partner, const struct apex_response_clean *clean,
                                const struct apex_response_noise *noise);

/* One sample at position i of the response, at the scale at position k; valid during the call. */
typedef void response_visit(void *user, uint32_t i, uint32_t k, const struct apex_response_clean *clean,
                            const struct apex_response_noise *noise);

/* 1: read; 0: of another context, or this one asks for no response; -1 with err: damaged, what came before
 * was handed over. Samples, partners and scales outside the context are left out. */
int response_record_read(const struct context *c, const void *record, size_t size, response_visit *visit,
                         void *user, struct apex_error *err);

#endif
