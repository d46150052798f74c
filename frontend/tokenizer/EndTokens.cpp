// The names are those of the published chat models.
#include "frontend/tokenizer/EndTokens.h"

#include <algorithm>
#include <array>

namespace lathe {

void addEndToken(TokenizerSpec &spec, int32_t id) {
  if (id != TokenizerSpec::none && std::find(spec.endIds.begin(), spec.endIds.end(), id) == spec.endIds.end())
    spec.endIds.push_back(id);
}

void addKnownEndTokens(TokenizerSpec &spec) {
  static constexpr std::array<std::string_view, 13> names{"<|eot_id|>",
                                                          "<|eom_id|>",
                                                          "<|im_end|>",
                                                          "<|end|>",
                                                          "<end_of_turn>",
                                                          "<|endoftext|>",
                                                          "<|end_of_text|>",
                                                          "<|EOT|>",
                                                          "<EOT>",
                                                          "<|return|>",
                                                          "<|call|>",
                                                          "<end_of_utterance>",
                                                          "<\xef\xbd\x9c"
                                                          "end\xe2\x96\x81of\xe2\x96\x81sentence\xef\xbd\x9c>"};
  for (size_t id = 0; id < spec.size(); ++id)
    if (spec.types[id] == TokenType::Control && std::find(names.begin(), names.end(), spec.piece(id)) != names.end())
      addEndToken(spec, static_cast<int32_t>(id));
}

} // namespace lathe
