#include "elementwise_body.h"

const elementwise_functions elementwise__portable = ELEMENTWISE_FUNCTIONS;
