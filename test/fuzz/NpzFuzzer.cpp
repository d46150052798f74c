// libFuzzer: any bytes as a .npz file, every entry read. The reader takes a path, so the bytes lie in a memory file.
#include "tools/npz/Npz.h"

#include <sys/mman.h>
#include <unistd.h>

using namespace lathe;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const int memory = memfd_create("fuzz.npz", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(memory);
  if (ftruncate(memory, 0) != 0 || pwrite(memory, data, size, 0) != ssize_t(size))
    return 0;
  auto reader = NpzReader::open(path);
  if (!reader)
    return 0;
  uint64_t sum = 0;
  for (const std::string &name : (*reader)->names())
    if (auto array = (*reader)->read(name))
      sum += array->data.empty() ? 0 : uint64_t(array->data.back());
  volatile uint64_t keep = sum;
  (void)keep;
  return 0;
}
