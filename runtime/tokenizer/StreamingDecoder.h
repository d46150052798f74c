// Tokens to text one at a time, never breaking a character: for output that is shown while it is made. Relies on
// Tokenizer.h.
#pragma once

#include "runtime/tokenizer/Tokenizer.h"

namespace lathe {

/// Where decoding stands between two tokens: the rules for the start of a text and for spaces between tokens.
struct DecodeState {
  bool atStart = true;   ///< nothing written yet: a leading space is dropped where the tokenizer says so
  bool first = true;     ///< no token yet: no space before it
  bool spaceDue = false; ///< the last token ended a word: a space, if another one follows
  /// Appends the bytes of `id`.
  void append(const Tokenizer &tokenizer, int32_t id, bool skipSpecial, std::string &out);
};

class StreamingDecoder {
public:
  /// `atStart`: the tokens begin a text. False for what continues a prompt: its leading space is part of the text.
  StreamingDecoder(std::shared_ptr<const Tokenizer> tokenizer, bool skipSpecial, bool atStart);

  /// The text that became complete with `id`: valid UTF-8, possibly empty. Broken bytes become U+FFFD as soon as they
  /// cannot be repaired any more.
  std::string push(int32_t id);
  /// What is held back, U+FFFD for a character that never became whole. Then the decoder begins a continued text anew.
  std::string finish();
  /// Bytes held back.
  size_t pending() const { return held.size(); }

private:
  std::shared_ptr<const Tokenizer> tokenizer;
  bool skipSpecial;
  DecodeState state;
  std::string held; // an incomplete sequence, below 4 bytes
};

} // namespace lathe
