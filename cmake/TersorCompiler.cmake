# Compiler and linker settings of every target.
include_guard()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

function(tersor_compile_options target)
  target_include_directories(${target} PRIVATE
    ${tersor_SOURCE_DIR}/include ${tersor_SOURCE_DIR}/src)
  target_compile_definitions(${target} PRIVATE
    "TERSOR_VERSION_STRING=\"${tersor_VERSION}\"")
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Werror
    -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wundef -Wvla
    -fvisibility=hidden
    # The numeric contract: no fused operations, no reordering.
    -ffp-contract=off -fno-fast-math -fno-math-errno -fno-trapping-math
    $<$<CONFIG:Release>:-O3>)
  if(TERSOR_SANITIZE)
    target_compile_options(${target} PRIVATE
      -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g1 -O1)
  endif()
endfunction()

function(tersor_link_options target)
  if(TERSOR_SANITIZE)
    target_link_options(${target} PRIVATE -fsanitize=address,undefined)
  elseif(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    target_link_options(${target} PRIVATE LINKER:-z,defs LINKER:-z,relro LINKER:-z,now LINKER:--gc-sections)
  endif()
endfunction()
