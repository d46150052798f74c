// The canonical form is a polynomial: a sum of products of atoms with integer coefficients, where an atom is a symbol
// or a floor division or remainder of a polynomial by a constant.
#include "ir/llm/SizeExpressions.h"

#include <map>
#include <numeric>

using namespace mlir;

namespace lathe::llm {

namespace {

// Beyond these an expression is of no use, and graphs of strangers could make it grow without end.
constexpr size_t maxTerms = 24, maxDegree = 8;
constexpr unsigned maxDepth = 64, maxRangeDepth = 4;
constexpr int maxAtomNodes = 128;

bool isSmall(AffineExpr expression, int &nodes) {
  if (--nodes < 0)
    return false;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expression);
  return !binary || (isSmall(binary.getLHS(), nodes) && isSmall(binary.getRHS(), nodes));
}
bool isSmall(AffineExpr expression) {
  int nodes = maxAtomNodes;
  return isSmall(expression, nodes);
}

/// A total order of expressions that does not depend on addresses.
int compareStructure(AffineExpr a, AffineExpr b) {
  if (a == b)
    return 0;
  if (a.getKind() != b.getKind())
    return a.getKind() > b.getKind() ? -1 : 1; // symbols before numbers before operations
  if (auto symbol = dyn_cast<AffineSymbolExpr>(a))
    return symbol.getPosition() < cast<AffineSymbolExpr>(b).getPosition() ? -1 : 1;
  if (auto number = dyn_cast<AffineConstantExpr>(a))
    return number.getValue() < cast<AffineConstantExpr>(b).getValue() ? -1 : 1;
  auto left = dyn_cast<AffineBinaryOpExpr>(a), right = dyn_cast<AffineBinaryOpExpr>(b);
  if (!left || !right)
    return 0;
  if (int order = compareStructure(left.getLHS(), right.getLHS()))
    return order;
  return compareStructure(left.getRHS(), right.getRHS());
}

using Monomial = SmallVector<AffineExpr, 4>; // atoms, ascending
/// Products of more atoms first, the constant last.
struct MonomialLess {
  bool operator()(const Monomial &a, const Monomial &b) const {
    if (a.size() != b.size())
      return a.size() > b.size();
    for (auto [left, right] : ::llvm::zip(a, b))
      if (int order = compareStructure(left, right))
        return order < 0;
    return false;
  }
};

class Polynomial {
public:
  std::map<Monomial, int64_t, MonomialLess> terms;

