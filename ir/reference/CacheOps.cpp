// The key-value cache of ir/llm/AttentionOps.td: a tensor (pages, 2, heads, page, headDim), keys at [p, 0], values at
// [p, 1].
#include "ir/reference/DistanceBias.h"
#include "ir/reference/Evaluator.h"
#include "ir/reference/Families.h"
#include "ir/reference/KeyPattern.h"

using namespace mlir;

namespace lathe::reference {

Result<Tensor> emptyCache(Type kvCacheType, int64_t pages) {
  auto type = ::llvm::dyn_cast<llm::KvCacheType>(kvCacheType);
  auto element = type ? llm::latheType(type.getElementType()) : std::nullopt;
  if (!element)
    return Status::failure("the type is no kv cache of f32, f16, bf16 or f64");
  return Tensor::zeros(*element, {pages, 2, type.getHeads(), type.getPageTokens(), type.getHeadDim()});
}

namespace {

/// Positions, sequences and block table of a step, checked against the cache.
class Slots {
public:
  static Result<Slots> of(const Tensor &cache, int64_t tokens, const Tensor &positions, const Tensor &sequences,
                          const Tensor &blockTable) {
    if (positions.size() != tokens || sequences.size() != tokens)
      return Status::failure("needs a position and a sequence for each of " + std::to_string(tokens) + " tokens, got " +
                             positions.describe() + " and " + sequences.describe());
    Slots slots;
    slots.positions_ = positions.values<int64_t>();
    slots.sequences_ = sequences.values<int64_t>();
    slots.table_ = blockTable.values<int64_t>();
    slots.rows_ = blockTable.dim(0);
    slots.blocks_ = blockTable.dim(1);
    slots.pages_ = cache.dim(0);
    slots.heads_ = cache.dim(2);
    slots.page_ = cache.dim(3);
    slots.size_ = cache.dim(4);
    for (int64_t token = 0; token < tokens; ++token)
      if (slots.sequences_[token] < 0 || slots.sequences_[token] >= slots.rows_ || slots.positions_[token] < 0 ||
          slots.positions_[token] / slots.page_ >= slots.blocks_)
        return Status::failure("token " + std::to_string(token) + " has position " +
                               std::to_string(slots.positions_[token]) + " of sequence " +
                               std::to_string(slots.sequences_[token]) + ", but the block table is " +
                               shapeText(blockTable.shape()) + " with pages of " + std::to_string(slots.page_));
    return slots;
  }

  int64_t positionOf(int64_t token) const { return positions_[token]; }
  int64_t heads() const { return heads_; }
  int64_t size() const { return size_; }

