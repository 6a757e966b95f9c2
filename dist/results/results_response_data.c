/* Fills the variables of the response. */
#include "dist/results/results_file.h"

#include <math.h>
#include <netcdf.h>
#include <stdlib.h>

static int variable_id(const struct results_file *f, const char *name)
{
    int id = -1;
    nc_inq_varid(f->nc, name, &id);
    return id;
}

static int put_coordinates(const struct results_file *f, struct apex_error *err)
{
    const struct context_response *c = &f->results->context->response;
    for (size_t i = 0; i < c->places; i++) {
        const char *name = c->place[i].name;
        const long long elements = c->place[i].elements;
        int rc = nc_put_var1_string(f->nc, variable_id(f, "response_site"), &i, &name);
        rc = rc ? rc : nc_put_var1_longlong(f->nc, variable_id(f, "response_site_elements"), &i, &elements);
        rc = rc ? rc
                : nc_put_var1_double(f->nc, variable_id(f, "response_activation_rms"), &i, &c->place[i].rms);
        if (results_file_check(f, rc, "response_site", err) != 0)
            return -1;
    }
    int rc = nc_put_var_double(f->nc, variable_id(f, "response_sigma"), c->sigma);
    rc = rc ? rc : nc_put_var_uint(f->nc, variable_id(f, "response_sample"), c->sample);
    rc = rc ? rc : nc_put_var_uint(f->nc, variable_id(f, "response_partner"), c->partner);
    return results_file_check(f, rc, "response_sample", err);
}

/* value[rows][samples], missing where done[row / places of it][sample] is 0. */
static int put_rows(const struct results_file *f, const char *name, const double *value,
                    const unsigned char *done, size_t scales, double *room, struct apex_error *err)
{
    const struct context_response *c = &f->results->context->response;
    for (size_t row = 0; row < scales * c->places; row++)
        for (size_t i = 0; i < c->samples; i++)
            room[row * c->samples + i] =
                done[row / c->places * c->samples + i] ? value[row * c->samples + i] : NAN;
    return results_file_check(f, nc_put_var_double(f->nc, variable_id(f, name), room), name, err);
}

int results_file_fill_response(const struct results_file *f, struct apex_error *err)
{
    const struct results_response *p = &f->results->response;
    const struct context_response *c = &f->results->context->response;
    if (!c->samples)
        return 0;
    double *room = malloc((size_t)c->sigmas * c->places * c->samples * sizeof *room);
    if (!room)
        return apex_fail(err, "%s: no memory for the response", f->path);
    int rc = put_coordinates(f, err) ||
             put_rows(f, "response_clean_square", p->clean_square, p->clean_done, 1, room, err) ||
             put_rows(f, "response_clean_variance", p->clean_variance, p->clean_done, 1, room, err) ||
             put_rows(f, "response_energy", p->energy, p->done, c->sigmas, room, err) ||
             put_rows(f, "response_shift", p->shift, p->done, c->sigmas, room, err) ||
             put_rows(f, "response_effective_rank", p->rank, p->done, c->sigmas, room, err) ||
             results_file_check(f, nc_put_var_double(f->nc, variable_id(f, "response_share"), p->share),
                                "response_share", err);
    free(room);
    return rc ? -1 : 0;
}
