// Compiled kernels and linked code on disk, by the hash of everything they depend on. Relies on the file system alone:
// several processes may use one folder at once. A cache never fails what it serves: what it cannot read is compiled,
// what it cannot write is not kept.
#pragma once

#include "runtime/Status.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lathe {

/// What a cached thing depends on, in named parts: ("text", ...), ("header common/cpu/math.h", hash), ("compiler",
/// ...).
struct CacheKey {
  /// Template and parameters; not part of the hash. What is compared when `explain` looks for the nearest entry.
  std::string description;
  std::vector<std::pair<std::string, std::string>> parts;

  /// XXH3-128 of the parts, as 32 hexadecimal digits.
  std::string hash() const;
};

/// XXH3-128 as 32 hexadecimal digits.
std::string hexHash(std::span<const std::byte> bytes);
std::string hexHash(std::string_view text);

class KernelCache {
public:
  /// `folders` from the first to the last: the first is read and written (made when it is first needed), the others are
  /// only read. Without any, nothing is kept. `warn` gets each kind of trouble once.
  explicit KernelCache(std::vector<std::filesystem::path> folders,
                       std::function<void(const std::string &)> warn = nullptr);
  /// $LATHE_CACHE_DIR (folders separated by ':', the first is written; empty: no cache), else $XDG_CACHE_HOME/lathe,
  /// else
  /// ~/.cache/lathe.
  static std::vector<std::filesystem::path> defaultFolders();

  /// The content stored under `key`, checked against its hash, or nothing. A damaged entry is dropped with a warning.
  std::optional<std::vector<std::byte>> find(const CacheKey &key);
  /// Keeps `content`: other processes see the whole entry or none.
  void store(const CacheKey &key, std::span<const std::byte> content);

  struct Entry {
    std::filesystem::path path;
    std::string hash, description;
    uint64_t bytes = 0;   // of the content
    int64_t created = 0;  // seconds since 1970
    bool writable = true; // in the first folder
    std::string damage;   // why it cannot be used, or empty
    std::vector<std::pair<std::string, std::string>> parts;
  };
  /// All entries, oldest first; with `verify` their contents are read and checked.
  std::vector<Entry> list(bool verify = false) const;
  /// For each entry whose description contains `pattern`, oldest first: why it was compiled, which is that there was no
  /// entry of its description yet, or what differs from the nearest one before it.
  std::vector<std::pair<Entry, std::string>> explain(const std::string &pattern = "") const;
  /// Removes all entries of the first folder, or only the damaged ones. How many went.
  Result<size_t> clear(bool damagedOnly = false);

  /// Since construction.
  struct Counts {
    size_t hits = 0, misses = 0, damaged = 0, stored = 0;
  };
  Counts counts() const;
  const std::vector<std::filesystem::path> &folders() const { return folders_; }

private:
  void warnOnce(const std::string &kind, const std::string &message);

  std::vector<std::filesystem::path> folders_;
  std::function<void(const std::string &)> warn_;
  mutable std::mutex lock_;
  Counts counts_;
  std::vector<std::string> warned_;
};

} // namespace lathe
