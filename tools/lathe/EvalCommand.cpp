// lathe eval: the perplexity of a text.
#include "tools/lathe/Commands.h"
#include "tools/run/Interrupt.h"

#include "runtime/Evaluate.h"
#include "runtime/Mapping.h"

namespace lathe {
namespace {

struct Options : ModelOptions {
  std::string text, score = "all";
  uint32_t window = 512;
  uint64_t tokens = 0;
  bool json = false, quiet = false;
};

int eval(const Options &options) {
  auto text = Mapping::file(options.text);
  if (!text)
    return fail(text.status());
  auto artifact = openModel(options, options.quiet, [](CompileOptions &compilation) {
    compilation.wantForward = false;
    compilation.requireStep = true;
  });
  if (!artifact)
    return fail(artifact.status());
  std::span<const std::byte> section = (*artifact)->section(LATHE_SECTION_TOKENIZER);
  if (section.empty())
    return fail(Status::failure(options.model + ": has no tokenizer, which a text needs"));
  auto spec = TokenizerSpec::deserialize({reinterpret_cast<const char *>(section.data()), section.size()});
  if (!spec)
    return fail(spec.status());
  std::optional<int32_t> bos = spec->addsBos() ? std::optional(spec->bos) : std::nullopt;
  auto tokenizer = Tokenizer::create(std::move(*spec));
  if (!tokenizer)
    return fail(tokenizer.status());
  auto pool = std::make_shared<ThreadPool>(options.threads);
  auto model = LoadedModel::load(*artifact, pool.get());
  if (!model)
    return fail(model.status());
  DecoderOptions decoderOptions;
  decoderOptions.contextSize = options.window;
  auto decoder = Decoder::create(*model, pool, decoderOptions);
  if (!decoder)
    return fail(decoder.status());
  auto ids = evaluationTokens(**tokenizer, {reinterpret_cast<const char *>(text->data()), text->size()});
  if (!ids)
    return fail(ids.status());
  Progress progress(options.quiet);
  PerplexityOptions rules;
  rules.window = options.window;
  rules.tokens = options.tokens;
  rules.rule = options.score == "all" ? ScoreRule::All : ScoreRule::SecondHalf;
  rules.cancel = &catchInterrupts();
  rules.onWindow = [&](uint64_t done, uint64_t windows, double) { progress("evaluating", done, windows); };
  auto result = perplexity(**decoder, *ids, bos, rules);
  if (!result)
    return fail(result.status());
  if (options.json)
    std::printf("%s\n", nlohmann::json(
                            {{"perplexity", result->perplexity}, {"error", result->error}, {"tokens", result->scored}})
                            .dump()
                            .c_str());
  else
    std::printf("perplexity = %.4f +/- %.4f over %llu tokens\n", result->perplexity, result->error,
                static_cast<unsigned long long>(result->scored));
  return 0;
}

} // namespace

void addEvalCommand(CLI::App &program, int &result) {
  auto options = std::make_shared<Options>();
  CLI::App *command = program.add_subcommand("eval", "perplexity of a text");
  addModelOptions(*command, *options);
  command->add_option("--text", options->text, "the text, UTF-8")->required();
  command->add_option("--ctx", options->window, "tokens of a window; windows do not overlap")
      ->check(CLI::Range(2u, 1u << 24))
      ->capture_default_str();
  command->add_option("--tokens", options->tokens, "only so many tokens of the text; 0: all");
  command
      ->add_option("--score", options->score,
                   "all: every token of a window but its first; second-half: llama.cpp's rule")
      ->check(CLI::IsMember({"all", "second-half"}));
  command->add_flag("--json", options->json, "as JSON");
  command->add_flag("-q,--quiet", options->quiet, "nothing on stderr but errors");
  command->footer("Example:\n  lathe eval model.gguf --text wiki.txt --ctx 512 --tokens 2048");
  command->final_callback([options, &result] { result = eval(*options); });
}

} // namespace lathe
