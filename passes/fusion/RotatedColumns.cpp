// See RotatedColumns.h.
#include "passes/fusion/RotatedColumns.h"
#include "passes/fusion/ColumnTerms.h"

#include "ir/llm/Llm.h"

#include <cmath>

using namespace mlir;

namespace lathe {

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// number * x[column] * turn
struct Part {
  double number = 0;
  int64_t column = 0; // of x
  Factor turn;
};

class Reader {
public:
  Reader(Value result, ArrayRef<AffineExpr> sizes, const llm::SymbolicShapes &shapes, std::string &why)
      : result(result), shapes(shapes), why(why), coordinates(shapes, sizes, result.getContext()),
        terms(shapes, coordinates, coordinates[4]) {}

  std::optional<Rotation> read() {
    int64_t columns = tensorOf(result).getShape().back();
    rotation.columns = columns;
    Part straight, turned;
    // Two columns tell a rotation from anything else; the pairs follow from the first.
    if (!readColumn(0, straight, turned))
      return std::nullopt;
    why = "a column is not x * cos + x' * sin";
    rotation.first = straight.column;
    int64_t distance = turned.column - straight.column;
    rotation.interleaved = distance == 1;
    if (distance < 1)
      return fail("the first column of a head is not the first of a pair");
    rotation.dims = columns;
    for (int64_t column = 0; column < rotation.dims; ++column) {
      Part a, b;
      if (!readColumn(column, a, b)) {
        if (isPlain(column)) { // and all after it
          rotation.dims = column;
          break;
        }
        return std::nullopt;
      }
      parts.push_back({a, b});
    }
    for (int64_t column = rotation.dims; column < columns; ++column)
      if (!isPlain(column))
        return fail("columns after the rotated ones are not left alone");
    if (rotation.dims % 2 != 0 || (!rotation.interleaved && distance != rotation.dims / 2))
      return fail("pairs of columns are " + std::to_string(distance) + " apart, of " + std::to_string(rotation.dims) +
                  " that are rotated");
    if (rotation.dims == 2)
      rotation.interleaved = false;
    return readPairs() ? std::optional(rotation) : std::nullopt;
  }

private:
  Value result;
  const llm::SymbolicShapes &shapes;
  std::string &why;
  Coordinates coordinates; // of the result, and the row of a table
  ColumnTerms terms;
  Rotation rotation;
  std::vector<std::pair<Part, Part>> parts; // of each rotated column: with its own element, with its partner's

  std::nullopt_t fail(const std::string &reason) {
    why = reason;
    return std::nullopt;
  }

  std::optional<Terms> columnOf(int64_t column) {
    return terms.at(result, {coordinates[0], coordinates[1], coordinates[2], shapes.sizes().constant(column)});
  }

  /// The column of x, when the factor is an element of it at the place of the result.
  std::optional<int64_t> elementOfX(const Factor &factor) {
    if (factor.kind != Factor::Element || factor.places.size() != 1)
      return std::nullopt;
    const Factor::Place &place = factor.places.front();
    if (place.at.size() != 4 || !isa<FloatType>(tensorOf(place.value).getElementType()))
      return std::nullopt;
    for (size_t axis = 0; axis < 3; ++axis)
      if (place.at[axis] != coordinates[axis])
        return std::nullopt;
    auto column = llm::constantValue(place.at[3]);
    if (!column || (rotation.x && rotation.x != place.value))
      return std::nullopt;
    rotation.x = place.value;
    return column;
  }

  bool isPlain(int64_t column) {
    auto sum = columnOf(column);
    if (!sum || sum->size() != 1 || sum->front().number != 1 || sum->front().factors.size() != 1)
      return false;
    return elementOfX(sum->front().factors.front()) == rotation.first + column;
  }

  static bool isTurn(const Factor &factor) { return factor.kind != Factor::Element; }
  /// An element of a table at the row that was chosen.
  bool isRow(const Factor &factor) {
    return factor.kind == Factor::Element && ::llvm::is_contained(factor.places.front().at, coordinates[4]);
  }

  /// The column as its own element times a cosine, and another's times a sine.
  bool readColumn(int64_t column, Part &straight, Part &turned) {
    auto sum = columnOf(column);
    if (!sum || sum->size() != 2)
      return false;
    Part read[2];
    for (auto [part, term] : ::llvm::zip(read, *sum)) {
      if (term.factors.size() != 2)
        return false;
      bool swap = isTurn(term.factors[0]) || isRow(term.factors[0]);
      auto x = elementOfX(term.factors[swap]);
      if (!x || !(isTurn(term.factors[!swap]) || isRow(term.factors[!swap])))
        return false;
      part = {term.number, *x, term.factors[!swap]};
    }
    int64_t own = column == 0 ? std::min(read[0].column, read[1].column) : rotation.first + column;
    bool swap = read[0].column != own;
    if (read[swap].column != own || read[!swap].column == own)
      return false;
    straight = read[swap], turned = read[!swap];
    return true;
  }

