// See RunCommand.h.
#include "tools/run/RunCommand.h"

#include "runtime/Conversation.h"
#include "tools/run/Interrupt.h"
#include "tools/run/Report.h"
#include "tools/run/RunContext.h"

#include <chrono>
#include <cstdio>
#include <cstring>
#include <random>
#include <unistd.h>

namespace lathe {

namespace {

using Clock = std::chrono::steady_clock;

Result<std::string> readText(const std::string &path) {
  FILE *file = std::fopen(path.c_str(), "rbe");
  if (!file)
    return Status::failure(path + ": cannot be opened: " + std::strerror(errno));
  std::string text;
  char buffer[65536];
  for (size_t got; (got = std::fread(buffer, 1, sizeof buffer, file)) > 0;)
    text.append(buffer, got);
  bool failed = std::ferror(file);
  std::fclose(file);
  if (failed)
    return Status::failure(path + ": cannot be read");
  // An editor's newline at the end of the file is not meant.
  if (text.ends_with('\n'))
    text.pop_back();
  return text;
}

Result<std::shared_ptr<const Tokenizer>> openTokenizer(const Artifact &artifact) {
  std::span<const std::byte> bytes = artifact.section(LATHE_SECTION_TOKENIZER);
  if (bytes.empty())
    return std::shared_ptr<const Tokenizer>();
  auto spec = TokenizerSpec::deserialize({reinterpret_cast<const char *>(bytes.data()), bytes.size()});
  if (!spec)
    return Status::failure(artifact.path() + ": " + spec.message());
  auto tokenizer = Tokenizer::create(std::move(*spec));
  if (!tokenizer)
    return Status::failure(artifact.path() + ": " + tokenizer.message());
  return *tokenizer;
}

/// -p or the contents of -f; nothing when neither is given.
Result<std::optional<std::string>> promptText(const RunOptions &options) {
  if (options.promptFile.empty())
    return options.prompt;
  auto text = readText(options.promptFile);
  if (!text)
    return text.status();
  return std::optional<std::string>(std::move(*text));
}

/// `chat`: the prompt is one message, in the form of the model's chat template.
Result<std::vector<int32_t>> promptTokens(const RunContext &context, const std::string &text, bool chat) {
  const RunOptions &options = context.options;
  if (!options.promptIds.empty())
    return options.promptIds;
  if (!context.tokenizer)
    return Status::failure(options.model + ": has no tokenizer; give the prompt as ids (--prompt-ids 1,2,3)");
  if (chat) {
    std::vector<ChatMessage> messages;
    if (!options.system.empty())
      messages.push_back({"system", options.system});
    messages.push_back({"user", text});
    return chatTokens(*context.tokenizer, messages, /*open=*/true);
  }
  auto tokens = context.tokenizer->encode(text, /*addSpecial=*/true, /*parseSpecial=*/true);
  if (tokens && tokens->empty() && context.tokenizer->spec().bos != TokenizerSpec::none)
    tokens->push_back(context.tokenizer->spec().bos);
  return tokens;
}

/// One prompt, one generation, or several that share their steps.
int runOnce(RunContext &context, const std::string &text, bool chat) {
  const RunOptions &options = context.options;
  auto prompt = promptTokens(context, text, chat);
  if (!prompt)
    return context.fail(prompt.status());
  if (!context.tokenizer && !options.printIds && !options.json)
    return context.fail(Status::failure(options.model + ": has no tokenizer; --print-ids prints the new ids"));
  std::vector<int32_t> history = *prompt;
  std::vector<uint64_t> sequences(options.returned);
  for (uint64_t &sequence : sequences)
    sequence = context.decoder->addSequence();
  double sourceSeconds = 0;
  if (context.decoder->readsSource()) {
    auto first = context.decoder->model().metadata().decoderStart;
    if (!first)
      return context.fail(Status::failure(options.model + ": does not say which token an answer begins with"));
    Clock::time_point start = Clock::now();
    for (uint64_t sequence : sequences)
      if (Status status = context.decoder->setSource(sequence, *prompt); !status)
        return context.fail(status);
    sourceSeconds = std::chrono::duration<double>(Clock::now() - start).count();
    history = {int32_t(*first)};
  }
  GenerateOptions generation = context.generateOptions(!options.printIds && !options.json && sequences.size() == 1);
  std::vector<Generation> results;
  if (sequences.size() == 1) {
    auto result = generate(context.textModel(), sequences[0], history, generation);
    if (!result)
      return context.fail(result.status());
    results.push_back(std::move(*result));
  } else {
    auto several = generateSeveral(context.textModel(), sequences, history, generation);
    if (!several)
      return context.fail(several.status());
    results = std::move(*several);
  }
  Timings &timings = results[0].timings;
  timings.loadSeconds = context.loadSeconds;
  timings.totalSeconds += context.loadSeconds + sourceSeconds;
  if (context.decoder->readsSource()) {
    timings.promptSeconds += sourceSeconds;
    timings.promptTokens += prompt->size();
  }
  report(context, prompt->size(), results);
  if (results[0].reason == FinishReason::Cancelled)
    return 130;
  if (std::ferror(stdout))
    return context.fail(Status::failure("standard output cannot be written"));
  return 0;
}

} // namespace

void show(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int RunContext::fail(const Status &status) const {
  std::fprintf(stderr, "error: %s\n", status.message().c_str());
  return 1;
}

GenerateOptions RunContext::generateOptions(bool showText) const {
  GenerateOptions generation;
  generation.predict = options.predict;
  generation.ignoreEos = options.ignoreEos;
  generation.stops = options.stops;
  generation.sampling = options.sampling;
  generation.constraint = constraint;
  generation.sampling.seed = seed;
  generation.logprobs = options.logprobs;
  generation.promptLogprobs = options.promptLogprobs;
  generation.cancel = &interrupted;
  if (showText)
    generation.onToken = [](int32_t, std::string_view text) {
      if (!text.empty())
        show(text);
      return true;
    };
  return generation;
}

Result<std::shared_ptr<const Artifact>> openCompiled(const ModelOptions &options) {
  auto artifact = Artifact::open(options.model);
  if (!artifact)
    return artifact;
  auto refused = [&](const char *flag, const std::string &value, const std::string &compiled) {
    return Status::failure(std::string(flag) + " " + value + ": fixed when " + options.model + " was compiled" +
                           (compiled.empty() ? "" : " (" + compiled + ")") +
                           "; leave it out or compile the model again");
  };
  auto metadata = Metadata::parse((*artifact)->section(LATHE_SECTION_METADATA));
  std::string targets;
  for (const ArtifactSection &section : (*artifact)->sections())
    if (section.kind == LATHE_SECTION_CODE)
      targets += (targets.empty() ? "" : ", ") + std::string(section.name);
  if (!options.target.empty())
    return refused("--target", options.target, targets);
  if (!options.compute.empty())
    return refused("--compute", options.compute, metadata ? metadata->compute : "");
  if (!options.kvType.empty())
    return refused("--kv-type", options.kvType, metadata ? metadata->kvType : "");
  return artifact;
}

int runCommand(const RunOptions &options, const ArtifactSource &source, const char *program) {
  Clock::time_point start = Clock::now();
  RunContext context{options, program, nullptr, nullptr, 0, 0, catchInterrupts()};
  auto artifact = source(options);
  if (!artifact)
    return context.interrupted ? 130 : context.fail(artifact.status());
  auto tokenizer = openTokenizer(**artifact);
  if (!tokenizer)
    return context.fail(tokenizer.status());
  context.tokenizer = *tokenizer;
  auto constraint = openConstraint(options, tokenizer->get());
  if (!constraint)
    return context.fail(constraint.status());
  context.constraint = std::move(*constraint);
  auto pool = std::make_shared<ThreadPool>(options.threads);
  auto model = LoadedModel::load(*artifact, pool.get());
  if (!model)
    return context.fail(model.status());
  DecoderOptions decoding;
  decoding.contextSize = options.contextSize;
  decoding.sequences = options.returned;
  auto decoder = Decoder::create(*model, pool, decoding);
  if (!decoder)
    return context.fail(decoder.status());
  context.decoder = std::move(*decoder);
  context.seed = options.seed >= 0 ? uint64_t(options.seed) : std::random_device()();
  context.loadSeconds = std::chrono::duration<double>(Clock::now() - start).count();

  uint32_t trained = (*model)->metadata().contextLength;
  if (!options.quiet) {
    if (options.contextSize > context.decoder->contextSize())
      std::fprintf(stderr, "%s: -c %u is more than the %u tokens the model was trained for, which is used\n", program,
                   options.contextSize, context.decoder->contextSize());
    else if (!options.contextSize && trained && context.decoder->contextSize() < trained)
      std::fprintf(stderr, "%s: the context is %u tokens of %u, which is what fits into memory (-c)\n", program,
                   context.decoder->contextSize(), trained);
    std::fprintf(stderr, "%s: %s, %s, %u threads, context %u, seed %llu\n", program, (*model)->metadata().name.c_str(),
                 (*model)->code().target().c_str(), pool->threads(), context.decoder->contextSize(),
                 static_cast<unsigned long long>(context.seed));
  }
  if (options.verbose)
    std::fprintf(stderr, "%s: sampling: %s\n", program, options.sampling.describe().c_str());
  auto text = promptText(options);
  if (!text)
    return context.fail(text.status());
  bool prompted = text->has_value() || !options.promptIds.empty();
  bool hasTemplate = context.tokenizer && !context.tokenizer->spec().chatTemplate.empty();
  bool chat = options.conversation || options.singleTurn || !options.system.empty();
  if (!chat && !prompted && !options.noConversation && hasTemplate)
    chat = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
  if (chat && !hasTemplate)
    return context.fail(Status::failure(options.model + ": has no chat template; -p continues a text"));
  bool once = options.singleTurn || (prompted && !options.conversation);
  if (chat && !once && context.decoder->readsSource())
    return context.fail(Status::failure(options.model + ": is an encoder-decoder, which answers one prompt (-p)"));
  if (!chat || once)
    return runOnce(context, text->value_or(""), chat);
  if (options.returned > 1)
    return context.fail(Status::failure("--num-return gives several answers to one prompt: with -cnv it needs -st"));
  if (options.json || options.printIds)
    return context.fail(
        Status::failure("--json and --print-ids print one answer: with -cnv they need -st and a prompt"));
  return runChat(context, *text);
}

} // namespace lathe
