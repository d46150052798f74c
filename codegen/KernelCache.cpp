// The layout of an entry, one file <hash>.entry: EntryHeader, the key as JSON, the content. Written under another name
// and renamed. See KernelCache.h.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "codegen/KernelCache.h"

#include "nlohmann/json.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lathe {

namespace {

struct EntryHeader {
  char magic[8]; // "LATHEKC1"
  uint64_t keyBytes, contentBytes;
  int64_t created;
  uint64_t keyHash, contentHash; // XXH3-64
};
constexpr char magic[] = "LATHEKC1";
constexpr const char *suffix = ".entry";
constexpr uint64_t largestKey = 16 << 20, largestContent = uint64_t(1) << 30;

std::string hex(XXH128_hash_t hash) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return text;
}

class File {
public:
  File(const std::filesystem::path &path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~File() {
    if (fd_ >= 0)
      close(fd_);
  }
  explicit operator bool() const { return fd_ >= 0; }
  bool read(void *to, size_t bytes) const {
    for (auto *at = static_cast<char *>(to); bytes;) {
      ssize_t count = ::read(fd_, at, bytes);
      if (count < 0 && errno == EINTR)
        continue;
      if (count <= 0)
        return false;
      at += count, bytes -= count;
    }
    return true;
  }
  bool write(const void *from, size_t bytes) const {
    for (auto *at = static_cast<const char *>(from); bytes;) {
      ssize_t count = ::write(fd_, at, bytes);
      if (count < 0 && errno == EINTR)
        continue;
      if (count <= 0)
        return false;
      at += count, bytes -= count;
    }
    return true;
  }
  uint64_t size() const {
    struct stat status;
    return fstat(fd_, &status) == 0 ? status.st_size : 0;
  }
  /// False when the last bytes did not reach the file.
  bool finish() {
    int fd = std::exchange(fd_, -1);
    return close(fd) == 0;
  }

private:
  int fd_;
};

/// Reads an entry; `content` only when asked for. An empty string, or what is wrong with it.
std::string readEntry(const File &file, KernelCache::Entry &entry, std::vector<std::byte> *content) {
  EntryHeader header;
  uint64_t size = file.size();
  if (size < sizeof header || !file.read(&header, sizeof header))
    return "it is cut short";
  if (std::memcmp(header.magic, magic, sizeof header.magic) != 0)
    return "it does not start as an entry does";
  if (header.keyBytes > largestKey || header.contentBytes > largestContent ||
      sizeof header + header.keyBytes + header.contentBytes != size)
    return "it has " + std::to_string(size) + " bytes, not as many as it says";
  std::string key(header.keyBytes, '\0');
  if (!file.read(key.data(), key.size()) || XXH3_64bits(key.data(), key.size()) != header.keyHash)
    return "the hash of its key is wrong";
  auto json = nlohmann::json::parse(key, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("description") || !json["description"].is_string() ||
      !json.contains("parts") || !json["parts"].is_array())
    return "its key cannot be read";
  entry.description = json["description"].get<std::string>();
  for (const auto &part : json["parts"])
    if (part.is_array() && part.size() == 2 && part[0].is_string() && part[1].is_string())
      entry.parts.emplace_back(part[0].get<std::string>(), part[1].get<std::string>());
  entry.bytes = header.contentBytes;
  entry.created = header.created;
  if (!content)
    return "";
  content->resize(header.contentBytes);
  if (!file.read(content->data(), content->size()) ||
      XXH3_64bits(content->data(), content->size()) != header.contentHash)
    return "the hash of its content is wrong";
  return "";
}

/// Where two texts differ first, as a line of each.
std::string firstDifference(const std::string &before, const std::string &now) {
  size_t at = std::mismatch(before.begin(), before.end(), now.begin(), now.end()).first - before.begin();
  auto lineAt = [at](const std::string &text) {
    size_t from = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
    return text.substr(from, text.find('\n', from) - from);
  };
  return "'" + lineAt(before) + "' -> '" + lineAt(now) + "'";
}

std::vector<std::string> differences(const KernelCache::Entry &before, const KernelCache::Entry &now) {
  std::vector<std::string> result;
  auto valueIn = [](const KernelCache::Entry &entry, const std::string &name) -> const std::string * {
    for (const auto &part : entry.parts)
      if (part.first == name)
        return &part.second;
    return nullptr;
  };
  for (const auto &[name, value] : now.parts) {
    const std::string *old = valueIn(before, name);
    if (!old)
      result.push_back(name + " is new");
    else if (*old != value)
      result.push_back(name + (name.starts_with("header ") || name.starts_with("object ")
                                   ? " changed"
                                   : " changed: " + firstDifference(*old, value)));
  }
  for (const auto &part : before.parts)
    if (!valueIn(now, part.first))
      result.push_back(part.first + " is gone");
  return result;
}

} // namespace

