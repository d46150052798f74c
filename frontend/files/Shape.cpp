// Sizes of tensors; see Shape.h.
#include "frontend/files/Shape.h"

namespace lathe {

std::optional<uint64_t> elementCount(std::span<const int64_t> shape) {
  int64_t product = 1;
  bool empty = false;
  for (int64_t size : shape) {
    if (size < 0)
      return std::nullopt;
    if (size == 0)
      empty = true;
    else if (__builtin_mul_overflow(product, size, &product))
      return std::nullopt;
  }
  return empty ? 0 : static_cast<uint64_t>(product);
}

Result<uint64_t> bytesOf(LatheType type, std::span<const int64_t> shape) {
  if (!isElementType(type))
    return Status::failure("has the unknown element type " + std::to_string(static_cast<int64_t>(type)));
  std::optional<uint64_t> count = elementCount(shape);
  if (!count)
    return Status::failure("has the shape " + shapeText(shape) + ", which is too large or negative");
  uint64_t block = elementsPerBlock(type);
  if (block > 1 && (shape.empty() || shape.back() % block != 0))
    return Status::failure(std::string("has type ") + elementTypeName(type) + " and rows of " +
                           std::to_string(shape.empty() ? 1 : shape.back()) +
                           " elements, which is not a multiple of its block of " + std::to_string(block));
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(*count / block, static_cast<uint64_t>(bytesPerBlock(type)), &bytes))
    return Status::failure("has the shape " + shapeText(shape) + ", which is too large");
  return bytes;
}

std::string shapeText(std::span<const int64_t> shape) {
  // Ranks of strangers' files are not bounded: a message shows the first few sizes.
  constexpr size_t limit = 8;
  std::string text = "[";
  for (size_t axis = 0; axis < shape.size() && axis < limit; ++axis)
    text += (axis ? ", " : "") + std::to_string(shape[axis]);
  if (shape.size() > limit)
    text += ", ... (rank " + std::to_string(shape.size()) + ")";
  return text + "]";
}

} // namespace lathe