  static Polynomial constant(int64_t value) {
    Polynomial result;
    result.accumulate(Monomial(), value);
    return result;
  }
  static Polynomial atom(AffineExpr expression) {
    Polynomial result;
    result.accumulate(Monomial{expression}, 1);
    return result;
  }
  bool accumulate(const Monomial &monomial, int64_t coefficient) {
    if (coefficient == 0)
      return true;
    int64_t &sum = terms[monomial];
    if (__builtin_add_overflow(sum, coefficient, &sum))
      return false;
    if (sum == 0)
      terms.erase(monomial);
    return terms.size() <= maxTerms && monomial.size() <= maxDegree;
  }
  bool accumulate(const Polynomial &other, int64_t factor) {
    for (auto &[monomial, coefficient] : other.terms) {
      int64_t scaled = 0;
      if (__builtin_mul_overflow(coefficient, factor, &scaled) || !accumulate(monomial, scaled))
        return false;
    }
    return true;
  }
  bool isConstant() const { return terms.empty() || (terms.size() == 1 && terms.begin()->first.empty()); }
  int64_t constantTerm() const {
    auto found = terms.find({});
    return found == terms.end() ? 0 : found->second;
  }
};

using Maybe = std::optional<Polynomial>;

Maybe add(const Maybe &a, const Maybe &b, int64_t factor = 1) {
  if (!a || !b)
    return std::nullopt;
  Polynomial sum = *a;
  return sum.accumulate(*b, factor) ? Maybe(std::move(sum)) : std::nullopt;
}

Monomial join(const Monomial &a, const Monomial &b) {
  Monomial result(a);
  result.append(b.begin(), b.end());
  ::llvm::sort(result, [](AffineExpr x, AffineExpr y) { return compareStructure(x, y) < 0; });
  return result;
}

Maybe multiply(const Maybe &a, const Maybe &b) {
  if (!a || !b)
    return std::nullopt;
  Polynomial result;
  for (auto &[left, x] : a->terms)
    for (auto &[right, y] : b->terms) {
      int64_t coefficient = 0;
      if (__builtin_mul_overflow(x, y, &coefficient) || !result.accumulate(join(left, right), coefficient))
        return std::nullopt;
    }
  return result;
}

AffineExpr toExpression(const Polynomial &polynomial, MLIRContext *context) {
  AffineExpr sum;
  for (auto &[monomial, coefficient] : polynomial.terms) {
    AffineExpr term;
    for (AffineExpr atom : monomial)
      term = term ? term * atom : atom;
    if (!term)
      term = getAffineConstantExpr(coefficient, context);
    else if (coefficient != 1)
      term = term * coefficient;
    sum = sum ? sum + term : term;
  }
  return sum ? sum : getAffineConstantExpr(0, context);
}

int64_t floorDivide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

/// p = divisor * quotient + rest with the coefficients of rest in [0, divisor).
struct Division {
  Polynomial quotient, rest;
};
Division divide(const Polynomial &p, int64_t divisor) {
  Division result;
  for (auto &[monomial, coefficient] : p.terms) {
    int64_t quotient = floorDivide(coefficient, divisor);
    result.quotient.accumulate(monomial, quotient);
    result.rest.accumulate(monomial, coefficient - quotient * divisor);
  }
  return result;
}

Maybe floorDivide(const Maybe &p, int64_t divisor, MLIRContext *context) {
  if (!p || divisor == 0 || divisor == INT64_MIN)
    return std::nullopt;
  if (divisor < 0)
    return floorDivide(add(Polynomial(), p, -1), -divisor, context);
  auto [quotient, rest] = divide(*p, divisor);
  if (rest.isConstant())
    return quotient;
  // floor((g q + c) / (g d)) = floor((q + floor(c / g)) / d)
  int64_t common = divisor;
  for (auto &[monomial, coefficient] : rest.terms)
    if (!monomial.empty())
      common = std::gcd(common, coefficient);
  Polynomial reduced;
  for (auto &[monomial, coefficient] : rest.terms)
    reduced.accumulate(monomial, floorDivide(coefficient, common));
  AffineExpr atom = toExpression(reduced, context);
  if (divisor / common != 1)
    atom = getAffineBinaryOpExpr(AffineExprKind::FloorDiv, atom, getAffineConstantExpr(divisor / common, context));
  return isSmall(atom) && quotient.accumulate(Monomial{atom}, 1) ? Maybe(std::move(quotient)) : std::nullopt;
}

Maybe remainder(const Maybe &p, int64_t divisor, MLIRContext *context) {
  if (!p || divisor <= 0)
    return std::nullopt;
  Polynomial rest = divide(*p, divisor).rest;
  if (rest.isConstant())
    return Polynomial::constant(rest.constantTerm() % divisor);
  AffineExpr atom =
      getAffineBinaryOpExpr(AffineExprKind::Mod, toExpression(rest, context), getAffineConstantExpr(divisor, context));
  return isSmall(atom) ? Maybe(Polynomial::atom(atom)) : std::nullopt;
}

/// Division with respect to leading terms: p = quotient * divisor + rest.
std::optional<Division> divide(Polynomial p, const Polynomial &divisor) {
  if (divisor.terms.empty())
    return std::nullopt;
  auto &[leading, leadingCoefficient] = *divisor.terms.begin();
  Division result;
  for (size_t steps = 0; !p.terms.empty(); ++steps) {
    auto [monomial, coefficient] = *p.terms.begin();
    Monomial factor(monomial);
    bool divides = coefficient % leadingCoefficient == 0;
    for (AffineExpr atom : leading) {
      auto found = ::llvm::find(factor, atom);
      divides &= found != factor.end();
      if (found != factor.end())
        factor.erase(found);
    }
    if (!divides) {
      result.rest.accumulate(monomial, coefficient);
      p.terms.erase(p.terms.begin());
      continue;
    }
    Polynomial term;
    term.accumulate(factor, coefficient / leadingCoefficient);
    Maybe taken = multiply(term, divisor);
    if (steps > 4 * maxTerms || !taken || !result.quotient.accumulate(factor, coefficient / leadingCoefficient) ||
        !p.accumulate(*taken, -1))
      return std::nullopt;
  }
  return result;
}

Maybe exactDivide(const Polynomial &p, const Polynomial &divisor) {
  auto division = divide(p, divisor);
  return division && division->rest.terms.empty() ? Maybe(std::move(division->quotient)) : std::nullopt;
}

Maybe toPolynomial(AffineExpr expression, unsigned depth = 0) {
  if (!expression || depth > maxDepth)
    return std::nullopt;
  MLIRContext *context = expression.getContext();
  if (auto number = dyn_cast<AffineConstantExpr>(expression))
    return Polynomial::constant(number.getValue());
  if (isa<AffineSymbolExpr>(expression))
    return Polynomial::atom(expression);
  auto binary = dyn_cast<AffineBinaryOpExpr>(expression);
  if (!binary)
    return std::nullopt;
  Maybe left = toPolynomial(binary.getLHS(), depth + 1), right = toPolynomial(binary.getRHS(), depth + 1);
  if (!left || !right)
    return std::nullopt;
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return add(left, right);
  case AffineExprKind::Mul:
    return multiply(left, right);
  case AffineExprKind::Mod:
    return right->isConstant() ? remainder(left, right->constantTerm(), context) : std::nullopt;
  case AffineExprKind::FloorDiv:
    return right->isConstant() ? floorDivide(left, right->constantTerm(), context) : exactDivide(*left, *right);
  case AffineExprKind::CeilDiv: {
    if (!right->isConstant())
      return exactDivide(*left, *right);
    Maybe floor = floorDivide(add(Polynomial(), left, -1), right->constantTerm(), context);
    return floor ? add(Polynomial(), floor, -1) : std::nullopt;
  }
  default:
    return std::nullopt;
  }
}