  bool readPairs() {
    int64_t half = rotation.dims / 2;
    for (int64_t pair = 0; pair < half; ++pair) {
      int64_t a = rotation.interleaved ? 2 * pair : pair, b = rotation.interleaved ? a + 1 : pair + half;
      auto &[straightA, turnedA] = parts[a];
      auto &[straightB, turnedB] = parts[b];
      if (turnedA.column != rotation.first + b || turnedB.column != rotation.first + a)
        return fail("columns " + std::to_string(a) + " and " + std::to_string(b) + " of a head are not exchanged"),
               false;
      if (turnedA.number != -turnedB.number || straightA.number != straightB.number || !(straightA.number > 0) ||
          turnedB.number != straightA.number)
        return fail("the signs or factors of cosines and sines are not those of a rotation"), false;
      if (pair == 0)
        rotation.factor = straightA.number;
      if (straightA.number != rotation.factor)
        return fail("pairs have different factors"), false;
      if (!isSame(straightA.turn, straightB.turn) || !isSame(turnedA.turn, turnedB.turn))
        return fail("the two columns of a pair are turned by different angles"), false;
      if (!(isRow(straightA.turn) ? addTables(straightA.turn, turnedA.turn) : addAngle(straightA.turn, turnedA.turn)))
        return false;
    }
    return true;
  }

  static bool isSame(const Factor &a, const Factor &b) {
    return a.kind == b.kind && a.scale == b.scale && a.places == b.places;
  }

  bool addTables(const Factor &cosine, const Factor &sine) {
    if (!isRow(sine) || !terms.chosenBy())
      return fail("only one of cosines and sines is from a table"), false;
    auto add = [&](const Factor &factor, Value &table, SmallVectorImpl<int64_t> &columns) {
      const Factor::Place &place = factor.places.front();
      auto column = place.at.size() == 2 ? llm::constantValue(place.at[1]) : std::nullopt;
      if (!column || place.at[0] != coordinates[4] || (table && table != place.value))
        return false;
      table = place.value;
      columns.push_back(*column);
      return true;
    };
    if (!add(cosine, rotation.cosine, rotation.cosineColumns) || !add(sine, rotation.sine, rotation.sineColumns))
      return fail("cosines are gathered from something that is no table of (positions, columns)"), false;
    return setPositions(*terms.chosenBy());
  }

  bool addAngle(const Factor &cosine, const Factor &sine) {
    if (cosine.kind != Factor::Cosine || sine.kind != Factor::Sine)
      return fail("a head is not multiplied by its cosine and its partner's sine"), false;
    if (cosine.scale != sine.scale || cosine.places != sine.places)
      return fail("cosines and sines are not of the same angles"), false;
    const Factor::Place *position = nullptr, *frequency = nullptr;
    for (const Factor::Place &place : cosine.places) {
      const Factor::Place *&role = isa<IntegerType>(tensorOf(place.value).getElementType()) ? position : frequency;
      if (role)
        return fail("the angles are no product of positions and frequencies"), false;
      role = &place;
    }
    if (!position || !setPositions(*position))
      return position ? false : (fail("no factor of the angles is the positions"), false);
    if (!frequency) {
      rotation.speeds.push_back(cosine.scale);
      return !rotation.frequencies || (fail("some frequencies are constants, others not"), false);
    }
    int64_t column = 0, others = 0;
    for (auto [coordinate, size] : ::llvm::zip(frequency->at, tensorOf(frequency->value).getShape())) {
      auto number = llm::constantValue(coordinate);
      if (!number || ShapedType::isDynamic(size))
        return fail("the frequencies depend on more than the column"), false;
      if (size != 1)
        column = *number, ++others;
    }
    if (others != 1 || (rotation.frequencies && rotation.frequencies != frequency->value) || !rotation.speeds.empty() ||
        (rotation.frequencies && rotation.speed != cosine.scale))
      return fail("the frequencies are not one number for each pair of elements"), false;
    rotation.frequencies = frequency->value;
    rotation.speed = cosine.scale;
    rotation.cosineColumns.push_back(column);
    return true;
  }

  bool setPositions(const Factor::Place &place) {
    AffineExpr token = place.at.empty() ? AffineExpr() : place.at.back();
    int64_t axis = token == coordinates[1] ? 1 : token == coordinates[2] ? 2 : -1;
    auto type = tensorOf(place.value);
    bool fits = axis > 0 && (type.getRank() == 1 ||
                             (type.getRank() == 2 && (place.at[0] == coordinates[0] || type.getDimSize(0) == 1)));
    if (!fits || (rotation.positions && (rotation.positions != place.value || rotation.tokenAxis != axis)))
      return fail("the positions are not (batch, tokens)"), false;
    rotation.positions = place.value;
    rotation.tokenAxis = axis;
    return true;
  }
};

} // namespace

std::optional<Rotation> readRotation(Value result, const llm::SymbolicShapes &shapes, std::string &why) {
  auto sizes = shapes.shapeOf(result);
  auto columns = sizes && sizes->size() == 4 ? llm::constantValue(sizes->back()) : std::nullopt;
  if (!columns || *columns < 2 || *columns > 1024)
    return std::nullopt;
  sizes->push_back(AffineExpr());
  return Reader(result, *sizes, shapes, why).read();
}

} // namespace lathe
