// See Layout.h.
#include "passes/fusion/Layout.h"

#include "ir/llm/Llm.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace lathe {

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// The operand that is moved by the op, or null when the op does more than that.
Value movedOperand(Operation *op) {
  if (!op)
    return Value();
  if (isa<llm::TransposeOp, llm::ReshapeOp, llm::UnsqueezeOp, llm::SqueezeOp, llm::ExpandOp>(op))
    return op->getOperand(0);
  if (auto gather = dyn_cast<llm::GatherOp>(op))
    return llm::constantIntegers(gather.getIndices()) ? Value(gather.getX()) : Value();
  if (auto concat = dyn_cast<llm::ConcatOp>(op))
    return ::llvm::all_equal(concat.getInputs()) ? concat.getInputs().front() : Value();
  if (auto mul = dyn_cast<llm::MulOp>(op))
    for (bool swap : {false, true})
      if (llm::constantSplat(op->getOperand(!swap)) && op->getOperand(swap).getType() == mul.getType())
        return op->getOperand(swap);
  if (auto div = dyn_cast<llm::DivOp>(op))
    if (llm::constantSplat(div.getRhs()).value_or(0) != 0 && div.getLhs().getType() == div.getType())
      return div.getLhs();
  return Value();
}

using Atoms = SmallVector<Layout::Atom, 2>;

/// Carries a layout over one op after another.
class Mover {
public:
  Mover(const llm::SymbolicShapes &shapes, Layout &layout) : shapes(shapes), layout(layout) {}

  bool apply(Operation *op) {
    return ::llvm::TypeSwitch<Operation *, bool>(op)
        .Case([&](llm::TransposeOp transpose) {
          auto axes = layout.axes;
          for (auto [axis, from] : ::llvm::enumerate(transpose.getPermutation()))
            layout.axes[axis] = axes[from];
          return true;
        })
        .Case([&](llm::UnsqueezeOp unsqueeze) {
          for (int64_t axis : unsqueeze.getAxes())
            layout.axes.insert(layout.axes.begin() + axis, Atoms());
          return true;
        })
        .Case([&](llm::SqueezeOp squeeze) {
          for (int64_t axis : ::llvm::reverse(squeeze.getAxes())) {
            if (!layout.axes[axis].empty())
              return false;
            layout.axes.erase(layout.axes.begin() + axis);
          }
          return true;
        })
        .Case([&](llm::ExpandOp expand) { return repeatOnes(expand.getResult()); })
        .Case([&](llm::ReshapeOp reshape) { return regroup(reshape.getResult()); })
        .Case([&](llm::ConcatOp concat) {
          Atoms &atoms = layout.axes[concat.getAxis()];
          atoms.insert(atoms.begin(), repeat(constant(concat.getInputs().size())));
          return true;
        })
        .Case([&](llm::GatherOp gather) { return pick(gather); })
        .Case([&](llm::MulOp mul) {
          auto number = llm::constantSplat(mul.getRhs());
          layout.scale *= number ? *number : *llm::constantSplat(mul.getLhs());
          return true;
        })
        .Case([&](llm::DivOp div) {
          layout.scale /= *llm::constantSplat(div.getRhs());
          return true;
        })
        .Default([](Operation *) { return false; });
  }

private:
  const llm::SymbolicShapes &shapes;
  Layout &layout;

  AffineExpr constant(int64_t value) const { return shapes.sizes().constant(value); }
  static bool isOne(AffineExpr size) { return llm::constantValue(size) == 1; }
  static Layout::Atom repeat(AffineExpr size) { return {-1, size}; }

  bool repeatOnes(Value result) {
    auto sizes = shapes.shapeOf(result);
    if (!sizes || sizes->size() < layout.axes.size())
      return false;
    layout.axes.insert(layout.axes.begin(), sizes->size() - layout.axes.size(), Atoms());
    for (auto [atoms, size] : ::llvm::zip(layout.axes, *sizes)) {
      if (atoms.empty() && !isOne(size))
        atoms.push_back(repeat(size));
      else if (!atoms.empty() && product(atoms) != size)
        return false;
    }
    return true;
  }

  AffineExpr product(ArrayRef<Layout::Atom> atoms) const {
    AffineExpr size = constant(1);
    for (const Layout::Atom &atom : atoms)
      size = shapes.sizes().mul(size, atom.size);
    return size;
  }

