// How many threads a pool has by default: the affinity mask, sysfs (hardware threads of a core) and the control group.
#include "runtime/cpu/ThreadPool.h"

#include <algorithm>
#include <cstdio>
#include <sched.h>
#include <set>

namespace lathe {

namespace {

/// The first number in a file of sysfs, or `fallback`.
long firstNumber(const char *path, long fallback) {
  FILE *file = std::fopen(path, "re");
  if (!file)
    return fallback;
  long value = fallback;
  if (std::fscanf(file, "%ld", &value) != 1)
    value = fallback;
  std::fclose(file);
  return value;
}

/// Whole cores that the control group's quota allows, at least 1; INT32_MAX without one.
unsigned quota() {
  FILE *file = std::fopen("/sys/fs/cgroup/cpu.max", "re");
  if (!file)
    return INT32_MAX;
  long long allowed = 0, period = 0;
  int read = std::fscanf(file, "%lld %lld", &allowed, &period); // "max 100000" where there is no quota
  std::fclose(file);
  if (read != 2 || allowed <= 0 || period <= 0)
    return INT32_MAX;
  return unsigned(std::clamp<long long>(allowed / period, 1, INT32_MAX));
}

} // namespace

unsigned ThreadPool::defaultThreads() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) != 0)
    return std::clamp(std::thread::hardware_concurrency(), 1u, quota());
  std::set<long> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &mask))
      continue;
    char path[96];
    std::snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    cores.insert(firstNumber(path, cpu));
  }
  return std::clamp(unsigned(cores.size()), 1u, quota());
}

} // namespace lathe
