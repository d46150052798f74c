// The tokenizers of the shared data folder, for tests. Relies on frontend/gguf to read the vocabulary files.
#pragma once

#include "frontend/gguf/GgufFile.h"
#include "frontend/tokenizer/GgufTokenizer.h"
#include "frontend/tokenizer/FolderTokenizer.h"
#include "frontend/tokenizer/TokenizerJson.h"
#include "runtime/tokenizer/Tokenizer.h"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <nlohmann/json.hpp>

namespace lathe::test {

using TokenizerPtr = std::shared_ptr<const Tokenizer>;
using Ids = std::vector<int32_t>;

inline std::string sharedPath(const std::string &relative) { return std::string(LATHE_SHARED_DATA) + "/" + relative; }
inline bool sharedExists(const std::string &relative) { return std::ifstream(sharedPath(relative)).good(); }

inline std::string readShared(const std::string &relative) {
  std::ifstream file(sharedPath(relative), std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline TokenizerPtr create(Result<TokenizerSpec> spec) {
  if (!spec) {
    ADD_FAILURE() << spec.message();
    return nullptr;
  }
  Result<TokenizerPtr> tokenizer = Tokenizer::create(std::move(*spec));
  if (!tokenizer) {
    ADD_FAILURE() << tokenizer.message();
    return nullptr;
  }
  return *tokenizer;
}

inline TokenizerPtr tokenizerOfGgufFile(const std::string &relative) {
  Result<GgufFile> file = GgufFile::open(sharedPath(relative));
  if (!file) {
    ADD_FAILURE() << file.message();
    return nullptr;
  }
  auto key = [](const char *name) { return "tokenizer.ggml." + std::string(name); };
  auto id = [&](const char *name) -> std::optional<uint32_t> {
    std::optional<int64_t> value = file->integer(key(name));
    return value ? std::optional<uint32_t>(static_cast<uint32_t>(*value)) : std::nullopt;
  };
  auto flag = [&](const char *name) -> std::optional<bool> {
    const GgufValue *value = file->find(key(name));
    return value ? value->boolean() : std::nullopt;
  };
  GgufTokenizer from;
  from.model = file->string(key("model")).value_or("");
  from.pre = file->string(key("pre")).value_or("");
  if (const GgufValue *value = file->find(key("tokens")))
    from.tokens = value->strings().value_or(std::vector<std::string_view>());
  if (const GgufValue *value = file->find(key("merges")))
    from.merges = value->strings().value_or(std::vector<std::string_view>());
  if (const GgufValue *value = file->find(key("scores")))
    for (double score : value->numbers().value_or(std::vector<double>()))
      from.scores.push_back(static_cast<float>(score));
  if (const GgufValue *value = file->find(key("token_type")))
    for (int64_t type : value->integers().value_or(std::vector<int64_t>()))
      from.types.push_back(static_cast<int32_t>(type));
  from.bosId = id("bos_token_id");
  from.eosId = id("eos_token_id");
  from.unknownId = id("unknown_token_id");
  from.addBos = flag("add_bos_token");
  from.addEos = flag("add_eos_token");
  from.addSpacePrefix = flag("add_space_prefix");
  return create(tokenizerFromGguf(from));
}

} // namespace lathe::test
