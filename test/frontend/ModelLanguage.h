// A fixture that builds models of one small matrix from a text of the model language.
#pragma once

#include "frontend/dsl/Dsl.h"
#include "ir/llm/Llm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

namespace lathe::test {

class ModelLanguage : public testing::Test {
protected:
  ModelLanguage() { context_.loadDialect<llm::LlmDialect, mlir::func::FuncDialect>(); }

  /// A model of one matrix (4, 2) named table, f32 zeros.
  Result<dsl::Built> build(const std::string &text) {
    Result<dsl::ModelText> model = dsl::parse({"m.lm", text});
    if (!model)
      return model.status();
    if (Status status = dsl::check(*model, context_); !status)
      return status;
    weights_ = WeightTable();
    EXPECT_TRUE(weights_.addOwned("table", LATHE_F32, {4, 2}, std::vector<uint8_t>(32)).ok());
    ModelSource source;
    source.kind = ModelSource::Kind::HuggingFace;
    source.path = "folder";
    source.parameter = [this](const std::string &key) -> Result<std::optional<ParameterValue>> {
      auto found = config_.find(key);
      return found == config_.end() ? std::optional<ParameterValue>() : found->second;
    };
    source.weights = &weights_;
    return dsl::build(*model, source, context_);
  }
  /// The message for a graph that uses the table, "" when it is built.
  std::string message(const std::string &parameters, const std::string &graph) {
    auto built = build("model m\nparameters {\n" + parameters +
                       "\n}\nweights {\n  w: [4, 2] hf \"table\"\n}\ngraph(ids) {\n" + graph + "\n}\n");
    return built ? "" : built.message();
  }
  std::string graph(const std::string &statements) {
    return message("", "h = embedding(w, ids)\n" + statements + "\nreturn linear(h, w)");
  }
  template <class Op> std::vector<Op> ops(mlir::ModuleOp module) {
    std::vector<Op> result;
    module.walk([&](Op op) { result.push_back(op); });
    return result;
  }

  mlir::MLIRContext context_;
  WeightTable weights_;
  std::map<std::string, ParameterValue> config_;
};

} // namespace lathe::test
