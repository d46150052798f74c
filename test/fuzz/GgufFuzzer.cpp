// libFuzzer: any bytes as a GGUF file. Reads it, looks at every value in every way, and reads its tokenizer.
#include "frontend/gguf/GgufModel.h"

using namespace lathe;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Result<GgufFile> file = GgufFile::read(MappedFile::ofBytes("fuzz.gguf", {data, data + size}));
  if (!file)
    return 0;
  uint64_t sum = 0;
  for (const auto &[key, value] : file->metadata()) {
    sum += value.integer().value_or(0) + value.boolean().value_or(false) + value.string().value_or("").size();
    sum += value.number() ? 1 : 0;
    if (auto texts = value.strings())
      for (std::string_view text : *texts)
        sum += text.empty() ? 0 : static_cast<uint8_t>(text.back());
    if (auto integers = value.integers())
      sum += integers->size();
    if (auto numbers = value.numbers())
      sum += numbers->size();
  }
  for (const Weight &weight : file->weights())
    sum += weight.bytes ? weight.data().back() : 0; // inside the file, or the sanitizer speaks up
  volatile uint64_t keep = sum;
  (void)keep;
  (void)tokenizerOf(*file).ok();
  return 0;
}
