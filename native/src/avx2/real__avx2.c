#include "real_body.h"

const real_functions real__avx2 = REAL_FUNCTIONS;
