// Type inference and verifiers of ir/llm/AttentionOps.td.
#include "ir/llm/Llm.h"

using namespace mlir;

namespace lathe::llm {

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static LogicalResult checkRank(Operation *op, Value value, int64_t rank, StringRef what) {
  if (value && tensorOf(value).getRank() != rank)
    return op->emitOpError() << what << " has rank " << rank << ", got " << value.getType();
  return success();
}

/// Sizes that are both known and differ.
static bool differ(int64_t a, int64_t b) { return !ShapedType::isDynamic(a) && !ShapedType::isDynamic(b) && a != b; }

LogicalResult RopeOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getX().getType());
  return success();
}

LogicalResult RopeOp::verify() {
  if (failed(checkRank(*this, getX(), 4, "x")) || failed(checkRank(*this, getPositions(), 2, "positions")) ||
      failed(checkRank(*this, getFrequencies(), 1, "frequencies")) ||
      failed(checkRank(*this, getCosine(), 2, "cosine")) || failed(checkRank(*this, getSine(), 2, "sine")))
    return failure();
  int64_t dims = getDims(), headDim = tensorOf(getX()).getDimSize(3);
  if (dims <= 0 || dims % 2 != 0 || (!ShapedType::isDynamic(headDim) && dims > headDim))
    return emitOpError("rotates an even number of at most ") << headDim << " elements, got dims = " << dims;
  if (!getCosine() != !getSine())
    return emitOpError("takes both cosine and sine, or neither");
  if (getCosine() && getFrequencies())
    return emitOpError("takes frequencies or tables of cosine and sine, not both");
  if (getFrequencies() && differ(tensorOf(getFrequencies()).getDimSize(0), dims / 2))
    return emitOpError("needs ") << dims / 2 << " frequencies, got " << getFrequencies().getType();
  if (getCosine() &&
      (differ(tensorOf(getCosine()).getDimSize(1), dims / 2) || getCosine().getType() != getSine().getType()))
    return emitOpError("needs tables of ")
           << dims / 2 << " columns, got " << getCosine().getType() << " and " << getSine().getType();
  return success();
}

LogicalResult PositionsOp::verify() {
  if (getSizes().getNumDims() != 0 || getSizes().getNumResults() != 3)
    return emitOpError("sizes are batch, tokens and past as expressions of symbols, got ") << getSizesAttr();
  return checkRank(*this, getResult(), 2, "the result");
}

/// slopes: (heads), or (heads, 2 D + 1) biases by distance.
static LogicalResult checkSlopes(Operation *op, Value slopes, int64_t heads) {
  if (!slopes)
    return success();
  auto type = tensorOf(slopes);
  if (type.getRank() != 2)
    return checkRank(op, slopes, 1, "slopes");
  if (differ(type.getDimSize(0), heads) || (!type.isDynamicDim(1) && type.getDimSize(1) % 2 != 1))
    return op->emitOpError("biases by distance are (") << heads << " heads, 2 D + 1), got " << type;
  return success();
}

/// The attributes of a pattern that attention over values and over the cache share.
template <class Op> static LogicalResult checkPattern(Op op) {
  auto segments = op.getSegments(), dilations = op.getDilations(), pairs = op.getBlockPairs();
  int64_t size = op.getBlockSize(), window = op.getBlockWindow(), first = op.getFirstBlocks();
  if (segments.has_value() != dilations.has_value() || (segments && segments->size() != dilations->size()))
    return op.emitOpError("needs a dilation for each segment, got ")
           << (segments ? segments->size() : 0) << " segments and " << (dilations ? dilations->size() : 0)
           << " dilations";
  if (segments && (segments->empty() || ::llvm::any_of(*segments, [](int64_t length) { return length < 0; }) ||
                   ::llvm::any_of(*dilations, [](int64_t step) { return step < 1; })))
    return op.emitOpError("segments are lengths of 0 or more and dilations steps of 1 or more");
  if (size < 0 || window < 0 || first < 0)
    return op.emitOpError("block_size, block_window and first_blocks are not negative, got ")
           << size << ", " << window << " and " << first;
  if (size == 0 && (window > 0 || first > 0 || pairs))
    return op.emitOpError("block_window, first_blocks and block_pairs need a block_size");
  if (size > 0 && segments)
    return op.emitOpError("takes segments or blocks, not both");
  if (pairs && pairs->size() % 3 != 0)
    return op.emitOpError("block_pairs are triples of a head, a query's and a key's block, got ")
           << pairs->size() << " numbers";
  for (size_t i = 0; pairs && i < pairs->size(); ++i)
    if ((*pairs)[i] < (i % 3 == 2 ? 0 : -1))
      return op.emitOpError("block_pairs has no ") << (i % 3 == 0 ? "head " : "block ") << (*pairs)[i];
  return success();
}

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  auto query = tensorOf(adaptor.getQuery()), value = tensorOf(adaptor.getValue());
  if (query.getRank() != 4 || value.getRank() != 4)
    return emitOptionalError(location, "query and value have rank 4, got ", query, " and ", value);
  types.push_back(RankedTensorType::get(
      {query.getDimSize(0), query.getDimSize(1), query.getDimSize(2), value.getDimSize(3)}, query.getElementType()));
  return success();
}

