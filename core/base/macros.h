// SPDX-License-Identifier: MIT
// Compiler and architecture macros, nothing else.
#ifndef TIDEWIRE_CORE_BASE_MACROS_H_
#define TIDEWIRE_CORE_BASE_MACROS_H_

#if defined(__x86_64__)
#define TW_ARCH_X86_64 1
#else
#define TW_ARCH_X86_64 0
#endif

#if defined(__aarch64__)
#define TW_ARCH_AARCH64 1
#else
#define TW_ARCH_AARCH64 0
#endif

#define TW_ALWAYS_INLINE inline __attribute__((always_inline))
#define TW_NOINLINE __attribute__((noinline))
#define TW_LIKELY(x) __builtin_expect(!!(x), 1)
#define TW_UNLIKELY(x) __builtin_expect(!!(x), 0)

// Opens a region in which functions are compiled for an instruction set. Includes come before it: shared
// headers compiled inside would give the linker a copy that faults on older processors.
#define TW_PRAGMA(x) _Pragma(#x)
#if defined(__clang__)
#define TW_TARGET_BEGIN(isa) TW_PRAGMA(clang attribute push(__attribute__((target(isa))), apply_to = function))
#define TW_TARGET_END() TW_PRAGMA(clang attribute pop)
#else
#define TW_TARGET_BEGIN(isa) TW_PRAGMA(GCC push_options) TW_PRAGMA(GCC target(isa))
#define TW_TARGET_END() TW_PRAGMA(GCC pop_options)
#endif

#endif  // TIDEWIRE_CORE_BASE_MACROS_H_
