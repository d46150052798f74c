// Makes a function of each test, has backends compute it, and compares; see RunChecks.h.
#include "ir/check/RunChecks.h"
#include "ir/check/Check.h"
#include "ir/llm/ControlOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/DenseSet.h"

#include <cmath>

using namespace mlir;

namespace lathe::check {

using reference::Tensor;

namespace {

std::map<std::string, CheckBackend> &backends() {
  static std::map<std::string, CheckBackend> registered = {
      {"reference", [](const CheckCase &test) {
         reference::EvaluateOptions options;
         options.weights = [&](StringRef name, RankedTensorType) -> Result<Tensor> {
           auto found = test.weights.find(name.str());
           if (found == test.weights.end())
             return Status::failure("there is no weight '" + name.str() + "'");
           return found->second;
         };
         return reference::evaluate(test.function, test.inputs, options);
       }}};
  return registered;
}

bool isCheck(Operation *op) { return isa<EqualOp, AlmostEqualOp>(op); }

Result<Tensor> weightOf(WeightOp op) {
  Result<Tensor> value = reference::tensorOf(op.getValue());
  auto type = cast<RankedTensorType>(op.getResult().getType());
  if (!value || value->size() == 0 || op.getValue().getType() == type)
    return value;
  return Tensor::ofBytes(*llm::latheType(type.getElementType()), type.getShape().vec(), value->bytes());
}

/// A test as a function of its inputs that gives the actual (or the expected) value of each check.
struct ExtractedTest {
  OwningOpRef<ModuleOp> module;
  CheckCase test;
  std::vector<Operation *> checks;
};

/// Puts what ops of `function` call into `module`, and what those functions call.
void copyCalled(func::FuncOp function, ModuleOp module) {
  function.walk([&](Operation *op) {
    for (FlatSymbolRefAttr name : llm::calledFunctions(op)) {
      auto called = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, name);
      if (!called || module.lookupSymbol(name.getValue()))
        continue;
      module.push_back(called.clone());
      copyCalled(called, module);
    }
  });
}

Result<ExtractedTest> extract(func::FuncOp source, bool expected) {
  ExtractedTest result;
  OpBuilder builder(source.getContext());
  result.module = ModuleOp::create(source.getLoc());
  builder.setInsertionPointToStart(result.module->getBody());
  auto symbols = source->getAttrOfType<ArrayAttr>("llm.symbols");
  if (!symbols) { // named after their places in the inputs' maps
    unsigned count = 0;
    source.walk(
        [&](InputOp input) { count = std::max(count, input.getSizes() ? input.getSizes()->getNumSymbols() : 0); });
    SmallVector<std::string> names;
    for (unsigned index = 0; index < count; ++index)
      names.push_back("s" + std::to_string(index));
    symbols = builder.getStrArrayAttr(SmallVector<StringRef>(names.begin(), names.end()));
  }
  unsigned symbolCount = symbols.size();

  SmallVector<Type> argumentTypes, resultTypes;
  SmallVector<DictionaryAttr> argumentAttributes;
  SmallVector<Operation *> arguments;
  for (Operation &op : source.getBody().front()) {
    if (isCheck(&op)) {
      result.checks.push_back(&op);
      continue;
    }
    Result<Tensor> value = Status::failure("");
    SmallVector<AffineExpr> sizes;
    AffineMap map;
    if (auto input = dyn_cast<InputOp>(op)) {
      value = reference::tensorOf(input.getValue());
      if (input.getSizes())
        map = *input.getSizes();
    } else if (auto cache = dyn_cast<CacheOp>(op)) {
      value = reference::emptyCache(cache.getType(), cache.getPages());
      map = AffineMap::get(0, symbolCount, builder.getAffineConstantExpr(cache.getPages()));
    } else {
      continue;
    }
    if (!value)
      return Status::failure(reference::describeOp(&op) + ": " + value.message());
    if (!map) {
      for (int64_t size : value->shape())
        sizes.push_back(builder.getAffineConstantExpr(size));
      map = AffineMap::get(0, symbolCount, sizes, builder.getContext());
    }
    argumentAttributes.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("llm.dims", AffineMapAttr::get(map)),
         builder.getNamedAttr("llm.name", builder.getStringAttr("in" + std::to_string(arguments.size())))}));
    argumentTypes.push_back(op.getResult(0).getType());
    arguments.push_back(&op);
    result.test.inputs.push_back(*value);
  }
  for (Operation *check : result.checks)
    resultTypes.push_back(check->getOperand(expected).getType());

  auto function = builder.create<func::FuncOp>(source.getLoc(), source.getName(),
                                               builder.getFunctionType(argumentTypes, resultTypes));
  function->setAttr("llm.symbols", symbols);
  function.setAllArgAttrs(argumentAttributes);
  for (unsigned index = 0; index < resultTypes.size(); ++index)
    function.setResultAttr(index, "llm.name", builder.getStringAttr("out" + std::to_string(index)));
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  IRMapping mapping;
  for (auto [op, argument] : ::llvm::zip(arguments, body->getArguments()))
    mapping.map(op->getResult(0), argument);
  for (Operation &op : source.getBody().front()) {
    if (isa<InputOp, CacheOp>(op) || isCheck(&op) || op.hasTrait<OpTrait::IsTerminator>())
      continue;
    if (auto weight = dyn_cast<WeightOp>(op)) {
      std::string name = "weight" + std::to_string(result.test.weights.size());
      Result<Tensor> value = weightOf(weight);
      if (!value)
        return Status::failure(reference::describeOp(&op) + ": " + value.message());
      result.test.weights.emplace(name, *value);
      mapping.map(weight.getResult(), builder.create<llm::WeightOp>(op.getLoc(), weight.getType(), name).getResult());
      continue;
    }
    builder.clone(op, mapping);
  }
  SmallVector<Value> results;
  for (Operation *check : result.checks)
    results.push_back(mapping.lookup(check->getOperand(expected)));
  builder.create<func::ReturnOp>(source.getLoc(), results);
  copyCalled(source, *result.module);
  for (Operation &op : ::llvm::make_early_inc_range(::llvm::reverse(*body)))
    if (!op.hasTrait<OpTrait::IsTerminator>() && op.use_empty() && !isa<llm::SizeOp>(op)) // shapes may use its symbol
      op.erase();
  result.test.function = function;
  return result;
}

