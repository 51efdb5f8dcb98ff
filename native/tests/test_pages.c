/* Memory in large pages: zeroed, aligned, apart from one another, and refused in odd sizes. */
#include <stdio.h>

#include "testing.h"

static int failures;

static void expect(bool condition, const char *what) {
    if (!condition) {
        failures++;
        printf("FAILED %s\n", what);
    }
}

int main(void) {
    static const int64_t REFUSED[] = {0, -TERSOR_PAGE_BYTES, 1, TERSOR_PAGE_BYTES + 4096, INT64_MAX / TERSOR_PAGE_BYTES * TERSOR_PAGE_BYTES};
    void *page = NULL, *other = NULL;
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
        expect(tersor_pages_map(REFUSED[i], &page) == TERSOR_INVALID_SIZE, "a size that is none of pages");
        expect(tersor_pages_unmap(&page, REFUSED[i]) == TERSOR_INVALID_SIZE, "giving back such a size");
    }
    expect(tersor_pages_map(TERSOR_PAGE_BYTES, NULL) == TERSOR_NULL_POINTER, "no place for the address");
    expect(tersor_pages_map(INT64_MAX / 4 / TERSOR_PAGE_BYTES * TERSOR_PAGE_BYTES, &page) == TERSOR_OUT_OF_MEMORY,
           "more than there is");
    expect(page == NULL, "an address without memory");
    for (int64_t pages = 1; pages < 6; pages++) {
        const int64_t bytes = pages * TERSOR_PAGE_BYTES;
        expect(tersor_pages_map(bytes, &page) == TERSOR_OK && tersor_pages_map(bytes, &other) == TERSOR_OK, "map");
        expect((uintptr_t) page % TERSOR_PAGE_BYTES == 0 && (uintptr_t) other % TERSOR_PAGE_BYTES == 0, "alignment");
        char *a = page, *b = other;
        int64_t set = 0;
        for (int64_t i = 0; i < bytes; i += 64) {
            set += a[i] | b[i];
            a[i] = 1;
        }
        for (int64_t i = 0; i < bytes; i += 64) {
            set += b[i];
        }
        expect(set == 0, "zeros");
        a[bytes - 1] = 1;
        expect(tersor_pages_unmap(a + 64, bytes) == TERSOR_MISALIGNED, "an address within");
        expect(tersor_pages_unmap(a, bytes) == TERSOR_OK && tersor_pages_unmap(b, bytes) == TERSOR_OK, "unmap");
    }
    printf("pages: %d failures\n", failures);
    return failures != 0;
}
