// Generic kernels of the catalogue, from ops to machine code: what a kernel says it computes of a small function, compiled and
// run, against the reference evaluator. Symbols: batch = 2, tokens = 21.
#include "test/codegen/cpu/LoadedKernel.h"

#include "ir/reference/Evaluator.h"
#include "kernels-templates/Catalog.h"

#include "mlir/Parser/Parser.h"

#include <cmath>

using namespace lathe;
using namespace lathe::test;
using namespace mlir;

namespace {

std::string parameterText(const kernels::Launch &launch) {
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
  Catalogue() { context.loadDialect<llm::LlmDialect, func::FuncDialect>(); }

  /// `args` with llm.dims #d<n> = (batch, tokens, n), #e = (tokens), #s = (); `body` defines %r of type `result`.
  void check(const std::string &kernelName, const std::string &args, const std::string &body, const std::string &result,
             double tolerance = 2e-6, size_t ops = 1) {
    SCOPED_TRACE(body);
    std::string text = "#e = affine_map<()[s0, s1] -> (s1)>\n#s = affine_map<()[s0, s1] -> ()>\n#b = affine_map<()[s0, s1] -> (s0)>\n"
                       "#m = affine_map<()[s0, s1] -> (s0, 1, s1, s1)>\n#bt = affine_map<()[s0, s1] -> (s0, s1)>\n";
    for (const char *n : {"1", "3", "8", "37"})
      text += std::string("#d") + n + " = affine_map<()[s0, s1] -> (s0, s1, " + n + ")>\n";
    text += "#h = affine_map<()[s0, s1] -> (s0, s1, 4, 16)>\n#k = affine_map<()[s0, s1] -> (s0, s1, 2, 16)>\n";
    text += "func.func @f(" + args + ") -> " + result + " attributes {llm.symbols = [\"batch\", \"tokens\"]} {\n" + body +
            "\n  return %r : " + result + "\n}\n";
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
    ASSERT_TRUE(module);
    auto function = *module->getOps<func::FuncOp>().begin();
    llm::SymbolicShapes shapes(function);
    kernels::MatchContext match{Target::native(), shapes, [](Operation *) { return false; }};
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
    Result<std::vector<reference::Tensor>> expected = reference::evaluate(function, inputs, {{}, {{"batch", 2}, {"tokens", 21}}, {}});
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
    auto code = loadTemplate(kernelName, parameterText(launch), launch.functors);
    ASSERT_TRUE(code) << launch.functors;
    runKernel(code, buffers, params, valueOf(launch.grid));
    std::vector<double> got = output.values<double>(), want = expected->front().values<double>();
    for (size_t i = 0; i < want.size(); ++i) {
      if (std::isnan(want[i]) && std::isnan(got[i]))
        continue;
      ASSERT_NEAR(got[i], want[i], tolerance * std::max(1.0, std::abs(want[i]))) << i << "\n" << launch.functors;
    }
  }

private:
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

const std::string x8 = "%x: tensor<?x?x8xf32> {llm.dims = #d8}", y8 = "%y: tensor<?x1x8xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 1, 8)>}";
const std::string t8 = "tensor<?x?x8xf32>";

TEST(Catalog, everyUnaryOp) {
  Catalogue catalogue;
  for (const char *op : {"neg", "abs", "exp", "sigmoid", "tanh", "erf", "sin", "cos", "floor", "ceil", "round", "sign", "relu", "silu",
                         "gelu", "reciprocal"})
    catalogue.check("elementwise", x8, std::string("%r = llm.") + op + " %x : (" + t8 + ") -> " + t8, t8, 4e-6);
  for (const char *op : {"log", "sqrt", "rsqrt"})
    catalogue.check("elementwise", x8, std::string("%a = llm.abs %x : (" + t8 + ") -> " + t8 + "\n%r = llm.") + op + " %a : (" + t8 + ") -> " + t8,
                    t8, 4e-6, 2);
}

TEST(Catalog, everyBinaryOpOfFloatsAndIntegers) {
  Catalogue catalogue;
  for (const char *op : {"add", "sub", "mul", "div", "min", "max", "mod"}) {
    catalogue.check("elementwise", x8 + ", " + y8,
                    std::string("%r = llm.") + op + " %x, %y : (" + t8 + ", tensor<?x1x8xf32>) -> " + t8, t8);
    if (std::string(op) == "div" || std::string(op) == "mod")
      continue; // by 0: an error of the reference
    for (const char *type : {"i64", "i32", "i8"}) {
      std::string t = std::string("tensor<?x?x3x") + type + ">";
      catalogue.check("elementwise", "%x: " + t + " {llm.dims = #d3}, %y: " + t + " {llm.dims = #d3}",
                      std::string("%r = llm.") + op + " %x, %y : (" + t + ", " + t + ") -> " + t, t, 0);
    }
  }
  std::string t = "tensor<?x?x3xi64>";
  for (const char *op : {"div", "mod"})
    for (const char *divisor : {"3", "-3"})
      catalogue.check("elementwise", "%x: " + t + " {llm.dims = #d3}",
                      std::string("%c = llm.constant dense<") + divisor + "> : tensor<i64>\n%r = llm." + op + " %x, %c : (" + t +
                          ", tensor<i64>) -> " + t, t, 0);
}

TEST(Catalog, chainsOfMixedTypes) {
  Catalogue catalogue;
  catalogue.check("elementwise", "%x: tensor<?x?x8xf16> {llm.dims = #d8}, %i: tensor<?xi64> {llm.dims = #e}",
                  "%c = llm.constant dense<0.3> : tensor<f16>\n%n = llm.constant dense<-1> : tensor<i64>\n"
                  "%a = llm.mul %x, %c : (tensor<?x?x8xf16>, tensor<f16>) -> tensor<?x?x8xf16>\n"
                  "%s = llm.silu %a : (tensor<?x?x8xf16>) -> tensor<?x?x8xf16>\n"
                  "%b = llm.compare lt, %s, %x : (tensor<?x?x8xf16>, tensor<?x?x8xf16>) -> tensor<?x?x8xi1>\n"
                  "%d = llm.not %b : (tensor<?x?x8xi1>) -> tensor<?x?x8xi1>\n"
                  "%f = llm.cast %s : (tensor<?x?x8xf16>) -> tensor<?x?x8xf32>\n"
                  "%g = llm.exp %f : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>\n"
                  "%r = llm.select %d, %g, %f : (tensor<?x?x8xi1>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>",
                  t8, 2e-3, 7);
  catalogue.check("elementwise", "%i: tensor<?xi64> {llm.dims = #e}, %j: tensor<?xi64> {llm.dims = #e}, %m: tensor<?xi1> {llm.dims = #e}",
                  "%a = llm.compare ge, %i, %j : (tensor<?xi64>, tensor<?xi64>) -> tensor<?xi1>\n"
                  "%b = llm.and %a, %m : (tensor<?xi1>, tensor<?xi1>) -> tensor<?xi1>\n"
                  "%c = llm.xor %b, %m : (tensor<?xi1>, tensor<?xi1>) -> tensor<?xi1>\n"
                  "%d = llm.select %c, %b, %m : (tensor<?xi1>, tensor<?xi1>, tensor<?xi1>) -> tensor<?xi1>\n"
                  "%r = llm.cast %d : (tensor<?xi1>) -> tensor<?xbf16>",
                  "tensor<?xbf16>", 0, 5);
  catalogue.check("elementwise", "%x: tensor<?xf32> {llm.dims = #e}", "%r = llm.cast %x : (tensor<?xf32>) -> tensor<?xi32>", "tensor<?xi32>", 0);
  catalogue.check("elementwise", "%x: tensor<?xf32> {llm.dims = #e}",
                  "%s = llm.dims affine_map<()[s0, s1] -> (s0, 1, s1)> : tensor<3xi64>\n"
                  "%r = llm.expand %x, %s : (tensor<?xf32>, tensor<3xi64>) -> tensor<?x1x?xf32>", "tensor<?x1x?xf32>", 0);
}

TEST(Catalog, movesAndReductions) {
  Catalogue catalogue;
  catalogue.check("transpose", "%x: tensor<?x?x4x16xf32> {llm.dims = #h}",
                  "%r = llm.transpose %x {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x?x4x16xf32>) -> tensor<?x4x?x16xf32>",
                  "tensor<?x4x?x16xf32>", 0);
  catalogue.check("transpose", "%x: tensor<?x?x4x16xf16> {llm.dims = #h}",
                  "%r = llm.transpose %x {permutation = array<i64: 3, 0, 1, 2>} : (tensor<?x?x4x16xf16>) -> tensor<16x?x?x4xf16>",
                  "tensor<16x?x?x4xf16>", 0);
  catalogue.check("slice", "%x: tensor<?x?x37xf32> {llm.dims = #d37}",
                  "%b = llm.constant dense<[1, -34]> : tensor<2xi64>\n%e = llm.constant dense<[2147483647, 30]> : tensor<2xi64>\n"
                  "%r = llm.slice %x, %b, %e {axes = array<i64: 1, 2>, steps = array<i64: 1, 4>} : (tensor<?x?x37xf32>, tensor<2xi64>, "
                  "tensor<2xi64>) -> tensor<?x?x7xf32>", "tensor<?x?x7xf32>", 0);
  catalogue.check("concat", x8 + ", %y: tensor<?x?x8xf32> {llm.dims = #d8}",
                  "%r = llm.concat %x, %y, %x {axis = 1 : i64} : (" + t8 + ", " + t8 + ", " + t8 + ") -> " + t8, t8, 0);
  catalogue.check("gather", "%x: tensor<5x8xf32>, %i: tensor<?x?xi64> {llm.dims = #bt}",
                  "%r = llm.gather %x, %i {axis = 0 : i64} : (tensor<5x8xf32>, tensor<?x?xi64>) -> " + t8, t8, 0);
  for (const char *kind : {"sum", "mean", "max", "min", "prod"})
    for (const char *axes : {"1", "2", "0, 2", "0, 1, 2"})
      catalogue.check("reduce", "%x: tensor<?x?x8xf32> {llm.dims = #d8}",
                      std::string("%k = llm.reduce ") + kind + ", %x {axes = array<i64: " + axes + ">, keep} : (" + t8 +
                          ") -> tensor<?x?x?xf32>\n" + "%r = llm.reduce " + kind + ", %x {axes = array<i64: " + axes + ">, keep} : (" + t8 +
                          ") -> tensor<?x?x?xf32>", "tensor<?x?x?xf32>", 1e-5);
  for (const char *axis : {"0", "1", "2"}) {
    catalogue.check("softmax", x8, std::string("%r = llm.softmax %x {axis = ") + axis + " : i64} : (" + t8 + ") -> " + t8, t8);
    catalogue.check("cumsum", x8, std::string("%r = llm.cumsum %x {axis = ") + axis + " : i64} : (" + t8 + ") -> " + t8, t8, 1e-5);
  }
  catalogue.check("trilu", x8, "%r = llm.trilu %x {diagonal = -2 : i64} : (" + t8 + ") -> " + t8, t8, 0);
  catalogue.check("trilu", x8, "%r = llm.trilu %x {upper, diagonal = 1 : i64} : (" + t8 + ") -> " + t8, t8, 0);
  catalogue.check("layer_norm", x8 + ", %w: tensor<8xf32>, %b: tensor<8xf16>",
                  "%r = llm.layer_norm %x, %w, %b {epsilon = 1.0e-5 : f32} : (" + t8 + ", tensor<8xf32>, tensor<8xf16>) -> " + t8, t8, 1e-5);
}

TEST(Catalog, products) {
  Catalogue catalogue;
  catalogue.check("matmul", "%x: tensor<?x?x37xf32> {llm.dims = #d37}, %y: tensor<37x19xf32>",
                  "%r = llm.matmul %x, %y : (tensor<?x?x37xf32>, tensor<37x19xf32>) -> tensor<?x?x19xf32>", "tensor<?x?x19xf32>", 1e-5);
  catalogue.check("matmul", "%x: tensor<?x?x37xf32> {llm.dims = #d37}, %y: tensor<3x1x37x5xf32>",
                  "%r = llm.matmul %x, %y : (tensor<?x?x37xf32>, tensor<3x1x37x5xf32>) -> tensor<3x?x?x5xf32>", "tensor<3x?x?x5xf32>", 1e-5);
  catalogue.check("matmul", "%x: tensor<37xf16>, %y: tensor<37xf16>",
                  "%r = llm.matmul %x, %y : (tensor<37xf16>, tensor<37xf16>) -> tensor<f16>", "tensor<f16>", 2e-3);
  std::string q = "%q: tensor<?x?x4x16xf32> {llm.dims = #h}, %k: tensor<?x?x2x16xf32> {llm.dims = #k}, %v: tensor<?x?x2x16xf32> {llm.dims = #k}";
  std::string three = "(tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?x2x16xf32>", h = "tensor<?x?x4x16xf32>";
  catalogue.check("attention", q, "%r = llm.attention %q, %k, %v {scale = 0.25 : f32, causal, window = 9 : i64, operandSegmentSizes = "
                                  "array<i32: 1, 1, 1, 0, 0, 0, 0>} : " + three + ") -> " + h, h, 4e-6);
  catalogue.check("attention", q + ", %m: tensor<?x1x?x?xi1> {llm.dims = #m}, %s: tensor<4xf32>, %t: tensor<4xf16>",
                  "%r = llm.attention %q, %k, %v, %m, %s, %t {scale = 0.25 : f32, softcap = 5.0 : f32, operandSegmentSizes = "
                  "array<i32: 1, 1, 1, 1, 0, 1, 1>} : " + three + ", tensor<?x1x?x?xi1>, tensor<4xf32>, tensor<4xf16>) -> " + h, h, 4e-6);
}

} // namespace
