// Holds back the bytes of an incomplete UTF-8 sequence until the next token completes or breaks it.
#include "runtime/tokenizer/StreamingDecoder.h"

#include "runtime/tokenizer/Utf8.h"

namespace lathe {

void DecodeState::append(const Tokenizer &tokenizer, int32_t id, bool skipSpecial, std::string &out) {
  const TokenizerSpec &spec = tokenizer.spec();
  if (id < 0 || static_cast<size_t>(id) >= spec.size() || (skipSpecial && tokenizer.isSpecial(id)))
    return;
  if ((spec.flags & TokenizerJoinWithSpaces) && !first)
    out += ' ';
  first = false;
  size_t begin = out.size();
  tokenizer.appendPiece(id, out);
  if (out.size() == begin)
    return;
  if (atStart && (spec.flags & TokenizerStripLeadingSpace) && out[begin] == ' ')
    out.erase(begin, 1);
  atStart = false;
}

StreamingDecoder::StreamingDecoder(std::shared_ptr<const Tokenizer> tokenizer, bool skipSpecial, bool atStart)
    : tokenizer(std::move(tokenizer)), skipSpecial(skipSpecial), state{atStart, atStart} {}

std::string StreamingDecoder::push(int32_t id) {
  state.append(*tokenizer, id, skipSpecial, held);
  std::string out;
  size_t at = 0;
  while (at < held.size()) {
    Utf8Step step = stepUtf8(held, at);
    if (step.state == Utf8State::Incomplete)
      break;
    if (step.state == Utf8State::Valid)
      out.append(held, at, step.length);
    else
      appendUtf8(out, 0xfffd);
    at += step.length;
  }
  held.erase(0, at);
  return out;
}

std::string StreamingDecoder::finish() {
  std::string out = repairUtf8(held);
  held.clear();
  state = {false, false};
  return out;
}

} // namespace lathe