LogicalResult AttentionOp::verify() {
  // Inference, which also looks at the ranks, runs after this.
  if (failed(checkRank(*this, getQuery(), 4, "query")) || failed(checkRank(*this, getKey(), 4, "key")) ||
      failed(checkRank(*this, getValue(), 4, "value")) || failed(checkRank(*this, getLengths(), 1, "lengths")) ||
      failed(checkSlopes(*this, getSlopes(), tensorOf(getQuery()).getDimSize(2))) ||
      failed(checkRank(*this, getSinks(), 1, "sinks")))
    return failure();
  auto query = tensorOf(getQuery()), key = tensorOf(getKey()), value = tensorOf(getValue());
  int64_t heads = query.getDimSize(2), kvHeads = key.getDimSize(2);
  if (differ(query.getDimSize(3), key.getDimSize(3)))
    return emitOpError("query and key have one head size, got ") << query.getDimSize(3) << " and " << key.getDimSize(3);
  if (differ(kvHeads, value.getDimSize(2)) || differ(key.getDimSize(1), value.getDimSize(1)))
    return emitOpError("key and value have the same heads and length, got ") << key << " and " << value;
  if (!ShapedType::isDynamic(heads) && !ShapedType::isDynamic(kvHeads) && (kvHeads == 0 || heads % kvHeads != 0))
    return emitOpError("has ") << heads << " heads, which is no multiple of " << kvHeads << " key heads";
  if (getMask() && tensorOf(getMask()).getRank() > 4)
    return emitOpError("mask broadcasts to (batch, heads, T, S), got ") << getMask().getType();
  if (static_cast<int64_t>(getWindow()) < 0)
    return emitOpError("window is not negative, got ") << getWindow();
  int64_t ahead = getAhead(), last = getLastBlocks(), dense = getDenseLength();
  if (ahead < -1)
    return emitOpError("ahead is a number of positions, or -1 for all, got ") << ahead;
  if (last < 0 || dense < 0 || (getBlockSize() == 0 && (last > 0 || dense > 0)))
    return emitOpError("last_blocks and dense_length are not negative and need a block_size, got ")
           << last << " and " << dense;
  return checkPattern(*this);
}

static LogicalResult checkRaggedOperands(Operation *op, Value positions, Value sequences, Value blockTable) {
  return success(succeeded(checkRank(op, positions, 1, "positions")) &&
                 succeeded(checkRank(op, sequences, 1, "sequences")) &&
                 succeeded(checkRank(op, blockTable, 2, "block_table")));
}

LogicalResult CacheAppendOp::verify() {
  if (failed(checkRank(*this, getKey(), 4, "key")) || failed(checkRank(*this, getValue(), 4, "value")) ||
      failed(checkRaggedOperands(*this, getPositions(), getSequences(), getBlockTable())))
    return failure();
  for (Value rows : {Value(getKey()), Value(getValue())}) {
    auto type = tensorOf(rows);
    if (differ(type.getDimSize(2), getCache().getType().getHeads()) ||
        differ(type.getDimSize(3), getCache().getType().getHeadDim()))
      return emitOpError("writes ") << type << " into " << getCache().getType();
  }
  return success();
}

LogicalResult CachedAttentionOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                                  SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getQuery().getType());
  return success();
}

LogicalResult CachedAttentionOp::verify() {
  if (failed(checkRank(*this, getQuery(), 4, "query")) ||
      failed(checkRaggedOperands(*this, getPositions(), getSequences(), getBlockTable())) ||
      failed(checkSlopes(*this, getSlopes(), tensorOf(getQuery()).getDimSize(2))))
    return failure();
  auto query = tensorOf(getQuery());
  int64_t kvHeads = getCache().getType().getHeads();
  if (differ(query.getDimSize(3), getCache().getType().getHeadDim()))
    return emitOpError("query ") << query << " does not fit " << getCache().getType();
  if (!query.isDynamicDim(2) && query.getDimSize(2) % kvHeads != 0)
    return emitOpError("has ") << query.getDimSize(2) << " heads, which is no multiple of " << kvHeads << " key heads";
  return checkPattern(*this);
}

} // namespace lathe::llm