  bool regroup(Value result) {
    auto sizes = shapes.shapeOf(result);
    if (!sizes)
      return false;
    Atoms all;
    for (const Atoms &atoms : layout.axes)
      all.append(atoms);
    layout.axes.clear();
    size_t next = 0;
    for (AffineExpr size : *sizes) {
      Atoms &atoms = layout.axes.emplace_back();
      while (product(atoms) != size) {
        if (next == all.size())
          return false;
        atoms.push_back(all[next++]);
      }
    }
    return next == all.size();
  }

  /// Indices 0 0 1 1 .. repeat each element, 0 1 .. 0 1 .. the whole.
  bool pick(llm::GatherOp gather) {
    auto indices = *llm::constantIntegers(gather.getIndices());
    auto size = llm::constantValue(shapes.sizeOf(gather.getX(), gather.getAxis()));
    int64_t count = indices.size();
    Atoms &atoms = layout.axes[gather.getAxis()];
    if (tensorOf(gather.getIndices()).getRank() != 1 || !size || *size <= 0 || count == 0 || count % *size != 0)
      return false;
    int64_t times = count / *size;
    bool each = true, whole = true;
    for (auto [i, index] : ::llvm::enumerate(indices)) {
      int64_t at = index < 0 ? index + *size : index;
      each &= at == static_cast<int64_t>(i) / times;
      whole &= at == static_cast<int64_t>(i) % *size;
    }
    if (times > 1 && each)
      atoms.push_back(repeat(constant(times)));
    else if (times > 1 && whole)
      atoms.insert(atoms.begin(), repeat(constant(times)));
    return each || whole;
  }
};

} // namespace

std::vector<Layout> layoutsOf(Value value, const llm::SymbolicShapes &shapes) {
  constexpr size_t longest = 32;
  SmallVector<Operation *> chain; // the last op first
  for (Value at = value; chain.size() < longest;) {
    Operation *op = at.getDefiningOp();
    Value next = movedOperand(op);
    if (!next)
      break;
    chain.push_back(op);
    at = next;
  }
  std::vector<Layout> result;
  for (size_t length = chain.size() + 1; length-- > 0;) {
    Layout layout;
    layout.base = length == 0 ? value : movedOperand(chain[length - 1]);
    auto sizes = shapes.shapeOf(layout.base);
    if (!sizes)
      continue;
    for (auto [axis, size] : ::llvm::enumerate(*sizes)) {
      layout.axes.emplace_back();
      if (llm::constantValue(size) != 1)
        layout.axes.back().push_back({static_cast<int64_t>(axis), size});
    }
    Mover mover(shapes, layout);
    bool moved = true;
    for (size_t i = length; moved && i-- > 0;)
      moved = mover.apply(chain[i]);
    if (moved)
      result.push_back(std::move(layout));
  }
  return result;
}

std::optional<HeadsLayout> readHeads(const Layout &layout, const llm::SymbolicShapes &shapes, std::string &why) {
  auto sizes = shapes.shapeOf(layout.base);
  if (!sizes || sizes->size() != 4 || layout.axes.size() != 4) {
    why = "is not made of a tensor of four axes";
    return std::nullopt;
  }
  HeadsLayout result;
  result.base = layout.base;
  result.scale = layout.scale;
  result.permutation.assign(4, -1);
  for (auto [axis, atoms] : ::llvm::enumerate(layout.axes)) {
    for (auto [place, atom] : ::llvm::enumerate(atoms)) {
      bool isLast = place + 1 == atoms.size();
      if (atom.axis >= 0 && place == 0) {
        result.permutation[axis] = atom.axis;
      } else if (atom.axis < 0 && axis == 2 && isLast && llm::constantValue(atom.size)) {
        result.repeats = *llm::constantValue(atom.size);
      } else {
        why = atom.axis < 0 ? axis == 2 ? "repeats all heads one after another, where each head is to be repeated"
                                        : "repeats along an axis that is not the heads"
                            : "runs through several axes of its base in one";
        return std::nullopt;
      }
    }
  }
  // Axes of size 1 left no trace: each is as good as another.
  for (int64_t &from : result.permutation)
    for (int64_t axis = 0; from < 0 && axis < 4; ++axis)
      if (llm::constantValue((*sizes)[axis]) == 1 && !::llvm::is_contained(result.permutation, axis))
        from = axis;
  if (::llvm::is_contained(result.permutation, -1)) {
    why = "leaves out an axis of its base";
    return std::nullopt;
  }
  return result;
}

} // namespace lathe
