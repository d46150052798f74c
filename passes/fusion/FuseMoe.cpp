// fuse-moe: a mixture of experts that is spelled out, each expert computing the rows that chose it => llm.moe. Proven
// element by element (ElementTerms.h): which rows an expert gets, with which weights, and where its results are added.
#include "passes/Passes.h"
#include "passes/fusion/ElementTerms.h"
#include "passes/fusion/FusePatterns.h"
#include "passes/fusion/FusionLog.h"
#include "passes/fusion/NearMiss.h"

#include "ir/llm/ControlOps.h"
#include "ir/llm/IndexOps.h"
#include "ir/llm/MoeOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_FUSEMOE
#include "passes/Passes.h.inc"

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }
bool isZero(Value value) {
  while (auto expand = value.getDefiningOp<llm::ExpandOp>())
    value = expand.getX();
  return llm::constantSplat(value) == 0.0;
}
Value behindFloatCasts(Value value) {
  while (auto cast = value.getDefiningOp<llm::CastOp>())
    if (isa<FloatType>(tensorOf(cast.getX()).getElementType()))
      value = cast.getX();
    else
      break;
  return value;
}

/// One expert's part of the sum: accumulated = before + scatter(rows of the expert).
struct Link {
  Operation *op = nullptr;
  Value before, indices, updates;
  bool perElement = false; ///< indices have the shape of the updates, else (rows, 1)
};

/// What an expert computes of its rows.
struct Expert {
  int64_t number = -1;
  std::optional<llm::Activation> activation;
  Value x; ///< what rows are taken of
  Value gate, up, down, gateBias, upBias, downBias;
};

/// How the chosen probabilities become weights.
struct Weighting {
  bool normalize = false;
  double scale = 1;
  bool operator==(const Weighting &) const = default;
};

/// Rows scattered into `before`: added, or put where zeros are (no expert gets a token twice).
std::optional<Link> scatterOf(Operation *op) {
  if (auto scatter = dyn_cast_or_null<llm::ScatterNdOp>(op))
    if (scatter.getReduction() == "add" || (scatter.getReduction() == "none" && isZero(scatter.getX())))
      return Link{op, scatter.getX(), scatter.getIndices(), scatter.getUpdates(), false};
  if (auto scatter = dyn_cast_or_null<llm::ScatterElementsOp>(op))
    if (scatter.getAxis() == 0 &&
        (scatter.getReduction() == "add" || (scatter.getReduction() == "none" && isZero(scatter.getX()))))
      return Link{op, scatter.getX(), scatter.getIndices(), scatter.getUpdates(), true};
  return std::nullopt;
}

std::optional<Link> linkOf(Operation *op) {
  if (auto link = scatterOf(op))
    return link;
  if (auto add = dyn_cast<llm::AddOp>(op))
    for (auto [scattered, before] : {std::pair(add.getRhs(), add.getLhs()), std::pair(add.getLhs(), add.getRhs())})
      if (auto link = scatterOf(scattered.getDefiningOp()); link && isZero(link->before) && scattered.hasOneUse())
        return Link{op, before, link->indices, link->updates, link->perElement};
  return std::nullopt;
}

/// The proof for one top_k. Says in `why` which condition did not hold.
class Mixture {
public:
  Mixture(llm::TopKOp top, const llm::SymbolicShapes &shapes) : top(top), shapes(shapes), terms(shapes) {}

  NearMiss why{"moe", "", 0};
  Operation *culprit = nullptr;

  /// Whether the sum that ends in `root` is one over all experts.
  bool prove(ArrayRef<Link> chain) {
    if (!readRouter())
      return false;
    std::vector<bool> seen(experts, false);
    for (const Link &link : chain) {
      Expert expert;
      Weighting own;
      if (!readLink(link, expert, own))
        return false;
      if (seen[expert.number])
        return fail("expert-twice", 6, "expert " + std::to_string(expert.number) + " is added twice", link.op);
      seen[expert.number] = true;
      if (!found.empty() && !agrees(expert, own, link))
        return false;
      weighting = own;
      found.push_back(expert);
    }
    for (int64_t number = 0; number < experts; ++number)
      if (!seen[number])
        return fail("expert-missing", 7,
                    "expert " + std::to_string(number) + " of " + std::to_string(experts) + " is not in the sum",
                    chain.front().op);
    ::llvm::sort(found, [](const Expert &a, const Expert &b) { return a.number < b.number; });
    return true;
  }

