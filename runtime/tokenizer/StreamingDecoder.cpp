// Holds back the bytes of an incomplete UTF-8 sequence until the next token completes or breaks it.
#include "runtime/tokenizer/StreamingDecoder.h"

#include "runtime/tokenizer/Utf8.h"

namespace lathe {
namespace {

void replaceIn(std::string &text, std::string_view pattern, std::string_view content) {
  for (size_t at = 0; (at = text.find(pattern, at)) != std::string::npos; at += content.size())
    text.replace(at, pattern.size(), content);
}

/// What Hugging Face calls clean_up_tokenization_spaces.
void cleanUp(std::string &token) {
  constexpr std::pair<std::string_view, std::string_view> rules[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (auto [pattern, content] : rules)
    replaceIn(token, pattern, content);
}

} // namespace

void DecodeState::append(const Tokenizer &tokenizer, int32_t id, bool skipSpecial, std::string &out) {
  const TokenizerSpec &spec = tokenizer.spec();
  if (id < 0 || static_cast<size_t>(id) >= spec.size() || (skipSpecial && tokenizer.isSpecial(id)))
    return;
  if ((spec.flags & TokenizerJoinWithSpaces) && !first)
    out += ' ';
  size_t begin = out.size();
  if (spec.flags & (TokenizerDecodeWords | TokenizerDecodeSuffix | TokenizerCleanUp)) {
    std::string piece;
    tokenizer.appendPiece(id, piece);
    if ((spec.flags & TokenizerDecodeWords) && !first) {
      if (!spec.continuingPrefix.empty() && piece.starts_with(spec.continuingPrefix))
        piece.erase(0, spec.continuingPrefix.size());
      else
        piece.insert(0, " ");
    }
    if (spec.flags & TokenizerCleanUp)
      cleanUp(piece);
    if (spaceDue)
      out += ' ';
    spaceDue = (spec.flags & TokenizerDecodeSuffix) && !spec.wordSuffix.empty() && piece.ends_with(spec.wordSuffix);
    if (spaceDue)
      piece.resize(piece.size() - spec.wordSuffix.size());
    out += piece;
  } else {
    tokenizer.appendPiece(id, out);
  }
  first = false;
  if (out.size() == begin)
    return;
  if (atStart && (spec.flags & TokenizerStripLeadingSpace) && out[begin] == ' ')
    out.erase(begin, 1);
  atStart = false;
}

StreamingDecoder::StreamingDecoder(std::shared_ptr<const Tokenizer> tokenizer, bool skipSpecial, bool atStart)
    : tokenizer(std::move(tokenizer)), skipSpecial(skipSpecial), state{atStart, atStart, false} {}

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
  state = {false, false, false};
  return out;
}

} // namespace lathe
