/* tersor_lookup on every instruction set: all bytes, all lengths of remainders, at unreadable pages, in place. */
#include <string.h>

#include "testing.h"

static int64_t cases;

static void run(uint32_t isa, int64_t count, guard_side side, bool in_place) {
    cases++;
    random_seed((uint64_t) (count * 4 + in_place));
    uint8_t *src = guarded(side, (size_t) count), *table = guarded(side, TERSOR_TABLE_BYTES);
    uint8_t *dst = in_place ? src : guarded(side, (size_t) count);
    uint8_t *given = guarded(side, (size_t) count);
    random_bytes(table, TERSOR_TABLE_BYTES, false);
    random_bytes(src, (size_t) count, false);
    for (int64_t i = 0; i < count && i < 256; i++) {
        src[i] = (uint8_t) (i + count);
    }
    memcpy(given, src, (size_t) count);
    bool ok = expect_status(tersor_lookup(isa, count, src, table, dst), TERSOR_OK, "lookup");
    for (int64_t i = 0; ok && i < count; i++) {
        ok = dst[i] == table[given[i]];
        if (!ok) {
            fail("isa=%s lookup of %lld bytes, side=%d, in place=%d: %u at %lld, from %u, expected %u", tersor_isa_name(isa),
                 (long long) count, side, in_place, dst[i], (long long) i, given[i], table[given[i]]);
        }
    }
    guarded_free_all();
}

static void refusals(void) {
    uint8_t bytes[TERSOR_TABLE_BYTES] = {0};
    const uint32_t isa = TERSOR_ISA_PORTABLE;
    expect_status(tersor_lookup(0, 1, bytes, bytes, bytes), TERSOR_UNSUPPORTED_ISA, "no instruction set");
    expect_status(tersor_lookup(isa, -1, bytes, bytes, bytes), TERSOR_INVALID_SIZE, "negative count");
    expect_status(tersor_lookup(isa, 1, NULL, bytes, bytes), TERSOR_NULL_POINTER, "no source");
    expect_status(tersor_lookup(isa, 1, bytes, NULL, bytes), TERSOR_NULL_POINTER, "no table");
    expect_status(tersor_lookup(isa, 1, bytes, bytes, NULL), TERSOR_NULL_POINTER, "no destination");
    expect_status(tersor_lookup(isa, 0, NULL, bytes, NULL), TERSOR_OK, "nothing");
}

int main(void) {
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        for (int64_t count = 0; (isas & isa) != 0 && count < 400; count++) {
            run(isa, count, count % 2 == 0 ? GUARD_AFTER : GUARD_BEFORE, count % 3 == 0);
        }
    }
    refusals();
    return test_result("lookup", cases);
}
