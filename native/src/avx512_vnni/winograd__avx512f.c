#define LANES 16
#define NAME(tile) "f32_winograd_" #tile "__avx512f"
#include "winograd_body.h"

const winograd_transforms winograd__avx512f[] = {TRANSFORMS(2x2, 2), TRANSFORMS(4x4, 4)};
