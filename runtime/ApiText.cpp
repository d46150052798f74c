// The C API of lathe.h: text and tokens.
#include "runtime/ApiHandles.h"
#include "runtime/Conversation.h"

using namespace lathe;

namespace {

/// Fails where the model has no tokenizer.
lathe_status needTokenizer(const lathe_model *model) {
  return model->tokenizer ? LATHE_OK : apiFailure(model->artifact->path() + ": has no tokenizer");
}

lathe_status storeText(const std::string &text, char *out, size_t capacity, size_t *length) {
  lathe_status status = apiStore(std::span<const char>(text), out, capacity, length);
  if (status == LATHE_OK && text.size() < capacity)
    out[text.size()] = 0;
  return status;
}

} // namespace

extern "C" {

lathe_status lathe_tokenize(const lathe_model *model, const char *text, size_t length, int flags, int32_t *tokens,
                            size_t capacity, size_t *count) {
  return apiCall([&] {
    if (lathe_status status = needTokenizer(model); status != LATHE_OK)
      return status;
    auto encoded = model->tokenizer->encode({text, length}, flags & LATHE_ADD_SPECIAL, flags & LATHE_PARSE_SPECIAL);
    if (!encoded)
      return apiStatus(encoded.status());
    return apiStore(std::span<const int32_t>(*encoded), tokens, capacity, count);
  });
}

lathe_status lathe_detokenize(const lathe_model *model, const int32_t *tokens, size_t count, char *text,
                              size_t capacity, size_t *length) {
  return apiCall([&] {
    if (lathe_status status = needTokenizer(model); status != LATHE_OK)
      return status;
    return storeText(model->tokenizer->decode({tokens, count}, /*skipSpecial=*/true), text, capacity, length);
  });
}

int lathe_token_is_end(const lathe_model *model, int32_t token) {
  return std::ranges::count(model->loaded->metadata().endIds, token) != 0 ||
         (model->tokenizer && model->tokenizer->isEnd(token));
}

lathe_status lathe_apply_chat_template(const lathe_model *model, const lathe_message *messages, size_t count, int open,
                                       char *text, size_t capacity, size_t *length) {
  return apiCall([&] {
    if (lathe_status status = needTokenizer(model); status != LATHE_OK)
      return status;
    std::vector<ChatMessage> list;
    for (size_t i = 0; i < count; ++i)
      list.push_back({messages[i].role, messages[i].content});
    auto rendered = chatText(model->tokenizer->spec(), list, open != 0);
    return rendered ? storeText(*rendered, text, capacity, length) : apiStatus(rendered.status());
  });
}

lathe_status lathe_text_stream_create(const lathe_model *model, lathe_text_stream **stream) {
  return apiCall([&] {
    if (lathe_status status = needTokenizer(model); status != LATHE_OK)
      return status;
    *stream = new lathe_text_stream{StreamingDecoder(model->tokenizer, /*skipSpecial=*/true, /*atStart=*/false), {}};
    return LATHE_OK;
  });
}

void lathe_text_stream_free(lathe_text_stream *stream) { delete stream; }

lathe_status lathe_text_stream_push(lathe_text_stream *stream, int32_t token, const char **text) {
  return apiCall([&] {
    stream->text = stream->decoder.push(token);
    *text = stream->text.c_str();
    return LATHE_OK;
  });
}

lathe_status lathe_text_stream_finish(lathe_text_stream *stream, const char **text) {
  return apiCall([&] {
    stream->text = stream->decoder.finish();
    *text = stream->text.c_str();
    return LATHE_OK;
  });
}

} // extern "C"