std::string coordinatesOf(int64_t index, ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t size : ::llvm::reverse(shape)) {
    text = std::to_string(index % size) + (text.empty() ? "" : ", ") + text;
    index /= size;
  }
  return "[" + text + "]";
}

template <class V> std::string numberText(V value) {
  std::string text;
  ::llvm::raw_string_ostream stream(text);
  if constexpr (std::is_same_v<V, double>)
    stream << ::llvm::format("%.9g", value);
  else
    stream << value;
  return text;
}

/// Reports the first element that differs at the check, and how many do.
template <class V>
LogicalResult compareValues(Operation *check, StringRef backend, const Tensor &actual, const Tensor &expected) {
  std::vector<V> a = actual.values<V>(), e = expected.values<V>();
  auto almost = dyn_cast<AlmostEqualOp>(check);
  double rtol = almost ? almost.getRtol().convertToDouble() : 0, atol = almost ? almost.getAtol().convertToDouble() : 0;
  auto fits = [&](V x, V y) {
    if (x == y || (x != x && y != y))
      return true;
    if constexpr (std::is_same_v<V, double>)
      return almost && std::isfinite(y) && std::fabs(x - y) <= atol + rtol * std::fabs(y);
    return false;
  };
  int64_t first = -1, count = 0;
  for (int64_t i = 0; i < actual.size(); ++i)
    if (!fits(a[i], e[i])) {
      first = first < 0 ? i : first;
      ++count;
    }
  if (count == 0)
    return success();
  InFlightDiagnostic diagnostic = check->emitError()
                                  << backend << ": element " << coordinatesOf(first, actual.shape()) << " is "
                                  << numberText(a[first]) << ", expected " << numberText(e[first]);
  if (count > 1)
    diagnostic << "; " << count << " of " << actual.size() << " elements differ";
  return failure();
}

