/* Memory in large pages, by mmap. */
#define _GNU_SOURCE /* for MADV_HUGEPAGE, which C11 hides */
#include <stdint.h>
#include <sys/mman.h>

#include "check.h"
#include "compiler.h"
#include "tersor.h"

static bool is_of_pages(int64_t bytes) {
    return bytes > 0 && bytes % TERSOR_PAGE_BYTES == 0 && bytes <= INT64_MAX - TERSOR_PAGE_BYTES;
}

tersor_status tersor_pages_map(int64_t bytes, void **address) {
    RETURN_IF_ERROR(check_range(address, sizeof *address, _Alignof(void *)));
    if (!is_of_pages(bytes)) {
        return TERSOR_INVALID_SIZE;
    }
    /* One page more than needed, of which what lies around the aligned part is given back. */
    const size_t all = (size_t) bytes + TERSOR_PAGE_BYTES;
    char *start = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        return TERSOR_OUT_OF_MEMORY;
    }
    const size_t before = (size_t) (-(uintptr_t) start % TERSOR_PAGE_BYTES), after = TERSOR_PAGE_BYTES - before;
    if (before > 0) {
        munmap(start, before);
    }
    munmap(start + before + bytes, after);
#if defined(MADV_HUGEPAGE)
    /* Where the system has none, small ones serve. */
    (void) madvise(start + before, (size_t) bytes, MADV_HUGEPAGE);
#endif
    *address = start + before;
    return TERSOR_OK;
}

tersor_status tersor_pages_unmap(void *address, int64_t bytes) {
    if (!is_of_pages(bytes)) {
        return TERSOR_INVALID_SIZE;
    }
    RETURN_IF_ERROR(check_range(address, bytes, TERSOR_PAGE_BYTES));
    return munmap(address, (size_t) bytes) == 0 ? TERSOR_OK : TERSOR_INVALID_ARGUMENT;
}