  Value build(PatternRewriter &rewriter, Value replaced) {
    Location location = replaced.getLoc();
    auto stack = [&](auto field) -> Value {
      if (!(found.front().*field))
        return {};
      SmallVector<Value> parts;
      for (const Expert &expert : found)
        parts.push_back(expert.*field);
      SmallVector<int64_t> shape = {experts};
      ::llvm::append_range(shape, tensorOf(parts.front()).getShape());
      Value all = rewriter.create<llm::ConcatOp>(location, parts, 0);
      Value sizes = rewriter.create<llm::ConstantOp>(location, rewriter.getI64TensorAttr(shape));
      return rewriter.create<llm::ReshapeOp>(location, RankedTensorType::get(shape, tensorOf(all).getElementType()),
                                             all, sizes);
    };
    Value x = found.front().x;
    SmallVector<int64_t> ones;
    for (int64_t axis = 0; axis + 1 < tensorOf(x).getRank(); ++axis)
      if (axis != rowAxis)
        ones.push_back(axis);
    if (!ones.empty())
      x = rewriter.create<llm::SqueezeOp>(location, x, ones);
    Value gate = stack(&Expert::gate), up = stack(&Expert::up), down = stack(&Expert::down);
    Value gateBias = stack(&Expert::gateBias), upBias = stack(&Expert::upBias), downBias = stack(&Expert::downBias);
    auto activation = found.front().activation
                          ? llm::ActivationAttr::get(rewriter.getContext(), *found.front().activation)
                          : llm::ActivationAttr();
    return rewriter.create<llm::MoeOp>(location, x, logits, gate, up, down, Value(), gateBias, upBias, downBias, chosen,
                                       sigmoid, weighting.normalize, APFloat(static_cast<float>(weighting.scale)), 1, 1,
                                       1, activation, false, APFloat(1.0f), APFloat(0.0f), APFloat(0.0f), false);
  }

private:
  llm::TopKOp top;
  const llm::SymbolicShapes &shapes;
  ElementTerms terms;
  Value logits;
  bool sigmoid = false, raw = false; ///< raw: the softmax comes after the choice
  int64_t experts = 0, chosen = 0, rowAxis = 0;
  std::vector<Expert> found;
  Weighting weighting;

  bool fail(StringRef condition, int progress, std::string text, Operation *at, std::string help = {}) {
    why = {"moe", condition, progress, std::move(text), std::move(help)};
    culprit = at;
    return false;
  }

  bool readRouter() {
    auto type = tensorOf(top.getX());
    auto k = llm::constantIntegers(top.getK());
    if (type.getRank() != 2 || top.getAxis() != 1 || type.isDynamicDim(1) || !k || top.getSmallest())
      return fail("router", 0, "the choice is not of the largest of a known number of experts for each row", top);
    experts = type.getDimSize(1), chosen = (*k)[0];
    Value scores = behindFloatCasts(top.getX());
    auto softmax = scores.getDefiningOp<llm::SoftmaxOp>();
    auto sigmoidOp = scores.getDefiningOp<llm::SigmoidOp>();
    if (softmax && softmax.getAxis() != 1)
      return fail("router-axis", 0,
                  "the softmax of the router is along axis " + std::to_string(softmax.getAxis()) +
                      ", not over the experts",
                  softmax);
    raw = !softmax && !sigmoidOp, sigmoid = bool(sigmoidOp);
    logits = behindFloatCasts(softmax ? softmax.getX() : sigmoidOp ? sigmoidOp.getX() : scores);
    return chosen >= 1 && chosen <= experts;
  }

  /// The places (token, slot) of a link's rows: elements of one non_zero.
  struct Rows {
    const Term *token = nullptr, *slot = nullptr;
  };