using Lowest = ArrayRef<int64_t>;

std::optional<int64_t> lowest(const Polynomial &p, Lowest symbols, unsigned depth);

/// The range of an atom after symbols were shifted to start at 0.
std::pair<std::optional<int64_t>, std::optional<int64_t>> rangeOf(AffineExpr atom, Lowest symbols, unsigned depth) {
  if (isa<AffineSymbolExpr>(atom))
    return {0, std::nullopt};
  auto binary = dyn_cast<AffineBinaryOpExpr>(atom);
  auto divisor = binary ? dyn_cast<AffineConstantExpr>(binary.getRHS()) : AffineConstantExpr();
  if (!divisor || divisor.getValue() <= 0 || depth > maxRangeDepth)
    return {};
  if (binary.getKind() == AffineExprKind::Mod)
    return {0, divisor.getValue() - 1};
  Maybe numerator = toPolynomial(binary.getLHS(), depth + 1);
  if (binary.getKind() != AffineExprKind::FloorDiv || !numerator)
    return {};
  auto low = lowest(*numerator, symbols, depth + 1);
  Maybe negated = add(Polynomial(), numerator, -1);
  auto high = negated ? lowest(*negated, symbols, depth + 1) : std::nullopt;
  return {low ? std::optional(floorDivide(*low, divisor.getValue())) : std::nullopt,
          high && *high != INT64_MIN ? std::optional(floorDivide(-*high, divisor.getValue())) : std::nullopt};
}

std::optional<int64_t> lowest(const Polynomial &p, Lowest symbols, unsigned depth) {
  // Symbols are shifted so that they start at 0; then each term is bounded alone.
  Maybe shifted = Polynomial();
  for (auto &[monomial, coefficient] : p.terms) {
    Maybe term = Polynomial::constant(coefficient);
    for (AffineExpr atom : monomial) {
      Maybe factor = Polynomial::atom(atom);
      if (auto symbol = dyn_cast<AffineSymbolExpr>(atom); symbol && symbol.getPosition() < symbols.size())
        factor = add(factor, Polynomial::constant(symbols[symbol.getPosition()]));
      term = multiply(term, factor);
    }
    shifted = add(shifted, term);
    if (!shifted)
      return std::nullopt;
  }
  int64_t sum = 0;
  for (auto &[monomial, coefficient] : shifted->terms) {
    std::optional<int64_t> low = 1, high = 1;
    for (AffineExpr atom : monomial) {
      auto [atomLow, atomHigh] = rangeOf(atom, symbols, depth);
      int64_t product = 0;
      if (!atomLow || *atomLow < 0)
        return std::nullopt;
      low = low && !__builtin_mul_overflow(*low, *atomLow, &product) ? std::optional(product) : std::nullopt;
      high = high && atomHigh && !__builtin_mul_overflow(*high, *atomHigh, &product) ? std::optional(product)
                                                                                     : std::nullopt;
    }
    std::optional<int64_t> bound = coefficient > 0 ? low : high;
    int64_t term = 0;
    if (!bound || __builtin_mul_overflow(coefficient, *bound, &term) || __builtin_add_overflow(sum, term, &sum))
      return std::nullopt;
  }
  return sum;
}

} // namespace

std::optional<int64_t> constantValue(AffineExpr expression) {
  auto number = expression ? dyn_cast<AffineConstantExpr>(expression) : AffineConstantExpr();
  return number ? std::optional(number.getValue()) : std::nullopt;
}

