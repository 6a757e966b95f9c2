#include "analysis/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_put(struct bytes *out, const char *text)
{
    bytes_put(out, text, strlen(text));
}

void text_vprint(struct bytes *out, const char *format, va_list args)
{
    char small[512];
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(small, sizeof small, format, args);
    if (size < 0) {
        out->failed = 1;
    } else if ((size_t)size < sizeof small) {
        bytes_put(out, small, (size_t)size);
    } else {
        char *large = malloc((size_t)size + 1);
        if (large) {
            vsnprintf(large, (size_t)size + 1, format, again);
            bytes_put(out, large, (size_t)size);
        }
        out->failed |= !large;
        free(large);
    }
    va_end(again);
}

void text_print(struct bytes *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_vprint(out, format, args);
    va_end(args);
}

void text_html(struct bytes *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            text_put(out, "&amp;");
            break;
        case '<':
            text_put(out, "&lt;");
            break;
        case '>':
            text_put(out, "&gt;");
            break;
        case '"':
            text_put(out, "&quot;");
            break;
        case '\'':
            text_put(out, "&#39;");
            break;
        default: /* control characters have no place in XML */
            if ((unsigned char)*text >= 0x20 || *text == '\n' || *text == '\t')
                bytes_put(out, text, 1);
        }
    }
}

void text_json(struct bytes *out, const char *text)
{
    text_put(out, "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            text_print(out, "\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            text_print(out, "\\u%04x", (unsigned)(unsigned char)*text);
        else
            bytes_put(out, text, 1);
    }
    text_put(out, "\"");
}

void text_csv(struct bytes *out, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        text_put(out, text);
        return;
    }
    text_put(out, "\"");
    for (; *text; text++) {
        if (*text == '"')
            text_put(out, "\"");
        bytes_put(out, text, 1);
    }
    text_put(out, "\"");
}

const char *text_number(double x, char text[TEXT_NUMBER])
{
    double size = fabs(x);
    if (isnan(x))
        snprintf(text, TEXT_NUMBER, "\u2013");
    else if (isinf(x))
        snprintf(text, TEXT_NUMBER, x > 0 ? "\u221e" : "-\u221e");
    else if (x == 0)
        snprintf(text, TEXT_NUMBER, "0");
    else if (size >= 99.95 && size < 1e6)
        snprintf(text, TEXT_NUMBER, "%.0f", x);
    else if (size >= 9.995 && size < 99.95)
        snprintf(text, TEXT_NUMBER, "%.1f", x);
    else if (size >= 0.9995 && size < 9.995)
        snprintf(text, TEXT_NUMBER, "%.2f", x);
    else if (size >= 0.00095 && size < 1)
        snprintf(text, TEXT_NUMBER, size < 0.0095 ? "%.4f" : "%.3f", x);
    else
        snprintf(text, TEXT_NUMBER, "%.1e", x);
    return text;
}

char *text_take(struct bytes *out, struct apex_error *err)
{
    bytes_put_u8(out, 0);
    char *text = out->failed ? NULL : (char *)out->data;
    if (!text) {
        bytes_free(out);
        apex_fail(err, "out of memory");
        return NULL;
    }
    memset(out, 0, sizeof *out);
    return text;
}

int text_write(const char *path, const void *data, size_t size, struct apex_error *err)
{
    FILE *f = fopen(path, "wb");
    if (!f)
        return apex_fail(err, "%s: cannot write: %s", path, strerror(errno));
    int failed = (size && fwrite(data, 1, size, f) != size) || fflush(f);
    int reason = errno;
    if (fclose(f) && !failed) {
        failed = 1;
        reason = errno;
    }
    return failed ? apex_fail(err, "%s: cannot write: %s", path, strerror(reason)) : 0;
}

char *text_read(const char *path, size_t *size, struct apex_error *err)
{
    struct bytes all = {0};
    char block[1 << 16];
    size_t n;
    FILE *f = fopen(path, "rb");
    if (!f) {
        apex_fail(err, "%s: cannot read: %s", path, strerror(errno));
        return NULL;
    }
    while ((n = fread(block, 1, sizeof block, f)) > 0)
        bytes_put(&all, block, n);
    int failed = ferror(f), reason = errno;
    fclose(f);
    if (failed) {
        bytes_free(&all);
        apex_fail(err, "%s: cannot read: %s", path, strerror(reason));
        return NULL;
    }
    if (size)
        *size = all.size;
    return text_take(&all, err);
}
