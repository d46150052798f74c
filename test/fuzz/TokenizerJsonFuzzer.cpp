// Any bytes as tokenizer.json, tokenizer_config.json and generation_config.json (zero bytes between them): a message or
// a tokenizer that works and survives the artifact form.
#include "frontend/tokenizer/TokenizerJson.h"
#include "runtime/tokenizer/StreamingDecoder.h"
#include "runtime/tokenizer/Utf8.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace lathe;
  std::string_view rest(reinterpret_cast<const char *>(data), size), parts[3];
  for (std::string_view &part : parts) {
    size_t end = std::min(rest.find('\0'), rest.size());
    part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  Result<TokenizerSpec> spec = parseTokenizerJson({parts[0], parts[1], {}, {}, parts[2], {}});
  if (!spec)
    return 0;
  Result<TokenizerSpec> again = TokenizerSpec::deserialize(spec->serialize());
  if (!again)
    std::abort();
  Result<std::shared_ptr<const Tokenizer>> tokenizer = Tokenizer::create(std::move(*again));
  if (!tokenizer)
    return 0;
  for (const char *text : {"Hello  world 12\n", "\xc3\xa9\xff\xe2\x82 <s>a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b"})
    for (bool special : {false, true}) {
      Result<std::vector<int32_t>> ids = (*tokenizer)->encode(text, special, special);
      if (!ids)
        continue;
      StreamingDecoder decoder(*tokenizer, special, true);
      std::string streamed;
      for (int32_t id : *ids)
        streamed += decoder.push(id);
      if (streamed + decoder.finish() != repairUtf8((*tokenizer)->decode(*ids, special)))
        std::abort();
    }
  return 0;
}
