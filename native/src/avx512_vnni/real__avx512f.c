#include "real_body.h"

const real_functions real__avx512f = REAL_FUNCTIONS;
