// place-buffers: gives every scratch buffer of a program a slot; buffers that live at the same time never share one.
// The slot's size is the largest of its buffers, as expressions, so one placement holds for every number of tokens.
// verify-placed checks it anew.
#include "passes/Passes.h"

#include "ir/plan/Plan.h"
#include "kernels-templates/Catalog.h"

#include <limits>

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_PLACEBUFFERS
#define GEN_PASS_DEF_VERIFYPLACED
#include "passes/Passes.h.inc"

namespace {

/// Launches of a program, by number, between which a buffer holds a value.
struct LiveRange {
  plan::BufferOp buffer;
  int64_t first = std::numeric_limits<int64_t>::max(), last = -1;
  bool overlaps(const LiveRange &other) const { return first <= other.last && other.first <= last; }
};

SmallVector<LiveRange> liveRanges(plan::ProgramOp program) {
  DenseMap<Operation *, int64_t> number;
  for (auto [index, launch] : ::llvm::enumerate(program.getBody().getOps<plan::LaunchOp>()))
    number[launch] = index;
  SmallVector<LiveRange> ranges;
  for (plan::BufferOp buffer : program.getBody().getOps<plan::BufferOp>()) {
    if (buffer.getArena() != plan::Arena::scratch)
      continue;
    LiveRange range{buffer};
    for (Operation *user : buffer->getUsers()) {
      range.first = std::min(range.first, number.lookup(user));
      range.last = std::max(range.last, number.lookup(user));
    }
    ranges.push_back(range);
  }
  return ranges;
}

AffineExpr bytesOf(plan::BufferOp buffer) {
  AffineExpr count = getAffineConstantExpr(1, buffer.getContext());
  for (AffineExpr dim : buffer.getDims().getResults())
    count = count * dim;
  return count * kernels::bytesOfElements(buffer.getElement(), 1);
}

/// The value where every symbol is `size`: only to choose among slots.
double estimate(AffineExpr expression, double size) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expression))
    return static_cast<double>(constant.getValue());
  if (isa<AffineSymbolExpr>(expression))
    return size;
  auto binary = cast<AffineBinaryOpExpr>(expression);
  double lhs = estimate(binary.getLHS(), size), rhs = estimate(binary.getRHS(), size);
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return lhs + rhs;
  case AffineExprKind::Mul:
    return lhs * rhs;
  case AffineExprKind::Mod:
    return rhs;
  default:
    return rhs != 0 ? lhs / rhs : 0;
  }
}

struct PlaceBuffers : impl::PlaceBuffersBase<PlaceBuffers> {
  void runOnOperation() override {
    for (plan::ProgramOp program : getOperation().getOps<plan::ProgramOp>())
      place(program);
  }

  void place(plan::ProgramOp program) {
    constexpr double tokens = 256;
    struct Slot {
      int64_t busyUntil;
      double size;
      SmallVector<AffineExpr> sizes;
    };
    SmallVector<Slot> slots;
    SmallVector<LiveRange> ranges = liveRanges(program);
    ::llvm::sort(ranges, [](const LiveRange &a, const LiveRange &b) {
      return a.first != b.first ? a.first < b.first : a.buffer->isBeforeInBlock(b.buffer);
    });
    Builder builder(program.getContext());
    for (LiveRange &range : ranges) {
      if (range.last < 0) { // nobody touches it
        range.buffer.erase();
        continue;
      }
      AffineExpr bytes = bytesOf(range.buffer);
      double size = estimate(bytes, tokens);
      Slot *best = nullptr;
      auto waste = [&](const Slot &slot) { return std::abs(slot.size - size); };
      for (Slot &slot : slots)
        if (slot.busyUntil < range.first && (!best || waste(slot) < waste(*best)))
          best = &slot;
      if (!best) {
        slots.push_back({-1, size, {}});
        best = &slots.back();
      }
      best->busyUntil = range.last;
      best->size = std::max(best->size, size);
      if (!::llvm::is_contained(best->sizes, bytes))
        best->sizes.push_back(bytes);
      range.buffer.setSlot(best - slots.begin());
      ++bufferCount;
    }
    slotCount += slots.size();
    SmallVector<Attribute> maps;
    for (Slot &slot : slots)
      maps.push_back(
          AffineMapAttr::get(AffineMap::get(0, program.getSymbols().size(), slot.sizes, program.getContext())));
    program.setSlotsAttr(builder.getArrayAttr(maps));
  }
};

struct VerifyPlaced : impl::VerifyPlacedBase<VerifyPlaced> {
  void runOnOperation() override {
    for (plan::ProgramOp program : getOperation().getOps<plan::ProgramOp>()) {
      SmallVector<LiveRange> ranges = liveRanges(program);
      for (auto [index, range] : ::llvm::enumerate(ranges)) {
        plan::BufferOp buffer = range.buffer;
        int64_t slot = buffer.getSlot().value_or(-1);
        int64_t slots = program.getSlots() ? program.getSlots()->size() : 0;
        if (slot < 0 || slot >= slots) {
          buffer.emitError("buffer '") << buffer.getLabel() << "' has no slot among " << slots;
          return signalPassFailure();
        }
        AffineMap sizes = cast<AffineMapAttr>((*program.getSlots())[slot]).getValue();
        if (!::llvm::is_contained(sizes.getResults(), bytesOf(buffer))) {
          buffer.emitError("slot ") << slot << " is not made for the buffer '" << buffer.getLabel() << "'";
          return signalPassFailure();
        }
        for (LiveRange &other : ArrayRef<LiveRange>(ranges).drop_front(index + 1).vec())
          if (other.buffer.getSlot() == buffer.getSlot() && range.overlaps(other)) {
            buffer.emitError("buffers '")
                << buffer.getLabel() << "' and '" << other.buffer.getLabel() << "' live at once in slot " << slot;
            return signalPassFailure();
          }
      }
    }
  }
};

} // namespace
} // namespace lathe
