// See CharacterClasses.h.
#include "runtime/grammar/CharacterClasses.h"

#include <string>
#include <utf8proc.h>

namespace lathe::grammar {

CharacterSet digits() { return CharacterSet('0', '9'); }

CharacterSet wordCharacters() {
  CharacterSet set('a', 'z');
  set.add('A', 'Z');
  set.add('0', '9');
  set.add('_');
  return set;
}

CharacterSet lineEnds() {
  CharacterSet set('\n', '\n');
  set.add('\r');
  set.add(0x2028, 0x2029);
  return set;
}

CharacterSet spaces() {
  CharacterSet set(9, 13);
  for (uint32_t code : {0x20u, 0xA0u, 0x1680u, 0x202Fu, 0x205Fu, 0x3000u, 0xFEFFu})
    set.add(code);
  set.add(0x2000, 0x200A);
  set.add(lineEnds());
  return set;
}

std::optional<CharacterSet> property(std::string_view name) {
  for (std::string_view prefix : {"General_Category=", "gc="})
    if (name.starts_with(prefix))
      name.remove_prefix(prefix.size());
  if (name == "Any")
    return CharacterSet::all();
  if (name == "ASCII")
    return CharacterSet(0, 127);
  static constexpr std::pair<std::string_view, std::string_view> longNames[] = {{"Letter", "L"},
                                                                                {"Uppercase_Letter", "Lu"},
                                                                                {"Lowercase_Letter", "Ll"},
                                                                                {"Titlecase_Letter", "Lt"},
                                                                                {"Modifier_Letter", "Lm"},
                                                                                {"Other_Letter", "Lo"},
                                                                                {"Mark", "M"},
                                                                                {"Nonspacing_Mark", "Mn"},
                                                                                {"Number", "N"},
                                                                                {"Decimal_Number", "Nd"},
                                                                                {"Letter_Number", "Nl"},
                                                                                {"Other_Number", "No"},
                                                                                {"Punctuation", "P"},
                                                                                {"Symbol", "S"},
                                                                                {"Math_Symbol", "Sm"},
                                                                                {"Currency_Symbol", "Sc"},
                                                                                {"Separator", "Z"},
                                                                                {"Space_Separator", "Zs"},
                                                                                {"Other", "C"},
                                                                                {"Control", "Cc"}};
  for (auto [longName, shortName] : longNames)
    if (name == longName)
      name = shortName;
  // In the order of utf8proc_category_t.
  static constexpr std::string_view categories[] = {"Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd",
                                                    "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm",
                                                    "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co"};
  bool wanted[std::size(categories)] = {}, known = false;
  for (size_t i = 0; i < std::size(categories); ++i)
    known |= wanted[i] = !name.empty() && name.size() <= 2 && categories[i].starts_with(name);
  if (!known)
    return std::nullopt;
  CharacterSet set;
  uint32_t first = 0;
  bool inside = false;
  for (uint32_t code = 0; code <= CharacterSet::last + 1; ++code) {
    bool member = code <= CharacterSet::last && wanted[utf8proc_category(utf8proc_int32_t(code))];
    if (member && !inside)
      first = code;
    if (!member && inside)
      set.add(first, code - 1);
    inside = member;
  }
  return set;
}

} // namespace lathe::grammar
