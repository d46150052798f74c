// See SchemaReader.h: sets of schemas, their branches and their values.
#include "runtime/grammar/SchemaReader.h"

#include "runtime/grammar/JsonSchema.h"

#include <algorithm>

namespace lathe::grammar {

namespace {
constexpr size_t maxSchema = 4 << 20, maxRules = 20'000;
constexpr uint32_t maxSchemaDepth = 150;

unsigned typeNamed(const std::string &name) {
  static constexpr std::pair<const char *, unsigned> names[] = {
      {"null", 1}, {"boolean", 2}, {"object", 4}, {"array", 8}, {"number", 48}, {"integer", 32}, {"string", 64}};
  for (auto [known, bits] : names)
    if (name == known)
      return bits;
  return 0;
}

unsigned typeOfValue(const Json &value) {
  return value.is_null()      ? 1
         : value.is_boolean() ? 2
         : value.is_object()  ? 4
         : value.is_array()   ? 8
         : value.is_string()  ? 64
         : value.is_number_integer() ||
                 value.get<double>() == double(int64_t(std::clamp(value.get<double>(), -1e18, 1e18)))
             ? 32
             : 16;
}
} // namespace

std::string SchemaReader::placeOf(const Json *schema) const {
  auto at = places_.find(schema);
  return at != places_.end() ? at->second : "#";
}

void SchemaReader::fail(const Json *where, const std::string &message) {
  if (failure_.ok())
    failure_ = Status::failure("json schema: " + (where ? placeOf(where) + ": " : "") + message);
}

uint32_t SchemaReader::count(const Json *schema, const Json &value, const char *keyword) {
  if (!value.is_number() || value.get<double>() < 0 || value.get<double>() != double(uint64_t(value.get<double>()))) {
    fail(schema, std::string("'") + keyword + "' is no count");
    return 0;
  }
  return uint32_t(std::min(value.get<double>(), 4e9));
}

const Json *SchemaReader::resolve(const Json *schema, const std::string &reference) {
  if (!reference.starts_with('#')) {
    fail(schema, "'$ref' to '" + reference + "' leaves the document; only references that begin with # are supported");
    return nullptr;
  }
  std::string pointer = reference.substr(1);
  if (!pointer.empty() && pointer[0] != '/') {
    // An anchor, looked for where definitions usually are.
    for (const char *keyword : {"$defs", "definitions"})
      if (document_.is_object() && document_.contains(keyword) && document_[keyword].is_object())
        for (const auto &[key, definition] : document_[keyword].items())
          if (definition.is_object() && definition.contains("$anchor") && definition["$anchor"] == pointer) {
            name(&definition, std::string("#/") + keyword + "/" + key);
            return &definition;
          }
    fail(schema, "'$ref' to '" + reference + "' points to nothing");
    return nullptr;
  }
  const Json *at = &document_;
  for (size_t i = 0; i < pointer.size();) {
    size_t end = std::min(pointer.find('/', i + 1), pointer.size());
    std::string key;
    for (size_t c = i + 1; c < end; ++c)
      if (pointer[c] == '~' && c + 1 < end)
        key += pointer[++c] == '1' ? '/' : '~';
      else if (pointer[c] == '%' && c + 2 < end) {
        key += char(std::strtol(pointer.substr(c + 1, 2).c_str(), nullptr, 16));
        c += 2;
      } else
        key += pointer[c];
    if (at->is_object() && at->contains(key))
      at = &(*at)[key];
    else if (at->is_array() && !key.empty() && key.size() < 6 && key.find_first_not_of("0123456789") == key.npos &&
             std::stoul(key) < at->size())
      at = &(*at)[std::stoul(key)];
    else {
      fail(schema, "'$ref' to '" + reference + "' points to nothing");
      return nullptr;
    }
    i = end;
  }
  name(at, reference);
  return at;
}

/// Adds the schemas that hold where `schema` holds.
void SchemaReader::flatten(const Json *schema, Parts &parts, uint32_t depth) {
  if (failed())
    return;
  if (depth > maxSchemaDepth || ++flattened_ > 200'000)
    return fail(schema, "references and 'allOf' are nested too deep, or refer to themselves");
  if (schema->is_boolean() ? schema->get<bool>() : false)
    return;
  if (!schema->is_boolean() && !schema->is_object())
    return fail(schema, "a schema is an object, true or false");
  if (std::ranges::any_of(parts, [&](const Part &part) { return part.schema == schema; }))
    return;
  parts.push_back({schema});
  if (schema->is_boolean())
    return;
  if (auto reference = schema->find("$ref"); reference != schema->end()) {
    if (!reference->is_string())
      return fail(schema, "'$ref' is no string");
    if (const Json *target = resolve(schema, reference->get<std::string>()))
      flatten(target, parts, depth + 1);
  }
  if (auto all = schema->find("allOf"); all != schema->end()) {
    if (!all->is_array())
      return fail(schema, "'allOf' is no array");
    for (size_t i = 0; i < all->size(); ++i) {
      name(&(*all)[i], placeOf(schema) + "/allOf/" + std::to_string(i));
      flatten(&(*all)[i], parts, depth + 1);
    }
  }
}

void SchemaReader::refuseKeywords(const Parts &parts) {
  for (const Part &part : parts)
    if (part.schema->is_object())
      for (const char *keyword :
           {"not", "if", "contains", "minContains", "maxContains", "dependentSchemas", "dependentRequired",
            "dependencies", "unevaluatedItems", "unevaluatedProperties", "uniqueItems", "$dynamicRef", "$recursiveRef"})
        if (auto at = part.schema->find(keyword); at != part.schema->end()) {
          std::string word = keyword;
          bool harmless = (word == "uniqueItems" && *at == false) || (word.starts_with("unevaluated") && *at == true);
          if (!harmless)
            return fail(part.schema, "'" + word + "' is not supported");
        }
}

unsigned SchemaReader::typesOf(const Parts &parts) {
  unsigned types = All;
  for (const Part &part : parts) {
    if (part.schema->is_boolean())
      return 0;
    auto type = part.schema->find("type");
    if (type == part.schema->end())
      continue;
    unsigned named = 0;
    for (const Json &one : type->is_array() ? *type : Json::array({*type})) {
      unsigned bits = one.is_string() ? typeNamed(one.get<std::string>()) : 0;
      if (!bits)
        fail(part.schema, "the type " + one.dump(-1, ' ', false, Json::error_handler_t::replace) + " is not known");
      named |= bits;
    }
    types &= named;
  }
  return types;
}

/// The values that enum and const leave; nothing without them.
std::optional<Json> SchemaReader::valuesOf(const Parts &parts) {
  std::optional<Json> left;
  for (const Part &part : parts) {
    if (!part.schema->is_object())
      continue;
    for (const char *keyword : {"enum", "const"})
      if (auto at = part.schema->find(keyword); at != part.schema->end()) {
        Json values = std::string_view(keyword) == "const" ? Json::array({*at}) : *at;
        if (!values.is_array()) {
          fail(part.schema, "'enum' is no array");
          return Json::array();
        }
        if (!left) {
          left = std::move(values);
          continue;
        }
        Json both = Json::array();
        for (const Json &value : *left)
          if (!work_.take(values.size() * 4))
            fail(part.schema, "'enum' is too large");
          else if (std::ranges::find(values, value) != values.end())
            both.push_back(value);
        left = std::move(both);
      }
  }
  return left;
}

Expression SchemaReader::space() {
  if (!space_) {
    space_ = uint32_t(rules_.rules.size());
    rules_.rules.push_back({"white space", whiteSpace()});
  }
  return call(*space_);
}

Expression SchemaReader::literal(const Json &value, uint32_t depth) {
  if (depth > maxSchemaDepth) {
    fail(nullptr, "a constant is nested too deep");
    return nothing();
  }
  if (!value.is_structured())
    return bytes(value.dump(-1, ' ', false, Json::error_handler_t::replace));
  bool object = value.is_object();
  std::vector<Expression> parts{bytes(object ? "{" : "["), space()};
  bool first = true;
  for (const auto &[key, item] : value.items()) {
    if (!first) {
      parts.push_back(bytes(","));
      parts.push_back(space());
    }
    first = false;
    if (object) {
      parts.push_back(bytes(Json(key).dump(-1, ' ', false, Json::error_handler_t::replace) + ":"));
      parts.push_back(space());
    }
    parts.push_back(literal(item, depth + 1));
  }
  if (!value.empty())
    parts.push_back(space());
  parts.push_back(bytes(object ? "}" : "]"));
  return sequence(std::move(parts));
}

/// The listed values that the rest of the schemas allow.
Expression SchemaReader::enumerated(const Parts &parts, const Json &values, unsigned types, uint32_t) {
  std::optional<Automaton> strings;
  std::optional<Automaton> others;
  std::vector<Expression> choices;
  auto limited = [&](std::initializer_list<const char *> keywords) {
    return std::ranges::any_of(parts, [&](const Part &part) {
      return std::ranges::any_of(keywords, [&](const char *keyword) { return part.schema->contains(keyword); });
    });
  };
  for (const Json &value : values) {
    unsigned type = typeOfValue(value);
    if (!(type & types))
      continue;
    std::string text = value.is_structured() ? "" : value.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (value.is_string() && limited({"minLength", "maxLength", "pattern", "format"})) {
      if (!strings)
        strings = contents(parts);
      if (!strings || !strings->accepts(std::string_view(text).substr(1, text.size() - 2)))
        continue;
    }
    if (value.is_number() && limited({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})) {
      if (!others)
        if (auto built = build(number(parts, Fraction | Integer), work_); built)
          others = std::move(*built);
      if (!others || !others->accepts(text))
        continue;
    }
    if (value.is_structured() &&
        limited({"properties", "required", "additionalProperties", "patternProperties", "propertyNames", "items",
                 "prefixItems", "minItems", "maxItems", "minProperties", "maxProperties"}))
      fail(parts[0].schema, "'enum' and 'const' of objects and arrays beside other keywords are not supported");
    choices.push_back(literal(value, 0));
  }
  return choice(std::move(choices));
}

/// A call of the rule for values that satisfy all `parts`.
Expression SchemaReader::value(Parts parts, uint32_t depth) {
  if (failed())
    return nothing();
  std::ranges::sort(parts);
  auto [at, fresh] = known_.try_emplace(parts, uint32_t(rules_.rules.size()));
  uint32_t number = at->second;
  if (!fresh)
    return call(number);
  const Json *where = parts.empty() ? nullptr : parts[0].schema;
  if (depth > maxSchemaDepth || rules_.rules.size() > maxRules || !work_.take(100 + parts.size())) {
    fail(where, "the schema is nested too deep, or its branches combine in too many ways");
    return nothing();
  }
  rules_.rules.push_back({where ? placeOf(where) : "any value", nothing()});
  Expression made = body(parts, depth + 1);
  rules_.rules[number].body = std::move(made);
  return call(number);
}

/// Parts with one branch of parts[which] for each.
Expression SchemaReader::branches(const Parts &parts, size_t which, bool one, uint32_t depth) {
  const Json *schema = parts[which].schema;
  const char *keyword = one ? "oneOf" : "anyOf";
  const Json &list = (*schema)[keyword];
  if (!list.is_array() || list.empty()) {
    fail(schema, std::string("'") + keyword + "' is no array of schemas");
    return nothing();
  }
  std::vector<Parts> sets;
  for (size_t i = 0; i < list.size(); ++i) {
    Parts set = parts;
    (one ? set[which].oneOf : set[which].anyOf) = true;
    name(&list[i], placeOf(schema) + "/" + keyword + "/" + std::to_string(i));
    if (list[i] != false)
      flatten(&list[i], set, 0);
    else
      set.push_back({&list[i]});
    sets.push_back(std::move(set));
  }
  if (one)
    for (size_t i = 0; i < sets.size() && !failed(); ++i)
      for (size_t j = 0; j < i && !failed(); ++j)
        if (!disjoint(sets[j], sets[i], 0) && !failed())
          fail(schema, "'oneOf': branches " + std::to_string(j) + " and " + std::to_string(i) +
                           " may hold for the same value; use 'anyOf', or give them different types or constants");
  std::vector<Expression> choices;
  for (Parts &set : sets)
    choices.push_back(value(std::move(set), depth));
  return choice(std::move(choices));
}

/// No value satisfies both; false when that cannot be told.
bool SchemaReader::disjoint(const Parts &a, const Parts &b, uint32_t depth) {
  unsigned types = typesOf(a) & typesOf(b);
  if (auto left = valuesOf(a))
    types &= [&] {
      unsigned bits = 0;
      for (const Json &value : *left)
        bits |= typeOfValue(value);
      return bits;
    }();
  if (auto right = valuesOf(b))
    types &= [&] {
      unsigned bits = 0;
      for (const Json &value : *right)
        bits |= typeOfValue(value);
      return bits;
    }();
  if (!types || failed())
    return true;
  auto left = valuesOf(a), right = valuesOf(b);
  if (left && right)
    return std::ranges::none_of(*left, [&](const Json &value) {
      return work_.take(right->size()) && std::ranges::find(*right, value) != right->end();
    });
  if (types == Object && depth < 3) {
    // A property both need, with values that tell them apart.
    auto needed = [](const Parts &parts) {
      std::set<std::string> keys;
      for (const Part &part : parts)
        if (part.schema->is_object() && part.schema->contains("required") && (*part.schema)["required"].is_array())
          for (const Json &key : (*part.schema)["required"])
            if (key.is_string())
              keys.insert(key.get<std::string>());
      return keys;
    };
    std::set<std::string> others = needed(b);
    for (const std::string &key : needed(a)) {
      bool allowedA = true, allowedB = true;
      Parts inA = property(a, key, 0, allowedA), inB = property(b, key, 0, allowedB);
      if (others.contains(key) && (!allowedA || !allowedB || disjoint(inA, inB, depth + 1)))
        return true;
      if (!allowedB) // needed here, forbidden there
        return true;
    }
    for (const std::string &key : others) {
      bool allowed = true;
      property(a, key, 0, allowed);
      if (!allowed)
        return true;
    }
    return false;
  }
  auto languages = [&](auto make) {
    auto one = build(make(a), work_), other = build(make(b), work_);
    if (!one || !other || one->hasCalls() || other->hasCalls())
      return false;
    auto both = intersect(*one, *other, work_);
    return both && both->matchesNothing();
  };
  auto branched = [](const Parts &parts) {
    return std::ranges::any_of(parts, [](const Part &part) {
      return part.schema->is_object() &&
             ((!part.anyOf && part.schema->contains("anyOf")) || (!part.oneOf && part.schema->contains("oneOf")));
    });
  };
  if (branched(a) || branched(b))
    return false;
  if (types == String && !left && !right)
    return languages([&](const Parts &parts) {
      auto content = contents(parts);
      return content ? accepting(std::move(*content)) : bytes("");
    });
  if (!(types & ~unsigned(Fraction | Integer)) && !left && !right)
    return languages([&](const Parts &parts) { return number(parts, typesOf(parts)); });
  return false;
}

Expression SchemaReader::body(const Parts &parts, uint32_t depth) {
  for (const Part &part : parts)
    if (part.schema->is_boolean())
      return nothing(); // false
  refuseKeywords(parts);
  for (size_t i = 0; i < parts.size() && !failed(); ++i) {
    if (!parts[i].anyOf && parts[i].schema->contains("anyOf"))
      return branches(parts, i, false, depth);
    if (!parts[i].oneOf && parts[i].schema->contains("oneOf"))
      return branches(parts, i, true, depth);
  }
  unsigned types = typesOf(parts);
  if (auto values = valuesOf(parts))
    return enumerated(parts, *values, types, depth);
  std::vector<Expression> choices;
  if (types & Null)
    choices.push_back(bytes("null"));
  if (types & Boolean)
    choices.insert(choices.end(), {bytes("true"), bytes("false")});
  if ((types & Object) && !failed())
    choices.push_back(object(parts, depth));
  if ((types & Array) && !failed())
    choices.push_back(array(parts, depth));
  if ((types & (Fraction | Integer)) && !failed())
    choices.push_back(number(parts, types));
  if ((types & String) && !failed())
    choices.push_back(string(parts));
  return choice(std::move(choices));
}

Result<Rules> SchemaReader::read() {
  name(&document_, "#");
  Parts parts;
  flatten(&document_, parts, 0);
  Expression root = value(std::move(parts), 0);
  if (failed())
    return failure_;
  rules_.root = root->rule;
  return std::move(rules_);
}

Result<Rules> readJsonSchema(std::string_view schema, Work &work) {
  if (schema.size() > maxSchema)
    return Status::failure("json schema: " + std::to_string(schema.size()) + " bytes, more than the " +
                           std::to_string(maxSchema) + " that are read");
  size_t deepest = 0, depth = 0;
  for (char c : schema) { // brackets in strings count too: this is a limit alone
    depth += c == '{' || c == '[';
    deepest = std::max(deepest, depth);
    depth -= (c == '}' || c == ']') && depth > 0;
  }
  if (deepest > 2000)
    return Status::failure("json schema: nested deeper than 2000 levels");
  Json document = Json::parse(schema, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded())
    return Status::failure("json schema: this is not JSON");
  return SchemaReader(document, work).read();
}

Result<std::shared_ptr<const Grammar>> parseJsonSchema(std::string_view schema) {
  Work work;
  auto rules = readJsonSchema(schema, work);
  if (!rules)
    return rules.status();
  return Grammar::compile(*rules, work);
}

} // namespace lathe::grammar
