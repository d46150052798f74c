// The ops of ir/llm/ConvolutionOps.td that interpolate, for ConvolutionOps.cpp. Private to ir/reference.
#pragma once

#include "ir/llm/ConvolutionOps.h"
#include "ir/reference/Families.h"

namespace lathe::reference {

Result<Tensor> resample(llm::ResampleOp op, const Tensor &x, const Tensor &size, const Tensor *scale,
                        const Tensor *roi);
Result<Tensor> gridSample(llm::GridSampleOp op, const Tensor &x, const Tensor &places);
Result<Tensor> roiPool(llm::RoiPoolOp op, const Tensor &x, const Tensor &rois, const Tensor &batches);

} // namespace lathe::reference
