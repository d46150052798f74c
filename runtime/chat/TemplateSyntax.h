// What a chat template is after parsing: statements and expressions with their lines. Relies on TemplateValue.h.
#pragma once

#include "runtime/chat/TemplateValue.h"

#include <deque>

namespace lathe::chat {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct Expression {
  enum class Kind {
    Literal,   // literal
    Name,      // text
    ListItems, // arguments
    Tuple,     // arguments
    DictItems, // arguments: key, value, key, value, ...
    Attribute, // arguments[0] . text
    Item,      // arguments[0] [ arguments[1] ]
    Slice,     // arguments[0] [ arguments[1] : arguments[2] : arguments[3] ]; each but the first may be null
    Call,      // arguments[0] ( arguments[1...], named )
    Filter,    // arguments[0] | text ( arguments[1...], named )
    Test,      // arguments[0] is text ( arguments[1...] )
    Unary,     // text arguments[0]
    Binary,    // arguments[0] text arguments[1]
    Compare,   // arguments[0] operators[0] arguments[1] operators[1] ...
    Condition, // arguments[0] if arguments[1] else arguments[2], which may be null
  };
  Kind kind;
  int line = 0;
  int depth = 1;
  std::string text;
  Value literal;
  std::vector<ExpressionPtr> arguments;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  std::vector<std::string> operators;
};

struct Statement;
using Body = std::vector<std::unique_ptr<Statement>>;

struct Statement {
  enum class Kind {
    Text,        // text
    Output,      // value
    If,          // branches
    For,         // names in value [if condition]: body, otherwise
    Set,         // target = value
    SetBlock,    // target = body, through value (a filter over the placeholder) if there is one
    Macro,       // text (names, defaults): body
    CallBlock,   // value (a call): body, with names for what the macro gives to caller()
    FilterBlock, // value (a filter over the placeholder): body
    With,        // names, defaults: body
    Group,       // body, in its own scope or not
    Break,
    Continue,
  };
  Kind kind;
  int line = 0;
  std::string text;
  ExpressionPtr target, value, condition;
  std::vector<std::string> names;
  std::vector<ExpressionPtr> defaults;                  // per name; null: none
  std::vector<std::pair<ExpressionPtr, Body>> branches; // If: a null condition is else
  Body body, otherwise;
};

/// The name under which a block's text reaches the filter of SetBlock and FilterBlock. Not a name a template can write.
inline constexpr const char *blockText = "(block)";

} // namespace lathe::chat
