// lathe tokenize: text to ids and back, with the tokenizer of a model. Compiles nothing.
#include "tools/lathe/Commands.h"

#include "frontend/Frontend.h"
#include "runtime/tokenizer/Tokenizer.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

namespace lathe {
namespace {

struct Options : ModelOptions {
  std::optional<std::string> text;
  std::string file;
  std::vector<int32_t> ids;
  bool noSpecial = false, lines = false;
};

Result<std::shared_ptr<const Tokenizer>> readTokenizer(const ModelOptions &options) {
  TokenizerSpec spec;
  if (Artifact::isArtifact(options.model)) {
    auto artifact = Artifact::open(options.model);
    if (!artifact)
      return artifact.status();
    std::span<const std::byte> section = (*artifact)->section(LATHE_SECTION_TOKENIZER);
    if (section.empty())
      return Status::failure(options.model + ": has no tokenizer");
    auto stored = TokenizerSpec::deserialize({reinterpret_cast<const char *>(section.data()), section.size()});
    if (!stored)
      return Status::failure(options.model + ": " + stored.message());
    spec = std::move(*stored);
  } else {
    auto imported = importTokenizer(options.model);
    if (!imported)
      return imported.status();
    if (!*imported)
      return Status::failure(options.model + ": has no tokenizer");
    spec = std::move(**imported);
  }
  auto tokenizer = Tokenizer::create(std::move(spec));
  if (!tokenizer)
    return Status::failure(options.model + ": " + tokenizer.message());
  return tokenizer;
}

int tokenize(const Options &options) {
  auto tokenizer = readTokenizer(options);
  if (!tokenizer)
    return fail(tokenizer.status());
  if (!options.ids.empty()) {
    std::cout << (*tokenizer)->decode(options.ids, false) << "\n";
    return std::cout.good() ? 0 : 1;
  }
  std::string text;
  if (options.text) {
    text = *options.text;
  } else if (!options.file.empty()) {
    std::ifstream file(options.file, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(file), {});
    if (!file)
      return fail(Status::failure(options.file + ": cannot be read"));
  } else {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  }
  std::string_view rest = text;
  do {
    size_t end = options.lines ? std::min(rest.find('\n'), rest.size()) : rest.size();
    auto ids = (*tokenizer)->encode(rest.substr(0, end), !options.noSpecial, true);
    if (!ids)
      return fail(Status::failure(options.model + ": " + ids.message()));
    for (size_t i = 0; i < ids->size(); ++i)
      std::cout << (i ? "," : "") << (*ids)[i];
    std::cout << "\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  } while (!rest.empty());
  std::cout.flush();
  return std::cout.good() ? 0 : 1;
}

} // namespace

void addTokenizeCommand(CLI::App &program, int &result) {
  auto options = std::make_shared<Options>();
  CLI::App *command = program.add_subcommand("tokenize", "text to token ids, and back");
  addModelOptions(*command, *options);
  CLI::Option *prompt = command->add_option("-p,--prompt", options->text, "the text; standard input when neither it nor a file is given");
  command->add_option("-f,--file", options->file, "a file with the text")->excludes(prompt);
  command->add_flag("--lines", options->lines, "each line is a text of its own; its ids stand on a line");
  command->add_option("--decode", options->ids, "ids, comma separated, to turn into text")->delimiter(',');
  command->add_flag("--no-special", options->noSpecial, "do not add the tokens that begin or end a text");
  command->footer(
      "Examples:\n  lathe tokenize model.gguf -p \"Hello world\"\n  lathe tokenize model.gguf --decode 1,2,3");
  command->final_callback([options, &result] { result = tokenize(*options); });
}

} // namespace lathe
