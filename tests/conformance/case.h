/* One case of ONNX's own test data: a folder with model.onnx and test_data_set_<k>/{input,output}_<i>.pb. */
#ifndef APEX_TESTS_CONFORMANCE_CASE_H
#define APEX_TESTS_CONFORMANCE_CASE_H

#include "core/error.h"

#include "onnx.pb-c.h"

struct conf_case {
    Onnx__ModelProto *model;
    size_t inputs, outputs;
    Onnx__ValueInfoProto **input; /* [inputs], those of the graph that no initializer fills; borrowed */
    Onnx__TensorProto **given, **expected; /* [inputs], [outputs] */
};

/* Data set `set` of the folder. 0; 1: there is no such set; -1 with err: its files cannot be read. Freed by
 * case_clear in any event. */
int case_read(struct conf_case *c, const char *folder, int set, struct apex_error *err);
void case_clear(struct conf_case *c);

/* Why nobody would expect apex to run it: an operator that the table has not, or not in this version, or a
 * type that is no tensor of numbers. Into reason[size] and 1; else 0. */
int case_is_foreign(const struct conf_case *c, char *reason, size_t size);

/* How a case becomes a classifier. AS_BATCH: the first input is the network's, its first dimension the batch,
 * all others become initializers, and the output is flattened to [batch, n]. AS_CONSTANTS: every input
 * becomes an initializer, so that import must fold the whole graph; the result, as floats in a row, is added
 * to an input [1, 1]. */
enum form { AS_BATCH, AS_CONSTANTS };

/* The bytes of the model file in that form, with output number `output` as its only one; freed by the caller;
 * NULL with err. */
void *form_pack(const struct conf_case *c, size_t output, enum form form, size_t *size,
                struct apex_error *err);

enum result { PASS, REFUSED, DIFFERS };

/* The first `outputs` outputs, AS_BATCH if that is possible, else AS_CONSTANTS, in every kernel set. What is
 * wrong, or why it is refused, into text[size]. */
enum result case_run(const struct conf_case *c, size_t outputs, int *as_batch, char *text, size_t size);

#endif
