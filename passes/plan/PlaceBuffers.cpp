// place-buffers: gives every scratch buffer of a program a slot; buffers that live at the same time never share one.
// The slot's size is the largest of its buffers, as expressions, so one placement holds for every number of tokens.
// Where data decides sizes, each stage makes the slots whose sizes it knows, in a memory that stages share one after
// another. verify-placed checks it anew.
#include "passes/Passes.h"
#include "passes/plan/Stages.h"

#include "ir/plan/Plan.h"
#include "kernels-templates/Catalog.h"

#include <limits>

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_PLACEBUFFERS
#define GEN_PASS_DEF_VERIFYPLACED
#include "passes/Passes.h.inc"

namespace {

/// Launches and steps of a program, by number, between which a buffer holds a value, and the first one's stage.
struct LiveRange {
  plan::BufferOp buffer;
  int64_t first = std::numeric_limits<int64_t>::max(), last = -1;
  int64_t stage = 0;
  bool overlaps(const LiveRange &other) const { return first <= other.last && other.first <= last; }
};

/// What runs in a program, in order, and in which stage: a launch after a step begins one.
struct Order {
  DenseMap<Operation *, int64_t> number;
  std::vector<int64_t> stageOf{0};       // by number; 0 is no launch
  DenseMap<unsigned, int64_t> knownFrom; // symbols that steps define -> the first stage that may use them
  int64_t stages = 1;

