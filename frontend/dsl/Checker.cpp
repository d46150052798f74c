// Static checks of a model file: every name is known where it is used, every call is one of something. Relies on the
// llm dialect's registration for the names of operations and attributes.
#include "frontend/dsl/Dsl.h"
#include "frontend/dsl/Names.h"

#include "ir/llm/Llm.h"
#include "mlir/IR/MLIRContext.h"

#include <set>

namespace lathe::dsl {

namespace {

class Checker {
public:
  Checker(const ModelText &model, mlir::MLIRContext &context)
      : model_(model), source_(model.source), context_(context) {}

  Status run() {
    for (const WeightDeclaration &weight : model_.weights)
      if (Status status = declare(weight.name, weight.offset); !status)
        return status;
    for (const Parameter &parameter : model_.parameters) {
      if (parameter.require) {
        if (Status status = statement(*parameter.require); !status)
          return status;
        continue;
      }
      if (parameter.standard)
        if (Status status = expression(*parameter.standard); !status)
          return status;
      if (Status status = declare(parameter.name, parameter.offset); !status)
        return status;
    }
    for (const WeightDeclaration &weight : model_.weights) {
      locals_ = variablesOf(weight);
      for (const ExpressionPtr &size : weight.shape)
        if (Status status = expression(*size); !status)
          return status;
      if (weight.otherwise)
        if (Status status = expression(*weight.otherwise); !status)
          return status;
    }
    locals_.clear();
    inGraph_ = true;
    for (const Function &function : model_.functions) {
      locals_.clear();
      locals_.insert(function.arguments.begin(), function.arguments.end());
      if (Status status = block(function.body); !status)
        return status;
      if (!returns(function.body))
        return source_.failure(function.offset, "the function '" + function.name + "' does not end with 'return'");
      if (Status status = declare(function.name, function.offset); !status)
        return status;
      functions_.emplace(function.name, &function);
    }
    if (Status status = graphArguments(); !status)
      return status;
    if (Status status = block(model_.graph); !status)
      return status;
    if (!returns(model_.graph))
      return source_.failure(model_.graphOffset, "the graph does not end with 'return'");
    return Status::success();
  }

private:
  /// The names in braces in the names of a weight: they have values where it is used.
  static std::set<std::string> variablesOf(const WeightDeclaration &weight) {
    std::set<std::string> found;
    for (const auto *places : {&weight.gguf, &weight.hf})
      for (const WeightPlace &place : *places)
        for (size_t open = place.name.find('{'); open != std::string::npos; open = place.name.find('{', open + 1))
          if (size_t close = place.name.find('}', open); close != std::string::npos)
            found.insert(place.name.substr(open + 1, close - open - 1));
    return found;
  }

  Status declare(const std::string &name, uint32_t offset) {
    bool known = name == "source" || isOneOf(name, numberFunctions) || isOneOf(name, questions) ||
                 isOneOf(name, tableFunctions) || isOneOf(name, typeNames) || isOneOf(name, graphNames);
    if (known || !globals_.insert(name).second)
      return source_.failure(offset, "the name '" + name + "' is taken");
    return Status::success();
  }

  /// Inputs and the sizes they bring become names of the graph.
  Status graphArguments() {
    auto taken = [&](const GraphArgument &argument, const std::string &name) {
      return source_.failure(argument.offset, "the name '" + name + "' is taken");
    };
    locals_.clear();
    std::set<std::string> sizes = {"batch", "tokens"};
    for (const GraphArgument &argument : model_.arguments) {
      if (globals_.contains(argument.size) || argument.size == "positions" || locals_.contains(argument.size))
        return taken(argument, argument.size);
      sizes.insert(argument.size);
      if (globals_.contains(argument.name) || isOneOf(argument.name, graphNames) || sizes.contains(argument.name) ||
          !locals_.insert(argument.name).second)
        return taken(argument, argument.name);
    }
    if (model_.arguments.front().size != "tokens" || model_.arguments.front().otherwise)
      return source_.failure(model_.arguments.front().offset, "the first input are the token ids, (batch, tokens)");
    locals_.insert(sizes.begin(), sizes.end());
    return Status::success();
  }

  static bool returns(const Block &block) {
    if (block.empty())
      return false;
    const Statement &last = block.back();
    return last.kind == Statement::Kind::Return ||
           (last.kind == Statement::Kind::If && returns(last.body) && returns(last.otherwise));
  }

  Status block(const Block &block) {
    for (const Statement &inner : block)
      if (Status status = statement(inner); !status)
        return status;
    return Status::success();
  }

