// See CompileCpu.h.
#include "codegen/cpu/CompileCpu.h"

#include "codegen/cpu/Clang.h"
#include "codegen/cpu/Link.h"
#include "kernels-templates/TemplateSources.h"

#include <algorithm>
#include <map>
#include <thread>

namespace lathe {

namespace {

/// What LLVM may call although the text does not: a loop that copies becomes memcpy. Made without builtins, so that it
/// does not call itself.
const KernelSource &memoryFunctions() {
  static const KernelSource source = {"", R"(#define LATHE_HIDDEN extern "C" __attribute__((visibility("hidden")))
typedef decltype(sizeof(0)) size_t;
LATHE_HIDDEN void *memcpy(void *to, const void *from, size_t count) {
  void *result = to;
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
  return result;
}
LATHE_HIDDEN void *memmove(void *to, const void *from, size_t count) {
  if (static_cast<char *>(to) <= from || static_cast<const char *>(from) + count <= to)
    return memcpy(to, from, count);
  char *last = static_cast<char *>(to) + count - 1;
  const char *lastFrom = static_cast<const char *>(from) + count - 1;
  asm volatile("std; rep movsb; cld" : "+D"(last), "+S"(lastFrom), "+c"(count) : : "memory");
  return to;
}
LATHE_HIDDEN void *memset(void *to, int value, size_t count) {
  void *result = to;
  asm volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(value) : "memory");
  return result;
}
)",
                                      "memory functions"};
  return source;
}

const std::map<std::string_view, std::string> &headerHashes() {
  static const std::map<std::string_view, std::string> hashes = [] {
    std::map<std::string_view, std::string> result;
    for (const EmbeddedFile &file : templateSources())
      result.emplace(file.name, hexHash(file.text));
    return result;
  }();
  return hashes;
}

} // namespace

CacheKey objectKey(const KernelSource &kernel, const Target &target) {
  CacheKey key;
  key.description = kernel.description;
  key.parts = {{"target", target.fingerprint()},
               {"compiler", compilerFingerprint()},
               {"symbol", kernel.symbol},
               {"text", kernel.text}};
  for (const std::string &header : includedTemplates(kernel.text))
    key.parts.emplace_back("header " + header, headerHashes().at(header));
  return key;
}

Result<std::vector<std::byte>> compileCpu(std::span<const KernelSource> kernels, const Target &target,
                                          KernelCache &cache, unsigned threads,
                                          const std::function<void(const CompileProgress &)> &progress,
                                          const std::atomic<bool> *cancel) {
  std::vector<const KernelSource *> sources;
  std::map<std::string_view, const KernelSource *> bySymbol;
  for (const KernelSource &kernel : kernels) {
    if (kernel.symbol.empty())
      return Status::failure("kernel '" + kernel.description + "' has no symbol");
    auto [known, isNew] = bySymbol.emplace(kernel.symbol, &kernel);
    if (isNew)
      sources.push_back(&kernel);
    else if (known->second->text != kernel.text)
      return Status::failure("kernels '" + known->second->description + "' and '" + kernel.description +
                             "' have one symbol, " + kernel.symbol);
  }
  sources.push_back(&memoryFunctions());

  CacheKey whole;
  whole.description = "linked code of " + std::to_string(sources.size() - 1) + " kernels";
  whole.parts.emplace_back("linker", linkerFingerprint());
  std::vector<CacheKey> keys;
  for (const KernelSource *source : sources) {
    keys.push_back(objectKey(*source, target));
    whole.parts.emplace_back("object " + source->symbol, keys.back().hash());
  }
  size_t total = sources.size() - 1;
  if (std::optional<std::vector<std::byte>> linked = cache.find(whole)) {
    if (progress)
      progress({total, total, whole.description, true});
    return std::move(*linked);
  }

  std::vector<std::vector<std::byte>> objects(sources.size());
  std::mutex lock;
  size_t next = 0, done = 0;
  std::optional<std::pair<size_t, Status>> failure; // of the first kernel that failed
  auto work = [&] {
    while (true) {
      size_t index;
      {
        std::scoped_lock guard(lock);
        if (next == sources.size() || failure)
          return;
        index = next++;
        if (cancel && *cancel)
          failure.emplace(index, Status::failure("interrupted"));
        if (failure)
          return;
      }
      std::optional<std::vector<std::byte>> object = cache.find(keys[index]);
      bool fromCache = object.has_value();
      if (!object) {
        Result<std::vector<std::byte>> compiled = compileObject(*sources[index], target);
        if (!compiled) {
          std::scoped_lock guard(lock);
          if (!failure || index < failure->first)
            failure.emplace(index, compiled.status());
          return;
        }
        object = std::move(*compiled);
        cache.store(keys[index], *object);
      }
      std::scoped_lock guard(lock);
      objects[index] = std::move(*object);
      if (index < total) {
        ++done;
        if (progress)
          progress({done, total, sources[index]->description, fromCache});
      }
    }
  };
  std::vector<std::thread> helpers;
  for (size_t i = 1; i < std::min<size_t>(std::max(threads, 1u), sources.size()); ++i)
    helpers.emplace_back(work);
  work();
  for (std::thread &helper : helpers)
    helper.join();
  if (failure)
    return failure->second;

  std::vector<LinkInput> inputs;
  for (size_t i = 0; i < sources.size(); ++i)
    inputs.push_back({sources[i]->description, objects[i]});
  Result<std::vector<std::byte>> linked = linkObjects(inputs);
  if (linked)
    cache.store(whole, *linked);
  return linked;
}

} // namespace lathe
