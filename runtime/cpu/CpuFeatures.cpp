// CPUID leaves 1, 7 and 0x80000001 and XCR0, read once. Bits are those of Intel's and AMD's manuals.
#include "runtime/cpu/CpuFeatures.h"

#include <cpuid.h>
#include <cstdint>
#include <cstring>
#include <iterator>

namespace lathe {

namespace {

enum Register { Eax, Ebx, Ecx, Edx };
enum Leaf { Leaf1, Leaf7, Leaf7Sub1, LeafExtended, leafCount };
enum State { Always, Avx, Avx512, Amx }; // what the operating system must save

struct Feature {
  const char *name;
  Leaf leaf;
  Register reg;
  int bit;
  State state;
};

constexpr Feature features[] = {
    {"cmov", Leaf1, Edx, 15, Always},
    {"mmx", Leaf1, Edx, 23, Always},
    {"fxsr", Leaf1, Edx, 24, Always},
    {"sse", Leaf1, Edx, 25, Always},
    {"sse2", Leaf1, Edx, 26, Always},
    {"cx8", Leaf1, Edx, 8, Always},
    {"sse3", Leaf1, Ecx, 0, Always},
    {"pclmul", Leaf1, Ecx, 1, Always},
    {"ssse3", Leaf1, Ecx, 9, Always},
    {"fma", Leaf1, Ecx, 12, Avx},
    {"cx16", Leaf1, Ecx, 13, Always},
    {"sse4.1", Leaf1, Ecx, 19, Always},
    {"sse4.2", Leaf1, Ecx, 20, Always},
    {"crc32", Leaf1, Ecx, 20, Always},
    {"movbe", Leaf1, Ecx, 22, Always},
    {"popcnt", Leaf1, Ecx, 23, Always},
    {"aes", Leaf1, Ecx, 25, Always},
    {"xsave", Leaf1, Ecx, 26, Always},
    {"avx", Leaf1, Ecx, 28, Avx},
    {"f16c", Leaf1, Ecx, 29, Avx},
    {"rdrnd", Leaf1, Ecx, 30, Always},
    {"fsgsbase", Leaf7, Ebx, 0, Always},
    {"bmi", Leaf7, Ebx, 3, Always},
    {"avx2", Leaf7, Ebx, 5, Avx},
    {"bmi2", Leaf7, Ebx, 8, Always},
    {"avx512f", Leaf7, Ebx, 16, Avx512},
    {"avx512dq", Leaf7, Ebx, 17, Avx512},
    {"rdseed", Leaf7, Ebx, 18, Always},
    {"adx", Leaf7, Ebx, 19, Always},
    {"avx512ifma", Leaf7, Ebx, 21, Avx512},
    {"clflushopt", Leaf7, Ebx, 23, Always},
    {"clwb", Leaf7, Ebx, 24, Always},
    {"avx512cd", Leaf7, Ebx, 28, Avx512},
    {"sha", Leaf7, Ebx, 29, Always},
    {"avx512bw", Leaf7, Ebx, 30, Avx512},
    {"avx512vl", Leaf7, Ebx, 31, Avx512},
    {"avx512vbmi", Leaf7, Ecx, 1, Avx512},
    {"avx512vbmi2", Leaf7, Ecx, 6, Avx512},
    {"gfni", Leaf7, Ecx, 8, Always},
    {"vaes", Leaf7, Ecx, 9, Avx},
    {"vpclmulqdq", Leaf7, Ecx, 10, Avx},
    {"avx512vnni", Leaf7, Ecx, 11, Avx512},
    {"avx512bitalg", Leaf7, Ecx, 12, Avx512},
    {"avx512vpopcntdq", Leaf7, Ecx, 14, Avx512},
    {"rdpid", Leaf7, Ecx, 22, Always},
    {"avx512vp2intersect", Leaf7, Edx, 8, Avx512},
    {"avx512fp16", Leaf7, Edx, 23, Avx512},
    {"amx-bf16", Leaf7, Edx, 22, Amx},
    {"amx-tile", Leaf7, Edx, 24, Amx},
    {"amx-int8", Leaf7, Edx, 25, Amx},
    {"avxvnni", Leaf7Sub1, Eax, 4, Avx},
    {"avx512bf16", Leaf7Sub1, Eax, 5, Avx512},
    {"amx-fp16", Leaf7Sub1, Eax, 21, Amx},
    {"avxifma", Leaf7Sub1, Eax, 23, Avx},
    {"avxvnniint8", Leaf7Sub1, Edx, 4, Avx},
    {"avxneconvert", Leaf7Sub1, Edx, 5, Avx},
    {"sha512", Leaf7Sub1, Eax, 0, Avx},
    {"sm3", Leaf7Sub1, Eax, 1, Avx},
    {"sm4", Leaf7Sub1, Eax, 2, Avx},
    {"cmpccxadd", Leaf7Sub1, Eax, 7, Always},
    {"amx-complex", Leaf7Sub1, Edx, 8, Amx},
    {"prefetchi", Leaf7Sub1, Edx, 14, Always},
    {"avx10.1-256", Leaf7Sub1, Edx, 19, Avx512},
    {"avx10.1-512", Leaf7Sub1, Edx, 19, Avx512},
    {"xop", LeafExtended, Ecx, 11, Avx},
    {"fma4", LeafExtended, Ecx, 16, Avx},
    {"tbm", LeafExtended, Ecx, 21, Always},
    {"evex512", Leaf7, Ebx, 16, Avx512},
    {"avxvnniint16", Leaf7Sub1, Edx, 10, Avx},
    {"sahf", LeafExtended, Ecx, 0, Always},
    {"lzcnt", LeafExtended, Ecx, 5, Always},
    {"sse4a", LeafExtended, Ecx, 6, Always},
    {"prfchw", LeafExtended, Ecx, 8, Always},
    {"64bit", LeafExtended, Edx, 29, Always},
};

struct Cpu {
  uint32_t leaves[leafCount][4] = {};
  bool states[4] = {true, false, false, false};

