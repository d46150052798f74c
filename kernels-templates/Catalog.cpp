// The list of kernels, from the folders that CMake found, and what all of them need to know of types.
#include "kernels-templates/Catalog.h"

#include "runtime/ElementType.h"

#include <algorithm>

#define LATHE_KERNEL_ENTRY(FOLDER) std::unique_ptr<::lathe::kernels::Kernel> lathe_make_kernel_##FOLDER();
#include "Kernels.inc"
#undef LATHE_KERNEL_ENTRY

using namespace mlir;

namespace lathe::kernels {

const std::vector<std::unique_ptr<Kernel>> &catalog() {
  static const std::vector<std::unique_ptr<Kernel>> kernels = [] {
    std::vector<std::unique_ptr<Kernel>> all;
#define LATHE_KERNEL_ENTRY(FOLDER) all.push_back(lathe_make_kernel_##FOLDER());
#include "Kernels.inc"
#undef LATHE_KERNEL_ENTRY
    std::sort(all.begin(), all.end(), [](const auto &a, const auto &b) {
      return a->benefit() != b->benefit() ? a->benefit() > b->benefit() : a->name() < b->name();
    });
    return all;
  }();
  return kernels;
}

std::string elementTypeText(Type element) {
  std::optional<LatheType> type = llm::latheType(element);
  if (!type)
    return "";
  switch (*type) {
  case LATHE_F32:
    return "float";
  case LATHE_F16:
    return "lathe::Half";
  case LATHE_BF16:
    return "lathe::BFloat";
  case LATHE_F64:
    return "double";
  case LATHE_I8:
    return "int8_t";
  case LATHE_I16:
    return "int16_t";
  case LATHE_I32:
    return "int32_t";
  case LATHE_I64:
    return "int64_t";
  case LATHE_U8:
    return "uint8_t";
  case LATHE_U16:
    return "uint16_t";
  case LATHE_U32:
    return "uint32_t";
  case LATHE_U64:
    return "uint64_t";
  case LATHE_BOOL:
    return "lathe::Bool";
  case LATHE_F8E4M3FN:
    return "lathe::F8E4M3FN";
  case LATHE_F8E4M3FNUZ:
    return "lathe::F8E4M3FNUZ";
  case LATHE_F8E5M2:
    return "lathe::F8E5M2";
  case LATHE_F8E5M2FNUZ:
    return "lathe::F8E5M2FNUZ";
  case LATHE_F8E8M0:
    return "lathe::F8E8M0";
  case LATHE_F4E2M1:
    return "lathe::F4E2M1";
  case LATHE_I4:
    return "lathe::I4";
  case LATHE_U4:
    return "lathe::U4";
  case LATHE_I2:
    return "lathe::I2";
  case LATHE_U2:
    return "lathe::U2";
  default:
    return "";
  }
}

namespace {

/// How an expression over weights lies in their entries (passes/plan/WeightPieces.cpp takes it apart).
struct Stored {
  bool stacked = false;    ///< rows of several entries, or of several matrices
  bool transposed = false; ///< some of it
  bool cut = false;        ///< begins or ends within an entry
  bool converted = false;  ///< not of the entry's type
};

int64_t columnsOf(Value value) {
  auto type = ::llvm::cast<RankedTensorType>(value.getType());
  return type.getRank() <= 1 ? 1 : type.getShape().back();
}

constexpr int deepestWeight = 64, mostWeightSteps = 1 << 14;

/// Nothing for what packing cannot take apart: such a value is computed when the model runs. Nor for what is nested too
/// deeply; `steps` counts ops, those that are met again too.
std::optional<Stored> storedForm(Value value, int depth, int &steps) {
  if (depth > deepestWeight || ++steps > mostWeightSteps)
    return std::nullopt;
  Operation *op = value.getDefiningOp();
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!op || !type || !type.hasStaticShape())
    return std::nullopt;
  if (isa<llm::WeightOp>(op))
    return Stored();
  if (auto concat = dyn_cast<llm::ConcatOp>(op)) {
    Stored all{true, false, false, false};
    for (Value input : concat.getInputs()) {
      std::optional<Stored> one = storedForm(input, depth + 1, steps);
      if (!one || concat.getAxis() != 0)
        return std::nullopt;
      all.transposed |= one->transposed, all.cut |= one->cut, all.converted |= one->converted;
    }
    return all;
  }
  if (!isa<llm::CastOp, llm::ReshapeOp, llm::TransposeOp, llm::SliceOp>(op))
    return std::nullopt;
  std::optional<Stored> inner = storedForm(op->getOperand(0), depth + 1, steps);
  if (!inner)
    return std::nullopt;
  int64_t rank = type.getRank();
  if (isa<llm::CastOp>(op)) {
    Type to = type.getElementType();
    if (inner->converted || (!to.isF32() && !to.isF16() && !to.isBF16()))
      return std::nullopt; // a second rounding would be lost
    inner->converted = true;
  } else if (auto reshape = dyn_cast<llm::ReshapeOp>(op)) {
    if (columnsOf(value) != columnsOf(reshape.getX()) && (inner->stacked || inner->transposed || inner->cut))
      return std::nullopt;
  } else if (auto transpose = dyn_cast<llm::TransposeOp>(op)) {
    ArrayRef<int64_t> permutation = transpose.getPermutation();
    if (rank < 2 || (rank == 2 && inner->stacked) || permutation[rank - 1] != rank - 2 ||
        permutation[rank - 2] != rank - 1)
      return std::nullopt;
    for (int64_t axis = 0; axis + 2 < rank; ++axis)
      if (permutation[axis] != axis)
        return std::nullopt;
    inner->transposed = !inner->transposed || rank > 2;
    inner->stacked |= rank > 2;
  } else if (auto slice = dyn_cast<llm::SliceOp>(op)) {
    int64_t axis = slice.getAxes().size() == 1 ? slice.getAxes()[0] : -1;
    if (axis < 0 || (axis > 0 && axis == rank - 1) || slice.getSteps()[0] != 1 ||
        !llm::constantIntegers(slice.getStarts()) || (inner->transposed && axis + 2 >= rank))
      return std::nullopt;
    inner->stacked |= axis > 0, inner->cut = true;
  }
  return inner;
}

} // namespace

bool isWeight(Value value) {
  int steps = 0;
  return storedForm(value, 0, steps).has_value();
}

int64_t bytesOfElements(Type element, int64_t count) {
  LatheType type = *llm::latheType(element);
  return count / elementsPerBlock(type) * bytesPerBlock(type);
}

} // namespace lathe::kernels
