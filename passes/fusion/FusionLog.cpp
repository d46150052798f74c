// See FusionLog.h.
#include "passes/fusion/FusionLog.h"

#include "ir/llm/Llm.h"

#include <llvm/ADT/SetVector.h>
#include <llvm/ADT/StringSwitch.h>
#include <mlir/IR/Diagnostics.h>

#include <algorithm>

using namespace mlir;

namespace lathe {

namespace {

/// Ops that stand for several of the file's.
bool isComposite(Operation *op) {
  return ::llvm::StringSwitch<bool>(op->getName().getStringRef())
      .Cases("llm.attention", "llm.rope", "llm.rms_norm", "llm.layer_norm", "llm.glu", "llm.gelu", "llm.silu", true)
      .Cases("llm.linear", "llm.moe", true)
      .Default(false);
}

constexpr size_t mostNames = 512; // of one op

/// "softmax over axis 2" => "softmax-over-axis": an id for failures that say nothing but a text.
std::string idOf(StringRef text) {
  std::string id;
  for (char letter : text.take_while([](char letter) { return letter != ',' && letter != ':' && letter != '('; }))
    if (std::isalpha(static_cast<unsigned char>(letter)))
      id += static_cast<char>(std::tolower(letter));
    else if (!id.empty() && id.back() != '-')
      id += '-';
  return id.empty() || id.back() != '-' ? id : id.substr(0, id.size() - 1);
}

/// `value`'s producer and what it alone is computed from: what is gone when nothing uses `first` any more.
SmallVector<Operation *> deadWith(ArrayRef<Operation *> first) {
  SetVector<Operation *> gone;
  gone.insert(first.begin(), first.end());
  for (size_t next = 0; next < gone.size() && gone.size() < mostNames; ++next)
    for (Value operand : gone[next]->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      if (producer && !isa<llm::WeightOp, llm::ConstantOp, llm::DimsOp>(producer) &&
          ::llvm::all_of(producer->getUsers(), [&](Operation *user) { return gone.contains(user); }))
        gone.insert(producer);
    }
  return gone.takeVector();
}

} // namespace

void FusionLog::begin(StringRef pass) {
  for (auto entry = misses_.begin(); entry != misses_.end();)
    entry = std::get<0>(entry->first) == pass ? misses_.erase(entry) : std::next(entry);
}

void FusionLog::add(StringRef pass, StringRef pattern, const Operation *root, Miss miss) {
  misses_.insert_or_assign(Key(pass.str(), pattern.str(), root), std::pair(count_++, std::move(miss)));
}

void FusionLog::forget(StringRef pass, StringRef pattern, const Operation *root) {
  misses_.erase(Key(pass.str(), pattern.str(), root));
}

void FusionLog::moved(StringRef op, Location from, Location to) {
  for (auto &[key, entry] : misses_)
    if (entry.second.op == op && entry.second.anchor == from)
      entry.second.anchor = to;
}

std::vector<FusionLog::Miss> FusionLog::misses() const {
  std::vector<const std::pair<size_t, Miss> *> sorted;
  for (const auto &[key, miss] : misses_)
    sorted.push_back(&miss);
  std::sort(sorted.begin(), sorted.end(), [](auto *a, auto *b) { return a->first < b->first; });
  std::vector<Miss> result;
  for (const auto *miss : sorted)
    result.push_back(miss->second);
  return result;
}

SmallVector<NameLoc> namesIn(Location location) {
  SmallVector<NameLoc> result;
  ::llvm::SmallDenseSet<Attribute> seen;
  SmallVector<Location> open = {location};
  while (!open.empty()) {
    Location next = open.pop_back_val();
    if (auto named = dyn_cast<NameLoc>(next); named && seen.insert(named).second)
      result.push_back(named);
    if (auto fused = dyn_cast<FusedLoc>(next))
      open.append(fused.getLocations().rbegin(), fused.getLocations().rend());
  }
  return result;
}

std::string placeText(Location location) {
  SmallVector<NameLoc> names = namesIn(location);
  std::string text;
  ::llvm::raw_string_ostream stream(text);
  if (names.empty()) {
    stream << location;
    return text;
  }
  stream << "'" << names.front().getName().getValue() << "'";
  if (auto kind = dyn_cast<NameLoc>(names.front().getChildLoc()))
    stream << " (" << kind.getName().getValue() << ")";
  if (names.size() > 1)
    stream << " and " << names.size() - 1 << (names.size() == 2 ? " more node" : " more nodes");
  return text;
}

void fuseLocations(Operation *op, ArrayRef<Location> others, FusionLog *log) {
  SmallVector<Location> all;
  for (NameLoc name : namesIn(op->getLoc()))
    all.push_back(name);
  size_t before = all.size();
  for (Location other : others)
    for (NameLoc name : namesIn(other))
      if (all.size() < mostNames && !::llvm::is_contained(all, Location(name)))
        all.push_back(name);
  if (all.size() == before)
    return;
  Location from = op->getLoc(), to = FusedLoc::get(op->getContext(), all);
  op->setLoc(to);
  if (log)
    log->moved(op->getName().getStringRef(), from, to);
}

FusionListener::FusionListener(StringRef pass, FusionLog *log) : pass(pass.str()), log(log) {
  if (log)
    log->begin(pass);
}

void FusionListener::notifyPatternBegin(const Pattern &pattern, Operation *op) {
  root = op;
  inserted.clear();
  operands.clear();
  if (isComposite(op))
    operands.append(op->operand_begin(), op->operand_end());
  if (!log)
    return;
  this->pattern = pattern.getDebugName().str();
  rootName = op->getName().getStringRef().str();
  log->forget(pass, this->pattern, op);
}

void FusionListener::notifyPatternEnd(const Pattern &, LogicalResult status) {
  if (succeeded(status) && root && !operands.empty()) {
    SmallVector<Operation *> unused;
    for (Value before : operands)
      if (Operation *producer = before.getDefiningOp(); producer && before.use_empty())
        unused.push_back(producer);
    absorb(root, deadWith(unused));
  }
  root = nullptr;
}

void FusionListener::notifyMatchFailure(Location location, function_ref<void(Diagnostic &)> reason) {
  if (!log)
    return;
  Diagnostic diagnostic(location, DiagnosticSeverity::Remark);
  reason(diagnostic);
  FusionLog::Miss miss(rootName, location);
  DictionaryAttr parts;
  for (Diagnostic &note : diagnostic.getNotes())
    for (const DiagnosticArgument &argument : note.getArguments())
      if (argument.getKind() == DiagnosticArgument::DiagnosticArgumentKind::Attribute) {
        parts = dyn_cast<DictionaryAttr>(argument.getAsAttribute());
        miss.culprit = note.getLocation();
      }
  if (parts) {
    auto text = [&](StringRef name) { return parts.getAs<StringAttr>(name).getValue().str(); };
    miss.fusion = text("fusion"), miss.condition = text("condition"), miss.text = text("text"),
    miss.help = text("help");
    miss.op = text("op");
    miss.progress = static_cast<int>(parts.getAs<IntegerAttr>("progress").getInt());
  } else {
    // A plain reason counts when it says whose it is: "attention: the softmax is ...".
    std::string all = diagnostic.str();
    auto [fusion, text] = StringRef(all).split(": ");
    if (text.empty() || fusion.contains(' '))
      return;
    miss.fusion = fusion.str(), miss.text = text.str(), miss.condition = idOf(text);
  }
  log->add(pass, pattern, root, std::move(miss));
}

void FusionListener::notifyOperationInserted(Operation *op, OpBuilder::InsertPoint) {
  if (isComposite(op))
    inserted.push_back(op);
}

void FusionListener::notifyOperationReplaced(Operation *op, ValueRange) {
  if (!inserted.empty() && !::llvm::is_contained(inserted, op))
    absorb(inserted, deadWith(op));
}

void FusionListener::notifyOperationErased(Operation *op) {
  if (op == root)
    root = nullptr;
  ::llvm::erase(inserted, op);
}

void FusionListener::absorb(ArrayRef<Operation *> into, ArrayRef<Operation *> gone) {
  SmallVector<Operation *> inOrder(gone);
  ::llvm::sort(inOrder,
               [](Operation *a, Operation *b) { return a->getBlock() == b->getBlock() && a->isBeforeInBlock(b); });
  SmallVector<Location> locations;
  for (Operation *op : inOrder)
    locations.push_back(op->getLoc());
  for (Operation *op : into)
    fuseLocations(op, locations, log);
}

} // namespace lathe
