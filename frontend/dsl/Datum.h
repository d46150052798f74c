// A value while a model file is evaluated: numbers and texts known now, sizes known at run time, tensors of the graph.
#pragma once

#include "frontend/files/WeightTable.h"

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Types.h"
#include "mlir/IR/Value.h"

namespace lathe::dsl {

struct Datum {
  enum class Kind { None, Bool, Int, Float, Text, Size, List, Tensor, Type };

  Kind kind = Kind::None;
  int64_t integer = 0; // Int, Bool; of a Size how many operations made it
  double number = 0;
  std::string text;
  mlir::AffineExpr size; // of the function's symbols
  std::shared_ptr<const std::vector<Datum>> list;
  mlir::Value tensor;
  mlir::Type type;
  const Weight *weight = nullptr; // Tensor: the weight it is, when it is one as stored

  static Datum ofBool(bool value) { return make(Kind::Bool, value); }
  static Datum ofInt(int64_t value) { return make(Kind::Int, value); }
  static Datum ofFloat(double value) {
    Datum datum = make(Kind::Float, 0);
    datum.number = value;
    return datum;
  }
  static Datum ofText(std::string value) {
    Datum datum = make(Kind::Text, 0);
    datum.text = std::move(value);
    return datum;
  }
  static Datum ofSize(mlir::AffineExpr value, int64_t operations) {
    Datum datum = make(Kind::Size, operations);
    datum.size = value;
    return datum;
  }
  static Datum ofList(std::vector<Datum> value) {
    Datum datum = make(Kind::List, 0);
    datum.list = std::make_shared<const std::vector<Datum>>(std::move(value));
    return datum;
  }
  static Datum ofTensor(mlir::Value value, const Weight *weight = nullptr) {
    Datum datum = make(Kind::Tensor, 0);
    datum.tensor = value;
    datum.weight = weight;
    return datum;
  }
  static Datum ofType(mlir::Type value) {
    Datum datum = make(Kind::Type, 0);
    datum.type = value;
    return datum;
  }

  bool isNumber() const { return kind == Kind::Int || kind == Kind::Float; }
  double asNumber() const { return kind == Kind::Int ? static_cast<double>(integer) : number; }
  /// "an integer", "a tensor", ...
  const char *kindName() const {
    static constexpr const char *names[] = {
        "none", "a boolean", "an integer", "a number", "a text", "a symbolic size", "a list", "a tensor", "a type"};
    return names[static_cast<int>(kind)];
  }

private:
  static Datum make(Kind kind, int64_t integer) {
    Datum datum;
    datum.kind = kind;
    datum.integer = integer;
    return datum;
  }
};

} // namespace lathe::dsl