LogicalResult compare(Operation *check, StringRef backend, const Tensor &actual, const Tensor &expected) {
  if (actual.type() != expected.type() || actual.shape() != expected.shape())
    return check->emitError() << backend << ": got " << actual.describe() << ", expected " << expected.describe();
  switch (reference::numberOf(actual.type())) {
  case reference::Number::Real:
    return compareValues<double>(check, backend, actual, expected);
  case reference::Number::Signed:
    return compareValues<int64_t>(check, backend, actual, expected);
  case reference::Number::Unsigned:
    return compareValues<uint64_t>(check, backend, actual, expected);
  }
  __builtin_unreachable();
}

/// What is expected comes from the reference whatever backend computes what is checked.
LogicalResult runTest(func::FuncOp function, StringRef name, const CheckBackend &backend) {
  std::vector<Tensor> values[2];
  Result<ExtractedTest> tests[2] = {extract(function, false), extract(function, true)};
  for (bool isExpected : {false, true}) {
    Result<ExtractedTest> &extracted = tests[isExpected];
    if (!extracted)
      return function.emitError() << extracted.message();
    StringRef by = isExpected ? "reference" : name;
    Result<std::vector<Tensor>> results = (isExpected ? backends().at("reference") : backend)(extracted->test);
    if (!results)
      return function.emitError() << by << ": " << results.message();
    if (results->size() != extracted->checks.size())
      return function.emitError() << by << ": gave " << results->size() << " results, expected "
                                  << extracted->checks.size();
    values[isExpected] = std::move(*results);
  }
  bool failed = false;
  for (auto [index, check] : ::llvm::enumerate(tests[0]->checks))
    failed |= mlir::failed(compare(check, name, values[0][index], values[1][index]));
  return failure(failed);
}

struct RunChecksPass : PassWrapper<RunChecksPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RunChecksPass)
  RunChecksPass() = default;
  RunChecksPass(const RunChecksPass &other) : PassWrapper(other) { chosen = other.chosen; }

  StringRef getArgument() const final { return "run-checks"; }
  StringRef getDescription() const final { return "runs the functions without arguments that hold check ops"; }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<llm::LlmDialect, CheckDialect, func::FuncDialect>();
  }

  void runOnOperation() final {
    SmallVector<func::FuncOp> tests;
    getOperation().walk([&](func::FuncOp function) {
      bool checks = false;
      function.walk([&](Operation *op) { checks |= isCheck(op); });
      if (checks && function.getNumArguments() == 0 && function.getBody().hasOneBlock())
        tests.push_back(function);
    });
    if (tests.empty()) {
      getOperation().emitError("has no function without arguments that holds checks");
      return signalPassFailure();
    }
    for (const std::string &name : chosen) {
      auto backend = backends().find(name);
      if (backend == backends().end()) {
        std::string known;
        for (auto &entry : backends())
          known += (known.empty() ? "" : ", ") + entry.first;
        getOperation().emitError("there is no backend '") << name << "'; known: " << known;
        return signalPassFailure();
      }
      for (func::FuncOp test : tests)
        if (failed(runTest(test, name, backend->second)))
          signalPassFailure();
    }
    markAllAnalysesPreserved();
  }

  ListOption<std::string> chosen{*this, "backend",
                                 ::llvm::cl::desc("what computes the values: reference (default), ...")};

  LogicalResult initialize(MLIRContext *) final {
    if (chosen.empty())
      chosen = {std::string("reference")};
    return success();
  }
};

} // namespace

void registerCheckBackend(std::string name, CheckBackend backend) { backends()[std::move(name)] = std::move(backend); }
std::unique_ptr<Pass> createRunChecksPass() { return std::make_unique<RunChecksPass>(); }
void registerRunChecksPass() { registerPass(createRunChecksPass); }

} // namespace lathe::check
