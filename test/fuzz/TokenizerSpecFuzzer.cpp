// libFuzzer: any bytes as the tokenizer section of an artifact: a message, or a tokenizer that works.
#include "runtime/tokenizer/Tokenizer.h"

#include <cstdlib>

using namespace lathe;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Result<TokenizerSpec> spec = TokenizerSpec::deserialize({reinterpret_cast<const char *>(data), size});
  if (!spec)
    return 0;
  if (!TokenizerSpec::deserialize(spec->serialize()))
    std::abort();
  Result<std::shared_ptr<const Tokenizer>> tokenizer = Tokenizer::create(std::move(*spec));
  if (!tokenizer)
    return 0;
  for (const char *text : {"Hello  world 12\n", "\xc3\xa9\xff\xe2\x82 <end>a"})
    if (Result<std::vector<int32_t>> ids = (*tokenizer)->encode(text, true, true))
      (void)(*tokenizer)->decode(*ids, true);
  return 0;
}
