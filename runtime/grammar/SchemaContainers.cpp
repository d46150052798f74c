// See SchemaReader.h: arrays and objects, as graphs whose nodes count what was written.
#include "runtime/grammar/RegularExpression.h"
#include "runtime/grammar/SchemaReader.h"

#include <algorithm>

namespace lathe::grammar {

namespace {
constexpr uint32_t maxItems = 5000;
std::string pointerKey(const std::string &key) {
  std::string out;
  for (char c : key)
    out += c == '~' ? std::string("~0") : c == '/' ? std::string("~1") : std::string(1, c);
  return out;
}
std::string quoted(const std::string &key) { return Json(key).dump(-1, ' ', false, Json::error_handler_t::replace); }
} // namespace

Expression SchemaReader::array(const Parts &parts, uint32_t depth) {
  uint32_t least = 0, most = unlimited, fixed = 0;
  for (const Part &part : parts) {
    const Json &schema = *part.schema;
    if (auto at = schema.find("minItems"); at != schema.end())
      least = std::max(least, count(&schema, *at, "minItems"));
    if (auto at = schema.find("maxItems"); at != schema.end())
      most = std::min(most, count(&schema, *at, "maxItems"));
    for (const char *keyword : {"prefixItems", "items"})
      if (auto at = schema.find(keyword); at != schema.end() && at->is_array())
        fixed = std::max(fixed, uint32_t(std::min<size_t>(at->size(), UINT32_MAX)));
  }
  if (most != unlimited && most > maxItems)
    most = least > maxItems || fixed > maxItems ? most : unlimited; // beyond what anyone writes
  if (least > maxItems || fixed > maxItems)
    fail(parts[0].schema, "arrays of more than " + std::to_string(maxItems) + " items are not supported");
  if (failed() || least > most)
    return nothing();
  /// What the item at `index` must be.
  auto item = [&](uint32_t index) {
    Parts set;
    for (const Part &part : parts) {
      const Json &schema = *part.schema;
      const Json *list = nullptr, *rest = nullptr;
      std::string listName = "prefixItems", restName = "items";
      if (auto at = schema.find("prefixItems"); at != schema.end() && at->is_array())
        list = &*at;
      if (auto at = schema.find("items"); at != schema.end()) {
        if (at->is_array()) { // as in earlier drafts
          list = &*at, listName = "items", restName = "additionalItems";
          if (auto more = schema.find("additionalItems"); more != schema.end())
            rest = &*more;
        } else {
          rest = &*at;
        }
      }
      if (list && index < list->size()) {
        name(&(*list)[index], placeOf(&schema) + "/" + listName + "/" + std::to_string(index));
        flatten(&(*list)[index], set, 0);
      } else if (rest) {
        name(rest, placeOf(&schema) + "/" + restName);
        flatten(rest, set, 0);
      }
    }
    return value(std::move(set), depth);
  };
  // Node i: i items are written. The last node stays where it is.
  uint32_t last = most != unlimited ? most : std::max({least, fixed, 1u});
  Node graph{.kind = Node::Kind::Graph};
  graph.nodes = last + 2;
  uint32_t end = last + 1;
  Expression comma = sequence({bytes(","), space()}), close = sequence({space(), bytes("]")}), rest;
  for (uint32_t i = 0; i <= last && !failed(); ++i) {
    if (i >= least)
      graph.edges.push_back({i, end, i ? close : bytes("]")});
    if (i == most)
      break;
    Expression next = i < fixed ? item(i) : rest ? rest : (rest = item(fixed));
    graph.edges.push_back({i, std::min(i + 1, last), i ? sequence({comma, next}) : next});
  }
  graph.finals = {end};
  return sequence({bytes("["), space(), make(std::move(graph))});
}

/// The schemas for the value of `key`; `allowed` becomes false when there must be none.
SchemaReader::Parts SchemaReader::property(const Parts &parts, const std::string &key, uint32_t depth, bool &allowed) {
  Parts set;
  for (const Part &part : parts) {
    const Json &schema = *part.schema;
    if (!schema.is_object())
      continue;
    bool named = false;
    if (auto at = schema.find("properties"); at != schema.end() && at->is_object() && at->contains(key)) {
      const Json &own = (*at)[key];
      name(&own, placeOf(&schema) + "/properties/" + pointerKey(key));
      named = true;
      if (own == false)
        allowed = false;
      flatten(&own, set, depth);
    }
    if (auto at = schema.find("patternProperties"); at != schema.end() && at->is_object())
      for (const auto &[pattern, own] : at->items()) {
        Json holder = {{"pattern", pattern}};
        auto automaton = contents({{&holder}});
        std::string text = quoted(key);
        if (automaton && automaton->accepts(std::string_view(text).substr(1, text.size() - 2))) {
          name(&own, placeOf(&schema) + "/patternProperties/" + pointerKey(pattern));
          named = true;
          flatten(&own, set, depth);
        }
      }
    if (auto at = schema.find("additionalProperties"); !named && at != schema.end()) {
      if (*at == false)
        allowed = false;
      name(&*at, placeOf(&schema) + "/additionalProperties");
      flatten(&*at, set, depth);
    }
  }
  return set;
}

bool SchemaReader::keyAllowed(const Parts &names, const std::string &key, uint32_t) {
  if (names.empty())
    return true;
  if (auto values = valuesOf(names); values && std::ranges::find(*values, Json(key)) == values->end())
    return false;
  auto automaton = contents(names);
  std::string text = quoted(key);
  return automaton && automaton->accepts(std::string_view(text).substr(1, text.size() - 2));
}

/// Key, colon and value of a property that is not `declared`; nullptr when there are none.
Expression SchemaReader::otherKeys(const Parts &parts, const std::vector<std::string> &declared, uint32_t depth) {
  bool lists = false, opens = false;
  std::vector<std::pair<std::string, const Json *>> patterns;
  Parts names;
  for (const Part &part : parts) {
    const Json &schema = *part.schema;
    lists |= schema.contains("properties") || schema.contains("patternProperties");
    if (auto at = schema.find("additionalProperties"); at != schema.end())
      opens |= *at != false;
    if (auto at = schema.find("propertyNames"); at != schema.end()) {
      name(&*at, placeOf(&schema) + "/propertyNames");
      flatten(&*at, names, 0);
      for (const Part &one : names)
        if (!one.schema->is_object() || one.schema->contains("anyOf") || one.schema->contains("oneOf"))
          fail(&schema, "this form of 'propertyNames' is not supported");
    }
    if (auto at = schema.find("patternProperties"); at != schema.end() && at->is_object())
      for (const auto &[pattern, own] : at->items())
        if (std::ranges::find(patterns, pattern, &std::pair<std::string, const Json *>::first) == patterns.end())
          patterns.emplace_back(pattern, &own);
  }
  if (patterns.size() > 4)
    fail(parts[0].schema, "more than 4 'patternProperties' at once are not supported");
  if (failed() || (lists && !opens && patterns.empty()))
    return nullptr;

  std::optional<Automaton> base = contents(names);
  if (auto values = valuesOf(names); values && base) {
    std::vector<Expression> listed;
    for (const Json &value : *values)
      if (value.is_string()) {
        std::string text = quoted(value.get<std::string>());
        listed.push_back(bytes(std::string_view(text).substr(1, text.size() - 2)));
      }
    auto both = build(choice(std::move(listed)), work_);
    if (both)
      both = intersect(*base, *both, work_);
    base = both ? std::optional(std::move(*both)) : std::nullopt;
  }
  auto without = [&](Automaton &keys, const Automaton &others) {
    auto left = subtract(keys, others, work_);
    if (!left)
      return fail(parts[0].schema, left.message());
    keys = std::move(*left);
  };
  if (base && !declared.empty()) {
    std::vector<Expression> listed;
    for (const std::string &key : declared) {
      std::string text = quoted(key);
      listed.push_back(bytes(std::string_view(text).substr(1, text.size() - 2)));
    }
    if (auto automaton = build(choice(std::move(listed)), work_); automaton)
      without(*base, *automaton);
  }
  if (!base || work_.spent()) {
    fail(parts.empty() ? nullptr : parts[0].schema, "the names of properties are too complicated");
    return nullptr;
  }
  // One kind of key for every set of patterns that it matches.
  std::vector<Expression> choices;
  for (unsigned set = 0; set < 1u << patterns.size() && !failed(); ++set) {
    Automaton keys = *base;
    for (size_t i = 0; i < patterns.size() && !failed(); ++i) {
      Json holder = {{"pattern", patterns[i].first}};
      auto matched = contents({{&holder}});
      if (!matched)
        return nullptr;
      if (set >> i & 1) {
        auto both = intersect(keys, *matched, work_);
        if (both)
          keys = std::move(*both);
        else
          fail(parts[0].schema, both.message());
      } else {
        without(keys, *matched);
      }
    }
    if (keys.matchesNothing() || failed())
      continue;
    Parts values;
    bool allowed = set != 0 || opens || !lists;
    for (const Part &part : parts) {
      const Json &schema = *part.schema;
      bool named = false;
      if (auto at = schema.find("patternProperties"); at != schema.end() && at->is_object())
        for (size_t i = 0; i < patterns.size(); ++i)
          if ((set >> i & 1) && at->contains(patterns[i].first)) {
            const Json &own = (*at)[patterns[i].first];
            named = true;
            name(&own, placeOf(&schema) + "/patternProperties/" + pointerKey(patterns[i].first));
            flatten(&own, values, 0);
            allowed &= own != false;
          }
      if (auto at = schema.find("additionalProperties"); !named && at != schema.end()) {
        allowed &= *at != false;
        name(&*at, placeOf(&schema) + "/additionalProperties");
        flatten(&*at, values, 0);
      }
    }
    if (allowed)
      choices.push_back(
          sequence({bytes("\""), accepting(std::move(keys)), bytes("\":"), space(), value(std::move(values), depth)}));
  }
  return choices.empty() ? nullptr : choice(std::move(choices));
}

Expression SchemaReader::object(const Parts &parts, uint32_t depth) {
  std::vector<std::string> order;
  std::set<std::string> seen, required;
  uint32_t least = 0, most = unlimited;
  Parts names;
  for (const Part &part : parts) {
    const Json &schema = *part.schema;
    if (auto at = schema.find("properties"); at != schema.end()) {
      if (!at->is_object()) {
        fail(&schema, "'properties' is no object");
        return nothing();
      }
      for (const auto &[key, own] : at->items())
        if (seen.insert(key).second)
          order.push_back(key);
    }
    if (auto at = schema.find("minProperties"); at != schema.end())
      least = std::max(least, count(&schema, *at, "minProperties"));
    if (auto at = schema.find("maxProperties"); at != schema.end())
      most = std::min(most, count(&schema, *at, "maxProperties"));
    if (auto at = schema.find("propertyNames"); at != schema.end())
      flatten(&*at, names, 0);
  }
  for (const Part &part : parts)
    if (auto at = part.schema->find("required"); at != part.schema->end()) {
      if (!at->is_array()) {
        fail(part.schema, "'required' is no array");
        return nothing();
      }
      for (const Json &key : *at)
        if (key.is_string()) {
          required.insert(key.get<std::string>());
          if (seen.insert(key.get<std::string>()).second)
            order.push_back(key.get<std::string>());
        }
    }
  struct Property {
    Expression text;
    bool required;
  };
  std::vector<Property> properties;
  for (const std::string &key : order) {
    bool allowed = keyAllowed(names, key, depth);
    Parts set = property(parts, key, 0, allowed);
    bool needed = required.contains(key);
    if (failed() || (!allowed && needed))
      return nothing();
    if (allowed)
      properties.push_back({sequence({bytes(quoted(key) + ":"), space(), value(std::move(set), depth)}), needed});
  }
  Expression others = otherKeys(parts, order, depth);
  if (failed() || least > most)
    return nothing();
  // Node (i, c): properties before i are decided, c were written. Counts matter up to `top`, where they stay; of other
  // keys one may come twice, so that all of them count as one for the least.
  bool limitsMost = most <= order.size() || (others && most != unlimited);
  uint32_t top = limitsMost ? most : std::max(1u, least);
  if (top > 1000 || uint64_t(top + 1) * (properties.size() + 2) > 200'000) {
    fail(parts[0].schema,
         "'minProperties' or 'maxProperties' of " + std::to_string(top) + " is more than is supported");
    return nothing();
  }
  uint32_t declared = uint32_t(properties.size()), width = top + 1;
  Node graph{.kind = Node::Kind::Graph};
  // After the declared ones: rows of nodes (extras, c) with c of all; `least` is checked on entering them.
  uint32_t end = (declared + 2) * width;
  graph.nodes = end + 1;
  graph.finals = {end};
  auto at = [&](uint32_t i, uint32_t c) { return i * width + c; };
  Expression comma = sequence({bytes(","), space()}), close = sequence({space(), bytes("}")});
  auto written = [&](uint32_t c, const Expression &text) { return c ? sequence({comma, text}) : text; };
  for (uint32_t i = 0; i < declared; ++i)
    for (uint32_t c = 0; c <= top; ++c) {
      if (!properties[i].required)
        graph.edges.push_back({at(i, c), at(i + 1, c), bytes("")});
      if (c < top || !limitsMost)
        graph.edges.push_back({at(i, c), at(i + 1, std::min(c + 1, top)), written(c, properties[i].text)});
    }
  for (uint32_t c = 0; c <= top; ++c) {
    auto ends = [&](uint32_t row, uint32_t atLeast) {
      if (atLeast >= least)
        graph.edges.push_back({at(row, c), end, c ? close : bytes("}")});
    };
    ends(declared, c);
    if (!others)
      continue;
    if (c < top || !limitsMost)
      if (c + 1 >= least) {
        graph.edges.push_back({at(declared, c), at(declared + 1, std::min(c + 1, top)), written(c, others)});
        graph.edges.push_back({at(declared + 1, c), at(declared + 1, std::min(c + 1, top)), written(c, others)});
      }
    ends(declared + 1, least); // entered with enough
  }
  return sequence({bytes("{"), space(), make(std::move(graph))});
}

} // namespace lathe::grammar
