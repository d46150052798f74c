// What a generated kernel is called with, for freestanding code: the mirror of LatheKernelContext in runtime/artifact.h
// and the integer types, without any system header.
#ifndef LATHE_COMMON_CPU_ABI_H
#define LATHE_COMMON_CPU_ABI_H

typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long int64_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long uint64_t;
typedef decltype(sizeof(0)) size_t;

// The first 8 bytes of threadScratch are for the serial of a launch whose preparations lie behind them, or 0: kernels
// share the scratch, so one that keeps anything else there would look prepared to the next.
struct LatheKernelContext {
  void *const *buffers;
  const int64_t *params;
  void *threadScratch;
  uint64_t launchSerial;
};

static_assert(sizeof(int64_t) == 8 && sizeof(LatheKernelContext) == 32, "the layout of runtime/artifact.h");

#endif
