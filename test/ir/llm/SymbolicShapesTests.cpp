// Canonical size expressions, what is known of their signs, and the shapes and contents of a small graph. Expected
// values follow from arithmetic by hand.
#include "ir/llm/Llm.h"
#include "ir/llm/SymbolicShapes.h"

#include <mlir/IR/BuiltinOps.h>
#include <mlir/Parser/Parser.h>

#include <gtest/gtest.h>

using namespace lathe::llm;
using mlir::AffineExpr;

namespace {

struct SizeExpressionsTest : testing::Test {
  mlir::MLIRContext context;
  SizeExpressions sizes{&context, {1, 1}}; // batch, tokens, and past from 0
  AffineExpr b = getAffineSymbolExpr(0, &context), t = getAffineSymbolExpr(1, &context),
             p = getAffineSymbolExpr(2, &context);
  AffineExpr c(int64_t value) { return sizes.constant(value); }
};

TEST_F(SizeExpressionsTest, EqualPolynomialsAreTheSameExpression) {
  EXPECT_EQ(sizes.mul(sizes.add(p, t), b), sizes.add(sizes.mul(t, b), sizes.mul(b, p)));
  EXPECT_EQ(sizes.sub(sizes.add(p, t), p), t);
  EXPECT_EQ(sizes.canonical(t + p), sizes.canonical(p + t));
  EXPECT_EQ(sizes.canonical((p + t) * 2 - p), sizes.canonical(t * 2 + p));
}

TEST_F(SizeExpressionsTest, Division) {
  EXPECT_EQ(sizes.floorDiv(sizes.mul(t, c(64)), c(4)), sizes.mul(t, c(16)));
  EXPECT_EQ(sizes.exactDiv(sizes.mul(b, sizes.add(p, t)), sizes.add(t, p)), b);
  EXPECT_EQ(sizes.exactDiv(sizes.mul(b, c(576)), sizes.mul(b, c(64))), c(9));
  EXPECT_FALSE(sizes.exactDiv(sizes.add(b, t), b));
  EXPECT_EQ(sizes.floorDiv(c(-7), c(2)), c(-4));
  // floor((6 t + 5) / 4) = t + floor((t + 2) / 2), as floor((2 t + 5) / 4) = floor((t + 2) / 2)
  EXPECT_EQ(sizes.floorDiv(sizes.add(sizes.mul(t, c(6)), c(5)), c(4)),
            sizes.add(t, sizes.floorDiv(sizes.add(t, c(2)), c(2))));
  EXPECT_EQ(sizes.mod(sizes.add(sizes.mul(t, c(8)), c(11)), c(8)), c(3));
  auto [quotient, rest] = sizes.divide(sizes.add(sizes.mul(b, sizes.add(p, t)), c(5)), sizes.add(p, t));
  EXPECT_EQ(quotient, b);
  EXPECT_EQ(rest, c(5));
}

TEST_F(SizeExpressionsTest, SignsFollowFromTheRangesOfSymbols) {
  EXPECT_EQ(sizes.max(t, c(1)), t);
  EXPECT_FALSE(sizes.max(p, c(1)));
  EXPECT_EQ(sizes.max(p, c(0)), p);
  EXPECT_EQ(sizes.min(t, sizes.add(p, t)), t);
  EXPECT_EQ(sizes.compare(sizes.mul(b, t), b), Order::GreaterEqual); // b (t - 1) >= 0
  EXPECT_EQ(sizes.compare(sizes.add(t, c(1)), t), Order::Greater);
  EXPECT_EQ(sizes.compare(p, t), Order::Unknown);
  EXPECT_EQ(sizes.upperBound(sizes.mod(t, c(8))), 7);
}

TEST_F(SizeExpressionsTest, Broadcasting) {
  EXPECT_EQ(sizes.broadcast(c(1), t), t);
  EXPECT_EQ(sizes.broadcast(t, t), t);
  EXPECT_EQ(sizes.broadcast(t, c(8)), c(8));
  EXPECT_FALSE(sizes.broadcast(t, sizes.add(p, t)));
}

TEST_F(SizeExpressionsTest, WhatIsTooLargeIsUnknown) {
  AffineExpr large = c(INT64_MAX);
  EXPECT_FALSE(sizes.add(large, c(1)));
  EXPECT_FALSE(sizes.mul(large, t + p * 2));
  AffineExpr power = sizes.add(t, p);
  for (int i = 0; i < 10 && power; ++i)
    power = sizes.mul(power, power);
  EXPECT_FALSE(power);
}

TEST(SymbolicShapesTest, ShapesAndContents) {
  mlir::MLIRContext context;
  context.loadDialect<mlir::func::FuncDialect, LlmDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(R"(
    func.func @f(%ids: tensor<?x?xi64> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, s1)>},
                 %past: tensor<?x2x?x16xf32> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, 2, s2, 16)>},
                 %cut: tensor<100x32xf32>)
        attributes {llm.symbols = ["batch", "tokens", "past"]} {
      %w = llm.weight @e : tensor<100x32xf32>
      %x = llm.embedding %w, %ids : (tensor<100x32xf32>, tensor<?x?xi64>) -> tensor<?x?x32xf32>
      %s = llm.constant dense<[0, 0, 2, -1]> : tensor<4xi64>
      %h = llm.reshape %x, %s : (tensor<?x?x32xf32>, tensor<4xi64>) -> tensor<?x?x2x?xf32>
      %k = llm.transpose %h {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x?xf32>) -> tensor<?x2x?x?xf32>
      %all = llm.concat %past, %k {axis = 2 : i64} : (tensor<?x2x?x16xf32>, tensor<?x2x?x?xf32>) -> tensor<?x2x?x16xf32>
      %shape = llm.shape_of %all : (tensor<?x2x?x16xf32>) -> tensor<4xi64>
      %b = llm.constant dense<-3> : tensor<1xi64>
      %e = llm.constant dense<9223372036854775807> : tensor<1xi64>
      %tail = llm.slice %shape, %b, %e {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<4xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xi64>
      %n = llm.reduce prod, %tail {axes = array<i64: 0>} : (tensor<?xi64>) -> tensor<i64>
      %t0 = llm.constant dense<0> : tensor<1xi64>
      %t1 = llm.dims affine_map<()[s0, s1, s2] -> (s1)> : tensor<1xi64>
      %rows = llm.slice %w, %t0, %t1 {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<100x32xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x32xf32>
      %given = llm.slice %cut, %t0, %t1 {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<100x32xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x32xf32>
      return
    })",
                                                        &context);
  ASSERT_TRUE(module);
  auto function = module->lookupSymbol<mlir::func::FuncOp>("f");
  SymbolicShapes shapes(function);
  const SizeExpressions &sizes = shapes.sizes();
  AffineExpr b = getAffineSymbolExpr(0, &context), t = getAffineSymbolExpr(1, &context),
             p = getAffineSymbolExpr(2, &context);
  std::vector<mlir::Operation *> ops;
  for (mlir::Operation &op : function.getBody().front())
    ops.push_back(&op);
  auto all = shapes.shapeOf(ops[5]->getResult(0));
  ASSERT_TRUE(all);
  EXPECT_EQ(*all, (llvm::SmallVector<AffineExpr>{b, sizes.constant(2), sizes.add(p, t), sizes.constant(16)}));
  auto tail = shapes.contentOf(ops[9]->getResult(0));
  ASSERT_TRUE(tail);
  EXPECT_EQ(tail->size(), 3u);
  auto count = shapes.contentOf(ops[10]->getResult(0));
  ASSERT_TRUE(count);
  EXPECT_EQ(count->front(), sizes.mul(sizes.add(p, t), sizes.constant(32)));
  EXPECT_EQ(shapes.elementCount(ops[5]->getResult(0)), sizes.product({b, sizes.add(p, t), sizes.constant(32)}));
  // What bounds cut out of a weight is taken to lie inside it (ir/llm/Tables.h); an argument may be shorter than they say.
  EXPECT_EQ(shapes.sizeOf(ops[13]->getResult(0), 0), t);
  EXPECT_FALSE(shapes.sizeOf(ops[14]->getResult(0), 0));
  EXPECT_EQ(shapes.sizeOf(ops[13]->getResult(0), 1), sizes.constant(32));
  EXPECT_FALSE(shapes.contentOf(function.getArgument(0)));
}

TEST(SymbolicShapesTest, NewOpsAtOldAddressesAreLookedAtAnew) {
  mlir::MLIRContext context;
  context.loadDialect<mlir::func::FuncDialect, LlmDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(R"(
    func.func @f(%x: tensor<?x8xf32> {llm.dims = affine_map<()[s0] -> (s0, 8)>}) attributes {llm.symbols = ["batch"]} {
      return
    })",
                                                        &context);
  auto function = module->lookupSymbol<mlir::func::FuncOp>("f");
  SymbolicShapes shapes(function);
  mlir::OpBuilder builder(function.getBody().front().getTerminator());
  for (int64_t round = 0; round < 64; ++round) {
    auto op =
        builder.create<UnsqueezeOp>(function.getLoc(), function.getArgument(0), llvm::ArrayRef<int64_t>{round % 3});
    auto shape = shapes.shapeOf(op.getResult());
    ASSERT_TRUE(shape);
    EXPECT_EQ(constantValue((*shape)[round % 3]), 1);
    op->erase();
  }
}

} // namespace
