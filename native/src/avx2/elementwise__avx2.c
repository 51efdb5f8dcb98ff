#include "elementwise_body.h"

const elementwise_functions elementwise__avx2 = ELEMENTWISE_FUNCTIONS;