  /// The first element of the key (or value) of a position of the token's sequence; the page's number is checked.
  Result<int64_t> offsetOf(int64_t token, int64_t position, int64_t head, bool isValue) const {
    int64_t page = table_[sequences_[token] * blocks_ + position / page_];
    if (page < 0 || page >= pages_)
      return Status::failure("page " + std::to_string(page) + " of sequence " + std::to_string(sequences_[token]) +
                             " is not in the cache, which has " + std::to_string(pages_));
    return (((page * 2 + isValue) * heads_ + head) * page_ + position % page_) * size_;
  }

private:
  std::vector<int64_t> positions_, sequences_, table_;
  int64_t rows_ = 0, blocks_ = 0, pages_ = 0, heads_ = 0, page_ = 0, size_ = 0;
};

Result<Tensor> append(Tensor cache, const Tensor &key, const Tensor &value, const Slots &slots) {
  if (key.shape() != Shape{1, key.dim(1), slots.heads(), slots.size()} || value.shape() != key.shape())
    return Status::failure("writes keys " + key.describe() + " and values " + value.describe() + " into a cache of " +
                           std::to_string(slots.heads()) + " heads of " + std::to_string(slots.size()));
  size_t bytes = bytesPerBlock(cache.type());
  std::span<uint8_t> out = cache.mutableBytes();
  for (bool isValue : {false, true}) {
    std::vector<double> rows = (isValue ? value : key).values<double>();
    for (int64_t token = 0; token < key.dim(1); ++token)
      for (int64_t head = 0; head < slots.heads(); ++head) {
        Result<int64_t> offset = slots.offsetOf(token, slots.positionOf(token), head, isValue);
        if (!offset)
          return offset.status();
        for (int64_t i = 0; i < slots.size(); ++i)
          store(cache.type(), rows[(token * slots.heads() + head) * slots.size() + i],
                out.data() + (*offset + i) * bytes);
      }
  }
  return cache;
}

Result<Tensor> attendCache(llm::CachedAttentionOp op, const Tensor &query, const Tensor &cache, const Slots &slots,
                           const Tensor *slopes, const Tensor *sinks) {
  int64_t tokens = query.dim(1), heads = query.dim(2), size = slots.size();
  if (query.dim(0) != 1 || query.dim(3) != size || heads % slots.heads() != 0)
    return Status::failure("query " + query.describe() + " does not fit a cache of " + std::to_string(slots.heads()) +
                           " heads of " + std::to_string(size));
  if (sinks && sinks->size() != heads)
    return Status::failure("needs a sink for each of " + std::to_string(heads) + " heads, got " + sinks->describe());
  if (std::string problem = slopesProblem(slopes, heads); !problem.empty())
    return Status::failure(problem);
  std::vector<double> q = query.values<double>(), result(query.size());
  std::vector<double> slope = slopes ? slopes->values<double>() : std::vector<double>();
  std::vector<double> sink = sinks ? sinks->values<double>() : std::vector<double>();
  double scale = op.getScale().convertToDouble(), softcap = op.getSoftcap().convertToDouble();
  int64_t window = op.getWindow();
  KeyPattern pattern(op);
  std::vector<double> keys, values;
  for (int64_t token = 0; token < tokens; ++token) {
    int64_t position = slots.positionOf(token), begin = window > 0 ? std::max<int64_t>(position - window + 1, 0) : 0;
    keys.resize((position + 1 - begin) * size);
    values.resize(keys.size());
    for (int64_t kvHead = 0; kvHead < slots.heads(); ++kvHead) {
      for (int64_t s = begin; s <= position; ++s) {
        Result<int64_t> keyAt = slots.offsetOf(token, s, kvHead, false),
                        valueAt = slots.offsetOf(token, s, kvHead, true);
        if (!keyAt)
          return keyAt.status();
        cache.read<double>(*keyAt, size, keys.data() + (s - begin) * size);
        cache.read<double>(*valueAt, size, values.data() + (s - begin) * size);
      }
      int64_t group = heads / slots.heads();
      for (int64_t h = kvHead * group; h < (kvHead + 1) * group; ++h) {
        int64_t row = (token * heads + h) * size;
        auto score = [&](int64_t s) {
          double bias = pattern.bias(h, position, s, position + 1);
          if (slopes)
            bias += slopeBias(slope, *slopes, h, s - position);
          return bias + scoreOf(q.data() + row, keys.data() + (s - begin) * size, size, scale, softcap);
        };
        auto valueRow = [&](int64_t s) -> const double * { return values.data() + (s - begin) * size; };
        attendRow(begin, position + 1, sinks ? std::optional(sink[h]) : std::nullopt, score, valueRow, size,
                  result.data() + row);
      }
    }
  }
  return Tensor::ofValues<double>(query.type(), query.shape(), result);
}

} // namespace

std::optional<Result<Tensor>> evaluateCacheOp(Operation *op, Operands operands) {
  if (auto appendOp = dyn_cast<llm::CacheAppendOp>(op)) {
    const Tensor &cache = *operands(appendOp.getCache()), &key = *operands(appendOp.getKey());
    Result<Slots> slots = Slots::of(cache, key.dim(1), *operands(appendOp.getPositions()),
                                    *operands(appendOp.getSequences()), *operands(appendOp.getBlockTable()));
    if (!slots)
      return Result<Tensor>(slots.status());
    return append(cache, key, *operands(appendOp.getValue()), *slots);
  }
  if (auto attend = dyn_cast<llm::CachedAttentionOp>(op)) {
    const Tensor &cache = *operands(attend.getCache()), &query = *operands(attend.getQuery());
    Result<Slots> slots = Slots::of(cache, query.dim(1), *operands(attend.getPositions()),
                                    *operands(attend.getSequences()), *operands(attend.getBlockTable()));
    if (!slots)
      return Result<Tensor>(slots.status());
    return attendCache(attend, query, cache, *slots, operands(attend.getSlopes()), operands(attend.getSinks()));
  }
  return std::nullopt;
}

} // namespace lathe::reference
