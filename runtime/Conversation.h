// A chat with a model: messages in its template's form, of which only what is new is fed. Relies on Generate and
// runtime/chat.
#pragma once

#include "runtime/Generate.h"

namespace lathe {

struct ChatMessage {
  std::string role, content;
};

/// The messages as the model's chat template writes them. `open`: ends where the assistant's answer begins. Fails when
/// the tokenizer has no template, and for what the template refuses.
Result<std::string> chatText(const TokenizerSpec &spec, std::span<const ChatMessage> messages, bool open);
/// The tokens of that text; the template has put begin and end tokens into it.
Result<std::vector<int32_t>> chatTokens(const Tokenizer &tokenizer, std::span<const ChatMessage> messages, bool open);

/// One sequence of a decoder and the messages in it.
class Conversation {
public:
  /// `model` must have a tokenizer and outlive the conversation. An empty `system` gives no such message.
  Conversation(TextModel model, const std::string &system);
  ~Conversation();
  Conversation(const Conversation &) = delete;
  Conversation &operator=(const Conversation &) = delete;

  /// The answer to a message. Positions that the new prompt shares with the sequence are kept. On failure (the prompt
  /// is longer than the context, say) the message is forgotten.
  Result<Generation> reply(const std::string &message, const GenerateOptions &options);
  std::span<const ChatMessage> messages() const { return messages_; }

private:
  TextModel model_;
  uint64_t sequence_;
  std::vector<ChatMessage> messages_;
  std::vector<int32_t> history_;
};

} // namespace lathe
