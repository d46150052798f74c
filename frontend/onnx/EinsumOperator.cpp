// ONNX Einsum as transposes, products and sums. Source: the operator document of ai.onnx; numpy.einsum.
#include "frontend/files/Quoted.h"
#include "frontend/onnx/Operators.h"

#include <llvm/ADT/StringExtras.h>

using namespace mlir;

namespace lathe {

namespace {

/// One axis: a letter, or with `ellipsis` the axis that many places before the end of what `...` stands for.
using Label = int;
using Labels = SmallVector<Label, 8>;
constexpr Label ellipsis = 1000;

/// A value whose axes have different labels.
struct Term {
  Value value;
  Labels labels;
};

class Einsum {
public:
  explicit Einsum(NodeBuilder &n) : n(n) {}

  Value build() {
    parse();
    Term result = terms.front();
    reduce(result, kept(1));
    for (size_t i = 1; i < terms.size(); ++i) {
      Labels later = kept(i + 1);
      result = contract(result, terms[i], later);
    }
    // Labels of the output that no operand but a later one had are there by now.
    return permuted(result, output).value;
  }

private:
  NodeBuilder &n;
  SmallVector<Term> terms;
  Labels output;

  static bool has(ArrayRef<Label> labels, Label label) { return llvm::is_contained(labels, label); }

  [[noreturn]] void failAt(const std::string &equation, const std::string &why) {
    n.fail("has the equation " + lathe::quoted(equation) + ", " + why);
  }

  /// Labels that the output or an operand from `next` on has.
  Labels kept(size_t next) {
    Labels result = output;
    for (size_t i = next; i < terms.size(); ++i)
      result.append(terms[i].labels);
    return result;
  }

  void parse() {
    std::string equation = n.text("equation", ""), text;
    for (char c : equation)
      if (c != ' ')
        text.push_back(c);
    size_t arrow = text.find("->");
    SmallVector<StringRef> parts;
    StringRef(text).take_front(arrow).split(parts, ',');
    if (parts.size() != n.operandCount())
      failAt(equation, "which has " + std::to_string(parts.size()) + " terms for " + std::to_string(n.operandCount()) +
                           " inputs");
    int64_t widest = 0;
    Labels all;
    for (auto [index, part] : llvm::enumerate(parts)) {
      Term term = {n.in(index), {}};
      if (index)
        n.needSame(terms.front().value, term.value);
      int64_t letters = part.size() - (part.contains("...") ? 3 : 0), spanned = n.rank(term.value) - letters;
      if (spanned < 0 || (spanned > 0 && !part.contains("...")))
        failAt(equation, "whose term " + std::to_string(index) + " is for another rank than " +
                             std::to_string(n.rank(term.value)));
      term.labels = labelsOf(equation, part, spanned);
      if (part.contains("..."))
        widest = std::max(widest, spanned);
      all.append(term.labels);
      diagonal(term);
      terms.push_back(term);
    }
    if (arrow == std::string::npos) { // what appears once, in alphabetical order, after the axes of the ellipsis
      for (int64_t i = widest; i-- > 0;)
        output.push_back(ellipsis + static_cast<int>(i));
      for (Label letter = 'A'; letter <= 'z'; ++letter)
        if (llvm::count(all, letter) == 1)
          output.push_back(letter);
      return;
    }
    output = labelsOf(equation, StringRef(text).drop_front(arrow + 2), widest);
    for (auto [index, label] : llvm::enumerate(output))
      if (has(ArrayRef(output).take_front(index), label) || !has(all, label))
        failAt(equation, "whose result names an axis twice, or one that no term has");
  }

