#include "real_body.h"

const real_functions real__portable = REAL_FUNCTIONS;
