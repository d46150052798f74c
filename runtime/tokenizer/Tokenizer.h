// Text to tokens and back, for every kind of TokenizerSpec. Safe to share between threads. Relies on TokenizerSpec.h.
#pragma once

#include "runtime/tokenizer/TokenizerSpec.h"

#include <memory>
#include <span>

namespace lathe {

class Tokenizer {
public:
  /// Fails for a spec that is not valid and for patterns that cannot be compiled.
  static Result<std::shared_ptr<const Tokenizer>> create(TokenizerSpec spec);
  ~Tokenizer();

  const TokenizerSpec &spec() const;

  /// The tokens of `text`, any bytes up to 64 MiB. `addSpecial` puts the spec's prefix and suffix (bos, eos) around
  /// them; `parseSpecial` turns the text of special tokens into these tokens instead of reading it as text.
  Result<std::vector<int32_t>> encode(std::string_view text, bool addSpecial, bool parseSpecial) const;

  /// The bytes that `ids` stand for, not necessarily valid UTF-8. Ids outside the vocabulary give nothing;
  /// `skipSpecial` leaves control tokens out.
  std::string decode(std::span<const int32_t> ids, bool skipSpecial) const;

  /// What one token adds to a text, before the rules for the start of a text and between tokens.
  void appendPiece(int32_t id, std::string &out) const;
  /// A control token, or one outside the vocabulary: it stands for no text.
  bool isSpecial(int32_t id) const;
  /// A token that ends generation.
  bool isEnd(int32_t id) const;
  /// The token whose text is exactly `text`, control tokens included; or TokenizerSpec::none.
  int32_t find(std::string_view text) const;

private:
  struct Parts;
  explicit Tokenizer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts;
};

} // namespace lathe
