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
  default:
    return "";
  }
}

bool isWeight(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (isa<llm::WeightOp>(op))
    return true;
  if (!isa<llm::TransposeOp, llm::CastOp, llm::ConcatOp, llm::SliceOp, llm::ReshapeOp>(op))
    return false;
  auto concat = dyn_cast<llm::ConcatOp>(op);
  return concat ? llvm::all_of(concat.getInputs(), isWeight) : isWeight(op->getOperand(0));
}

int64_t bytesOfElements(Type element, int64_t count) {
  LatheType type = *llm::latheType(element);
  return count / elementsPerBlock(type) * bytesPerBlock(type);
}

} // namespace lathe::kernels
