// The texts of the tokens of a GGUF file, read without the program's own reader: the array behind the key
// "tokenizer.ggml.tokens" (ggml, docs/gguf.md), with the spellings of the two families undone.
#pragma once

#include "runtime/tokenizer/ByteAlphabet.h"
#include "runtime/tokenizer/TokenizerSpec.h"

#include <cstring>
#include <fstream>
#include <sstream>

namespace lathe::grammar {

/// Empty when the file is not there.
inline std::vector<std::string> ggufVocabulary(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes;
  bytes.resize(8 << 20);
  file.read(bytes.data(), std::streamsize(bytes.size()));
  bytes.resize(size_t(file.gcount()));
  const std::string key = "tokenizer.ggml.tokens";
  size_t at = bytes.find(key);
  if (at == std::string::npos)
    return {};
  at += key.size() + 8; // two types
  auto number = [&] {
    uint64_t value;
    std::memcpy(&value, bytes.data() + at, 8);
    at += 8;
    return value;
  };
  std::vector<std::string> texts(number());
  bool spaces = false; // SentencePiece's
  for (std::string &text : texts) {
    uint64_t length = number();
    text = bytes.substr(at, length);
    at += length;
    spaces |= text == "<0x00>";
  }
  for (std::string &text : texts)
    if (!spaces) {
      text = bytesOfAlphabet(text).value_or("");
    } else if (int byte = TokenizerSpec::byteOfPiece(text); byte >= 0) {
      text = std::string(1, char(byte));
    } else {
      for (size_t found; (found = text.find("\xe2\x96\x81")) != std::string::npos;)
        text.replace(found, 3, " ");
    }
  return texts;
}

} // namespace lathe::grammar