  bool readLink(const Link &link, Expert &expert, Weighting &own) {
    const Term *row = terms.variable(0), *column = terms.variable(1);
    const Term *to = terms.of(link.indices, link.perElement ? SmallVector<const Term *>{row, column}
                                                            : SmallVector<const Term *>{row, terms.number(0)});
    Rows rows;
    if (!readRows(to, link, rows, expert.number))
      return false;
    if (to != rows.token)
      return fail("scatter-rows", 3,
                  "the results of expert " + std::to_string(expert.number) +
                      " are not added to the rows of their tokens",
                  link.op);
    const Term *update = terms.of(link.updates, {row, column});
    if (!update->isApply("mul"))
      return fail("weights", 4,
                  "the results of expert " + std::to_string(expert.number) + " are not multiplied with weights",
                  link.op);
    for (int side : {0, 1}) {
      const Term *result = update->terms[side];
      auto down = result->kind == Term::Kind::Element ? result->value.getDefiningOp<llm::LinearOp>() : llm::LinearOp();
      if (!down || result->terms != std::vector<const Term *>{row, column})
        continue;
      return readWeight(update->terms[1 - side], rows, own, link) && readExpert(down, rows, expert);
    }
    return fail("expert", 4, "the results of expert " + std::to_string(expert.number) + " come from no linear map",
                link.op);
  }

  /// The rows are those whose slot of top_k holds the number of one expert.
  bool readRows(const Term *to, const Link &link, Rows &rows, int64_t &number) {
    auto places = to->kind == Term::Kind::Element ? to->value.getDefiningOp<llm::NonZeroOp>() : llm::NonZeroOp();
    if (!places || tensorOf(places.getX()).getRank() != 2 || to->terms[1] != terms.variable(0))
      return fail("places", 1, "rows are added at places that do not come from where an expert was chosen", link.op);
    const Term *a = terms.variable(2), *b = terms.variable(3);
    const Term *hit = terms.of(places.getX(), {a, b});
    if (hit->isApply("eq"))
      for (int side : {0, 1}) {
        const Term *choice = hit->terms[side], *wanted = hit->terms[1 - side];
        if (!choice->isElementOf(top.getIndices()) || wanted->kind != Term::Kind::Number)
          continue;
        number = wanted->number;
        bool isFirst = choice->terms == std::vector<const Term *>{a, b};
        if (!isFirst && choice->terms != std::vector<const Term *>{b, a})
          continue;
        if (number < 0 || number >= experts)
          return fail("expert-number", 2,
                      "expert " + std::to_string(number) + " is not among the " + std::to_string(experts), places);
        const Term *along[] = {terms.element(places.getResult(), {terms.number(0), terms.variable(0)}),
                               terms.element(places.getResult(), {terms.number(1), terms.variable(0)})};
        rows = {along[isFirst ? 0 : 1], along[isFirst ? 1 : 0]};
        return true;
      }
    return fail("hits", 2, "an expert's rows are not those that chose it", places);
  }

  bool readWeight(const Term *weight, const Rows &rows, Weighting &own, const Link &link) {
    const std::vector<const Term *> at = {rows.token, rows.slot};
    // A factor that is a constant.
    while (weight->isApply("mul")) {
      std::optional<double> factor;
      for (int side : {0, 1})
        if (weight->terms[side]->kind == Term::Kind::Element && !factor)
          if ((factor = llm::constantSplat(weight->terms[side]->value))) {
            own.scale *= *factor;
            weight = weight->terms[1 - side];
            break;
          }
      if (!factor)
        break;
    }
    auto isChosen = [&](const Term *term) { return term->isElementOf(top.getValues()) && term->terms == at; };
    if (!raw && isChosen(weight))
      return true;
    if (!raw && weight->isApply("div") && isChosen(weight->terms[0]) && weight->terms[1]->kind == Term::Kind::Element) {
      const Term *divisor = weight->terms[1];
      auto sum = divisor->value.getDefiningOp<llm::ReduceOp>();
      bool ofRow = sum && sum.getKind() == llm::Reduction::sum && sum.getAxes() == ArrayRef<int64_t>{1} &&
                   behindFloatCasts(sum.getX()) == top.getValues() && divisor->terms[0] == rows.token;
      if (ofRow && (!sum.getKeep() || divisor->terms[1]->isNumber(0))) {
        own.normalize = true;
        return true;
      }
    }
    if (raw && weight->kind == Term::Kind::Element && weight->terms == at)
      if (auto softmax = weight->value.getDefiningOp<llm::SoftmaxOp>())
        if (softmax.getAxis() == 1 && behindFloatCasts(softmax.getX()) == top.getValues()) {
          own.normalize = true; // the softmax of the chosen logits is that of all, divided by its sum
          return true;
        }
    return fail("weights", 5, "the weights are not the chosen probabilities, nor these divided by their sum", link.op);
  }

