#define LANES 4
#define NAME(tile) "f32_winograd_" #tile "__portable"
#include "winograd_body.h"

const winograd_transforms winograd__portable[] = {TRANSFORMS(2x2, 2), TRANSFORMS(4x4, 4)};
