#include "core/onnx/import.h"
#include "core/onnx/decode.h"
#include "core/onnx/infer.h"
#include "core/onnx/simplify.h"

#include <string.h>

struct graph *onnx_import(const void *bytes, size_t size, const char *source, onnx_read_fn read,
                          void *context, struct apex_error *err)
{
    const struct onnx_files files = {read, NULL, context};
    return onnx_import_keeping(bytes, size, source, &files, NULL, err);
}

struct graph *onnx_import_keeping(const void *bytes, size_t size, const char *source,
                                  const struct onnx_files *files, const struct onnx_keep *keep,
                                  struct apex_error *err)
{
    struct apex_error own = {{0}};
    int64_t batch = 1;
    struct graph *g = onnx_decode(bytes, size, source, files, &batch, &own);
    if (g && onnx_infer(g, batch, &own) == 0 && onnx_check(g, &own) == 0 &&
        onnx_simplify(g, keep, &own) == 0 && onnx_check(g, &own) == 0)
        return g;
    graph_free(g);
    /* Errors about a node name the file already. */
    size_t length = strlen(source);
    if (strncmp(own.text, source, length) == 0 && own.text[length] == ':')
        apex_fail(err, "%s", own.text);
    else
        apex_fail(err, "%.200s: %.800s", source, own.text);
    return NULL;
}