  Cpu() {
    auto read = [&](Leaf leaf, uint32_t number, uint32_t sub) {
      uint32_t *r = leaves[leaf];
      if (!__get_cpuid_count(number, sub, &r[0], &r[1], &r[2], &r[3]))
        std::memset(r, 0, sizeof leaves[leaf]);
    };
    read(Leaf1, 1, 0);
    read(Leaf7, 7, 0);
    if (leaves[Leaf7][Eax] >= 1)
      read(Leaf7Sub1, 7, 1);
    read(LeafExtended, 0x80000001u, 0);
    if (leaves[Leaf1][Ecx] >> 27 & 1) { // OSXSAVE
      uint32_t low, high;
      asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
      states[Avx] = (low & 0x6) == 0x6;
      states[Avx512] = (low & 0xe6) == 0xe6;
      states[Amx] = (low & 0x60000) == 0x60000;
    }
  }
};

const Cpu &cpu() {
  static const Cpu instance;
  return instance;
}

} // namespace

std::optional<bool> cpuHasFeature(std::string_view feature) {
  for (const Feature &entry : features)
    if (feature == entry.name)
      return (cpu().leaves[entry.leaf][entry.reg] >> entry.bit & 1) && cpu().states[entry.state];
  return std::nullopt;
}

std::string cpuName() {
  char brand[49] = {};
  for (uint32_t i = 0; i < 3; ++i) {
    uint32_t r[4];
    if (!__get_cpuid(0x80000002u + i, &r[0], &r[1], &r[2], &r[3]))
      return "this CPU";
    std::memcpy(brand + 16 * i, r, 16);
  }
  std::string name(brand);
  while (!name.empty() && name.back() == ' ')
    name.pop_back();
  return name.empty() ? "this CPU" : name;
}

} // namespace lathe
