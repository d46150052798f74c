// See Memory.h.
#include "runtime/Memory.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>

namespace lathe {

namespace {

uint64_t readNumber(const char *path, const char *key, uint64_t fallback) {
  FILE *file = std::fopen(path, "re");
  if (!file)
    return fallback;
  char line[256];
  uint64_t value = fallback;
  size_t keyLength = std::strlen(key);
  while (std::fgets(line, sizeof line, file))
    if (std::strncmp(line, key, keyLength) == 0) {
      uint64_t read;
      if (std::sscanf(line + keyLength, "%" SCNu64, &read) == 1)
        value = read;
      break;
    }
  std::fclose(file);
  return value;
}

} // namespace

uint64_t availableMemory() {
  uint64_t kilobytes = readNumber("/proc/meminfo", "MemAvailable:", UINT64_MAX);
  uint64_t available = kilobytes > UINT64_MAX / 1024 ? UINT64_MAX : kilobytes * 1024;
  uint64_t limit = readNumber("/sys/fs/cgroup/memory.max", "", UINT64_MAX); // "max" where there is none
  uint64_t used = readNumber("/sys/fs/cgroup/memory.current", "", 0);
  // What the group holds as file cache is given back on demand.
  uint64_t cache = readNumber("/sys/fs/cgroup/memory.stat", "inactive_file ", 0);
  used -= std::min(used, cache);
  if (limit != UINT64_MAX)
    available = std::min(available, limit - std::min(limit, used));
  return available;
}

std::string printBytes(uint64_t bytes) {
  static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024)
    return std::to_string(bytes) + " bytes";
  double value = double(bytes);
  int unit = 0;
  for (; value >= 1024 && unit < 6; ++unit)
    value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", value, units[unit]);
  return text;
}

Result<Mapping> allocateArena(uint64_t bytes, const std::string &what, const std::string &hint) {
  uint64_t available = availableMemory();
  if (bytes > available)
    return Status::failure(what + " needs " + printBytes(bytes) + ", " + printBytes(available) + " are free" +
                           (hint.empty() ? "" : "; " + hint));
  return Mapping::zeroed(bytes, what);
}

} // namespace lathe
