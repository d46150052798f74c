// For tests: an op of a small function, as a kernel of the catalogue says it computes it, compiled and run, against the
// reference evaluator. Symbols: batch = 2, tokens = 21.
#pragma once

#include "test/codegen/cpu/LoadedKernel.h"

#include "ir/reference/Evaluator.h"
#include "kernels-templates/Catalog.h"

#include "mlir/Parser/Parser.h"

#include <cmath>

namespace lathe::test {

using namespace mlir;

inline std::string parameterText(const kernels::Launch &launch) {
  std::string text;
  for (NamedAttribute parameter : launch.parameters) {
    std::string name = parameter.getName().str();
    if (auto type = dyn_cast<StringAttr>(parameter.getValue()))
      text += "using " + name + " = " + type.str() + ";\n";
    else if (auto boolean = dyn_cast<BoolAttr>(parameter.getValue()))
      text += "constexpr bool " + name + " = " + std::to_string(boolean.getValue()) + ";\n";
    else if (auto integer = dyn_cast<IntegerAttr>(parameter.getValue()))
      text += "constexpr int64_t " + name + " = " + std::to_string(integer.getInt()) + ";\n";
    else if (auto number = dyn_cast<FloatAttr>(parameter.getValue()))
      text += "constexpr float " + name + " = " + std::to_string(number.getValueAsDouble()) + "f;\n";
    else {
      text += "constexpr int64_t " + name + "[] = {";
      for (int64_t value : cast<DenseI64ArrayAttr>(parameter.getValue()).asArrayRef())
        text += std::to_string(value) + ",";
      text += "};\n";
    }
  }
  return text;
}

class Catalogue {
public:
  explicit Catalogue(const char *targetName = "cpu:native") : target(*Target::parse(targetName)) {
    context.loadDialect<llm::LlmDialect, func::FuncDialect>();
  }

  /// `args` with llm.dims #d<n> = (batch, tokens, n), #e = (tokens), #s = (); `body` defines %r of type `result`.
  void check(const std::string &kernelName, const std::string &args, const std::string &body, const std::string &result,
             double tolerance = 2e-6, size_t ops = 1) {
    SCOPED_TRACE(body);
    std::string text =
        "#e = affine_map<()[s0, s1] -> (s1)>\n#s = affine_map<()[s0, s1] -> ()>\n#b = affine_map<()[s0, s1] -> (s0)>\n"
        "#m = affine_map<()[s0, s1] -> (s0, 1, s1, s1)>\n#bt = affine_map<()[s0, s1] -> (s0, s1)>\n";
    for (const char *n : {"1", "3", "8", "37"})
      text += std::string("#d") + n + " = affine_map<()[s0, s1] -> (s0, s1, " + n + ")>\n";
    text += "#h = affine_map<()[s0, s1] -> (s0, s1, 4, 16)>\n#k = affine_map<()[s0, s1] -> (s0, s1, 2, 16)>\n";
    text += "func.func @f(" + args + ") -> " + result + " attributes {llm.symbols = [\"batch\", \"tokens\"]} {\n" +
            body + "\n  return %r : " + result + "\n}\n";
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
    ASSERT_TRUE(module);
    auto function = *module->getOps<func::FuncOp>().begin();
    llm::SymbolicShapes shapes(function);
    kernels::MatchContext match{target, shapes, [](Operation *) { return false; }};
    Operation *root = function.getBody().front().getTerminator()->getOperand(0).getDefiningOp();
    SmallVector<kernels::Launch, 2> launches;
    for (const auto &kernel : kernels::catalog())
      if (kernel->name() == kernelName)
        kernel->match(root, match, launches);
    ASSERT_FALSE(launches.empty());
    const kernels::Launch &launch = launches.front();
    EXPECT_EQ(launch.ops.size(), ops);

    std::vector<reference::Tensor> inputs;
    std::map<void *, reference::Tensor> values;
    for (BlockArgument argument : function.getArguments()) {
      inputs.push_back(randomTensor(argument, shapes));
      values.emplace(argument.getAsOpaquePointer(), inputs.back());
    }
    Result<std::vector<reference::Tensor>> expected =
        reference::evaluate(function, inputs, {{}, {{"batch", 2}, {"tokens", 21}}, {}});
    ASSERT_TRUE(expected) << expected.message();
    reference::Tensor output = *reference::Tensor::zeros(expected->front().type(), expected->front().shape());
    std::vector<void *> buffers;
    std::vector<reference::Tensor> constants;
    constants.reserve(launch.inputs.size());
    for (Value input : launch.inputs) {
      if (auto constant = input.getDefiningOp<llm::ConstantOp>()) {
        constants.push_back(*reference::tensorOf(constant.getValue()));
        buffers.push_back(const_cast<uint8_t *>(constants.back().bytes().data()));
      } else {
        ASSERT_TRUE(values.count(input.getAsOpaquePointer()));
        buffers.push_back(const_cast<uint8_t *>(values[input.getAsOpaquePointer()].bytes().data()));
      }
    }
    buffers.push_back(output.mutableBytes().data());
    std::vector<int64_t> params;
    for (AffineExpr param : launch.params)
      params.push_back(valueOf(param));
    auto code = loadTemplate(kernelName, parameterText(launch), launch.functors, target);
    ASSERT_TRUE(code) << launch.functors;
    runKernel(code, buffers, params, valueOf(launch.grid));
    std::vector<double> got = output.values<double>(), want = expected->front().values<double>();
    for (size_t i = 0; i < want.size(); ++i) {
      if (got[i] == want[i] || (std::isnan(want[i]) && std::isnan(got[i])))
        continue;
      ASSERT_NEAR(got[i], want[i], tolerance * std::max(1.0, std::abs(want[i]))) << i << "\n" << launch.functors;
    }
  }

private:
  Target target;
  MLIRContext context;

  int64_t valueOf(AffineExpr expression) {
    SmallVector<AffineExpr> symbols = {getAffineConstantExpr(2, &context), getAffineConstantExpr(21, &context)};
    return cast<AffineConstantExpr>(expression.replaceSymbols(symbols)).getValue();
  }
  reference::Tensor randomTensor(BlockArgument argument, const llm::SymbolicShapes &shapes) {
    std::vector<int64_t> shape;
    int64_t count = 1;
    auto sizes = *shapes.shapeOf(argument);
    for (AffineExpr size : sizes) {
      shape.push_back(valueOf(size));
      count *= shape.back();
    }
    Type element = cast<RankedTensorType>(argument.getType()).getElementType();
    std::vector<float> random = randomFloats(count, argument.getArgNumber() + 1);
    std::vector<double> values(random.begin(), random.end());
    for (double &value : values)
      value = element.isInteger(1) ? value > 0 : isa<IntegerType>(element) ? std::floor(value * 5) : value * 2;
    return *reference::Tensor::ofValues<double>(*llm::latheType(element), shape, std::span<const double>(values));
  }
};

inline const std::string x8 = "%x: tensor<?x?x8xf32> {llm.dims = #d8}",
                         y8 = "%y: tensor<?x1x8xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 1, 8)>}";
inline const std::string t8 = "tensor<?x?x8xf32>";

} // namespace lathe::test
