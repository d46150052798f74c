// CPU features against what the kernel says in /proc/cpuinfo.
#include "runtime/cpu/CpuFeatures.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

using namespace lathe;

TEST(CpuFeatures, AgreeWithTheKernel) {
  std::set<std::string> flags;
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("flags")) {
      std::istringstream words(line.substr(line.find(':') + 1));
      for (std::string word; words >> word;)
        flags.insert(word);
      break;
    }
  if (flags.empty())
    GTEST_SKIP() << "no flags in /proc/cpuinfo";
  const std::pair<const char *, const char *> names[] = {{"sse2", "sse2"},
                                                         {"sse3", "pni"},
                                                         {"ssse3", "ssse3"},
                                                         {"sse4.1", "sse4_1"},
                                                         {"sse4.2", "sse4_2"},
                                                         {"popcnt", "popcnt"},
                                                         {"avx", "avx"},
                                                         {"avx2", "avx2"},
                                                         {"fma", "fma"},
                                                         {"f16c", "f16c"},
                                                         {"bmi", "bmi1"},
                                                         {"bmi2", "bmi2"},
                                                         {"lzcnt", "abm"},
                                                         {"movbe", "movbe"},
                                                         {"avx512f", "avx512f"},
                                                         {"avx512bw", "avx512bw"},
                                                         {"avx512vl", "avx512vl"},
                                                         {"avx512dq", "avx512dq"},
                                                         {"avx512cd", "avx512cd"},
                                                         {"avx512vnni", "avx512_vnni"},
                                                         {"avxvnni", "avx_vnni"},
                                                         {"gfni", "gfni"},
                                                         {"avx512bf16", "avx512_bf16"},
                                                         {"avx512vbmi", "avx512vbmi"},
                                                         {"amx-tile", "amx_tile"},
                                                         {"sha", "sha_ni"},
                                                         {"avx512fp16", "avx512_fp16"}};
  for (auto [name, flag] : names)
    EXPECT_EQ(cpuHasFeature(name), flags.contains(flag)) << name;
  EXPECT_EQ(cpuHasFeature("avx1024"), std::nullopt);
  EXPECT_NE(cpuName(), "");
}