  explicit Order(plan::ProgramOp program) {
    DenseMap<StringRef, unsigned> positions;
    for (auto [index, name] : ::llvm::enumerate(program.getSymbols()))
      positions[cast<StringAttr>(name).getValue()] = index;
    bool afterStep = false;
    for (Operation &op : program.getBody().front()) {
      bool isStep = isa<plan::SizeOp, plan::IfOp, plan::LoopOp>(op);
      if (!isStep && !isa<plan::LaunchOp>(op))
        continue;
      stages += afterStep && !isStep;
      afterStep = isStep;
      number[&op] = stageOf.size();
      stageOf.push_back(stages - 1);
      if (auto size = dyn_cast<plan::SizeOp>(op); size && positions.contains(size.getSymbol()))
        knownFrom[positions[size.getSymbol()]] = stages;
      for (Value operand : op.getOperands())
        if (auto result = operand.getDefiningOp<plan::BufferOp>(); result && result.getArena() == plan::Arena::result)
          for (unsigned symbol : symbolsOf(result.getDims()))
            if (isStep)
              knownFrom.try_emplace(symbol, stages);
    }
  }
  static SmallVector<unsigned> symbolsOf(AffineMap map) {
    SmallVector<unsigned> symbols;
    plan::collectSymbols(map, symbols);
    return symbols;
  }
  /// The first stage at whose start all symbols of the map are known.
  int64_t knownStage(AffineMap map) const {
    int64_t stage = 0;
    for (unsigned symbol : symbolsOf(map))
      stage = std::max(stage, knownFrom.lookup(symbol));
    return stage;
  }
};

SmallVector<LiveRange> liveRanges(plan::ProgramOp program, const Order &order) {
  SmallVector<LiveRange> ranges;
  for (plan::BufferOp buffer : program.getBody().getOps<plan::BufferOp>()) {
    if (buffer.getArena() != plan::Arena::scratch)
      continue;
    LiveRange range{buffer};
    for (Operation *user : buffer->getUsers()) {
      range.first = std::min(range.first, order.number.lookup(user));
      range.last = std::max(range.last, order.number.lookup(user));
    }
    if (range.last >= 0)
      range.stage = order.stageOf[range.first];
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

AffineMap mapOf(plan::ProgramOp program, ArrayRef<AffineExpr> expressions) {
  return AffineMap::get(0, program.getSymbols().size(), expressions, program.getContext());
}

struct PlaceBuffers : impl::PlaceBuffersBase<PlaceBuffers> {
  void runOnOperation() override {
    for (plan::ProgramOp program : getOperation().getOps<plan::ProgramOp>())
      place(program);
  }

  struct Slot {
    int64_t busyUntil, stage;
    double size;
    SmallVector<AffineExpr> sizes;
  };

  void place(plan::ProgramOp program) {
    constexpr double tokens = 256;
    Order order(program);
    SmallVector<Slot> slots;
    SmallVector<LiveRange> ranges = liveRanges(program, order);
    ::llvm::sort(ranges, [](const LiveRange &a, const LiveRange &b) {
      return a.first != b.first ? a.first < b.first : a.buffer->isBeforeInBlock(b.buffer);
    });
    SmallVector<int64_t> lastUse(order.stages, -1); // of the memory of each stage
    for (LiveRange &range : ranges) {
      if (range.last < 0) { // nobody touches it
        range.buffer.erase();
        continue;
      }
      AffineExpr bytes = bytesOf(range.buffer);
      // The slot's stage must know the size; memory of stages that are over is not kept for what comes later.
      int64_t known = order.knownStage(mapOf(program, bytes));
      double size = estimate(bytes, tokens);
      Slot *best = nullptr;
      auto waste = [&](const Slot &slot) { return std::abs(slot.size - size); };
      for (Slot &slot : slots)
        if (slot.busyUntil < range.first && slot.stage >= known && (!best || waste(slot) < waste(*best)))
          best = &slot;
      if (!best) {
        slots.push_back({-1, known == 0 ? 0 : range.stage, size, {}});
        best = &slots.back();
      }
      best->busyUntil = range.last;
      best->size = std::max(best->size, size);
      if (!::llvm::is_contained(best->sizes, bytes))
        best->sizes.push_back(bytes);
      range.buffer.setSlot(best - slots.begin());
      lastUse[best->stage] = std::max(lastUse[best->stage], order.stageOf[range.last]);
      ++bufferCount;
    }
    slotCount += slots.size();
    Builder builder(program.getContext());
    SmallVector<Attribute> maps;
    SmallVector<int64_t> slotStages;
    for (Slot &slot : slots) {
      maps.push_back(AffineMapAttr::get(mapOf(program, slot.sizes)));
      slotStages.push_back(slot.stage);
    }
    program.setSlotsAttr(builder.getArrayAttr(maps));
    if (order.stages == 1)
      return;
    program.setSlotStages(slotStages);
    program.setStagePools(poolsOf(lastUse));
  }

  /// Stages whose memory is not used after another one begins share it.
  static SmallVector<int64_t> poolsOf(ArrayRef<int64_t> lastUse) {
    SmallVector<int64_t> pools(lastUse.size(), 0), busyUntil;
    for (auto [stage, last] : ::llvm::enumerate(lastUse)) {
      if (last < 0)
        continue; // has no slots
      size_t pool = 0;
      while (pool < busyUntil.size() && busyUntil[pool] >= static_cast<int64_t>(stage))
        ++pool;
      if (pool == busyUntil.size())
        busyUntil.push_back(-1);
      busyUntil[pool] = last;
      pools[stage] = pool;
    }
    return pools;
  }
};

struct VerifyPlaced : impl::VerifyPlacedBase<VerifyPlaced> {
  void runOnOperation() override {
    for (plan::ProgramOp program : getOperation().getOps<plan::ProgramOp>())
      if (failed(verify(program)))
        return signalPassFailure();
  }

  LogicalResult verify(plan::ProgramOp program) {
    Order order(program);
    SmallVector<LiveRange> ranges = liveRanges(program, order);
    int64_t slots = program.getSlots() ? program.getSlots()->size() : 0;
    SmallVector<int64_t> slotStages(slots, 0), stagePools(order.stages, 0);
    if (auto stages = program.getSlotStages())
      slotStages.assign(stages->begin(), stages->end());
    if (auto pools = program.getStagePools())
      stagePools.assign(pools->begin(), pools->end());
    if (slotStages.size() != static_cast<size_t>(slots) || stagePools.size() != static_cast<size_t>(order.stages))
      return program.emitError("has ") << slots << " slots in " << order.stages << " stages, but says stages of "
                                       << slotStages.size() << " and pools of " << stagePools.size();
    for (auto [index, range] : ::llvm::enumerate(ranges)) {
      plan::BufferOp buffer = range.buffer;
      int64_t slot = buffer.getSlot().value_or(-1);
      if (slot < 0 || slot >= slots)
        return buffer.emitError("buffer '") << buffer.getLabel() << "' has no slot among " << slots;
      AffineMap sizes = cast<AffineMapAttr>((*program.getSlots())[slot]).getValue();
      if (!::llvm::is_contained(sizes.getResults(), bytesOf(buffer)))
        return buffer.emitError("slot ") << slot << " is not made for the buffer '" << buffer.getLabel() << "'";
      int64_t stage = slotStages[slot];
      if (stage < order.knownStage(sizes) || stage > range.stage)
        return buffer.emitError("slot ") << slot << " of stage " << stage << " cannot hold the buffer '"
                                         << buffer.getLabel() << "', which stage " << range.stage << " writes";
      for (LiveRange &other : ArrayRef<LiveRange>(ranges).drop_front(index + 1).vec()) {
        if (other.buffer.getSlot() == buffer.getSlot() && range.overlaps(other))
          return buffer.emitError("buffers '")
                 << buffer.getLabel() << "' and '" << other.buffer.getLabel() << "' live at once in slot " << slot;
      }
      // Nobody makes the memory anew while it holds a value.
      for (int64_t later = stage + 1; later < order.stages && range.last >= 0 && later <= order.stageOf[range.last];
           ++later)
        if (stagePools[later] == stagePools[stage] && ::llvm::is_contained(slotStages, later))
          return buffer.emitError("stage ") << later << " takes the memory of the buffer '" << buffer.getLabel() << "'";
    }
    return success();
  }
};

} // namespace
} // namespace lathe
