// The parts of a tokenizer.json around the model: normalizer, pre-tokenizer, decoder, post-processor. Relies on
// runtime/tokenizer and nlohmann json.
#pragma once

#include "runtime/tokenizer/TokenizerSpec.h"

#include <nlohmann/json_fwd.hpp>
#include <optional>

namespace lathe {

/// Each fills its part of `spec` from the JSON value (null: nothing to do) and fails, naming the kind, for what is not
/// supported. `byteLevel` is set when a part spells bytes in the byte alphabet. readDecoder() needs the model's prefix
/// and suffix.
Status readNormalizer(const nlohmann::json &value, TokenizerSpec &spec, bool &byteLevel);
Status readPreTokenizer(const nlohmann::json &value, TokenizerSpec &spec, bool &byteLevel);
Status readDecoder(const nlohmann::json &value, TokenizerSpec &spec, bool &byteLevel);
/// Needs the vocabulary's size only.
Status readPostProcessor(const nlohmann::json &value, TokenizerSpec &spec);

/// The bytes of a base64 text (RFC 4648; padding may be left out), or nothing when it is none.
std::optional<std::string> bytesOfBase64(std::string_view text);

/// Values of JSON that may be missing or of another type: then the one given.
bool boolOf(const nlohmann::json &object, const char *key, bool otherwise);
std::string textOf(const nlohmann::json &object, const char *key, std::string otherwise = "");
/// The value of a key, or null.
const nlohmann::json &valueOf(const nlohmann::json &object, const char *key);

} // namespace lathe
