// Watches text as it is made for strings that end it. Text that may still become a stop string is held back. Relies on
// the standard library alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

class StopStrings {
public:
  /// Empty strings are left out.
  explicit StopStrings(std::vector<std::string> stops);

  struct Found {
    std::string text; ///< what can be shown now; nothing of a stop string
    int stop = -1;    ///< index of the string that was hit (in what the constructor was given), or -1
  };
  /// Takes more text. The stop string that is complete first is hit, the longest of several that end together, however
  /// the text was cut. After a hit nothing more is found or shown until reset().
  Found push(std::string_view text);
  /// What is held back: no stop string can come of it any more.
  std::string finish();
  void reset();

private:
  struct Stop {
    std::string text;
    int index;
    std::vector<uint32_t> border; // border[n]: longest proper prefix of text[0, n) that is its suffix as well
    size_t matched = 0;
  };
  std::vector<Stop> stops;
  std::string held;
  bool hit = false;
};

} // namespace lathe
