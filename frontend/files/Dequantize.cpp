// Decoding of a whole weight to f32; see Dequantize.h.
#include "frontend/files/Dequantize.h"
#include "frontend/files/Quoted.h"

namespace lathe {

Result<std::vector<float>> dequantize(const Weight &weight) {
  std::optional<uint64_t> count = elementCount(weight.shape);
  if (!count)
    return Status::failure(weight.file->path() + ": tensor " + quoted(weight.name) + " has the shape " +
                           shapeText(weight.shape) + ", which is too large or negative");
  std::vector<float> values(*count);
  if (Status status = dequantize(weight.type, weight.data(), values); !status)
    return Status::failure(weight.file->path() + ": tensor " + quoted(weight.name) + ": " + status.message());
  return values;
}

} // namespace lathe
