// The inside of JsonSchema.h: a value must satisfy a set of schemas at once, which `allOf`, `$ref` and siblings all
// become; a set is a rule. Relies on JsonText.h.
#pragma once

#include "runtime/grammar/JsonText.h"

#include <map>
#include <set>

namespace lathe::grammar {

class SchemaReader {
public:
  SchemaReader(const Json &document, Work &work) : document_(document), work_(work) {}
  Result<Rules> read();

private:
  /// A schema, and which of its keywords with branches have been followed already.
  struct Part {
    const Json *schema;
    bool anyOf = false, oneOf = false;
    auto operator<=>(const Part &) const = default;
  };
  using Parts = std::vector<Part>;
  enum Type : unsigned {
    Null = 1,
    Boolean = 2,
    Object = 4,
    Array = 8,
    Fraction = 16,
    Integer = 32,
    String = 64,
    All = 127
  };

  void fail(const Json *where, const std::string &message);
  bool failed() const { return !failure_.ok(); }
  void name(const Json *schema, const std::string &place) { places_.try_emplace(schema, place); }
  std::string placeOf(const Json *schema) const;
  const Json *resolve(const Json *schema, const std::string &reference);
  uint32_t count(const Json *schema, const Json &value, const char *keyword);

  // SchemaReader.cpp
  void flatten(const Json *schema, Parts &parts, uint32_t depth);
  Expression value(Parts parts, uint32_t depth);
  Expression body(const Parts &parts, uint32_t depth);
  Expression branches(const Parts &parts, size_t which, bool one, uint32_t depth);
  Expression enumerated(const Parts &parts, const Json &values, unsigned types, uint32_t depth);
  Expression literal(const Json &value, uint32_t depth);
  bool disjoint(const Parts &a, const Parts &b, uint32_t depth);
  unsigned typesOf(const Parts &parts);
  std::optional<Json> valuesOf(const Parts &parts);
  void refuseKeywords(const Parts &parts);
  Expression space();

  // SchemaScalars.cpp
  Expression number(const Parts &parts, unsigned types);
  Expression string(const Parts &parts);
  std::optional<Automaton> contents(const Parts &parts);
  Expression anyString();

  // SchemaContainers.cpp
  Expression array(const Parts &parts, uint32_t depth);
  Expression object(const Parts &parts, uint32_t depth);
  Parts property(const Parts &parts, const std::string &key, uint32_t depth, bool &allowed);
  Expression otherKeys(const Parts &parts, const std::vector<std::string> &declared, uint32_t depth);
  bool keyAllowed(const Parts &names, const std::string &key, uint32_t depth);

  const Json &document_;
  Work &work_;
  Status failure_;
  Rules rules_;
  std::map<Parts, uint32_t> known_;
  std::map<const Json *, std::string> places_;
  std::map<std::string, std::shared_ptr<const Automaton>> patterns_;
  std::optional<uint32_t> space_, anyString_;
  uint32_t flattened_ = 0;
};

} // namespace lathe::grammar
