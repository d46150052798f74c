// Prints an Explanation, as text and as JSON.
#include "passes/explain/Explanation.h"

#include <algorithm>
#include <set>

namespace lathe {

namespace {

using Attributes = std::vector<std::pair<std::string, std::string>>;

std::string sourceText(const Explanation::Source &source) {
  return source.name.empty() ? "an op without a name"
                             : "'" + source.name + "'" + (source.kind.empty() ? "" : " (" + source.kind + ")");
}

std::string attributesText(const Attributes &attributes) {
  std::string text;
  for (const auto &[name, value] : attributes)
    if (!(value == "no" && name == "causal"))
      text += (text.empty() ? "" : ", ") + (value == "yes" ? name : name + " " + value);
    else
      text += "not causal";
  return text;
}

/// "MatMul, Mul, 2 Add, Softmax": the operators of the nodes, each once, in order.
std::string kindsText(const std::vector<Explanation::Source> &sources) {
  std::vector<std::pair<std::string, int>> kinds;
  for (const Explanation::Source &source : sources) {
    const std::string &kind = source.kind.empty() ? source.name : source.kind;
    auto same = std::find_if(kinds.begin(), kinds.end(), [&](const auto &known) { return known.first == kind; });
    if (same == kinds.end())
      kinds.push_back({kind, 1});
    else
      ++same->second;
  }
  std::string text;
  for (size_t i = 0; i < kinds.size() && i < 16; ++i)
    text += (text.empty() ? "" : ", ") + (kinds[i].second > 1 ? std::to_string(kinds[i].second) + " " : "") +
            kinds[i].first;
  return text + (kinds.size() > 16 ? ", ..." : "");
}

/// "layers 0 to 3, 7"
std::string layersText(const std::set<int> &layers) {
  std::string text;
  for (auto at = layers.begin(); at != layers.end();) {
    auto last = at;
    while (std::next(last) != layers.end() && *std::next(last) == *last + 1)
      ++last;
    text += (text.empty() ? "" : ", ") + std::to_string(*at) + (last == at ? "" : " to " + std::to_string(*last));
    at = std::next(last);
  }
  return (layers.size() == 1 ? "layer " : "layers ") + text;
}

/// A line for each set of attributes, with an example of the nodes.
void printFusion(const Explanation::Fusion &fusion, size_t layers, bool all, std::string &out) {
  struct Group {
    const Explanation::Fused *example; ///< the one of the fewest nodes: others may have what several share
    size_t count = 0;
    std::set<int> layers;
  };
  std::vector<std::pair<std::string, Group>> groups;
  for (const Explanation::Fused &op : fusion.ops) {
    std::string text = attributesText(op.attributes);
    auto same = std::find_if(groups.begin(), groups.end(), [&](const auto &group) { return group.first == text; });
    if (same == groups.end())
      same = groups.insert(groups.end(), {text, {&op, 0, {}}});
    ++same->second.count;
    if (op.sources.size() > 1 &&
        (op.sources.size() < same->second.example->sources.size() || same->second.example->sources.size() <= 1))
      same->second.example = &op;
    if (op.layer >= 0)
      same->second.layers.insert(op.layer);
  }
  std::string name = fusion.name;
  for (const auto &[text, group] : groups) {
    std::string count = std::to_string(group.count);
    out += name + std::string(name.size() < 12 ? 12 - name.size() : 1, ' ') +
           std::string(count.size() < 4 ? 4 - count.size() : 0, ' ') + count + "  " + text;
    if (groups.size() > 1 && !group.layers.empty() && group.layers.size() < layers)
      out += " (" + layersText(group.layers) + ")";
    out += "\n";
    if (!all && fusion.name != "linear" && group.example->sources.size() > 1)
      out += std::string(18, ' ') + "e.g. " + kindsText(group.example->sources) + " at " +
             sourceText(group.example->sources.front()) + "\n";
    name = "";
  }
  if (!all)
    return;
  for (const Explanation::Fused &op : fusion.ops) {
    out += std::string(18, ' ') + (op.layer < 0 ? "" : "layer " + std::to_string(op.layer) + ": ");
    for (size_t i = 0; i < op.sources.size(); ++i)
      out += (i ? ", " : "") + sourceText(op.sources[i]);
    out += "\n";
  }
}

void printMiss(const Explanation::Miss &miss, size_t layers, std::string &out) {
  std::set<int> where;
  for (const Explanation::Miss::Place &place : miss.places)
    if (place.layer >= 0)
      where.insert(place.layer);
  const Explanation::Miss::Place &first = miss.places.front();
  out += "\nnearly " + miss.fusion + ", " + std::to_string(miss.places.size()) +
         (miss.places.size() == 1 ? " place" : " places");
  if (!where.empty())
    out += where.size() == layers ? " in all layers" : " in " + layersText(where);
  out += ": " + miss.text + " [" + miss.condition + "]\n";
  out += "  at " + sourceText(first.anchor);
  if (first.culprit.name != first.anchor.name && !first.culprit.name.empty())
    out += ", because of " + sourceText(first.culprit);
  out += "\n";
  if (first.spelling.size() > 1)
    out += "  spelled " + kindsText(first.spelling) + "\n";
  if (!miss.help.empty())
    out += "  help: " + miss.help + "\n";
}

nlohmann::json jsonOf(const Explanation::Source &source) {
  nlohmann::json out = {{"name", source.name}};
  if (!source.kind.empty())
    out["operator"] = source.kind;
  return out;
}

nlohmann::json jsonOf(const std::vector<Explanation::Source> &sources) {
  nlohmann::json out = nlohmann::json::array();
  for (const Explanation::Source &source : sources)
    out.push_back(jsonOf(source));
  return out;
}

} // namespace

std::string textOf(const Explanation &explanation, bool all) {
  std::string out;
  if (explanation.layers) {
    out += "layers      " +
           std::string(explanation.layers < 10    ? 3
                       : explanation.layers < 100 ? 2
                                                  : 1,
                       ' ') +
           std::to_string(explanation.layers) + "  " +
           (explanation.fusedLayers == explanation.layers ? "all" : std::to_string(explanation.fusedLayers)) + " fused";
    // Where several layers differ in the same way, they are said together.
    std::vector<std::pair<std::string, std::set<int>>> same;
    for (const Explanation::Odd &odd : explanation.odd) {
      auto known = std::find_if(same.begin(), same.end(), [&](const auto &entry) { return entry.first == odd.text; });
      (known == same.end() ? *same.insert(same.end(), {odd.text, {}}) : *known).second.insert(odd.layer);
    }
    for (const auto &[text, layers] : same)
      out += "; " + layersText(layers) + (layers.size() == 1 ? " differs: " : " differ: ") + text;
    out += "\n";
  }
  for (const Explanation::Fusion &fusion : explanation.fusions)
    printFusion(fusion, explanation.layers, all, out);
  if (explanation.step == Explanation::Step::Formed)
    out += "step              formed; caches: " + (explanation.caches.empty() ? "none" : explanation.caches) + "\n";
  if (explanation.step == Explanation::Step::None)
    out += "step              none: " + explanation.noStep + "\n";
  for (const Explanation::Miss &miss : explanation.misses)
    printMiss(miss, explanation.layers, out);
  return out;
}

nlohmann::json jsonOf(const Explanation &explanation) {
  nlohmann::json out;
  out["layers"] = {
      {"count", explanation.layers}, {"fused", explanation.fusedLayers}, {"different", nlohmann::json::array()}};
  for (const Explanation::Odd &odd : explanation.odd)
    out["layers"]["different"].push_back({{"layer", odd.layer}, {"text", odd.text}});
  out["fusions"] = nlohmann::json::array();
  for (const Explanation::Fusion &fusion : explanation.fusions) {
    nlohmann::json ops = nlohmann::json::array();
    for (const Explanation::Fused &op : fusion.ops) {
      nlohmann::json attributes = nlohmann::json::object();
      for (const auto &[name, value] : op.attributes)
        attributes[name] = value;
      ops.push_back({{"attributes", attributes}, {"layer", op.layer}, {"nodes", jsonOf(op.sources)}});
    }
    out["fusions"].push_back({{"name", fusion.name}, {"count", fusion.ops.size()}, {"ops", ops}});
  }
  out["near_misses"] = nlohmann::json::array();
  for (const Explanation::Miss &miss : explanation.misses) {
    nlohmann::json places = nlohmann::json::array();
    for (const Explanation::Miss::Place &place : miss.places)
      places.push_back({{"at", jsonOf(place.anchor)},
                        {"because_of", jsonOf(place.culprit)},
                        {"layer", place.layer},
                        {"spelled", jsonOf(place.spelling)}});
    out["near_misses"].push_back({{"fusion", miss.fusion},
                                  {"condition", miss.condition},
                                  {"text", miss.text},
                                  {"help", miss.help},
                                  {"places", places}});
  }
  if (explanation.step == Explanation::Step::Formed)
    out["step"] = {{"formed", true}, {"caches", explanation.caches}};
  if (explanation.step == Explanation::Step::None)
    out["step"] = {{"formed", false}, {"reason", explanation.noStep}};
  return out;
}

} // namespace lathe
