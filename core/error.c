#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int apex_fail(struct apex_error *err, const char *format, ...)
{
    if (!err)
        return -1;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return -1;
}

int apex_fail_in(struct apex_error *err, const char *format, ...)
{
    if (!err)
        return -1;
    char cause[APEX_ERROR_TEXT];
    memcpy(cause, err->text, sizeof cause);
    cause[sizeof cause - 1] = '\0';
    va_list args;
    va_start(args, format);
    int n = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof err->text)
        snprintf(err->text + n, sizeof err->text - (size_t)n, ": %.*s", APEX_ERROR_TEXT - n, cause);
    return -1;
}
