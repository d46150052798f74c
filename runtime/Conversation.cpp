// See Conversation.h.
#include "runtime/Conversation.h"

#include "runtime/chat/ChatTemplate.h"

#include <algorithm>

namespace lathe {

Result<std::string> chatText(const TokenizerSpec &spec, std::span<const ChatMessage> messages, bool open) {
  if (spec.chatTemplate.empty())
    return Status::failure("the model has no chat template");
  auto list = nlohmann::ordered_json::array();
  for (const ChatMessage &message : messages)
    list.push_back({{"role", message.role}, {"content", message.content}});
  ChatOptions options;
  options.addGenerationPrompt = open;
  auto textOf = [&](int32_t id) {
    return id >= 0 && size_t(id) < spec.size() ? std::string(spec.piece(size_t(id))) : "";
  };
  options.bosToken = textOf(spec.bos);
  options.eosToken = textOf(spec.eos);
  return renderChat(spec.chatTemplate, list, options);
}

Result<std::vector<int32_t>> chatTokens(const Tokenizer &tokenizer, std::span<const ChatMessage> messages, bool open) {
  auto text = chatText(tokenizer.spec(), messages, open);
  if (!text)
    return text.status();
  return tokenizer.encode(*text, /*addSpecial=*/false, /*parseSpecial=*/true);
}

Conversation::Conversation(TextModel model, const std::string &system)
    : model_(std::move(model)), sequence_(model_.decoder.addSequence()) {
  if (!system.empty())
    messages_.push_back({"system", system});
}

Conversation::~Conversation() { model_.decoder.removeSequence(sequence_); }

Result<Generation> Conversation::reply(const std::string &message, const GenerateOptions &options) {
  messages_.push_back({"user", message});
  auto fail = [&](const Status &status) {
    messages_.pop_back();
    return status;
  };
  auto tokens = chatTokens(*model_.tokenizer, messages_, /*open=*/true);
  if (!tokens)
    return fail(tokens.status());
  // At least one token is fed, for its logits.
  size_t shared = size_t(std::ranges::mismatch(history_, *tokens).in1 - history_.begin());
  if (!tokens->empty())
    model_.decoder.truncate(sequence_, uint32_t(std::min(shared, tokens->size() - 1)));
  history_ = std::move(*tokens);
  auto result = generate(model_, sequence_, history_, options);
  if (!result) {
    model_.decoder.truncate(sequence_, 0);
    history_.clear();
    return fail(result.status());
  }
  messages_.push_back({"assistant", result->text});
  return result;
}

} // namespace lathe
