// Ops of the llm dialect: convolution, pooling, resampling and signal transforms.
#ifndef LATHE_IR_LLM_CONVOLUTION_OPS
#define LATHE_IR_LLM_CONVOLUTION_OPS

include "ir/llm/LlmBase.td"

class Llm_ImageOp<string mnemonic, list<Trait> traits = []>
    : Llm_Op<mnemonic, traits # [Pure, DeclareOpInterfaceMethods<SymbolicSizes, ["symbolicSizes"]>]> {
  let hasVerifier = 1;
}

def Llm_ConvolutionOp : Llm_ImageOp<"convolution"> {
  let summary = "sums of products over windows of the spatial axes";
  let description = [{
    `result[n, m, o..] = bias[m] + sum over c, k.. of x[n, g C + c, i..] weight[m, c, k..]` with `C` input channels a
    group, `g` the group of output `m`, and `i = o stride + k dilation - pad`; where an `i` is outside of the input, x
    is 0. x is (batch, groups C, spatial..), weight (outputs, C, kernel..), bias (outputs). `pads` are the begins of
    all axes, then the ends; with `auto_pad` same_upper or same_lower they are what makes ceil(size / stride) windows,
    the odd one at the end or the begin. `transposed`: `result[n, m, o..] = bias[m] + sum over c, k.. of x[n, g C + c,
    i..] weight[g C + c, m of the group, k..]` for `o = i stride + k dilation - pad`, where pads take elements away
    from a result of (size - 1) stride + extent of the kernel; weight is (groups C, outputs / groups, kernel..).
    Floats are summed as f32 (f64 for f64), integers in their own type. Source: ONNX Conv, ConvTranspose.
    Example: `%y = llm.convolution %x, %w, %b {strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64:
              1, 1>} : (tensor<?x80x?xf32>, tensor<384x80x3xf32>, tensor<384xf32>) -> tensor<?x384x?xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, Llm_Tensor:$weight, Optional<Llm_Tensor>:$bias, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, DefaultValuedAttr<I64Attr, "1">:$groups,
                       DefaultValuedAttr<StrAttr, "\"\"">:$auto_pad, UnitAttr:$transposed);
  let results = (outs Llm_Tensor:$result);
  let extraClassDeclaration = [{
    /// Of a group; the weight's sizes are known.
    int64_t channelsOfGroup();
    int64_t outputsOfGroup();
  }];
}

def Llm_PoolOp : Llm_ImageOp<"pool"> {
  let summary = "the largest, the mean or the sum of each window of the spatial axes";
  let description = [{
    x (batch, channels, spatial..); windows as in llm.convolution, of `kernel` elements; `ceil_mode`: a last window
    that is not whole counts when it begins before the end of x. `kind`: max (NaN is passed over), sum, average (of
    what is inside of x), average_padded (padding counts as zeros; what ceil_mode adds beyond the padding does not). A
    window that holds nothing gives the lowest value, or 0. Source: ONNX MaxPool, AveragePool (22).
    Example: `%y = llm.pool %x {kind = "max", kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations =
              array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x8x14x14xf32>) -> tensor<1x8x7x7xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, StrAttr:$kind, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, UnitAttr:$ceil_mode,
                       DefaultValuedAttr<StrAttr, "\"\"">:$auto_pad);
  let results = (outs Llm_Tensor:$result);
}

def Llm_PoolIndicesOp : Llm_ImageOp<"pool_indices"> {
  let summary = "where the largest element of each window is";
  let description = [{
    The place of what llm.pool max gives, the first one where several are largest, as an index into all elements of x,
    row major; with `column_major` the spatial axes count in the other order. A window that holds nothing gives -1.
    Source: ONNX MaxPool's second output.
    Example: `%i = llm.pool_indices %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>,
              pads = array<i64: 0, 0>} : (tensor<1x8x14xf32>) -> tensor<1x8x7xi64>`
  }];
  let arguments = (ins Llm_Tensor:$x, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, UnitAttr:$ceil_mode,
                       DefaultValuedAttr<StrAttr, "\"\"">:$auto_pad, UnitAttr:$column_major);
  let results = (outs Llm_IntTensor:$result);
}

def Llm_ResampleOp : Llm_ImageOp<"resample", [AttrSizedOperandSegments]> {
  let summary = "one axis at another resolution";
  let description = [{
    Along `axis`, element `o` of the `size` (one element) of the result is interpolated at the place `p(o)` of x,
    whose axis has `n` elements. `scale` (one element) is the ratio of the sizes; without it, size / n. `coordinates`,
    with w = scale n: half_pixel: (o + 0.5) / scale - 0.5 (a scale of f32 divides in f32); pytorch_half_pixel: the
    same, 0 when size = 1; half_pixel_symmetric: half_pixel + n / 2 (1 - size / w); asymmetric: o / scale;
    tf_half_pixel: (o + 0.5) / scale; align_corners: o (n - 1) / (w - 1), 0 when w = 1; crop: roi[0] (n - 1) + o
    (roi[1] - roi[0]) (n - 1) / (w - 1), the middle of roi when w = 1, and `outside` for places outside of x. `mode`:
    nearest, with the `rounding` floor, ceil, prefer_floor or prefer_ceil of halves; linear; cubic (Keys' kernel with
    `cubic_coefficient`). Neighbours beyond the ends are the ends, or with `exclude_outside` left out, the others'
    weights scaled to a sum of 1. `antialias`: where the scale is below 1, the kernel is wider by it. Integers round
    to the nearest. Source: ONNX Resize (19).
    Example: `%y = llm.resample %x, %n {axis = 2 : i64, mode = "linear", coordinates = "half_pixel",
              operandSegmentSizes = array<i32: 1, 1, 0, 0>} : (tensor<1x8x14xf32>, tensor<1xi64>) ->
              tensor<1x8x28xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, Llm_ShapeTensor:$size, Optional<Llm_FloatTensor>:$scale,
                       Optional<Llm_FloatTensor>:$roi, I64Attr:$axis, StrAttr:$mode, StrAttr:$coordinates,
                       DefaultValuedAttr<StrAttr, "\"prefer_floor\"">:$rounding, DefaultValuedAttr<F32Attr,
                       "-0.75f">:$cubic_coefficient, UnitAttr:$exclude_outside, UnitAttr:$antialias,
                       DefaultValuedAttr<F32Attr, "0.0f">:$outside);
  let results = (outs Llm_Tensor:$result);
}

def Llm_GridSampleOp : Llm_ImageOp<"grid_sample"> {
  let summary = "an image interpolated at given places";
  let description = [{
    `result[n, c, o..] = x[n, c, places[n, o..]]`: x (batch, channels, spatial..), places (batch, out.., spatial axes)
    in elements of x, the first spatial axis first. `mode`: nearest (halves to even), linear, cubic (Keys' kernel with
    -0.75). `padding`: zeros outside of x; border: the nearest element; reflection: mirrored at the first and last
    element's middle (`align_corners`) or outer edge; of the place, or of each of cubic's neighbours. Source: ONNX
    GridSample (22), whose grid is scaled to -1 .. 1.
    Example: `%y = llm.grid_sample %x, %p {mode = "linear", padding = "zeros"} : (tensor<1x8x14x14xf32>,
              tensor<1x7x7x2xf32>) -> tensor<1x8x7x7xf32>`
  }];
  let arguments = (ins Llm_FloatTensor:$x, Llm_FloatTensor:$places, StrAttr:$mode, StrAttr:$padding,
                       UnitAttr:$align_corners);
  let results = (outs Llm_Tensor:$result);
}

def Llm_RoiPoolOp : Llm_ImageOp<"roi_pool"> {
  let summary = "each region of an image, pooled to one size";
  let description = [{
    x (batch, channels, H, W); rois (count, 4), as left, top, right, bottom times `scale`; batches (count), the image
    of each; the result (count, channels, `height`, `width`). A region is divided into height x width bins. `kind`:
    average, max: over a grid of `sampling` x `sampling` places in each bin (0: as many as the bin has elements,
    rounded up), with bilinear interpolation (max: of the four weighted neighbours, the largest); edges are less 0.5
    with `half_pixel`, else regions are at least 1 large; largest: of the elements in the bin, with edges rounded to
    whole elements; an empty bin gives 0. A region of an image that does not exist gives zeros. Source: ONNX RoiAlign
    (16), MaxRoiPool.
    Example: `%y = llm.roi_pool %x, %r, %b {kind = "average", height = 2 : i64, width = 2 : i64, half_pixel} :
              (tensor<1x8x14x14xf32>, tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x8x2x2xf32>`
  }];
  let arguments = (ins Llm_FloatTensor:$x, Llm_FloatTensor:$rois, Llm_IntTensor:$batches, StrAttr:$kind,
                       I64Attr:$height, I64Attr:$width, DefaultValuedAttr<F32Attr, "1.0f">:$scale,
                       DefaultValuedAttr<I64Attr, "0">:$sampling, UnitAttr:$half_pixel);
  let results = (outs Llm_Tensor:$result);
}

def Llm_DftOp : Llm_ImageOp<"dft"> {
  let summary = "the discrete Fourier transform along an axis";
  let description = [{
    `result[k] = sum over j of x[j] exp(-2 pi i j k / N)` with N = `length` (one element); x is cut or filled with
    zeros to N. The last axis is (real, imaginary) or (real). `onesided`: the first N / 2 + 1 elements of a real
    signal's transform. `inverse`: with the other sign, divided by N; with `onesided` x is the half of a hermitian
    spectrum and the result is real, its last axis 1. In f64 inside. Source: ONNX DFT (20).
    Example: `%y = llm.dft %x, %n {axis = 1 : i64, onesided} : (tensor<?x400x1xf32>, tensor<1xi64>) ->
              tensor<?x201x2xf32>`
  }];
  let arguments = (ins Llm_FloatTensor:$x, Llm_ShapeTensor:$length, I64Attr:$axis, UnitAttr:$inverse,
                       UnitAttr:$onesided);
  let results = (outs Llm_Tensor:$result);
}

#endif
