// lathe tokenize: text to ids and back, with the tokenizer of a model. Compiles nothing.
#include "tools/lathe/Commands.h"

#include "runtime/tokenizer/Tokenizer.h"

#include <iostream>
#include <iterator>

namespace lathe {
namespace {

struct Options : ModelOptions {
  std::optional<std::string> text;
  std::vector<int32_t> ids;
  bool noSpecial = false, pieces = false;
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
    Compiler compiler(compileOptions(options));
    if (Status status = compiler.import(); !status)
      return status;
    if (!compiler.model().tokenizer)
      return Status::failure(options.model + ": has no tokenizer");
    spec = *compiler.model().tokenizer;
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
  std::string text = options.text ? *options.text : std::string(std::istreambuf_iterator<char>(std::cin), {});
  auto ids = (*tokenizer)->encode(text, !options.noSpecial, true);
  if (!ids)
    return fail(Status::failure(options.model + ": " + ids.message()));
  for (size_t i = 0; i < ids->size(); ++i)
    std::cout << (i ? "," : "") << (*ids)[i];
  std::cout << "\n";
  return std::cout.good() ? 0 : 1;
}

} // namespace

void addTokenizeCommand(CLI::App &program, int &result) {
  auto options = std::make_shared<Options>();
  CLI::App *command = program.add_subcommand("tokenize", "text to token ids, and back");
  addModelOptions(*command, *options);
  command->add_option("-p,--prompt", options->text, "the text; standard input when it is not given");
  command->add_option("--decode", options->ids, "ids, comma separated, to turn into text")->delimiter(',');
  command->add_flag("--no-special", options->noSpecial, "do not add the tokens that begin or end a text");
  command->footer(
      "Examples:\n  lathe tokenize model.gguf -p \"Hello world\"\n  lathe tokenize model.gguf --decode 1,2,3");
  command->final_callback([options, &result] { result = tokenize(*options); });
}

} // namespace lathe
