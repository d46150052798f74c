// How fast this machine's memory can be read by the threads of a pool: the yardstick of `lathe bench`.
#pragma once

#include "runtime/cpu/ThreadPool.h"

namespace lathe {

/// Bytes per second, the best of several passes over a buffer that no cache holds (a GiB, or a quarter of the free
/// memory).
double measureReadBandwidth(ThreadPool &pool);

} // namespace lathe
