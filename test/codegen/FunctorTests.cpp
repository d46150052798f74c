// Pointwise chains as text: what is printed, what is refused, and that the form for float vectors computes the chain.
#include "kernels-templates/Functors.h"
#include "test/codegen/cpu/LoadedKernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"

#include <cmath>

using namespace lathe;
using namespace lathe::test;
using namespace mlir;

namespace {

struct Functors : testing::Test {
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  SmallVector<Operation *> ops;
  SmallVector<Value> inputs;
  Value result;

  void parse(const std::string &args, const std::string &body, const std::string &type) {
    context.loadDialect<llm::LlmDialect, func::FuncDialect>();
    module = parseSourceString<ModuleOp>("func.func @f(" + args + ") -> " + type + " {\n" + body +
                                             "\nreturn %r : " + type + "\n}\n",
                                         ParserConfig(&context));
    ASSERT_TRUE(module);
    auto function = *module->getOps<func::FuncOp>().begin();
    inputs.assign(function.getArguments().begin(), function.getArguments().end());
    for (Operation &op : function.getBody().front())
      if (!isa<func::ReturnOp, llm::ConstantOp>(op))
        ops.push_back(&op);
    result = function.getBody().front().getTerminator()->getOperand(0);
  }
  std::optional<std::string> print(FunctorForm form) { return printFunctor("chain", ops, inputs, result, form); }
};

TEST_F(Functors, roundsAfterEachOpAsTheGraphSays) {
  parse("%x: tensor<4xf16>, %y: tensor<4xf16>",
        "%a = llm.mul %x, %y : (tensor<4xf16>, tensor<4xf16>) -> tensor<4xf16>\n"
        "%r = llm.add %a, %y : (tensor<4xf16>, tensor<4xf16>) -> tensor<4xf16>",
        "tensor<4xf16>");
  EXPECT_EQ(*print(FunctorForm::Typed), "template <int N> LATHE_INLINE lathe::Lanes<lathe::Half, N> "
                                        "chain(lathe::Lanes<lathe::Half, N> a0, lathe::Lanes<lathe::Half, N> a1) {\n"
                                        "  lathe::Lanes<lathe::Half, N> v0 = lathe::roundTo<lathe::Half>((a0 * a1));\n"
                                        "  lathe::Lanes<lathe::Half, N> v1 = lathe::roundTo<lathe::Half>((v0 + a1));\n"
                                        "  return v1;\n}\n");
}

TEST_F(Functors, floatVectorsComputeTheChain) {
  parse("%x: tensor<4xf32>, %y: tensor<4xf32>",
        "%c = llm.constant dense<0x7F800000> : tensor<f32>\n%h = llm.constant dense<0.1> : tensor<1xf32>\n"
        "%m = llm.compare lt, %x, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>\n"
        "%s = llm.silu %x : (tensor<4xf32>) -> tensor<4xf32>\n%t = llm.mul %s, %h : (tensor<4xf32>, tensor<1xf32>) -> "
        "tensor<4xf32>\n"
        "%r = llm.select %m, %t, %c : (tensor<4xi1>, tensor<4xf32>, tensor<f32>) -> tensor<4xf32>",
        "tensor<4xf32>");
  std::optional<std::string> functor = print(FunctorForm::FloatVectors);
  ASSERT_TRUE(functor);
  auto kernel = loadKernel("entry", "#include \"common/cpu/pointwise.h\"\nnamespace lathe::functors {\n" + *functor +
                                        "}\nextern \"C\" void entry(const LatheKernelContext *c, int64_t, int64_t) {\n"
                                        "  using namespace lathe; auto **b = (float **)c->buffers;\n"
                                        "  store<4>(b[2], functors::chain(load<4>(b[0]), load<4>(b[1]))); }\n");
  ASSERT_TRUE(kernel) << *functor;
  std::vector<float> x = {1, -2, 3, 0.5f}, y = {2, -3, 4, 0}, z(4);
  runKernel(kernel, {x.data(), y.data(), z.data()}, {}, 1);
  for (int i = 0; i < 4; ++i)
    if (x[i] < y[i])
      EXPECT_NEAR(z[i], x[i] / (1 + std::exp(-x[i])) * 0.1, 1e-7);
    else
      EXPECT_EQ(z[i], INFINITY);
}

TEST_F(Functors, integerLiteralsAreExact) {
  parse("%x: tensor<4xi64>",
        "%c = llm.constant dense<-9223372036854775808> : tensor<i64>\n"
        "%r = llm.max %x, %c : (tensor<4xi64>, tensor<i64>) -> tensor<4xi64>",
        "tensor<4xi64>");
  EXPECT_NE(print(FunctorForm::Typed)->find("int64_t(9223372036854775808ul)"), std::string::npos);
  EXPECT_FALSE(print(FunctorForm::FloatVectors)); // its argument is no float
}

TEST_F(Functors, refusesWhatItCannotSay) {
  parse("%x: tensor<4x4xf32>", "%r = llm.softmax %x {axis = 1 : i64} : (tensor<4x4xf32>) -> tensor<4x4xf32>",
        "tensor<4x4xf32>");
  EXPECT_FALSE(isFunctorOp(ops[0]));
  EXPECT_FALSE(print(FunctorForm::Typed));
  inputs.clear();
  EXPECT_FALSE(printFunctor("chain", {}, inputs, result, FunctorForm::Typed));
}

} // namespace