std::string hexHash(std::span<const std::byte> bytes) { return hex(XXH3_128bits(bytes.data(), bytes.size())); }
std::string hexHash(std::string_view text) { return hex(XXH3_128bits(text.data(), text.size())); }

std::string CacheKey::hash() const {
  std::string all;
  for (const auto &[name, value] : parts)
    all += std::to_string(name.size()) + ":" + name + std::to_string(value.size()) + ":" + value;
  return hexHash(all);
}

KernelCache::KernelCache(std::vector<std::filesystem::path> folders, std::function<void(const std::string &)> warn)
    : folders_(std::move(folders)), warn_(std::move(warn)) {}

std::vector<std::filesystem::path> KernelCache::defaultFolders() {
  std::vector<std::filesystem::path> folders;
  if (const char *chosen = std::getenv("LATHE_CACHE_DIR")) {
    std::string_view rest = chosen;
    while (!rest.empty()) {
      size_t end = std::min(rest.find(':'), rest.size());
      if (end > 0)
        folders.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return folders;
  }
  if (const char *cache = std::getenv("XDG_CACHE_HOME"); cache && *cache == '/')
    folders.push_back(std::filesystem::path(cache) / "lathe");
  else if (const char *home = std::getenv("HOME"); home && *home)
    folders.push_back(std::filesystem::path(home) / ".cache" / "lathe");
  return folders;
}

void KernelCache::warnOnce(const std::string &kind, const std::string &message) {
  {
    std::scoped_lock guard(lock_);
    if (std::find(warned_.begin(), warned_.end(), kind) != warned_.end())
      return;
    warned_.push_back(kind);
  }
  if (warn_)
    warn_(message);
}

std::optional<std::vector<std::byte>> KernelCache::find(const CacheKey &key) {
  std::string name = key.hash() + suffix;
  for (size_t layer = 0; layer < folders_.size(); ++layer) {
    std::filesystem::path path = folders_[layer] / name;
    File file(path, O_RDONLY);
    if (!file)
      continue;
    Entry entry;
    std::vector<std::byte> content;
    std::string damage = readEntry(file, entry, &content);
    if (damage.empty() && entry.parts != key.parts)
      damage = "it is of another key";
    if (damage.empty()) {
      std::scoped_lock guard(lock_);
      ++counts_.hits;
      return content;
    }
    warnOnce(path.string(), "cache entry " + path.string() + " ('" + key.description + "') is dropped: " + damage);
    if (layer == 0)
      unlink(path.c_str());
    std::scoped_lock guard(lock_);
    ++counts_.damaged;
  }
  std::scoped_lock guard(lock_);
  ++counts_.misses;
  return std::nullopt;
}

void KernelCache::store(const CacheKey &key, std::span<const std::byte> content) {
  if (folders_.empty())
    return;
  const std::filesystem::path &folder = folders_.front();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return warnOnce("write", "compiled kernels are not kept: cannot make the folder " + folder.string() + ": " +
                                 error.message());

  nlohmann::json json = {{"description", key.description}, {"parts", nlohmann::json::array()}};
  for (const auto &[name, value] : key.parts)
    json["parts"].push_back({name, value});
  std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  EntryHeader header = {};
  std::memcpy(header.magic, magic, sizeof header.magic);
  header.keyBytes = text.size();
  header.contentBytes = content.size();
  header.created =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  header.keyHash = XXH3_64bits(text.data(), text.size());
  header.contentHash = XXH3_64bits(content.data(), content.size());

  static std::atomic<uint64_t> serial = 0;
  std::string hash = key.hash();
  std::filesystem::path final = folder / (hash + suffix);
  std::filesystem::path temporary =
      folder / (hash + "." + std::to_string(getpid()) + "." + std::to_string(serial++) + ".tmp");
  int problem = 0;
  {
    File file(temporary, O_WRONLY | O_CREAT | O_EXCL);
    bool written = file && file.write(&header, sizeof header) && file.write(text.data(), text.size()) &&
                   file.write(content.data(), content.size()) && file.finish();
    if (!written)
      problem = errno ? errno : EIO;
  }
  if (!problem && std::rename(temporary.c_str(), final.c_str()) != 0)
    problem = errno;
  if (problem) {
    unlink(temporary.c_str());
    return warnOnce("write", "compiled kernels are not kept: cannot write to " + folder.string() + ": " +
                                 std::strerror(problem));
  }
  std::scoped_lock guard(lock_);
  ++counts_.stored;
}

std::vector<KernelCache::Entry> KernelCache::list(bool verify) const {
  std::vector<Entry> entries;
  for (size_t layer = 0; layer < folders_.size(); ++layer) {
    std::error_code error;
    for (std::filesystem::directory_iterator at(folders_[layer], error), end; !error && at != end;
         at.increment(error)) {
      if (at->path().extension() != suffix)
        continue;
      Entry entry;
      entry.path = at->path();
      entry.hash = at->path().stem().string();
      entry.writable = layer == 0;
      File file(entry.path, O_RDONLY);
      std::vector<std::byte> content;
      entry.damage = file ? readEntry(file, entry, verify ? &content : nullptr) : "it cannot be opened";
      if (entry.damage.empty() && CacheKey{entry.description, entry.parts}.hash() != entry.hash)
        entry.damage = "its name is not the hash of its key";
      entries.push_back(std::move(entry));
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry &a, const Entry &b) { return std::tie(a.created, a.path) < std::tie(b.created, b.path); });
  return entries;
}

std::vector<std::pair<KernelCache::Entry, std::string>> KernelCache::explain(const std::string &pattern) const {
  std::vector<Entry> entries = list();
  std::vector<std::pair<Entry, std::string>> result;
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry &entry = entries[i];
    if (entry.description.find(pattern) == std::string::npos)
      continue;
    if (!entry.damage.empty()) {
      result.emplace_back(entry, "damaged: " + entry.damage);
      continue;
    }
    std::optional<std::vector<std::string>> nearest;
    for (size_t j = 0; j < i; ++j) {
      if (entries[j].description != entry.description || !entries[j].damage.empty() || entries[j].hash == entry.hash)
        continue;
      std::vector<std::string> found = differences(entries[j], entry);
      if (!nearest || found.size() <= nearest->size())
        nearest = std::move(found);
    }
    std::string why = nearest ? "" : "no entry of this description before";
    for (const std::string &difference : nearest.value_or(std::vector<std::string>()))
      why += (why.empty() ? "" : "; ") + difference;
    result.emplace_back(entry, why);
  }
  return result;
}

Result<size_t> KernelCache::clear(bool damagedOnly) {
  if (folders_.empty())
    return size_t(0);
  std::error_code error;
  size_t gone = 0;
  if (damagedOnly) {
    for (const Entry &entry : list(/*verify=*/true))
      if (entry.writable && !entry.damage.empty() && std::filesystem::remove(entry.path, error))
        ++gone;
  } else {
    for (std::filesystem::directory_iterator at(folders_.front(), error), end; !error && at != end;
         at.increment(error)) {
      std::string extension = at->path().extension().string();
      std::error_code ignored;
      if ((extension == suffix || extension == ".tmp") && std::filesystem::remove(at->path(), ignored))
        gone += extension == suffix;
    }
    if (error == std::errc::no_such_file_or_directory)
      return size_t(0);
  }
  if (error)
    return Status::failure("cannot clear the cache " + folders_.front().string() + ": " + error.message());
  return gone;
}

KernelCache::Counts KernelCache::counts() const {
  std::scoped_lock guard(lock_);
  return counts_;
}

} // namespace lathe
