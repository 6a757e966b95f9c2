/* Text that grows, on core/bytes.h: numbers as people and as programs read them, and the escapes of HTML,
 * JSON and CSV. After a failed allocation the buffer's `failed` is set and later calls do nothing: check once
 * at the end. */
#ifndef APEX_ANALYSIS_TEXT_H
#define APEX_ANALYSIS_TEXT_H

#include "core/bytes.h"
#include "core/error.h"

#include <stdarg.h>

void text_put(struct bytes *out, const char *text);
void text_print(struct bytes *out, const char *format, ...) APEX_PRINTF(2, 3);
void text_vprint(struct bytes *out, const char *format, va_list args);

void text_html(struct bytes *out, const char *text); /* & < > " ' escaped */
void text_json(struct bytes *out, const char *text); /* with its quotes */
void text_csv(struct bytes *out, const char *text);  /* in quotes where it needs them */

/* A number for people, 3 significant digits: "0.123", "12.3", "1.2e-05", "∞", "–" for NaN. */
#define TEXT_NUMBER 32
const char *text_number(double x, char text[TEXT_NUMBER]);

/* The bytes as a terminated string that the caller frees; NULL with err when memory ran out. Empties `out`.
 */
char *text_take(struct bytes *out, struct apex_error *err);

/* Writes a file in one go; -1 with err names it and says why. */
int text_write(const char *path, const void *data, size_t size, struct apex_error *err);

/* The bytes of a file, terminated, freed by the caller; NULL with err. size may be NULL. */
char *text_read(const char *path, size_t *size, struct apex_error *err);

#endif
