// See Metadata.h.
#include "runtime/Metadata.h"

#include <nlohmann/json.hpp>

namespace lathe {

namespace {

using Json = nlohmann::json;

/// Reads values of one object; remembers the first that is of the wrong kind.
struct Reader {
  const Json &object;
  std::string problem;

  const Json *find(const char *key) {
    auto at = object.find(key);
    return at == object.end() || at->is_null() ? nullptr : &*at;
  }
  void wrong(const char *key, const char *expected) {
    if (problem.empty())
      problem = std::string("metadata: '") + key + "' is not " + expected;
  }
  void string(const char *key, std::string &out) {
    if (const Json *value = find(key)) {
      if (value->is_string())
        out = value->get<std::string>();
      else
        wrong(key, "a string");
    }
  }
  void number(const char *key, uint32_t &out, uint32_t limit) {
    if (const Json *value = find(key)) {
      if (value->is_number_unsigned() && value->get<uint64_t>() <= limit)
        out = uint32_t(value->get<uint64_t>());
      else
        wrong(key, ("a whole number up to " + std::to_string(limit)).c_str());
    }
  }
  void flag(const char *key, bool &out) {
    if (const Json *value = find(key)) {
      if (value->is_boolean())
        out = value->get<bool>();
      else
        wrong(key, "true or false");
    }
  }
  void ids(const char *key, std::vector<int32_t> &out) {
    const Json *value = find(key);
    if (!value)
      return;
    if (!value->is_array())
      return wrong(key, "a list of token ids");
    for (const Json &id : *value) {
      if (!id.is_number_unsigned() || id.get<uint64_t>() > INT32_MAX)
        return wrong(key, "a list of token ids");
      out.push_back(int32_t(id.get<uint64_t>()));
    }
  }
  void targets(std::vector<TargetFeatures> &out) {
    const Json *value = find("targets");
    if (!value)
      return;
    if (!value->is_object())
      return wrong("targets", "an object");
    for (const auto &[target, features] : value->items()) {
      TargetFeatures entry{target, {}};
      if (!features.is_array())
        return wrong("targets", "an object of lists of feature names");
      for (const Json &feature : features) {
        if (!feature.is_string())
          return wrong("targets", "an object of lists of feature names");
        entry.features.push_back(feature.get<std::string>());
      }
      out.push_back(std::move(entry));
    }
  }
};

} // namespace

Result<Metadata> Metadata::parse(std::span<const std::byte> json) {
  Metadata metadata;
  if (json.empty())
    return metadata;
  const char *text = reinterpret_cast<const char *>(json.data());
  Json object = Json::parse(text, text + json.size(), nullptr, /*allow_exceptions=*/false);
  if (!object.is_object())
    return Status::failure("metadata: is not a JSON object");
  Reader reader{object, {}};
  reader.string("architecture", metadata.architecture);
  reader.string("name", metadata.name);
  reader.string("compute", metadata.compute);
  reader.string("kv_type", metadata.kvType);
  reader.number("context_length", metadata.contextLength, INT32_MAX);
  reader.number("vocabulary", metadata.vocabulary, INT32_MAX);
  if (object.contains("decoder_start"))
    reader.number("decoder_start", metadata.decoderStart.emplace(), INT32_MAX);
  reader.number("page_tokens", metadata.pageTokens, 65536);
  reader.ids("eos_ids", metadata.endIds);
  reader.targets(metadata.targets);
  reader.string("pooling", metadata.pooling);
  reader.flag("normalize", metadata.normalize);
  reader.number("longest_text", metadata.longestText, INT32_MAX);
  if (!reader.problem.empty())
    return Status::failure(reader.problem);
  if (metadata.pageTokens == 0)
    return Status::failure("metadata: 'page_tokens' is 0");
  return metadata;
}

} // namespace lathe
