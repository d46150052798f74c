// Parses and runs a chat template with the variables transformers gives it.
#include "runtime/chat/ChatTemplate.h"

#include "runtime/chat/TemplateEvaluator.h"
#include "runtime/chat/TemplateParser.h"

namespace lathe {

constexpr size_t maxTemplate = 1024 * 1024;

Result<std::string> renderChat(std::string_view templateText, const nlohmann::ordered_json &messages,
                               const ChatOptions &options) {
  using namespace chat;
  if (templateText.size() > maxTemplate)
    return Status::failure("chat template: has " + std::to_string(templateText.size()) + " bytes, more than " +
                           std::to_string(maxTemplate));
  try {
    Body body = parseTemplate(templateText);
    Evaluator evaluator(options.now);
    for (const char *name : {"range", "dict", "namespace", "raise_exception", "strftime_now"})
      evaluator.define(
          name, Value(std::make_shared<const Callable>(Callable{Callable::Kind::Global, name, {}, nullptr, {}})));
    if (options.variables.is_object())
      for (auto &[name, value] : options.variables.items())
        evaluator.define(name, fromJson(value, evaluator.budget));
    evaluator.define("messages", fromJson(messages, evaluator.budget));
    evaluator.define("tools", fromJson(options.tools, evaluator.budget));
    evaluator.define("documents", fromJson(options.documents, evaluator.budget));
    evaluator.define("add_generation_prompt", options.addGenerationPrompt);
    if (!options.bosToken.empty())
      evaluator.define("bos_token", options.bosToken);
    if (!options.eosToken.empty())
      evaluator.define("eos_token", options.eosToken);
    return evaluator.run(body);
  } catch (const TemplateError &error) {
    std::string place = error.line > 0 ? "chat template, line " + std::to_string(error.line) : "chat template";
    return Status::failure(place + ": " + error.what());
  }
}

} // namespace lathe