  Status statement(const Statement &statement) {
    if (Status status = expression(*statement.value); !status)
      return status;
    if (statement.limit)
      if (Status status = expression(*statement.limit); !status)
        return status;
    if (statement.kind == Statement::Kind::Assign || statement.kind == Statement::Kind::For) {
      if (globals_.contains(statement.name) || isOneOf(statement.name, graphNames))
        return source_.failure(statement.offset, "'" + statement.name + "' is declared already and cannot be assigned");
      locals_.insert(statement.name);
    }
    if (Status status = block(statement.body); !status)
      return status;
    return block(statement.otherwise);
  }

  Status expression(const Expression &expression) {
    if (expression.kind == Expression::Kind::Name)
      return name(expression);
    if (expression.kind == Expression::Kind::Call)
      if (Status status = call(expression); !status)
        return status;
    if (expression.kind == Expression::Kind::Comprehension) {
      for (size_t child : {1, 2})
        if (Status status = this->expression(*expression.children[child]); !status)
          return status;
      bool isNew = locals_.insert(expression.text).second;
      Status status = this->expression(*expression.children[0]);
      if (isNew)
        locals_.erase(expression.text);
      return status;
    }
    for (const ExpressionPtr &child : expression.children)
      if (Status status = this->expression(*child); !status)
        return status;
    for (const NamedArgument &argument : expression.named)
      if (Status status = this->expression(*argument.value); !status)
        return status;
    return Status::success();
  }

  Status name(const Expression &expression) {
    const std::string &name = expression.text;
    if (locals_.contains(name) || (globals_.contains(name) && !functions_.contains(name)) || name == "source" ||
        isOneOf(name, typeNames) || (inGraph_ && isOneOf(name, graphNames)))
      return Status::success();
    std::vector<std::string> known(locals_.begin(), locals_.end());
    known.insert(known.end(), globals_.begin(), globals_.end());
    if (inGraph_)
      known.insert(known.end(), std::begin(graphNames), std::end(graphNames));
    return source_.failure(expression.offset, "unknown name '" + name + "'" + didYouMean(name, known));
  }

  Status call(const Expression &call) {
    const std::string &name = call.text;
    if (auto found = functions_.find(name); found != functions_.end()) {
      size_t wanted = found->second->arguments.size();
      if (!call.named.empty())
        return source_.failure(call.named.front().offset, "a function of the file takes no named arguments");
      if (call.children.size() != wanted)
        return source_.failure(call.offset, "'" + name + "' takes " + std::to_string(wanted) + " arguments, got " +
                                                std::to_string(call.children.size()));
      return Status::success();
    }
    std::optional<mlir::RegisteredOperationName> operation;
    if (!isOneOf(name, hiddenOperations))
      operation = mlir::RegisteredOperationName::lookup("llm." + name, &context_);
    if (!operation && !isOneOf(name, numberFunctions) && !isOneOf(name, questions) && !isOneOf(name, tableFunctions)) {
      std::vector<std::string> known(std::begin(numberFunctions), std::end(numberFunctions));
      known.insert(known.end(), std::begin(questions), std::end(questions));
      known.insert(known.end(), std::begin(tableFunctions), std::end(tableFunctions));
      for (const auto &function : functions_)
        known.push_back(function.first);
      for (mlir::RegisteredOperationName other : context_.getRegisteredOperations())
        if (other.getDialectNamespace() == "llm" && !isOneOf(std::string_view(other.stripDialect()), hiddenOperations))
          known.push_back(other.stripDialect().str());
      return source_.failure(call.offset, "unknown operation '" + name + "'" + didYouMean(name, known));
    }
    std::vector<std::string> attributes;
    if (isOneOf(name, typedCalls)) {
      if (name == "slice")
        attributes = {"axis", "from", "to"};
    } else if (isOneOf(name, tableFunctions)) {
      attributes.assign(std::begin(frequencyArguments), std::end(frequencyArguments));
      if (!call.children.empty())
        return source_.failure(call.offset, "the arguments of '" + name + "' are named");
    } else if (operation) {
      for (mlir::StringAttr attribute : operation->getAttributeNames())
        if (!attribute.getValue().starts_with("operandSegmentSizes") &&
            !attribute.getValue().starts_with("operand_segment_sizes"))
          attributes.push_back(attribute.str());
    }
    std::set<std::string> given;
    for (const NamedArgument &argument : call.named) {
      if (std::find(attributes.begin(), attributes.end(), argument.name) == attributes.end())
        return source_.failure(argument.offset, "'" + name + "' has no attribute '" + argument.name + "'" +
                                                    didYouMean(argument.name, attributes));
      if (!given.insert(argument.name).second)
        return source_.failure(argument.offset, "the attribute '" + argument.name + "' is given twice");
    }
    return Status::success();
  }

  const ModelText &model_;
  const Source &source_;
  mlir::MLIRContext &context_;
  std::set<std::string> globals_, locals_;
  std::map<std::string, const Function *> functions_;
  bool inGraph_ = false;
};

} // namespace

Status check(const ModelText &model, mlir::MLIRContext &context) { return Checker(model, context).run(); }

} // namespace lathe::dsl
