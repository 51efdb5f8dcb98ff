#define LANES 8
#define NAME(tile) "f32_winograd_" #tile "__avx2"
#include "winograd_body.h"

const winograd_transforms winograd__avx2[] = {TRANSFORMS(2x2, 2), TRANSFORMS(4x4, 4)};
