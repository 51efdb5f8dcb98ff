#include "tersor_bench.h"

const char *tersor_bench_status_name(tersor_status status) {
    switch (status) {
    case TERSOR_BENCH_OUT_OF_MEMORY:
        return "out of memory";
    case TERSOR_BENCH_NO_LIBRARY:
        return "no oneDNN library";
    case TERSOR_BENCH_NO_KERNEL:
        return "oneDNN has no kernel";
    default:
        return status >= TERSOR_BENCH_ONEDNN ? "oneDNN failed" : tersor_status_name(status);
    }
}
