// The values of the reference evaluator: dense tensors of any element type of artifact.h. Relies on the runtime's
// element types and dequantisation; knows nothing of MLIR.
#pragma once

#include "runtime/ElementType.h"
#include "runtime/Status.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace lathe::reference {

/// How elements are computed with: floats and blocks as double, integers and booleans as int64_t, U64 as uint64_t.
enum class Number { Real, Signed, Unsigned };
Number numberOf(LatheType type);

/// A dense tensor, row major. Copies share the bytes; they are written only while a tensor is new (mutableBytes).
class Tensor {
public:
  Tensor() = default;

  /// Zeros. Fails when a size is negative, the last axis is no multiple of the type's block, or the bytes exceed 4 GiB.
  static Result<Tensor> zeros(LatheType type, std::vector<int64_t> shape);
  /// A copy of the bytes, which must be exactly what type and shape take.
  static Result<Tensor> ofBytes(LatheType type, std::vector<int64_t> shape, std::span<const uint8_t> bytes);
  /// The caller's bytes, kept alive by `owner`; not aligned to anything.
  static Result<Tensor> view(LatheType type, std::vector<int64_t> shape, std::span<const uint8_t> bytes,
                             std::shared_ptr<const void> owner);
  /// Rounds every value to a plain `type` (not a block type): to the nearest, halves to even; integers wrap; a value
  /// that is not 0 is true; narrow types as llm.narrow says. `values` has an entry for each element.
  template <class V>
  static Result<Tensor> ofValues(LatheType type, std::vector<int64_t> shape, std::span<const V> values);

  LatheType type() const { return type_; }
  const std::vector<int64_t> &shape() const { return shape_; }
  int64_t rank() const { return static_cast<int64_t>(shape_.size()); }
  int64_t dim(int64_t axis) const { return shape_[axis]; }
  /// Number of elements.
  int64_t size() const { return size_; }
  std::span<const uint8_t> bytes() const { return bytes_; }
  /// The bytes, to be written. Copies them first if another tensor shares them.
  std::span<uint8_t> mutableBytes();
  /// The same bytes in a shape with as many elements. Fails as `view` does.
  Result<Tensor> withShape(std::vector<int64_t> shape) const;

  /// Elements [first, first + count) as V (double for floats and blocks; double, int64_t or uint64_t for integers). Of
  /// a block type both are multiples of the block. The range must lie inside.
  template <class V> void read(int64_t first, int64_t count, V *out) const;
  template <class V> std::vector<V> values() const {
    std::vector<V> all(size_);
    read<V>(0, size_, all.data());
    return all;
  }

  /// "F32[2, 3]".
  std::string describe() const;

private:
  LatheType type_ = LATHE_F32;
  std::vector<int64_t> shape_;
  int64_t size_ = 0;
  std::span<const uint8_t> bytes_;
  std::shared_ptr<const void> owner_;
  bool writable_ = false;
};

/// "[2, 3]".
std::string shapeText(std::span<const int64_t> shape);
/// Rounds `value` to one element of a plain type at `out`, as Tensor::ofValues does.
template <class V> void store(LatheType type, V value, uint8_t *out);
/// The nearest half or bfloat16, halves to even; overflow gives infinity.
uint16_t doubleToHalf(double value);
uint16_t doubleToBfloat16(double value);
/// The nearest element of a narrow float type, halves to even (F8E8M0: up). What is too large becomes infinity, NaN
/// where the type has no infinity, the largest number where it has neither; F4E2M1 takes NaN to 0.
uint8_t doubleToNarrow(LatheType type, double value);

} // namespace lathe::reference
