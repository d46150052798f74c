// libFuzzer: any bytes as a safetensors file.
#include "frontend/hf/Safetensors.h"

using namespace lathe;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  WeightTable weights;
  (void)addSafetensors(MappedFile::ofBytes("fuzz.safetensors", {data, data + size}), weights).ok();
  uint64_t sum = 0;
  for (const Weight &weight : weights)
    sum += weight.bytes ? weight.data().back() : 0; // inside the file, or the sanitizer speaks up
  volatile uint64_t keep = sum;
  (void)keep;
  return 0;
}