  Labels labelsOf(const std::string &equation, StringRef part, int64_t spanned) {
    Labels labels;
    bool seen = false;
    for (size_t i = 0; i < part.size(); ++i) {
      if (llvm::isAlpha(part[i])) {
        labels.push_back(part[i]);
      } else if (part.substr(i).starts_with("...") && !seen) {
        for (int64_t axis = spanned; axis-- > 0;)
          labels.push_back(ellipsis + static_cast<int>(axis));
        seen = true;
        i += 2;
      } else {
        failAt(equation, "which is not understood at " + lathe::quoted(part.substr(i).str()));
      }
    }
    return labels;
  }

  /// Axes of one label become one, of the elements where their coordinates agree.
  void diagonal(Term &term) {
    for (size_t second = 1; second < term.labels.size(); ++second) {
      size_t first = llvm::find(term.labels, term.labels[second]) - term.labels.begin();
      if (first == second)
        continue;
      // Both axes last and joined: the diagonal is every (size + 1)th element.
      SmallVector<int64_t> order;
      Labels labels;
      for (size_t axis = 0; axis < term.labels.size(); ++axis)
        if (axis != first && axis != second) {
          order.push_back(axis);
          labels.push_back(term.labels[axis]);
        }
      order.append({static_cast<int64_t>(first), static_cast<int64_t>(second)});
      labels.push_back(term.labels[second]);
      Value x = n.transpose(term.value, order), size = n.sizeOf(term.value, first);
      if (int64_t a = n.type(x).getShape().back(), b = n.type(term.value).getDimSize(first);
          a != b && !ShapedType::isDynamic(a) && !ShapedType::isDynamic(b))
        n.fail("has a term whose axes of one letter have " + std::to_string(b) + " and " + std::to_string(a) +
               " elements");
      SmallVector<int64_t> flat(labels.size() - 1, 0); // 0 keeps a size
      flat.push_back(-1);
      Value step = n.make<llm::AddOp>({size, n.scalar(n.state.builder.getI64Type(), 1)});
      Value places = n.make<llm::MulOp>({n.range(size), step});
      term.value = n.make<llm::GatherOp>({n.reshape(x, flat), places},
                                         {n.whole("axis", static_cast<int64_t>(labels.size()) - 1)});
      term.labels = labels;
      second = 0;
    }
  }

  /// Sums over the axes whose labels are not kept.
  void reduce(Term &term, ArrayRef<Label> keep) {
    SmallVector<int64_t> axes;
    Labels labels;
    for (auto [axis, label] : llvm::enumerate(term.labels)) {
      if (has(keep, label))
        labels.push_back(label);
      else
        axes.push_back(axis);
    }
    if (axes.empty())
      return;
    term.value = n.reduce("sum", term.value, axes, false);
    term.labels = labels;
  }

  /// The same axes in that order; `order` has the labels of the term.
  Term permuted(const Term &term, ArrayRef<Label> order) {
    SmallVector<int64_t> axes;
    for (Label label : order)
      axes.push_back(llvm::find(term.labels, label) - term.labels.begin());
    Term result = {term.value, Labels(order.begin(), order.end())};
    if (!llvm::is_sorted(axes))
      result.value = n.transpose(term.value, axes);
    return result;
  }

  /// The axes in that order, with size 1 where the term has none of that label.
  Value spread(const Term &term, ArrayRef<Label> order) {
    Labels own;
    SmallVector<int64_t> added;
    for (auto [axis, label] : llvm::enumerate(order)) {
      if (has(term.labels, label))
        own.push_back(label);
      else
        added.push_back(axis);
    }
    Value value = permuted(term, own).value;
    return added.empty() ? value : n.unsqueeze(value, added);
  }