static AffineExpr finish(const Maybe &polynomial, MLIRContext *context) {
  return polynomial ? toExpression(*polynomial, context) : AffineExpr();
}

AffineExpr SizeExpressions::canonical(AffineExpr expression) const {
  return finish(toPolynomial(expression), context_);
}

AffineExpr SizeExpressions::add(AffineExpr a, AffineExpr b) const {
  return finish(lathe::llm::add(toPolynomial(a), toPolynomial(b)), context_);
}
AffineExpr SizeExpressions::sub(AffineExpr a, AffineExpr b) const {
  return finish(lathe::llm::add(toPolynomial(a), toPolynomial(b), -1), context_);
}
AffineExpr SizeExpressions::mul(AffineExpr a, AffineExpr b) const {
  if (constantValue(a) == 0 || constantValue(b) == 0)
    return constant(0);
  return finish(multiply(toPolynomial(a), toPolynomial(b)), context_);
}
AffineExpr SizeExpressions::product(ArrayRef<AffineExpr> factors) const {
  AffineExpr result = constant(1);
  for (AffineExpr factor : factors)
    result = mul(result, factor);
  return result;
}
AffineExpr SizeExpressions::floorDiv(AffineExpr a, AffineExpr b) const {
  if (auto divisor = constantValue(b))
    return finish(floorDivide(toPolynomial(a), *divisor, context_), context_);
  return exactDiv(a, b);
}
AffineExpr SizeExpressions::exactDiv(AffineExpr a, AffineExpr b) const {
  Maybe dividend = toPolynomial(a), divisor = toPolynomial(b);
  return dividend && divisor ? finish(exactDivide(*dividend, *divisor), context_) : AffineExpr();
}
std::pair<AffineExpr, AffineExpr> SizeExpressions::divide(AffineExpr a, AffineExpr b) const {
  Maybe dividend = toPolynomial(a), divisor = toPolynomial(b);
  auto division = dividend && divisor ? lathe::llm::divide(*dividend, *divisor) : std::nullopt;
  if (!division)
    return {};
  return {toExpression(division->quotient, context_), toExpression(division->rest, context_)};
}
AffineExpr SizeExpressions::mod(AffineExpr a, AffineExpr b) const {
  auto divisor = constantValue(b);
  return divisor ? finish(remainder(toPolynomial(a), *divisor, context_), context_) : AffineExpr();
}

std::optional<int64_t> SizeExpressions::lowerBound(AffineExpr expression) const {
  Maybe polynomial = toPolynomial(expression);
  return polynomial ? lowest(*polynomial, lowest_, 0) : std::nullopt;
}
std::optional<int64_t> SizeExpressions::upperBound(AffineExpr expression) const {
  Maybe negated = lathe::llm::add(Polynomial(), toPolynomial(expression), -1);
  auto low = negated ? lowest(*negated, lowest_, 0) : std::nullopt;
  return low && *low != INT64_MIN ? std::optional(-*low) : std::nullopt;
}
bool SizeExpressions::isAtLeast(AffineExpr expression, int64_t bound) const {
  auto low = lowerBound(expression);
  return low && *low >= bound;
}

Order SizeExpressions::compare(AffineExpr a, AffineExpr b) const {
  AffineExpr difference = sub(a, b);
  if (!difference)
    return Order::Unknown;
  auto low = lowerBound(difference), high = upperBound(difference);
  if (low && high && *low == 0 && *high == 0)
    return Order::Equal;
  if (low && *low >= 0)
    return *low > 0 ? Order::Greater : Order::GreaterEqual;
  if (high && *high <= 0)
    return *high < 0 ? Order::Less : Order::LessEqual;
  return Order::Unknown;
}

AffineExpr SizeExpressions::min(AffineExpr a, AffineExpr b) const {
  switch (compare(a, b)) {
  case Order::Less:
  case Order::LessEqual:
  case Order::Equal:
    return a;
  case Order::Greater:
  case Order::GreaterEqual:
    return b;
  case Order::Unknown:
    return AffineExpr();
  }
  return AffineExpr();
}
AffineExpr SizeExpressions::max(AffineExpr a, AffineExpr b) const {
  AffineExpr smaller = min(a, b);
  return !smaller ? AffineExpr() : smaller == a ? b : a;
}

AffineExpr SizeExpressions::broadcast(AffineExpr a, AffineExpr b) const {
  auto left = constantValue(a), right = constantValue(b);
  if (left == 1)
    return b;
  if (right == 1)
    return a;
  if (left)
    return a;
  if (right)
    return b;
  return a && a == b ? a : AffineExpr();
}

} // namespace lathe::llm