  bool readExpert(llm::LinearOp down, const Rows &rows, Expert &expert) {
    std::string name = "expert " + std::to_string(expert.number);
    expert.down = down.getWeight(), expert.downBias = down.getBias();
    Value inner = behindFloatCasts(down.getX());
    llm::LinearOp gate, up;
    if (auto glu = inner.getDefiningOp<llm::GluOp>()) {
      expert.activation = glu.getActivation();
      gate = glu.getGate().getDefiningOp<llm::LinearOp>();
      if (glu.getUp() && !(up = glu.getUp().getDefiningOp<llm::LinearOp>()))
        return fail("expert", 5, "the gated unit of " + name + " is not of two linear maps", glu);
      if (!glu.getUp())
        return fail("expert", 5, "gate and factor of " + name + " are rows of one matrix", glu);
    } else if (Operation *op = inner.getDefiningOp()) {
      expert.activation = isa<llm::SiluOp>(op)   ? std::optional(llm::Activation::silu)
                          : isa<llm::ReluOp>(op) ? std::optional(llm::Activation::relu)
                          : isa<llm::GeluOp>(op)
                              ? std::optional(cast<llm::GeluOp>(op).getApproximate() ? llm::Activation::gelu_tanh
                                                                                     : llm::Activation::gelu)
                              : std::nullopt;
      if (expert.activation)
        gate = op->getOperand(0).getDefiningOp<llm::LinearOp>();
    }
    if (!gate)
      return fail("expert", 5, name + " is no feed-forward layer of two linear maps", down);
    expert.gate = gate.getWeight(), expert.gateBias = gate.getBias();
    if (up)
      expert.up = up.getWeight(), expert.upBias = up.getBias();
    for (Value weight : {expert.gate, expert.up, expert.down})
      if (weight &&
          (!isStored(weight) || weight.getDefiningOp<llm::ConstantOp>() || !tensorOf(weight).hasStaticShape()))
        return fail("expert-weights", 5, "the matrices of " + name + " are not stored", down);
    for (llm::LinearOp linear : {gate, up})
      if (linear && !readX(linear.getX(), rows, expert))
        return fail("expert-rows", 6, name + " does not compute the rows of the tokens that chose it", linear);
    return true;
  }

  /// x of an expert: rows `token` of one value (.., tokens, .., columns) whose other axes are of size 1.
  bool readX(Value x, const Rows &rows, Expert &expert) {
    const Term *column = terms.variable(1);
    Value source;
    int64_t axisFound = 0;
    auto isSource = [&](Value value, ElementTerms::At at) {
      int64_t axis = -1, rank = static_cast<int64_t>(at.size());
      if (rank < 2 || at.back() != column || value == x)
        return false;
      for (int64_t i = 0; i + 1 < rank; ++i) {
        if (at[i] == rows.token && axis < 0)
          axis = i;
        else if (tensorOf(value).getDimSize(i) != 1)
          return false;
      }
      if (axis < 0)
        return false;
      source = value, axisFound = axis;
      return true;
    };
    (void)terms.of(x, {terms.variable(0), column}, isSource);
    if (!source || (expert.x && (expert.x != source || axisFound != rowAxis)))
      return false;
    if (found.empty())
      rowAxis = axisFound;
    expert.x = source;
    return axisFound == rowAxis;
  }

