// A function from its text, for tests of the evaluator.
#pragma once

#include "ir/llm/Llm.h"
#include "ir/plan/Plan.h"
#include "ir/reference/Evaluator.h"

#include <gtest/gtest.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/IR/BuiltinOps.h>
#include <mlir/Parser/Parser.h>

namespace lathe::reference {

class EvaluatorTest : public testing::Test {
protected:
  EvaluatorTest() { context.loadDialect<mlir::func::FuncDialect, llm::LlmDialect, plan::PlanDialect>(); }

  /// The first function of the text.
  mlir::func::FuncOp parse(const char *text) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (!module) {
      ADD_FAILURE() << "the text does not parse";
      std::abort();
    }
    return *module->getOps<mlir::func::FuncOp>().begin();
  }

  static Tensor floats(std::vector<int64_t> shape, std::vector<double> values) {
    return *Tensor::ofValues<double>(LATHE_F32, std::move(shape), values);
  }
  static Tensor integers(std::vector<int64_t> shape, std::vector<int64_t> values) {
    return *Tensor::ofValues<int64_t>(LATHE_I64, std::move(shape), values);
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace lathe::reference
