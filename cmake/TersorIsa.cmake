# One object library per instruction set, with its flags on these objects alone.
include_guard()
include(CheckCCompilerFlag)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(TERSOR_X86_64 ON)
else()
  set(TERSOR_X86_64 OFF)
endif()

set(TERSOR_ISA_OBJECTS "")
set(TERSOR_ISA_DEFINITIONS "")

# tersor_isa_library(NAME FLAGS ... SOURCES ...): appends to TERSOR_ISA_OBJECTS and TERSOR_ISA_DEFINITIONS, or does
# nothing where the processor or the compiler does not know the instruction set.
function(tersor_isa_library name)
  cmake_parse_arguments(ISA "" "" "FLAGS;SOURCES" ${ARGN})
  if(NOT TERSOR_X86_64)
    return()
  endif()
  string(REPLACE ";" " " flags "${ISA_FLAGS}")
  check_c_compiler_flag("${flags}" TERSOR_COMPILER_HAS_${name})
  if(NOT TERSOR_COMPILER_HAS_${name})
    message(STATUS "libtersor without ${name}: the compiler does not know ${flags}")
    return()
  endif()
  string(TOLOWER "tersor-${name}" target)
  add_library(${target} OBJECT ${ISA_SOURCES})
  tersor_compile_options(${target})
  target_compile_options(${target} PRIVATE ${ISA_FLAGS})
  set(TERSOR_ISA_OBJECTS ${TERSOR_ISA_OBJECTS} $<TARGET_OBJECTS:${target}> PARENT_SCOPE)
  set(TERSOR_ISA_DEFINITIONS ${TERSOR_ISA_DEFINITIONS} TERSOR_HAVE_${name} PARENT_SCOPE)
endfunction()
