/* All functions of real.h in plain C; the including file gives the table its name. */
#include "binary_body.h"
#include "cast_body.h"
#include "cumulate_body.h"
#include "fixed_point_body.h"
#include "integer_body.h"
#include "interpolate_body.h"
#include "map_body.h"
#include "recurrent_body.h"
#include "reduce_body.h"
#include "select_body.h"
#include "softmax_body.h"

#ifndef TRANSPOSE_WORDS
#define TRANSPOSE_WORDS NULL
#define INTERLEAVE_WORDS NULL
#define THIRDS_OF_WORDS NULL
#endif

#define REAL_FUNCTIONS                                                                                                 \
    { MAP_FUNCTIONS, BINARY_OPERATIONS, INTEGER_OPERATIONS, ROW_REDUCTIONS, reduce_columns, cumulate, softmax_rows,    \
      log_softmax_rows, CAST_FUNCTIONS, SELECT_FUNCTIONS, interpolate, recurrent_run, recurrent_reset, fixed_point, \
      from_fixed_point, TRANSPOSE_WORDS, INTERLEAVE_WORDS, \
      THIRDS_OF_WORDS }
