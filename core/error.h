/* One error type, one way to fail: a function returns 0 or -1 (or a pointer or NULL) and leaves one line
 * of text that names the place (file, line, node, unit) in the apex_error that the caller passed. */
#ifndef APEX_CORE_ERROR_H
#define APEX_CORE_ERROR_H

#define APEX_ERROR_TEXT 1024

struct apex_error {
    char text[APEX_ERROR_TEXT]; /* no trailing newline; always terminated; cut if too long */
};

#if defined(__GNUC__)
#define APEX_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define APEX_PRINTF(fmt, args)
#endif

/* Writes the text into err (which may be NULL) and returns -1, so that failing is one line:
 *     return apex_fail(err, "%s: node '%s': ...", path, node); */
int apex_fail(struct apex_error *err, const char *format, ...) APEX_PRINTF(2, 3);

/* Puts "<context>: " in front of the text that err already holds; returns -1. */
int apex_fail_in(struct apex_error *err, const char *format, ...) APEX_PRINTF(2, 3);

#endif
