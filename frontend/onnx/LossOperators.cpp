// ONNX operators that compare scores of classes with the right ones: NegativeLogLikelihoodLoss and
// SoftmaxCrossEntropyLoss. Sources: their operator documents.
#include "frontend/onnx/Operators.h"

#include "onnx-ml.pb.h"

using namespace mlir;

namespace lathe {

namespace {

/// The loss of log probabilities (batch, classes, d...) for the classes `target` (batch, d...), with optional weights
/// (classes). A target that is no class counts nothing.
Value lossOf(NodeBuilder &n, Value logits, Value target, Value weights) {
  if (n.rank(logits) < 2 || n.rank(target) != n.rank(logits) - 1)
    n.fail("has scores of rank " + std::to_string(n.rank(logits)) + " and targets of rank " +
           std::to_string(n.rank(target)));
  Builder &builder = n.state.builder;
  std::string reduction = n.text("reduction", "mean");
  if (reduction != "none" && reduction != "sum" && reduction != "mean")
    n.fail("has a reduction that is none of 'none', 'sum' and 'mean'");
  target = n.cast(target, builder.getI64Type());
  // (classes, 1...) == (batch, 1, d...): one true element among the classes.
  Value classes = n.range(n.sizeOf(logits, 1));
  SmallVector<int64_t> trailing;
  for (int64_t axis = 1; axis < n.rank(logits) - 1; ++axis)
    trailing.push_back(axis);
  if (!trailing.empty())
    classes = n.unsqueeze(classes, trailing);
  Value chosen = n.compare("eq", classes, n.unsqueeze(target, {1}));
  if (n.hasAttribute("ignore_index")) {
    Value ignored = n.scalar(builder.getI64Type(), static_cast<double>(n.integer("ignore_index", 0)));
    chosen = n.make<llm::AndOp>({chosen, n.compare("ne", n.unsqueeze(target, {1}), ignored)});
  }
  Type element = n.element(logits);
  Value zero = n.scalar(element, 0), weight = n.scalar(element, 1);
  if (weights) {
    n.needSame(logits, weights);
    weight = trailing.empty() ? weights : n.unsqueeze(weights, trailing);
  }
  auto pick = [&](Value from) { return n.reduce("sum", n.make<llm::SelectOp>({chosen, from, zero}), {1}, false); };
  Value loss = n.make<llm::NegOp>({pick(weights ? n.make<llm::MulOp>({logits, weight}) : logits)});
  if (reduction == "none")
    return loss;
  SmallVector<int64_t> all;
  for (int64_t axis = 0; axis < n.rank(loss); ++axis)
    all.push_back(axis);
  Value sum = n.reduce("sum", loss, all, false);
  if (reduction == "sum")
    return sum;
  return n.make<llm::DivOp>({sum, n.reduce("sum", pick(weight), all, false)});
}

} // namespace

void buildNegativeLogLikelihoodLoss(NodeBuilder &n) { n.give(lossOf(n, n.in(0), n.in(1), n.inOrNull(2))); }

void buildSoftmaxCrossEntropyLoss(NodeBuilder &n) { // scores, labels, weights -> loss, log probabilities
  Value x = n.in(0);
  if (n.rank(x) < 2)
    n.fail("has scores of rank " + std::to_string(n.rank(x)));
  Value shifted = n.make<llm::SubOp>({x, n.reduce("max", x, {1}, true)});
  Value sum = n.reduce("sum", n.make<llm::ExpOp>({shifted}), {1}, true);
  Value logits = n.make<llm::SubOp>({shifted, n.make<llm::LogOp>({sum})});
  n.give(lossOf(n, logits, n.in(1), n.inOrNull(2)));
  n.give(logits);
}

} // namespace lathe