  /// The product of two terms, summed over the labels that are not kept.
  Term contract(Term a, Term b, ArrayRef<Label> keep) {
    Labels keepOfA(keep.begin(), keep.end()), keepOfB = keepOfA;
    keepOfA.append(b.labels);
    keepOfB.append(a.labels);
    reduce(a, keepOfA);
    reduce(b, keepOfB);
    Labels batch, summed, left, right;
    bool broadcasts = false; // axes of an ellipsis may have size 1 on one side
    for (Label label : a.labels) {
      bool both = has(b.labels, label);
      (both ? has(keep, label) ? batch : summed : left).push_back(label);
      broadcasts |= both && !has(keep, label) && label >= ellipsis;
    }
    for (Label label : b.labels)
      if (!has(a.labels, label))
        right.push_back(label);
    if (summed.empty() || broadcasts)
      return multiply(a, b, batch, summed, left, right);
    auto joined = [](std::initializer_list<ArrayRef<Label>> parts) {
      Labels all;
      for (ArrayRef<Label> part : parts)
        all.append(part.begin(), part.end());
      return all;
    };
    // (batch, left, summed) times (batch, summed, right), each group one axis; a matrix on the right takes any number
    // of left axes.
    bool matrix = batch.empty() && right.size() == 1 && summed.size() == 1 && !left.empty();
    Value lhs = permuted(a, joined({batch, left, summed})).value,
          rhs = permuted(b, joined({batch, summed, right})).value;
    Value leftShape = lhs, rightShape = rhs;
    int64_t first = batch.size();
    if (!matrix) {
      lhs = grouped(lhs, first, left.size(), summed.size());
      rhs = grouped(rhs, first, summed.size(), right.size());
    }
    Term result = {n.make<llm::MatmulOp>({lhs, rhs}), joined({batch, left, right})};
    if (matrix || (left.size() == 1 && right.size() == 1))
      return result;
    if (left.size() <= 1 && right.size() <= 1) { // groups without an axis have size 1
      SmallVector<int64_t> gone;
      if (left.empty())
        gone.push_back(first);
      if (right.empty())
        gone.push_back(first + 1);
      result.value = n.squeeze(result.value, gone);
      return result;
    }
    SmallVector<Value> sizes;
    auto add = [&](Value value, int64_t begin, int64_t count) {
      for (int64_t i = begin; i < begin + count; ++i)
        sizes.push_back(n.slice(n.make<llm::ShapeOfOp>({value}), 0, i, i + 1));
    };
    add(result.value, 0, first);
    add(leftShape, first, left.size());
    add(rightShape, first + static_cast<int64_t>(summed.size()), right.size());
    result.value = n.reshape(result.value, n.concat(sizes, 0));
    return result;
  }

  /// The first axes as they are, then two groups of axes as one axis each (1 for an empty group).
  Value grouped(Value x, int64_t first, int64_t one, int64_t other) {
    if (one == 1 && other == 1)
      return x;
    if (one <= 1 && other <= 1) {
      SmallVector<int64_t> added;
      if (one == 0)
        added.push_back(first);
      if (other == 0)
        added.push_back(first + 1);
      return n.unsqueeze(x, added);
    }
    Value shape = n.make<llm::ShapeOfOp>({x});
    SmallVector<Value> sizes;
    if (first)
      sizes.push_back(n.slice(shape, 0, 0, first));
    auto product = [&](int64_t begin, int64_t count) {
      return count == 0 ? n.vector({1}) : n.reduce("prod", n.slice(shape, 0, begin, begin + count), {0}, true);
    };
    sizes.append({product(first, one), product(first + one, other)});
    return n.reshape(x, n.concat(sizes, 0));
  }

  /// Element by element, with the sums afterwards.
  Term multiply(const Term &a, const Term &b, ArrayRef<Label> batch, ArrayRef<Label> summed, ArrayRef<Label> left,
                ArrayRef<Label> right) {
    Labels order(batch.begin(), batch.end());
    order.append(left.begin(), left.end());
    order.append(right.begin(), right.end());
    Labels all = order;
    all.append(summed.begin(), summed.end());
    Term result = {n.make<llm::MulOp>({spread(a, all), spread(b, all)}), all};
    reduce(result, order);
    return result;
  }
};

} // namespace

void buildEinsum(NodeBuilder &n) { n.give(Einsum(n).build()); }

} // namespace lathe
