// What the kernels that rotate have in common: a rope op as parameters of common/cpu/rotation.h.
#pragma once

#include "kernels-templates/TokenRows.h"

#include <cmath>

namespace lathe::kernels {

/// Whether a kernel can compute this rope; sizes of heads are static then.
inline bool canRotate(llm::RopeOp rope) {
  auto type = mlir::cast<mlir::RankedTensorType>(rope.getX().getType());
  auto isTable = [](mlir::Value table) { return !table || !floatText(table).empty(); };
  return type.getRank() == 4 && !type.isDynamicDim(2) && !type.isDynamicDim(3) && !floatText(rope.getX()).empty() &&
         !floatText(rope.getResult()).empty() && int64_t(rope.getDims()) > 0 && int64_t(rope.getDims()) % 2 == 0 &&
         int64_t(rope.getDims()) <= type.getDimSize(3) && type.getDimSize(3) <= 1024 &&
         isTable(rope.getFrequencies()) && isTable(rope.getCosine()) && isTable(rope.getSine()) &&
         !rope.getCosine() == !rope.getSine() &&
         (!rope.getCosine() || (rope.getCosine().getType() == rope.getSine().getType() &&
                                mlir::cast<mlir::RankedTensorType>(rope.getCosine().getType()).getRank() == 2 &&
                                !mlir::cast<mlir::RankedTensorType>(rope.getCosine().getType()).isDynamicDim(0)));
}

/// f[i] = 1 / base^(2i / dims), each step in f32, as bits.
inline llvm::SmallVector<int64_t> frequencyBits(float base, int64_t dims) {
  llvm::SmallVector<int64_t> bits;
  for (int64_t i = 0; i < dims / 2; ++i) {
    float power = float(std::pow(double(base), double(float(2 * i) / float(dims))));
    bits.push_back(__builtin_bit_cast(uint32_t, 1.0f / power));
  }
  return bits;
}

/// Parameters dims, rotation, frequencyBits, tableRows, interleaved, factor and the type Table; appends the tables to
/// the inputs. `rope` may be null: no rotation.
inline void setRotation(Launch &launch, mlir::Builder &builder, llm::RopeOp rope) {
  int64_t rotation = !rope ? 0 : rope.getCosine() ? 3 : rope.getFrequencies() ? 2 : 1;
  launch.set(builder, "dims", rope ? int64_t(rope.getDims()) : int64_t(0));
  launch.set(builder, "rotation", rotation);
  launch.set(builder, "frequencyBits",
             rotation == 1 ? frequencyBits(rope.getBase().convertToFloat(), rope.getDims())
                           : llvm::SmallVector<int64_t>());
  launch.set(builder, "interleaved", rope && rope.getInterleaved());
  launch.set(builder, "factor", rope ? rope.getFactor().convertToFloat() : 1.0f);
  int64_t tableRows = 1;
  std::string table = "float";
  if (rotation == 2) {
    launch.inputs.push_back(rope.getFrequencies());
    table = floatText(rope.getFrequencies());
  } else if (rotation == 3) {
    launch.inputs.push_back(rope.getCosine());
    launch.inputs.push_back(rope.getSine());
    table = floatText(rope.getCosine());
    tableRows = mlir::cast<mlir::RankedTensorType>(rope.getCosine().getType()).getDimSize(0);
  }
  launch.set(builder, "tableRows", tableRows);
  launch.setType(builder, "Table", table);
}

/// Whether two ropes turn by the same angles.
inline bool sameRotation(llm::RopeOp a, llm::RopeOp b) {
  return a.getFrequencies() == b.getFrequencies() && a.getCosine() == b.getCosine() && a.getSine() == b.getSine() &&
         a.getBase() == b.getBase() && a.getDims() == b.getDims() && a.getInterleaved() == b.getInterleaved() &&
         a.getFactor() == b.getFactor() && behindViews(a.getPositions(), true) == behindViews(b.getPositions(), true);
}

} // namespace lathe::kernels
