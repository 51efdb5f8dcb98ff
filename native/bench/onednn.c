#include "onednn.h"

#include <dlfcn.h>
#include <string.h>

/* Writes a function's address; ISO C has no conversion from an object's. */
static int find(void *library, const char *name, void *function) {
    void *address = dlsym(library, name);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

tersor_status onednn_open(const char *library, onednn *functions) {
    memset(functions, 0, sizeof *functions);
    functions->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (functions->library == NULL) {
        return TERSOR_BENCH_NO_LIBRARY;
    }
    find(functions->library, "omp_set_num_threads", &functions->set_threads);
    int found = 1;
#define FIND(name) found &= find(functions->library, #name, &functions->name);
    ONEDNN_FUNCTIONS(FIND)
#undef FIND
    if (!found) {
        onednn_close(functions);
        return TERSOR_BENCH_NO_LIBRARY;
    }
    return TERSOR_OK;
}

void onednn_close(onednn *functions) {
    if (functions->library != NULL) {
        dlclose(functions->library);
        functions->library = NULL;
    }
}
