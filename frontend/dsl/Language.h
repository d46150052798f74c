// The model language as a tree: what the parser makes, the checker reads and the builder walks. docs/model-language.md
// is the reference. Relies on Status alone.
#pragma once

#include "runtime/Status.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::dsl {

/// A model file's text and name, for messages that show a place.
struct Source {
  std::string name, text;

  /// "llama.lm:12:5: message", the line, and a caret below the place. `offset` is at most the text's size.
  Status failure(uint32_t offset, const std::string &message) const;
  /// Line and column of an offset, counted from 1.
  std::pair<uint32_t, uint32_t> place(uint32_t offset) const;
};

/// The name of `known` that is nearest to `name`, as ", did you mean 'x'?", or "" when none is near.
std::string didYouMean(std::string_view name, const std::vector<std::string> &known);

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct NamedArgument {
  std::string name;
  uint32_t offset = 0;
  ExpressionPtr value;
};

struct Expression {
  enum class Kind {
    Integer,
    Float,
    Text,
    Bool,
    None,          // literals
    Name,          // text
    List,          // children
    Comprehension, // [children[0] for text in children[1]..children[2]]
    Index,         // children[0][children[1]]
    Call,          // text(children, named)
    Unary,         // text is "-" or "not"
    Binary,        // text is the operator
    Conditional,   // children[1] if children[0] else children[2]
  };
  Kind kind = Kind::None;
  uint32_t offset = 0;
  uint32_t depth = 1;
  std::string text;
  int64_t integer = 0;
  double number = 0;
  std::vector<ExpressionPtr> children;
  std::vector<NamedArgument> named;
};

struct Statement;
using Block = std::vector<Statement>;

struct Statement {
  enum class Kind {
    Assign,  // name = value
    For,     // for name in value..limit { body }
    If,      // if value { body } else { otherwise }
    Return,  // return value, or return name: value
    Require, // require value, message
  };
  Kind kind = Kind::Assign;
  uint32_t offset = 0;
  std::string name, message; // name: also of what a return gives
  ExpressionPtr value, limit;
  Block body, otherwise;
};

/// `name: type gguf "key" | "key" hf "key" = default`, or a `require` among the parameters.
struct Parameter {
  enum class Type { Int, Float, Bool, Text };
  std::string name;
  uint32_t offset = 0;
  Type type = Type::Int;
  bool isList = false; // [type]
  std::vector<std::string> gguf, hf;
  ExpressionPtr standard;             // null: required
  std::unique_ptr<Statement> require; // not null: this is no parameter
};

/// Where a weight lies in one kind of source. Names may hold {variable}.
struct WeightPlace {
  std::string name;
  bool transposed = false;
};

struct WeightDeclaration {
  std::string name;
  uint32_t offset = 0;
  std::vector<ExpressionPtr> shape;
  std::vector<WeightPlace> gguf, hf; // alternatives, tried in order
  bool optional = false;
  ExpressionPtr otherwise; // null: none
};

struct Function {
  std::string name;
  uint32_t offset = 0;
  std::vector<std::string> arguments;
  Block body;
};

/// `name: size = number`: integers of the shape (batch, size).
struct GraphArgument {
  std::string name;
  uint32_t offset = 0;
  std::string size = "tokens";
  std::optional<int64_t> otherwise; // every element, where the caller gives none
};

struct ModelText {
  Source source;
  std::string name;
  std::vector<std::string> gguf, hf; // architectures the model is for
  std::vector<Parameter> parameters;
  std::vector<WeightDeclaration> weights;
  std::vector<std::string> unusedGguf, unusedHf; // names of tensors that mean nothing to the graph
  std::vector<Function> functions;
  std::vector<GraphArgument> arguments; // of the graph; the first are the token ids
  uint32_t graphOffset = 0;
  Block graph;
};

/// Reads a file of the model language; only its form is checked.
Result<ModelText> parse(Source source);

} // namespace lathe::dsl
