// Evaluates a model file: parameters from a source, then the graph statement by statement into the llm dialect. Used by
// ModelBuilder.cpp, Evaluate.cpp and Operations.cpp alone.
#pragma once

#include "frontend/dsl/Datum.h"
#include "frontend/dsl/Dsl.h"

#include "mlir/IR/Builders.h"

#include <set>

namespace lathe::dsl {

class ModelBuilder {
public:
  ModelBuilder(const ModelText &model, const ModelSource &source, mlir::MLIRContext &context);

  Result<Built> run();

private:
  using Frame = std::map<std::string, Datum>;
  enum class Flow { Next, Return, Failed };

  // All bool functions: false after fail().
  bool fail(uint32_t offset, const std::string &message);
  /// A fault of the model's files rather than of the text.
  bool failModel(const std::string &message);
  bool step(uint32_t offset);

  // ModelBuilder.cpp: parameters, weights, statements
  bool readParameters();
  bool readParameter(const Parameter &parameter);
  bool convert(const Parameter &parameter, const std::string &key, const ParameterItem &item, Datum &result);
  bool convert(const Parameter &parameter, const std::string &key, const ParameterValue &value, Datum &result);
  bool substitute(const std::string &pattern, uint32_t offset, std::string &result, size_t *endOfLast = nullptr);
  bool locate(const WeightDeclaration &weight, uint32_t offset, const Weight *&found, bool &transposed,
              std::string &wanted);
  bool useWeight(const WeightDeclaration &weight, uint32_t offset, Datum &result);
  bool checkShape(const WeightDeclaration &declaration, const Weight &weight, bool transposed);
  bool checkUnused();
  bool standIn(const WeightDeclaration &weight, const std::string &name, Datum &result);
  Status missing() const;
  Flow runBlock(const Block &block, Datum &result);
  Flow runStatement(const Statement &statement, Datum &result);
  bool require(const Statement &statement);
  mlir::OwningOpRef<mlir::ModuleOp> buildModule();

  // Evaluate.cpp: expressions
  bool evaluate(const Expression &expression, Datum &result);
  bool evaluateName(const Expression &expression, Datum &result);
  bool evaluateIndex(const Expression &expression, Datum &result);
  bool evaluateComprehension(const Expression &expression, Datum &result);
  bool evaluateUnary(const Expression &expression, Datum &result);
  bool evaluateBinary(const Expression &expression, Datum &result);
  bool evaluateCall(const Expression &call, Datum &result);
  bool callFunction(const Expression &call, const Function &function, std::vector<Datum> arguments, Datum &result);
  bool askQuestion(const Expression &call, Datum &result);
  bool callNumber(const Expression &call, const std::vector<Datum> &arguments, Datum &result);
  bool callTable(const Expression &call, Datum &result); // RotaryTables.cpp
  bool arithmetic(uint32_t offset, const std::string &symbol, const Datum &left, const Datum &right, Datum &result);
  bool compare(uint32_t offset, const std::string &symbol, const Datum &left, const Datum &right, Datum &result);
  bool condition(const Expression &expression, bool &result);
  bool integer(const Expression &expression, int64_t &result);

  // Operations.cpp: calls of the dialect's operations
  struct Argument {
    std::string name;
    uint32_t offset;
    Datum value;
  };
  bool callOperation(uint32_t offset, const std::string &mnemonic, const std::vector<Datum> &operands,
                     const std::vector<Argument> &named, Datum &result);
  bool callTyped(uint32_t offset, const std::string &mnemonic, const std::vector<Datum> &operands,
                 const std::vector<Argument> &named, Datum &result);
  bool attribute(uint32_t offset, const std::string &mnemonic, const std::string &name, const Datum &value,
                 mlir::NamedAttrList &attributes);
  /// The value as an operand: a tensor, or a constant of the element type `like` made of numbers.
  bool operand(uint32_t offset, const Datum &datum, mlir::Type like, mlir::Value &result);
  bool tensorArithmetic(uint32_t offset, const std::string &symbol, const Datum &left, const Datum &right,
                        Datum &result);
  /// An llm.dims of the sizes; one for each shape.
  bool sizes(uint32_t offset, const std::vector<Datum> &list, mlir::Value &shape,
             llvm::SmallVectorImpl<int64_t> &known);
  mlir::Value castTo(mlir::Location location, mlir::Value value, mlir::Type element);
  mlir::Location location(uint32_t offset, const std::string &mnemonic, llvm::ArrayRef<Datum> operands);
  bool finish(mlir::Operation *op, uint32_t offset, Datum &result);
  size_t segments(const std::string &operation);

  const ModelText &model_;
  const Source &text_;
  const ModelSource &source_;
  mlir::MLIRContext &context_;
  mlir::OpBuilder builder_;
  Status status_ = Status::success();
  uint64_t steps_ = 0, operations_ = 0;

  Frame parameters_;
  std::vector<Frame> frames_; // the innermost is last
  std::map<std::string, const WeightDeclaration *> weights_;
  std::map<std::string, const Function *> functions_;
  std::map<std::string, ParameterValue> given_;

  bool inGraph_ = false;
  mlir::Value positions_;
  std::string output_ = "logits"; // name of the result
  std::map<std::string, Datum> weightValues_; // by name in the source and shape
  std::set<std::string> used_;
  std::vector<std::string> missing_; // tensors
  llvm::DenseMap<mlir::AffineMap, mlir::Value> dims_;
  llvm::DenseMap<mlir::Attribute, mlir::Value> constants_;
  std::map<std::string, size_t> segments_;
  std::string prefix_; // of the weights used last: "blk.3"
};

} // namespace lathe::dsl
