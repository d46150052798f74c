// Chats: prompts in the template's form, and only what is new is fed.
#include "runtime/Conversation.h"
#include "test/runtime/ToyModel.h"

#include <gtest/gtest.h>

using namespace lathe;

namespace {

class ConversationTest : public testing::Test {
protected:
  void SetUp() override {
    static std::string bytes = toy::bytes(400, "", true);
    if (bytes.empty())
      GTEST_SKIP() << "no C compiler";
    auto model = LoadedModel::load(*Artifact::fromBytes(std::as_bytes(std::span(bytes)), "toy.lathe"));
    ASSERT_TRUE(model.ok()) << model.message();
    decoder = std::move(*Decoder::create(*model, std::make_shared<ThreadPool>(1), {.contextSize = 300}));
    tokenizer = *Tokenizer::create(toy::tokenizer());
    options.sampling.temperature = 0;
    options.ignoreEos = true;
    options.predict = 10;
  }
  /// What the model writes after a text.
  static std::string answer(const std::string &text) {
    std::vector<int32_t> ids = toy::idsOf(text), added;
    for (int i = 0; i < 10; ++i) {
      ids.push_back(toy::next(ids));
      if (ids.back() != toy::end) // a control token stands for no text
        added.push_back(ids.back());
    }
    return toy::textOf(added);
  }
  std::unique_ptr<Decoder> decoder;
  std::shared_ptr<const Tokenizer> tokenizer;
  GenerateOptions options;
};

TEST_F(ConversationTest, EveryTurnSeesTheWholeChat) {
  Conversation chat({*decoder, tokenizer}, "Be brief.");
  std::string text = "system: Be brief.\n";
  size_t before = 0;
  for (const char *message : {"Hello", "And now?", "Bye"}) {
    text += std::string("user: ") + message + "\nassistant: ";
    auto reply = chat.reply(message, options);
    ASSERT_TRUE(reply.ok()) << reply.message();
    std::string expected = answer(text);
    EXPECT_EQ(reply->text, expected);
    // What lies before this turn was in the cache, but for the last token, which was not fed before.
    if (expected.size() == 10)
      EXPECT_LE(reply->timings.promptTokens, text.size() - before + 1) << message;
    text += expected + "\n";
    before = text.size() - 1;
  }
  EXPECT_EQ(chat.messages().size(), 7u);
}

TEST_F(ConversationTest, AMessageThatDoesNotFitIsForgotten) {
  Conversation chat({*decoder, tokenizer}, "");
  EXPECT_EQ(chat.reply(std::string(500, 'x'), options).message(),
            "the prompt has 518 tokens, the context holds 300; a larger one can be asked for (-c, at most 400)");
  EXPECT_TRUE(chat.messages().empty());
  auto reply = chat.reply("Hi", options);
  ASSERT_TRUE(reply.ok()) << reply.message();
  EXPECT_EQ(reply->text, answer("user: Hi\nassistant: "));
}

TEST_F(ConversationTest, WithoutATemplateThereIsNoChat) {
  TokenizerSpec spec = toy::tokenizer();
  spec.chatTemplate.clear();
  EXPECT_EQ(chatText(spec, {}, true).message(), "the model has no chat template");
}

} // namespace
