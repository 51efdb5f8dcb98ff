/* Attention by AVX-VNNI. */
#include "dpbusd.h"

#define dot(acc, u, s) DPBUSD(acc, u, s)

#include "attention_body.h"
#include "avx2/attention_vectors__avx2.h"
#include "attention_tile.h"

const attention_kernel attention__avx2_vnni = {
    .name = "u8s8_attention_2x32__avx2_vnni",
    ATTENTION_STEPS_IN_C,
    .multiply = multiply,
};
