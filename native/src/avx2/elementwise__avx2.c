#include "elementwise_body.h"

const elementwise_functions elementwise__avx2 = {
    ELEMENTWISE_FUNCTIONS(quantize_u8, quantize_s8, quantize_nhwc_u8, quantize_nhwc_s8)};
