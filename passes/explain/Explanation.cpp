// See Explanation.h. ExplanationText.cpp prints.
#include "passes/explain/Explanation.h"
#include "passes/explain/Layers.h"
#include "passes/fusion/FusePatterns.h"
#include "passes/fusion/NearMiss.h"

#include "ir/llm/Llm.h"

#include <llvm/ADT/SetVector.h>
#include <llvm/ADT/TypeSwitch.h>

#include <algorithm>
#include <map>
#include <set>

using namespace mlir;

namespace lathe {

namespace {

using Attributes = std::vector<std::pair<std::string, std::string>>;

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

Explanation::Source sourceOf(NameLoc location) {
  auto kind = dyn_cast<NameLoc>(location.getChildLoc());
  return {location.getName().str(), kind ? kind.getName().str() : ""};
}

std::vector<Explanation::Source> sourcesOf(Location location) {
  std::vector<Explanation::Source> result;
  for (NameLoc name : namesIn(location))
    result.push_back(sourceOf(name));
  return result;
}

Explanation::Source firstSource(Location location) {
  SmallVector<NameLoc> names = namesIn(location);
  return names.empty() ? Explanation::Source{} : sourceOf(names.front());
}

std::string textOf(const APFloat &number) {
  APFloat wide = number;
  bool lossy = false;
  wide.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lossy);
  return numberText(wide.convertToDouble());
}

std::string typeText(Type type) {
  std::string text;
  ::llvm::raw_string_ostream(text) << type;
  // "!llm.block<q4_1>" is known as q4_1.
  StringRef inside = StringRef(text).split('<').second;
  return StringRef(text).starts_with("!llm.block<") ? inside.drop_back().str() : text;
}

std::string sizeText(int64_t size) { return ShapedType::isDynamic(size) ? "?" : std::to_string(size); }

Attributes attributesOf(llm::AttentionOp op) {
  auto query = tensorOf(op.getQuery()), key = tensorOf(op.getKey());
  Attributes result = {{"causal", op.getCausal() ? "yes" : "no"}};
  if (int64_t window = op.getWindow())
    result.push_back({"window", std::to_string(window)});
  if (int64_t ahead = op.getAhead(); ahead >= 0)
    result.push_back({"ahead", std::to_string(ahead)});
  if (op.getSegments())
    result.push_back({"pattern", "segments"});
  if (op.getBlockSize() > 0)
    result.push_back({"pattern", "blocks of " + std::to_string(static_cast<int64_t>(op.getBlockSize()))});
  result.push_back({"heads", sizeText(query.getDimSize(2))});
  result.push_back({"kv_heads", sizeText(key.getDimSize(2))});
  result.push_back({"head_size", sizeText(query.getDimSize(3))});
  result.push_back({"scale", textOf(op.getScale())});
  if (!op.getSoftcap().isZero())
    result.push_back({"softcap", textOf(op.getSoftcap())});
  if (op.getSlopes())
    result.push_back({"alibi", "yes"});
  if (op.getSinks())
    result.push_back({"sinks", "yes"});
  if (Value mask = op.getMask()) {
    auto unsqueeze = mask.getDefiningOp<llm::UnsqueezeOp>();
    bool padding = unsqueeze && tensorOf(mask).getElementType().isInteger(1) && tensorOf(mask).getRank() == 4 &&
                   tensorOf(mask).getDimSize(1) == 1 && tensorOf(mask).getDimSize(2) == 1;
    result.push_back({"mask", padding ? "padding" : "operand"});
  }
  if (op.getLengths())
    result.push_back({"lengths", "yes"});
  auto concat = op.getKey().getDefiningOp<llm::ConcatOp>();
  if (concat && concat.getAxis() == 1)
    result.push_back({"cache", "past and present"});
  return result;
}

Attributes attributesOf(llm::RopeOp op) {
  Attributes result = {{"dims", std::to_string(static_cast<int64_t>(op.getDims()))},
                       {"head_size", sizeText(tensorOf(op.getX()).getShape().back())}};
  if (op.getCosine())
    result.push_back({"angles", "tables of cosines and sines"});
  else if (op.getFrequencies())
    result.push_back({"angles", "frequencies"});
  else
    result.push_back({"theta", textOf(op.getBase())});
  result.push_back({"pairs", op.getInterleaved() ? "interleaved" : "halves"});
  if (!op.getFactor().isExactlyValue(1))
    result.push_back({"factor", textOf(op.getFactor())});
  return result;
}

/// What an op of another family says of itself: its attributes, less numbers that are neutral (0 and 1).
Attributes plainAttributes(Operation *op) {
  Attributes result;
  for (NamedAttribute attribute : op->getAttrs()) {
    StringRef name = attribute.getName();
    if (name == "operandSegmentSizes" || name == "resultSegmentSizes")
      continue;
    std::string text;
    if (auto number = dyn_cast<FloatAttr>(attribute.getValue()))
      text = textOf(number.getValue());
    else if (auto whole = dyn_cast<IntegerAttr>(attribute.getValue()))
      text = std::to_string(whole.getValue().getSExtValue());
    else if (auto word = dyn_cast<StringAttr>(attribute.getValue()))
      text = word.getValue().str();
    else if (isa<UnitAttr>(attribute.getValue()))
      text = "yes";
    else
      ::llvm::raw_string_ostream(text) << attribute.getValue();
    if (text == "0" || (text == "1" && name != "top"))
      continue;
    if (StringRef(text).starts_with("#llm<")) // "#llm<activation silu>"
      text = StringRef(text).drop_back().rsplit(' ').second.str();
    result.push_back({name.str(), text});
  }
  return result;
}

Attributes attributesOf(Operation *op) {
  return ::llvm::TypeSwitch<Operation *, Attributes>(op)
      .Case<llm::AttentionOp, llm::RopeOp>([](auto op) { return attributesOf(op); })
      .Case([](llm::RmsNormOp op) {
        Attributes result = {{"epsilon", textOf(op.getEpsilon())}};
        if (!op.getWeight())
          result.push_back({"weight", "none"});
        return result;
      })
      .Case([](llm::LayerNormOp op) {
        Attributes result = {{"epsilon", textOf(op.getEpsilon())}};
        if (!op.getBias())
          result.push_back({"bias", "none"});
        return result;
      })
      .Case(
          [](llm::GluOp op) { return Attributes{{"activation", llm::stringifyActivation(op.getActivation()).str()}}; })
      .Case([](llm::GeluOp op) { return Attributes{{"kind", op.getApproximate() ? "tanh" : "erf"}}; })
      .Case([](llm::LinearOp op) {
        Attributes result = {{"weights", typeText(tensorOf(op.getWeight()).getElementType())}};
        if (op.getInt8Activations())
          result.push_back({"activations", "int8"});
        if (auto parts = op.getWeight().getDefiningOp<llm::ConcatOp>(); parts && parts.getAxis() == 0)
          result.push_back({"merged_from", std::to_string(parts.getInputs().size())});
        return result;
      })
      .Default([](Operation *op) { return plainAttributes(op); });
}

/// The nodes next to an op that pointwise ops and moves connect it with, in the order of the block.
std::vector<Explanation::Source> spellingAround(Operation *anchor) {
  SetVector<Operation *> near;
  near.insert(anchor);
  auto isBetween = [](Operation *op) {
    return isa<llm::Pointwise, llm::TransposeOp, llm::ReshapeOp, llm::ReduceOp, llm::ConcatOp, llm::SliceOp,
               llm::MatmulOp, llm::ExpandOp>(op);
  };
  constexpr size_t most = 12;
  for (size_t next = 0; next < near.size() && near.size() < most; ++next) {
    Operation *op = near[next];
    if (isa<llm::MatmulOp>(op) && op != anchor)
      continue;
    for (Value operand : op->getOperands())
      if (Operation *producer = operand.getDefiningOp(); producer && isBetween(producer) && near.size() < most)
        near.insert(producer);
    for (Operation *user : op->getUsers())
      if (isBetween(user) && near.size() < most)
        near.insert(user);
  }
  SmallVector<Operation *> ordered(near.begin(), near.end());
  ::llvm::sort(ordered, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  std::vector<Explanation::Source> result;
  std::set<std::string> seen;
  for (Operation *op : ordered)
    for (Explanation::Source &source : sourcesOf(op->getLoc()))
      if (seen.insert(source.name).second)
        result.push_back(std::move(source));
  return result;
}

class Explainer {
public:
  Explainer(func::FuncOp forward, const FusionLog &log) : forward(forward), log(log), layers(forward) {}
  Explanation result;

  void run() {
    result.layers = layers.count();
    collectFused();
    collectMisses();
    describeLayers();
  }

private:
  func::FuncOp forward;
  const FusionLog &log;
  Layers layers;
  using Anchor = std::pair<std::string, Location>;

  void collectFused() {
    std::map<std::string, size_t> index;
    for (Operation &op : forward.getBody().front()) {
      if (!isFused(&op) && !isa<llm::LinearOp>(op))
        continue;
      std::string name = op.getName().stripDialect().str();
      auto [entry, isNew] = index.try_emplace(name, result.fusions.size());
      if (isNew)
        result.fusions.push_back({name, {}});
      result.fusions[entry->second].ops.push_back({attributesOf(&op), sourcesOf(op.getLoc()), layers.of(&op)});
    }
    static constexpr StringRef order[] = {"attention", "rope", "rms_norm", "layer_norm", "glu",
                                          "gelu",      "silu", "moe",      "linear"};
    auto place = [](const Explanation::Fusion &fusion) { return ::llvm::find(order, fusion.name); };
    std::sort(result.fusions.begin(), result.fusions.end(),
              [&](const auto &a, const auto &b) { return std::pair(place(a), a.name) < std::pair(place(b), b.name); });
  }

  void collectMisses() {
    std::map<std::pair<std::string, const void *>, SmallVector<Operation *, 1>> present;
    for (Operation &op : forward.getBody().front())
      present[{op.getName().getStringRef().str(), op.getLoc().getAsOpaquePointer()}].push_back(&op);
    // Of what is told at one op, the furthest; of two as far, the later.
    std::map<std::pair<std::string, Operation *>, FusionLog::Miss> furthest; // by fusion and op
    for (const FusionLog::Miss &miss : log.misses())
      if (auto found = present.find({miss.op, miss.anchor.getAsOpaquePointer()}); found != present.end()) {
        std::string family = miss.fusion == "layer_norm" ? "rms_norm" : miss.fusion;
        auto [entry, isNew] = furthest.try_emplace({family, found->second.front()}, miss);
        if (!isNew && miss.progress >= entry->second.progress)
          entry->second = miss;
      }
    for (Operation &op : forward.getBody().front())
      if (auto softmax = dyn_cast<llm::SoftmaxOp>(op);
          softmax && looksLikeAttention(softmax) && !furthest.count({"attention", softmax})) {
        FusionLog::Miss miss(op.getName().getStringRef().str(), op.getLoc());
        miss.fusion = "attention", miss.condition = "softmax-of-scores";
        miss.text = "a softmax of scores whose result weights values is left, but not as softmax(q k^T) v";
        furthest.emplace(std::pair("attention", &op), miss);
      }
    std::vector<std::pair<Operation *, const FusionLog::Miss *>> ordered;
    for (const auto &[key, miss] : furthest) {
      // Patterns of one fusion begin at different ops: what another says of this op came further.
      bool isSaid = ::llvm::any_of(furthest, [&, &key = key, &miss = miss](const auto &other) {
        return other.first.first == key.first && other.first.second != key.second &&
               other.second.culprit == miss.anchor && other.second.progress > miss.progress;
      });
      if (!isSaid)
        ordered.push_back({key.second, &miss});
    }
    ::llvm::sort(ordered, [](auto &a, auto &b) {
      return a.first == b.first ? a.second->fusion < b.second->fusion : a.first->isBeforeInBlock(b.first);
    });
    std::map<std::tuple<std::string, std::string, std::string>, size_t> groups;
    for (auto [op, miss] : ordered) {
      auto [entry, isNew] = groups.try_emplace({miss->fusion, miss->condition, miss->text}, result.misses.size());
      if (isNew)
        result.misses.push_back({miss->fusion, miss->condition, miss->text, miss->help, {}});
      result.misses[entry->second].places.push_back(
          {firstSource(miss->anchor), firstSource(miss->culprit), layers.of(op), spellingAround(op)});
    }
  }

  void describeLayers() {
    // What is the same in all layers is no difference between them.
    std::map<size_t, std::vector<const Explanation::Miss *>> missesOf;
    for (const Explanation::Miss &miss : result.misses)
      for (const Explanation::Miss::Place &place : miss.places)
        if (place.layer >= 0 && (missesOf[place.layer].empty() || missesOf[place.layer].back() != &miss))
          missesOf[place.layer].push_back(&miss);
    for (size_t layer = 0; layer < layers.count(); ++layer) {
      const auto &content = layers.content(layer);
      bool isFused = !content.count("softmax");
      std::string text;
      for (const Explanation::Miss *miss : missesOf[layer]) {
        isFused &= miss->fusion == "mask" || miss->fusion == "merged linears" || miss->condition == "kv-repeats";
        std::set<int> where;
        for (const Explanation::Miss::Place &place : miss->places)
          where.insert(place.layer);
        if (where.size() < layers.count())
          text += (text.empty() ? "" : "; ") + miss->fusion + ": " + miss->text;
      }
      result.fusedLayers += isFused;
      if (text.empty())
        text = differenceOf(content);
      if (!text.empty())
        result.odd.push_back({static_cast<int>(layer), text});
    }
  }

  /// "1 rope instead of 2, no glu"
  std::string differenceOf(const std::map<std::string, int> &content) const {
    std::string text;
    auto all = content;
    all.insert(layers.usual().begin(), layers.usual().end());
    for (const auto &[name, unused] : all) {
      auto numberIn = [name = name](const std::map<std::string, int> &counts) {
        auto found = counts.find(name);
        return found == counts.end() ? 0 : found->second;
      };
      int has = numberIn(content), most = numberIn(layers.usual());
      if (has != most)
        text += (text.empty() ? "" : ", ") + (has ? std::to_string(has) : "no") + " " + name + " instead of " +
                std::to_string(most);
    }
    return text;
  }
};

} // namespace

size_t Explanation::count(StringRef fusion) const {
  for (const Fusion &entry : fusions)
    if (entry.name == fusion)
      return entry.ops.size();
  return 0;
}

Explanation explainFusion(ModuleOp module, const FusionLog &log) {
  Explanation result;
  if (auto forward = module.lookupSymbol<func::FuncOp>("forward"); forward && !forward.isExternal()) {
    Explainer explainer(forward, log);
    explainer.run();
    result = std::move(explainer.result);
  }
  if (auto reason = module->getAttrOfType<StringAttr>("llm.no_step")) {
    result.step = Explanation::Step::None;
    result.noStep = reason.getValue().str();
  } else if (auto step = module.lookupSymbol<func::FuncOp>("step")) {
    result.step = Explanation::Step::Formed;
    std::vector<std::pair<std::string, int>> kinds;
    for (Type type : step.getArgumentTypes()) {
      auto cache = dyn_cast<llm::KvCacheType>(type);
      if (!cache)
        continue;
      std::string text = std::to_string(cache.getHeads()) + " heads of " + std::to_string(cache.getHeadDim()) + " " +
                         typeText(cache.getElementType());
      if (cache.getWindow())
        text += ", window " + std::to_string(cache.getWindow());
      auto same = ::llvm::find_if(kinds, [&](const auto &kind) { return kind.first == text; });
      if (same == kinds.end())
        kinds.push_back({text, 1});
      else
        ++same->second;
    }
    for (const auto &[text, count] : kinds)
      result.caches += (result.caches.empty() ? "" : "; ") + std::to_string(count) + " of " + text;
  }
  return result;
}

} // namespace lathe
