#include "epilogue_body.h"

const epilogue_functions epilogue__portable = {
    .s32 = epilogue_store_s32,
    .f32 = epilogue_store_f32,
    .bf16 = epilogue_store_bf16,
    .u8 = epilogue_store_i8,
    .s8 = epilogue_store_i8,
    .f32_from_f32 = epilogue_store_f32_from_f32,
    .bf16_from_f32 = epilogue_store_bf16_from_f32,
};
