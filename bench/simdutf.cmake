# SPDX-License-Identifier: MIT
# simdutf, which Debian 12 does not package: the C++ sources that its Rust crate ships, found by cargo and compiled like
# the rest. Without cargo, or where it has not fetched the crate, the benchmarks have no row of it, and say so.
option(TW_BENCH_FETCH "Let cargo fetch the crate simdutf when the benchmarks are configured" OFF)

target_sources(tw_bench PRIVATE peers_simdutf.cc)
find_program(TW_CARGO cargo)
if(NOT TW_CARGO)
  return()
endif()

# A package that needs nothing but the crate. Cargo is asked where the crate is; it builds nothing.
set(package ${CMAKE_CURRENT_BINARY_DIR}/simdutf)
file(WRITE ${package}/lib.rs "")
file(WRITE ${package}/Cargo.toml [=[
[package]
name = "simdutf-sources"
version = "0.0.0"
edition = "2021"

[lib]
path = "lib.rs"

[dependencies]
simdutf = "=0.7.0"
]=])
set(network --offline)
if(TW_BENCH_FETCH)
  set(network "")
endif()
execute_process(
  COMMAND ${TW_CARGO} metadata --quiet --format-version 1 ${network}
  WORKING_DIRECTORY ${package} TIMEOUT 600 OUTPUT_VARIABLE metadata ERROR_VARIABLE reason RESULT_VARIABLE failed)
if(failed)
  message(STATUS "the benchmarks have no row of simdutf: cargo has not fetched it (TW_BENCH_FETCH)")
  return()
endif()

string(JSON count LENGTH "${metadata}" packages)
math(EXPR last "${count} - 1")
foreach(i RANGE ${last})
  string(JSON name GET "${metadata}" packages ${i} name)
  if(name STREQUAL "simdutf")
    string(JSON manifest GET "${metadata}" packages ${i} manifest_path)
    get_filename_component(sources ${manifest} DIRECTORY)
    add_library(simdutf STATIC ${sources}/cpp/simdutf.cpp)
    target_include_directories(simdutf SYSTEM PUBLIC ${sources}/cpp)
    target_link_libraries(tw_bench PRIVATE simdutf)
    target_compile_definitions(tw_bench PRIVATE TW_BENCH_SIMDUTF=1)
  endif()
endforeach()
