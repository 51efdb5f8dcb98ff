#include "elementwise_body.h"

const elementwise_functions elementwise__avx512_vnni = ELEMENTWISE_FUNCTIONS;
