/* replay FOLDER...: every file through the fuzzer's function. A crash, or a sanitizer's report, is the
 * failure. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int replay(const char *folder, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = malloc(1 << 20);
    size_t size = f && bytes ? fread(bytes, 1, 1 << 20, f) : 0;
    if (f)
        fclose(f);
    uint8_t *exact = realloc(bytes, size ? size : 1); /* so that a read past the end is seen */
    if (!exact)
        return 0;
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 1;
}

int main(int argc, char **argv)
{
    int files = 0;
    for (int i = 1; i < argc; i++) {
        DIR *d = opendir(argv[i]);
        for (struct dirent *e; d && (e = readdir(d));)
            files += e->d_name[0] != '.' && replay(argv[i], e->d_name);
        if (d)
            closedir(d);
    }
    printf("%d files\n", files);
    return files ? 0 : 1;
}
