// lathe cache: the compiled kernels on disk.
#include "tools/lathe/Commands.h"

#include <ctime>

namespace lathe {
namespace {

std::string dateText(int64_t seconds) {
  char text[32];
  time_t time = seconds;
  tm parts;
  localtime_r(&time, &parts);
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts);
  return text;
}

int list(KernelCache &cache, bool verify, bool json) {
  nlohmann::json rows = nlohmann::json::array();
  uint64_t bytes = 0;
  int damaged = 0;
  std::vector<KernelCache::Entry> entries = cache.list(verify);
  for (const KernelCache::Entry &entry : entries) {
    bytes += entry.bytes;
    damaged += !entry.damage.empty();
    if (json)
      rows.push_back({{"hash", entry.hash},
                      {"bytes", entry.bytes},
                      {"created", entry.created},
                      {"description", entry.description},
                      {"damage", entry.damage}});
    else
      std::printf("%s  %s %8llu  %s%s%s\n", entry.hash.c_str(), dateText(entry.created).c_str(),
                  static_cast<unsigned long long>(entry.bytes), entry.description.c_str(),
                  entry.damage.empty() ? "" : "  DAMAGED: ", entry.damage.c_str());
  }
  if (json)
    std::printf("%s\n", rows.dump(2).c_str());
  else
    std::printf("%zu entries, %llu bytes, %d damaged\n", entries.size(), static_cast<unsigned long long>(bytes),
                damaged);
  return damaged && verify ? 1 : 0;
}

} // namespace

void addCacheCommand(CLI::App &program, int &result) {
  CLI::App *command = program.add_subcommand("cache", "the cache of compiled kernels");
  command->require_subcommand(1);
  auto json = std::make_shared<bool>(false);
  auto damagedOnly = std::make_shared<bool>(false);
  auto pattern = std::make_shared<std::string>();
  CLI::App *listing = command->add_subcommand("list", "all entries, oldest first");
  listing->add_flag("--json", *json);
  listing->callback([=, &result] {
    KernelCache cache(KernelCache::defaultFolders());
    result = list(cache, false, *json);
  });
  CLI::App *verify =
      command->add_subcommand("verify", "check every entry against its hash; exit status 1 when one is damaged");
  verify->add_flag("--json", *json);
  verify->callback([=, &result] {
    KernelCache cache(KernelCache::defaultFolders());
    result = list(cache, true, *json);
  });
  CLI::App *explain =
      command->add_subcommand("explain", "why each kernel was compiled: what differs from the nearest entry before it");
  explain->add_option("PATTERN", *pattern, "only kernels whose description contains this");
  explain->callback([=] {
    KernelCache cache(KernelCache::defaultFolders());
    for (const auto &[entry, why] : cache.explain(*pattern))
      std::printf("%s  %s\n  %s\n", entry.hash.c_str(), entry.description.c_str(), why.c_str());
  });
  CLI::App *clear = command->add_subcommand("clear", "remove all entries");
  clear->add_flag("--damaged", *damagedOnly, "only the damaged ones");
  clear->callback([=, &result] {
    KernelCache cache(KernelCache::defaultFolders());
    Result<size_t> removed = cache.clear(*damagedOnly);
    if (!removed)
      result = fail(removed.status());
    else
      std::printf("removed %zu entries\n", *removed);
  });
}

} // namespace lathe
