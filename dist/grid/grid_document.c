/* Text to a YAML document: syntax errors, and what YAML allows but a grid file does not. */
#include "dist/grid/grid_yaml.h"

#include <string.h>

enum { LARGEST = 1 << 20 }; /* bytes of a grid file; it is copied into every result */

static int fail(const char *path, struct grid_mark mark, struct apex_error *err, const char *what)
{
    return apex_fail(err, "%s:%d:%d: %s", path, mark.line, mark.column, what);
}

/* Columns count characters, not bytes. */
static struct grid_mark mark_at(const char *text, size_t offset)
{
    struct grid_mark mark = {1, 1};
    for (size_t i = 0; i < offset; i++)
        if (text[i] == '\n')
            mark = (struct grid_mark){mark.line + 1, 1};
        else if ((text[i] & 0xC0) != 0x80)
            mark.column++;
    return mark;
}

static char byte_at(const char *text, size_t size, struct grid_mark mark)
{
    struct grid_mark here = {1, 1};
    for (size_t i = 0; i < size; i++) {
        int inside = (text[i] & 0xC0) == 0x80;
        if (!inside && here.line == mark.line && here.column == mark.column)
            return text[i];
        if (text[i] == '\n')
            here = (struct grid_mark){here.line + 1, 1};
        else
            here.column += !inside;
    }
    return '\0';
}

/* What people most often did where libyaml says what it did not expect. */
static const char *hint(const char *problem, char found)
{
    if (found == '\t')
        return "; this is a tab, and YAML indents with spaces";
    if (strstr(problem, "mapping values are not allowed"))
        return "; a text that ends in ':' or holds ': ' needs quotes, and keys of one map the same "
               "indentation";
    return "";
}

static int fail_syntax(const yaml_parser_t *p, const char *text, size_t size, const char *path,
                       struct apex_error *err)
{
    if (p->error == YAML_MEMORY_ERROR || !p->problem)
        return apex_fail(err, "%s: out of memory", path);
    if (p->error == YAML_READER_ERROR) {
        size_t offset = p->problem_offset < size ? p->problem_offset : size;
        if (strstr(p->problem,
                   "trailing")) /* show the byte that asked for more, not the one that is not it */
            while (offset > 0 && ((unsigned char)text[offset] & 0xC0) != 0xC0)
                offset--;
        struct grid_mark mark = mark_at(text, offset);
        int utf8 = strstr(p->problem, "UTF-8") != NULL;
        return apex_fail(err, "%s:%d:%d: %s: %s (byte 0x%02X)", path, mark.line, mark.column,
                         utf8 ? "not a UTF-8 file" : "not a YAML file", p->problem,
                         (unsigned char)(offset < size ? text[offset] : 0));
    }
    struct grid_mark mark = {(int)p->problem_mark.line + 1, (int)p->problem_mark.column + 1};
    const char *help = hint(p->problem, byte_at(text, size, mark));
    if (!p->context)
        return apex_fail(err, "%s:%d:%d: YAML: %s%s", path, mark.line, mark.column, p->problem, help);
    return apex_fail(err, "%s:%d:%d: YAML: %s %s that begins in line %d%s", path, mark.line, mark.column,
                     p->problem, p->context, (int)p->context_mark.line + 1, help);
}

/* Tags would be ignored in silence, and a NUL would cut a text short. */
static int check_nodes(yaml_document_t *document, const char *path, struct apex_error *err)
{
    static const char standard[] = "tag:yaml.org,2002:";
    for (yaml_node_t *node = document->nodes.start; node < document->nodes.top; node++) {
        if (node->tag && strncmp((const char *)node->tag, standard, sizeof standard - 1))
            return fail(path, grid_mark_of(node), err, "YAML tags have no meaning here");
        if (node->type == YAML_SCALAR_NODE &&
            strlen((const char *)node->data.scalar.value) != node->data.scalar.length)
            return fail(path, grid_mark_of(node), err, "a text must not hold the character \\0");
    }
    return 0;
}

static int check_single(yaml_parser_t *parser, const char *text, size_t size, const char *path,
                        struct apex_error *err)
{
    yaml_document_t second;
    if (!yaml_parser_load(parser, &second))
        return fail_syntax(parser, text, size, path, err);
    yaml_node_t *root = yaml_document_get_root_node(&second);
    int failed =
        root ? fail(path, grid_mark_of(root), err,
                    "a second document begins here; a grid file holds one ('---' separates documents)")
             : 0;
    yaml_document_delete(&second);
    return failed;
}

int grid_open_document(yaml_document_t *document, const char *text, size_t size, const char *path,
                       struct apex_error *err)
{
    if (size > LARGEST)
        return apex_fail(err, "%s: %zu bytes are too many for a grid file (%d)", path, size, LARGEST);
    if (size >= 2 && (!memcmp(text, "\xFF\xFE", 2) || !memcmp(text, "\xFE\xFF", 2)))
        return apex_fail(err, "%s:1:1: not a UTF-8 file: this is UTF-16", path);
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return apex_fail(err, "%s: out of memory", path);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    int failed = 0;
    if (!yaml_parser_load(&parser, document)) {
        failed = fail_syntax(&parser, text, size, path, err);
    } else {
        if (!yaml_document_get_root_node(document))
            failed = fail(path, (struct grid_mark){1, 1}, err, "the file is empty; it must hold a grid");
        else
            failed =
                check_nodes(document, path, err) || check_single(&parser, text, size, path, err) ? -1 : 0;
        if (failed)
            yaml_document_delete(document);
    }
    yaml_parser_delete(&parser);
    return failed;
}
