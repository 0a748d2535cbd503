/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over files, so that any compiler replays the corpus. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What a target is ever given. */
#define INPUT_MAX (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_MAX);
    size_t size =
        file != NULL && data != NULL ? fread(data, 1, INPUT_MAX, file) : 0;
    /* Exactly as large as the input, so that ASan sees one byte too many. */
    uint8_t *exact = malloc(size > 0 ? size : 1);
    int rc = file == NULL || data == NULL || exact == NULL;

    if (rc == 0) {
        for (size_t i = 0; i < size; i++)
            exact[i] = data[i];
        (void)LLVMFuzzerTestOneInput(exact, size);
    } else {
        fprintf(stderr, "cannot read %s\n", path);
    }
    if (file != NULL)
        fclose(file);
    free(exact);
    free(data);
    return rc;
}

int main(int argc, char **argv)
{
    int rc = argc < 2;

    for (int i = 1; rc == 0 && i < argc; i++)
        rc = replay(argv[i]);
    printf("%d inputs\n", argc - 1);
    return rc;
}
