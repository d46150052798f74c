// The chat loop of `lathe run -cnv`.
#include "runtime/Conversation.h"
#include "tools/run/RunContext.h"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace lathe {

namespace {

/// A message from stdin; a line that ends with a backslash goes on in the next. False at the end of the input, or when
/// it was interrupted.
bool readMessage(std::string &message, bool atTerminal) {
  message.clear();
  char *line = nullptr;
  size_t capacity = 0;
  bool got = false;
  if (atTerminal)
    show("\n> ");
  for (;;) {
    ssize_t length = getline(&line, &capacity, stdin);
    if (length < 0)
      break;
    got = true;
    std::string_view text(line, size_t(length));
    if (text.ends_with('\n'))
      text.remove_suffix(1);
    bool goesOn = text.ends_with('\\');
    if (goesOn)
      text.remove_suffix(1);
    message += text;
    if (!goesOn)
      break;
    message += '\n';
  }
  std::free(line);
  return got;
}

} // namespace

int runChat(RunContext &context, const std::optional<std::string> &first) {
  const RunOptions &options = context.options;
  bool atTerminal = isatty(STDIN_FILENO);
  if (!options.quiet && atTerminal)
    std::fprintf(
        stderr,
        "%s: a message a line; \\ at its end goes on in the next line; Ctrl-C ends an answer, Ctrl-D the chat\n",
        context.program);
  Conversation conversation(context.textModel(), options.system);
  Timings all;
  all.loadSeconds = all.totalSeconds = context.loadSeconds;
  bool useFirst = first.has_value();
  int exit = 0;
  for (std::string message;;) {
    context.interrupted = false;
    if (useFirst)
      message = *first;
    else if (!readMessage(message, atTerminal))
      break;
    useFirst = false;
    if (message.empty())
      continue;
    auto result = conversation.reply(message, context.generateOptions(/*showText=*/true));
    if (!result) {
      exit = context.fail(result.status());
      if (!atTerminal)
        break;
      continue;
    }
    exit = 0;
    show("\n");
    all.promptTokens += result->timings.promptTokens;
    all.promptSeconds += result->timings.promptSeconds;
    all.evalRuns += result->timings.evalRuns;
    all.evalSeconds += result->timings.evalSeconds;
    all.samples += result->timings.samples;
    all.sampleSeconds += result->timings.sampleSeconds;
    all.totalSeconds += result->timings.totalSeconds;
    if (result->reason == FinishReason::ContextFull && !options.quiet)
      std::fprintf(stderr, "%s: the context of %u tokens is full (-c)\n", context.program,
                   context.decoder->contextSize());
    if (result->reason == FinishReason::Cancelled && !atTerminal) {
      exit = 130;
      break;
    }
  }
  if (!options.quiet)
    std::fprintf(stderr, "\n%s", all.print().c_str());
  return exit;
}

} // namespace lathe
