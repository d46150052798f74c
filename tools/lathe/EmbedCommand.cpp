// lathe embed: the vector of a text, as JSON.
#include "tools/lathe/Commands.h"
#include "tools/run/Interrupt.h"

#include "runtime/Embedding.h"

#include <fstream>
#include <iostream>
#include <iterator>

namespace lathe {
namespace {

struct Options : ModelOptions {
  std::vector<std::string> texts;
  std::string file, pooling;
  int normalize = -1;
  bool truncate = false, quiet = false;
};

Result<std::shared_ptr<const Tokenizer>> tokenizerOf(const Artifact &artifact) {
  std::span<const std::byte> section = artifact.section(LATHE_SECTION_TOKENIZER);
  if (section.empty())
    return Status::failure("has no tokenizer, which a text needs");
  auto spec = TokenizerSpec::deserialize({reinterpret_cast<const char *>(section.data()), section.size()});
  return spec ? Tokenizer::create(std::move(*spec)) : Result<std::shared_ptr<const Tokenizer>>(spec.status());
}

void print(const std::vector<float> &vector) {
  std::string line = "[";
  char number[32];
  for (size_t i = 0; i < vector.size(); ++i) {
    std::snprintf(number, sizeof number, "%s%.9g", i ? ", " : "", static_cast<double>(vector[i]));
    line += number;
  }
  std::cout << line << "]\n";
}

int embed(const Options &options) {
  EmbeddingOptions settings;
  settings.pooling = poolingOf(options.pooling);
  settings.truncate = options.truncate;
  if (options.normalize >= 0)
    settings.normalize = options.normalize != 0;
  std::vector<std::string> texts = options.texts;
  if (!options.file.empty()) {
    std::ifstream file(options.file, std::ios::binary);
    for (std::string line; std::getline(file, line);)
      texts.push_back(line);
    if (!file.eof())
      return fail(Status::failure(options.file + ": cannot be read"));
  } else if (texts.empty()) {
    texts.emplace_back(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  auto artifact = openModel(options, options.quiet, [](CompileOptions &compilation) { compilation.wantStep = false; });
  if (!artifact)
    return fail(artifact.status());
  auto tokenizer = tokenizerOf(**artifact);
  if (!tokenizer)
    return fail(Status::failure(options.model + ": " + tokenizer.message()));
  auto pool = std::make_shared<ThreadPool>(options.threads);
  auto model = LoadedModel::load(*artifact, pool.get());
  if (!model)
    return fail(model.status());
  auto embedder = Embedder::create(*model, pool, *tokenizer, settings);
  if (!embedder)
    return fail(Status::failure(options.model + ": " + embedder.message()));
  Progress progress(options.quiet);
  for (size_t i = 0; i < texts.size(); ++i) {
    progress("embedding", i, texts.size());
    if (catchInterrupts())
      return fail(Status::failure("interrupted after " + std::to_string(i) + " texts"));
    auto vector = (*embedder)->embed(texts[i]);
    if (!vector)
      return fail(Status::failure(options.model + ": text " + std::to_string(i + 1) + ": " + vector.message()));
    print(*vector);
  }
  std::cout.flush();
  return std::cout.good() ? 0 : 1;
}

} // namespace

void addEmbedCommand(CLI::App &program, int &result) {
  auto options = std::make_shared<Options>();
  CLI::App *command = program.add_subcommand("embed", "the vector of a text, with an encoder");
  addModelOptions(*command, *options);
  CLI::Option *prompt = command->add_option("-p,--prompt", options->texts,
                                            "a text; may be given several times; standard input when there is none");
  command->add_option("-f,--file", options->file, "a file with a text in each line")->excludes(prompt);
  command->add_option("--pooling", options->pooling, "mean, mean_sqrt, max, cls or last; default: as the model says, else mean")
      ->check(CLI::IsMember({"mean", "mean_sqrt", "max", "cls", "last"}));
  command->add_option("--embd-normalize", options->normalize, "2: to length 1, -1: as the model says, 0: not at all")
      ->transform(CLI::IsMember({"-1", "0", "2"}));
  command->add_flag("--truncate", options->truncate, "cut texts that are longer than the model takes");
  command->add_flag("-q,--quiet", options->quiet, "nothing on stderr but errors");
  command->footer("Prints a JSON list of numbers in a line for each text.\n"
                  "Examples:\n  lathe embed all-MiniLM-L6-v2 -p \"A sentence\"\n  lathe embed model.onnx -f sentences.txt "
                  "--pooling cls");
  command->final_callback([options, &result] { result = embed(*options); });
}

} // namespace lathe
