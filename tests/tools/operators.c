/* Prints docs/operators.md from the operator table. */
#include "core/onnx/rules.h"

#include <stdio.h>
#include <string.h>

/* What computes it where it depends on the network's input. */
static const char *kernels_of(const struct op *op)
{
    static int (*const lowered[])(struct infer *, const struct op *, struct graph_node *) = {
        lower_sum,         lower_reduce,    lower_tile,     lower_space_depth, lower_group_norm,
        lower_log_sum_exp, lower_lp_norm,   lower_einsum,   lower_resize,      lower_mean_variance,
        lower_rms_norm,    lower_attention, lower_quantize, lower_dequantize,  infer_trilu};
    if (strcmp(op->name, "Conv") == 0)
        return "native, AMX, oneDNN, OpenBLAS, naive";
    if (strcmp(op->name, "Gemm") == 0 || strcmp(op->name, "MatMul") == 0)
        return "native, AMX, OpenBLAS, naive";
    if (op->infer == infer_shape_of || op->infer == infer_size)
        return "known at load";
    if (op->infer == infer_identity || op->infer == infer_dropout || op->infer == infer_cast)
        return "none";
    for (size_t k = 0; k < sizeof lowered / sizeof lowered[0]; k++)
        if (op->infer == lowered[k])
            return "those of others";
    return op->runtime ? "loops" : "none: constants only";
}

static const char *folds(const struct op *op)
{
    return op->fold || !op->runtime                                    ? "yes"
           : op->infer == infer_identity || op->infer == infer_dropout ? "yes"
                                                                       : "";
}

int main(void)
{
    int rows = 0;
    while (op_at(rows))
        rows++;
    printf("# Operators\n\n<!-- Made by tests/tools/operators.c from the table in core/onnx/ops.c; do not "
           "edit. -->\n\n"
           "The %d operators of ONNX that `apex` knows. *Opsets*: the versions of the operator set that were "
           "read and are\n"
           "handled; a model of a newer one is refused. *Kernels*: what computes it where it depends on the "
           "network's\n"
           "input; oneDNN where it is built in. *Constants*: whether it is computed at load when all of its "
           "inputs are\n"
           "constants. No operator may mix the samples of a batch. Functions that the file itself holds are "
           "put in place of\n"
           "their calls; other operators of other domains are refused. Not known, and not planned, are "
           "recurrent layers (RNN,\n"
           "LSTM, GRU), loops, sequences, training operators, MaxUnpool, integer kernels "
           "(QLinearConv and its\n"
           "like: export QuantizeLinear and DequantizeLinear instead) and what detectors use.\n\n"
           "External data of a model lies in its folder or below: absolute paths and `..` are refused. "
           "Symbolic links there are\n"
           "followed, as model caches need it: only who owns the folder can place one.\n\n"
           "| operator | opsets | kernels | constants | notes |\n|---|---|---|---|---|\n",
           rows);
    for (int k = 0; k < rows; k++) {
        const struct op *op = op_at(k);
        printf("| %s | %d to %d | %s | %s | %s |\n", op->name, op->first, op->last, kernels_of(op), folds(op),
               op_note(op->name));
    }
    return 0;
}