  bool agrees(const Expert &expert, const Weighting &own, const Link &link) {
    const Expert &first = found.front();
    auto sameForm = [](Value a, Value b) { return !a == !b && (!a || a.getType() == b.getType()); };
    if (!(own == weighting))
      return fail("weights-differ", 6, "experts are weighted in different ways", link.op);
    if (first.x != expert.x)
      return fail("expert-rows", 6, "experts take the rows of different values", link.op);
    if (first.activation != expert.activation || !sameForm(first.gate, expert.gate) || !sameForm(first.up, expert.up) ||
        !sameForm(first.down, expert.down) || !sameForm(first.gateBias, expert.gateBias) ||
        !sameForm(first.upBias, expert.upBias) || !sameForm(first.downBias, expert.downBias))
      return fail("experts-differ", 6,
                  "expert " + std::to_string(expert.number) + " has another form than expert " +
                      std::to_string(first.number),
                  link.op);
    return true;
  }
};

/// The choice of experts is what a reader knows a mixture by, so patterns begin there and look for the sum.
struct FormMoe : FusionPattern<llm::TopKOp> {
  using FusionPattern::FusionPattern;

  LogicalResult matchAndRewrite(llm::TopKOp top, PatternRewriter &rewriter) const override {
    SmallVector<Link> chain;
    if (!findSum(top, chain))
      return rewriter.notifyMatchFailure(top, "no sum of scattered rows follows");
    Mixture mixture(top, shapes);
    if (!mixture.prove(chain))
      return nearMiss(rewriter, top, mixture.why, mixture.culprit);
    Value sum = chain.front().op->getResult(0);
    rewriter.setInsertionPoint(chain.front().op);
    Value moe = mixture.build(rewriter, sum);
    if (moe.getType() != sum.getType())
      moe = rewriter.create<llm::CastOp>(sum.getLoc(), sum.getType(), moe);
    rewriter.replaceOp(chain.front().op, moe);
    return success();
  }

  /// The first sum of scattered rows that depends on the choice of experts; the links from its end back to zeros.
  static bool findSum(llm::TopKOp top, SmallVectorImpl<Link> &chain) {
    SetVector<Operation *> after;
    after.insert(top->user_begin(), top->user_end());
    constexpr size_t most = 100'000;
    Operation *last = nullptr;
    for (size_t i = 0; i < after.size() && i < most; ++i) {
      Operation *op = after[i];
      if (!linkOf(op)) {
        after.insert(op->user_begin(), op->user_end());
        continue;
      }
      // The end of the sum is a link that no other one goes on with.
      if (op->hasOneUse() && linkOf(*op->user_begin()))
        after.insert(*op->user_begin());
      else if (!last || op->isBeforeInBlock(last))
        last = op;
    }
    while (last) {
      std::optional<Link> link = linkOf(last);
      if (!link)
        return false;
      chain.push_back(*link);
      if (isZero(link->before))
        return true;
      last = link->before.getDefiningOp();
      if (!last || !last->hasOneUse())
        return false;
    }
    return false;
  }
};

struct FuseMoe : impl::FuseMoeBase<FuseMoe> {
  explicit FuseMoe(FusionLog *log) : log(log) {}
  FusionLog *log;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    llm::SymbolicShapes shapes(function);
    RewritePatternSet patterns(&getContext());
    patterns.add<FormMoe>(&getContext(), shapes);
    FusionListener listener(getArgument(), log);
    GreedyRewriteConfig config;
    config.listener = &listener;
    if (failed(applyPatternsAndFoldGreedily(function, std::move(patterns), config)))
      function.emitWarning("fuse-moe did not come to an end");
    function.walk([&](llm::MoeOp) { ++formedCount; });
  }
};

} // namespace

std::unique_ptr<Pass> createFuseMoe(FusionLog *log) { return std::make_unique<FuseMoe>(log); }

} // namespace lathe
