// llm.matmul of two values; leading axes broadcast, vectors are matrices with an axis of size 1.
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

constexpr int64_t tileRows = 8, tileColumns = 64;

struct MatmulKernel : Kernel {
  StringRef name() const override { return "matmul"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::MatmulOp>(root);
    if (!op || !isPlain({op.getLhs(), op.getRhs()}) || elementTypeOf(op.getLhs()).isInteger(1))
      return;
    std::optional<Expressions> a = context.shapes.shapeOf(op.getLhs()), b = context.shapes.shapeOf(op.getRhs());
    std::optional<Expressions> c = context.shapes.shapeOf(op.getResult());
    if (!a || !b || !c)
      return;
    AffineExpr one = getAffineConstantExpr(1, op.getContext());
    if (a->size() == 1)
      a->insert(a->begin(), one);
    if (b->size() == 1)
      b->push_back(one);
    size_t batchRank =
        c->size() - (tensorTypeOf(op.getLhs()).getRank() > 1) - (tensorTypeOf(op.getRhs()).getRank() > 1);
    AffineExpr m = (*a)[a->size() - 2], depth = a->back(), n = b->back();
    Expressions batch(c->begin(), c->begin() + batchRank);
    auto leading = [&](const Expressions &shape) {
      Expressions sizes(batchRank - (shape.size() - 2), one);
      sizes.append(shape.begin(), shape.end() - 2);
      return sizes;
    };
    Expressions batchOfA = leading(*a), batchOfB = leading(*b);
    // One matrix for the whole batch: its rows are one long matrix.
    bool sharedB = ::llvm::all_of(batchOfB, [&](AffineExpr size) { return size == one; }) && batchOfA == batch;
    if (sharedB && batchRank > 0) {
      Expressions rows(batch);
      rows.push_back(m);
      if (AffineExpr all = productOf(context, rows)) {
        m = all;
        batch.clear(), batchOfA.clear(), batchOfB.clear();
      }
    }
    AffineExpr batches = productOf(context, batch);
    if (!batches)
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, {op.getLhs(), op.getRhs()});
    launch.set(builder, "rank", static_cast<int64_t>(batch.size()));
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getLhs())));
    launch.params.assign({m, n, depth});
    for (const Expressions *sizes : {&batch, &batchOfA, &batchOfB})
      launch.params.append(sizes->begin(), sizes->end());
    launch.grid = batches * m.ceilDiv(tileRows) * n.ceilDiv(tileColumns);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(matmul, lathe::kernels::MatmulKernel)
