// Which file a tokenizer is in. What is no tokenizer.json is read by the file's own reader.
#include "frontend/tokenizer/FolderTokenizer.h"

#include "frontend/files/MappedFile.h"
#include "frontend/tokenizer/SentencePieceFile.h"
#include "frontend/tokenizer/TiktokenFile.h"
#include "frontend/tokenizer/TokenizerJson.h"
#include "frontend/tokenizer/VocabularyFiles.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <vector>

namespace lathe {
namespace {

constexpr size_t maxFile = size_t{64} << 20;

/// Files that are open while a tokenizer is read.
class Folder {
public:
  explicit Folder(std::string path) : path(std::move(path)) {}

  bool has(const std::string &name) const {
    std::error_code error;
    return std::filesystem::is_regular_file(std::filesystem::path(path) / name, error);
  }
  /// The text of a file; empty when there is none.
  Result<std::string_view> text(const std::string &name) {
    std::error_code error;
    if (!std::filesystem::exists(std::filesystem::path(path) / name, error))
      return std::string_view();
    Result<std::string> confined = confinedPath(path, name);
    if (!confined)
      return confined.status();
    Result<std::shared_ptr<const MappedFile>> opened = MappedFile::open(*confined);
    if (!opened)
      return opened.status();
    if ((*opened)->size() > maxFile)
      return Status::failure(*confined + ": has " + std::to_string((*opened)->size()) + " bytes, more than " +
                             std::to_string(maxFile));
    files.push_back(*opened);
    return std::string_view(reinterpret_cast<const char *>((*opened)->bytes().data()), (*opened)->bytes().size());
  }
  /// The first of the names that is there, or an empty text.
  std::string first(std::initializer_list<const char *> names) const {
    for (const char *name : names)
      if (has(name))
        return name;
    return {};
  }
  /// The only *.tiktoken file, or an empty text.
  std::string tiktoken() const {
    std::vector<std::string> found;
    std::error_code error;
    for (const auto &entry : std::filesystem::directory_iterator(path, error))
      if (entry.path().extension() == ".tiktoken")
        found.push_back(entry.path().filename().string());
    return found.size() == 1 ? found.front() : std::string();
  }

  const std::string path;

private:
  std::vector<std::shared_ptr<const MappedFile>> files;
};

std::string sentencePieceName(const Folder &folder) {
  return folder.first({"tokenizer.model", "spiece.model", "sentencepiece.bpe.model"});
}

Result<TokenizerSpec> read(Folder &folder) {
  TokenizerFiles files;
  struct {
    const char *name;
    std::string_view *text;
  } const beside[] = {{"tokenizer.json", &files.tokenizer},
                      {"tokenizer_config.json", &files.tokenizerConfig},
                      {"special_tokens_map.json", &files.specialTokensMap},
                      {"chat_template.jinja", &files.chatTemplate},
                      {"generation_config.json", &files.generationConfig},
                      {"config.json", &files.config}};
  for (auto [name, into] : beside) {
    Result<std::string_view> text = folder.text(name);
    if (!text)
      return text.status();
    *into = *text;
  }
  if (folder.has("tokenizer.json"))
    return parseTokenizerJson(files);
  if (std::string name = sentencePieceName(folder); !name.empty()) {
    Result<std::string_view> text = folder.text(name);
    if (!text)
      return text.status();
    return isTiktoken(*text) ? parseTiktoken(name, *text, files) : parseSentencePiece(name, *text, files);
  }
  if (std::string name = folder.tiktoken(); !name.empty()) {
    Result<std::string_view> text = folder.text(name);
    return text ? parseTiktoken(name, *text, files) : Result<TokenizerSpec>(text.status());
  }
  Result<std::string_view> vocabulary = folder.text(folder.has("vocab.json") ? "vocab.json" : "vocab.txt");
  Result<std::string_view> merges = folder.text("merges.txt");
  if (!vocabulary || !merges)
    return vocabulary ? merges.status() : vocabulary.status();
  if (folder.has("vocab.json"))
    return parseVocabJson(*vocabulary, *merges, files);
  return parseVocabTxt(*vocabulary, files);
}

} // namespace

bool hasFolderTokenizer(const std::string &path) {
  Folder folder(path);
  return folder.has("tokenizer.json") || !sentencePieceName(folder).empty() || !folder.tiktoken().empty() ||
         (folder.has("vocab.json") && folder.has("merges.txt")) || folder.has("vocab.txt");
}

Result<TokenizerSpec> readFolderTokenizer(const std::string &path) {
  if (!hasFolderTokenizer(path))
    return Status::failure(path + ": has no tokenizer; known files: tokenizer.json, tokenizer.model, spiece.model, "
                                  "*.tiktoken, vocab.json with merges.txt, vocab.txt");
  Folder folder(path);
  Result<TokenizerSpec> spec = read(folder);
  if (!spec)
    return Status::failure(path + ": " + spec.message());
  return spec;
}

} // namespace lathe
