// See RunOptions.h. Names and meaning: llama.cpp's, where it has them.
#include "tools/run/RunOptions.h"

#include <CLI/CLI.hpp>

namespace lathe {

void addModelOptions(CLI::App &app, ModelOptions &options) {
  app.add_option("MODEL", options.model, "the model")->required()->type_name("");
  app.add_option("--target", options.target, "cpu = cpu:native (default), cpu:x86-64-v3, cpu:znver4, ...")
      ->type_name("TARGET");
  app.add_option("--compute", options.compute, "activations of quantised matmuls: f32, int8 or auto (default)")
      ->check(CLI::IsMember({"f32", "int8", "auto"}))
      ->type_name("TYPE");
  app.add_option("--kv-type", options.kvType,
                 "element type of the KV cache: auto (default: f32 with --compute f32, else f16), f32, f16, bf16")
      ->check(CLI::IsMember({"auto", "f32", "f16", "bf16"}))
      ->type_name("TYPE");
  app.add_option("--weights", options.weights,
                 "for a .lm: the GGUF or safetensors file, or Hugging Face folder, that holds its weights; "
                 "when compiling also embed (default) or reference: artifacts that name the model's files")
      ->type_name("FILE");
  app.add_option("-c,--ctx-size", options.contextSize, "positions of the context; 0: what the model was trained for")
      ->type_name("N");
  app.add_option("-t,--threads", options.threads, "threads; 0: one for each core that may be used")
      ->check(CLI::Range(0, 1024))
      ->type_name("N");
}

void addRunOptions(CLI::App &app, RunOptions &options) {
  addModelOptions(app, options);
  auto *prompt = app.add_option("-p,--prompt", options.prompt, "the text to continue, or the first message of a chat");
  auto *file = app.add_option("-f,--file", options.promptFile, "a file with the prompt")->type_name("FILE");
  auto *ids = app.add_option("--prompt-ids", options.promptIds, "token ids instead of text: 1,2,3")
                  ->delimiter(',')
                  ->allow_extra_args(false)
                  ->check(CLI::Validator(
                      [](const std::string &text) {
                        bool digits =
                            !text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == text.npos;
                        return digits ? "" : "'" + text + "' is no token id";
                      },
                      ""))
                  ->type_name("IDS");
  prompt->excludes(file)->excludes(ids);
  file->excludes(ids);
  app.add_option("-n,--predict", options.predict, "most new tokens; -1: no limit")->type_name("N");
  app.add_option("-r,--reverse-prompt", options.stops, "a text that ends the generation (repeatable)")
      ->allow_extra_args(false)
      ->type_name("TEXT");
  app.add_flag("--ignore-eos", options.ignoreEos, "go on after the end token");
  auto *system =
      app.add_option("--system-prompt", options.system, "(-sys) system message of the chat")->type_name("TEXT");
  auto *chat =
      app.add_flag("--conversation", options.conversation,
                   "(-cnv) chat; the default at a terminal without a prompt, when the model has a chat template");
  auto *noChat = app.add_flag("--no-conversation", options.noConversation, "(-no-cnv) no chat");
  auto *once = app.add_flag("--single-turn", options.singleTurn, "(-st) answer one message of a chat, then end");
  noChat->excludes(chat)->excludes(once)->excludes(system);
  for (auto *option : {chat, once, system})
    option->excludes(ids);

  addSamplingOptions(app, options);
  addConstraintOptions(app, options);
  app.add_flag("--print-ids", options.printIds, "print the new token ids, comma separated, instead of text");
  app.add_flag("--json", options.json, "print tokens, text and timings as JSON");
  app.add_flag("-q,--quiet", options.quiet, "nothing on stderr but errors");
  app.add_flag("-v,--verbose", options.verbose, "print the chain of samplers on stderr");
  app.parse_complete_callback([&options] {
    if (Status status = checkSamplingOptions(options); !status)
      throw CLI::ValidationError(status.message());
  });
}

std::optional<int> parseCommandLine(CLI::App &app, int argc, char **argv) {
  // llama.cpp's short names of several letters, which CLI11 would take apart.
  static const std::pair<const char *, const char *> longNames[] = {{"-sys", "--system-prompt"},
                                                                    {"-cnv", "--conversation"},
                                                                    {"-no-cnv", "--no-conversation"},
                                                                    {"-st", "--single-turn"}};
  std::vector<std::string> arguments; // in reverse, as CLI11 wants them
  for (int i = argc - 1; i > 0; --i) {
    arguments.emplace_back(argv[i]);
    for (auto [name, longName] : longNames)
      if (arguments.back() == name)
        arguments.back() = longName;
  }
  try {
    app.parse(std::move(arguments));
    return std::nullopt;
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
}

} // namespace lathe
