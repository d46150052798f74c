// How functions are evaluated: symbols, weights, the observer, groups, and what failures say.
#include "ParsedFunction.h"

#include "mlir/IR/Builders.h"

namespace lathe::reference {
namespace {

TEST_F(EvaluatorTest, SymbolsFollowFromShapes) {
  auto function = parse(R"(
    func.func @f(%x: tensor<?x?xf32> {llm.name = "x", llm.dims = affine_map<()[s0, s1, s2] -> (s0, s1 * 2)>},
                 %m: tensor<?xf32> {llm.name = "m", llm.dims = affine_map<()[s0, s1, s2] -> (s1 + s2)>}) -> tensor<3xi64>
        attributes {llm.symbols = ["batch", "tokens", "past"]} {
      %0 = llm.dims affine_map<()[s0, s1, s2] -> (s0, s1, s2)> : tensor<3xi64>
      return %0 : tensor<3xi64>
    })");
  Tensor x = *Tensor::zeros(LATHE_F32, {2, 6});
  auto result = evaluate(function, std::vector{x, *Tensor::zeros(LATHE_F32, {8})});
  ASSERT_TRUE(result) << result.message();
  EXPECT_EQ((*result)[0].values<int64_t>(), (std::vector<int64_t>{2, 3, 5}));

  auto odd = evaluate(function, std::vector{*Tensor::zeros(LATHE_F32, {2, 5}), *Tensor::zeros(LATHE_F32, {8})});
  EXPECT_EQ(odd.message(), "@f: axis 1 of input 'x' is s1 * 2 (s1 is 'tokens'), which cannot be 5");
  auto negative = evaluate(function, std::vector{x, *Tensor::zeros(LATHE_F32, {2})});
  EXPECT_EQ(negative.message(), "@f: the size 'past' is negative: -1");
  auto rank = evaluate(function, std::vector{x, x});
  EXPECT_EQ(rank.message(), "@f: input 'm' has rank 1, got the shape [2, 6]");
}

TEST_F(EvaluatorTest, InputsThatContradictAreRefused) {
  auto function = parse(R"(
    func.func @f(%x: tensor<?xf32> {llm.name = "x", llm.dims = affine_map<()[s0] -> (s0)>},
                 %y: tensor<?xf32> {llm.name = "y", llm.dims = affine_map<()[s0] -> (s0)>}, %z: tensor<4xf32>) -> tensor<?xf32>
        attributes {llm.symbols = ["tokens"]} {
      return %x : tensor<?xf32>
    })");
  Tensor two = *Tensor::zeros(LATHE_F32, {2}), three = *Tensor::zeros(LATHE_F32, {3}),
         four = *Tensor::zeros(LATHE_F32, {4});
  EXPECT_EQ(evaluate(function, std::vector{two, three, four}).message(),
            "@f: axis 0 of input 'y' is s0 (s0 is 'tokens' = 2), which is 2, got 3");
  EXPECT_EQ(evaluate(function, std::vector{two, two, three}).message(),
            "@f: axis 0 of input 2 is 4, got the shape [3]");
  EXPECT_EQ(evaluate(function, std::vector{two}).message(), "@f takes 3 inputs, got 1");
  EXPECT_EQ(evaluate(function, std::vector{two, two, integers({4}, {1, 2, 3, 4})}).message(),
            "@f: input 2 is of F32, got I64[4]");
  EvaluateOptions options;
  options.symbols = {{"tokens", 7}};
  EXPECT_EQ(evaluate(function, std::vector{two, two, four}, options).message(),
            "@f: axis 0 of input 'x' is s0 (s0 is 'tokens' = 7), which is 7, got 2");
}

TEST_F(EvaluatorTest, AnUnknownSymbolIsNamedWhereItIsNeeded) {
  auto function = parse(R"(
    func.func @f() -> tensor<?x?xi64> attributes {llm.symbols = ["batch", "tokens"]} {
      %0 = llm.positions affine_map<()[s0, s1] -> (s0, s1, 3)> : tensor<?x?xi64> loc("positions")
      return %0 : tensor<?x?xi64>
    })");
  EvaluateOptions options;
  options.symbols = {{"batch", 1}};
  EXPECT_EQ(evaluate(function, {}, options).message(),
            "llm.positions at positions: no input's shape tells the value of s1 (s1 is 'tokens')");
  options.symbols["tokens"] = 2;
  auto result = evaluate(function, {}, options);
  ASSERT_TRUE(result) << result.message();
  EXPECT_EQ((*result)[0].values<int64_t>(), (std::vector<int64_t>{3, 4}));
}

TEST_F(EvaluatorTest, WeightsComeFromTheCaller) {
  auto function = parse(R"(
    func.func @f(%x: tensor<2xf32>) -> tensor<1xf32> {
      %w = llm.weight @"layer.weight" : tensor<1x2xf32> loc("layer")
      %y = llm.linear %x, %w : (tensor<2xf32>, tensor<1x2xf32>) -> tensor<1xf32>
      return %y : tensor<1xf32>
    })");
  std::vector inputs{floats({2}, {3, 4})};
  EXPECT_EQ(evaluate(function, inputs).message(),
            "llm.weight at layer: no weights are given, but 'layer.weight' is needed");
  EvaluateOptions options;
  std::vector<int64_t> shape = {1, 2};
  options.weights = [&](llvm::StringRef name, mlir::RankedTensorType) -> Result<Tensor> {
    EXPECT_EQ(name, "layer.weight");
    return floats(shape, {10, 100});
  };
  auto result = evaluate(function, inputs, options);
  ASSERT_TRUE(result) << result.message();
  EXPECT_EQ((*result)[0].values<double>(), (std::vector<double>{430}));
  shape = {2, 1};
  EXPECT_EQ(evaluate(function, inputs, options).message(),
            "llm.weight at layer: gives F32[2, 1], but its type is tensor<1x2xf32>");
}

TEST_F(EvaluatorTest, TheObserverSeesEveryOpAndMayEndIt) {
  auto function = parse(R"(
    func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {
      %0 = llm.neg %x : (tensor<2xf32>) -> tensor<2xf32>
      %1 = llm.abs %0 : (tensor<2xf32>) -> tensor<2xf32>
      return %1 : tensor<2xf32>
    })");
  std::vector<std::string> seen;
  EvaluateOptions options;
  options.observer = [&](mlir::Operation *op, std::span<const Tensor> results) {
    seen.push_back(op->getName().getStringRef().str() + " " + std::to_string(results[0].values<double>()[0]));
    return Status::success();
  };
  ASSERT_TRUE(evaluate(function, std::vector{floats({2}, {1, 2})}, options));
  EXPECT_EQ(seen, (std::vector<std::string>{"llm.neg -1.000000", "llm.abs 1.000000"}));
  options.observer = [](mlir::Operation *, std::span<const Tensor>) { return Status::failure("seen enough"); };
  EXPECT_EQ(evaluate(function, std::vector{floats({2}, {1, 2})}, options).message(), "seen enough");
}

TEST_F(EvaluatorTest, AGroupIsItsRegion) {
  auto function = parse(R"(
    func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {
      %0 = plan.group "pointwise"(%x) attributes {parameters = {}, functors = "", params = affine_map<() -> ()>,
          grid = affine_map<() -> (1)>, thread_scratch = affine_map<() -> (0)>, bytes_read = affine_map<() -> (0)>,
          packing = [""], workspaces = affine_map<() -> ()>, persistent = array<i64>} : (tensor<2xf32>) -> tensor<2xf32> {
      ^bb0(%a: tensor<2xf32>):
        %1 = llm.add %a, %a : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
        plan.yield %1 : tensor<2xf32>
      }
      return %0 : tensor<2xf32>
    })");
  auto result = evaluate(function, std::vector{floats({2}, {1, 2})});
  ASSERT_TRUE(result) << result.message();
  EXPECT_EQ((*result)[0].values<double>(), (std::vector<double>{2, 4}));
}

TEST_F(EvaluatorTest, OneOpForFolding) {
  auto function = parse(R"(
    func.func @f(%a: tensor<2xi64>, %b: tensor<i64>) -> tensor<2xi1> {
      %0 = llm.compare lt, %a, %b : (tensor<2xi64>, tensor<i64>) -> tensor<2xi1>
      return %0 : tensor<2xi1>
    })");
  mlir::Operation *op = &function.getBody().front().front();
  auto result = evaluateOp(op, std::vector{integers({2}, {1, 9}), integers({}, {5})});
  ASSERT_TRUE(result) << result.message();
  auto constant = elementsOf(&context, *result);
  ASSERT_TRUE(constant);
  EXPECT_EQ(*constant,
            mlir::DenseElementsAttr::get(mlir::RankedTensorType::get({2}, mlir::Builder(&context).getI1Type()),
                                         llvm::ArrayRef<bool>{true, false}));
  EXPECT_FALSE(evaluateOp(op, {}));
}

} // namespace
} // namespace lathe::reference
