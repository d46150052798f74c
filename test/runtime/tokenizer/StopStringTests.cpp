// Stop strings across token borders, against a search in the whole text.
#include "runtime/tokenizer/StopStrings.h"

#include <gtest/gtest.h>
#include <random>

namespace lathe {
namespace {

TEST(StopStrings, HoldsBackWhatMayBecomeAStop) {
  StopStrings stops({"</end>"});
  EXPECT_EQ(stops.push("text <").text, "text ");
  EXPECT_EQ(stops.push("/en").text, "");
  EXPECT_EQ(stops.push("ough> <").text, "</enough> ");
  EXPECT_EQ(stops.push("/e").text, "");
  StopStrings::Found found = stops.push("nd> after");
  EXPECT_EQ(found.text, "");
  EXPECT_EQ(found.stop, 0);
  EXPECT_EQ(stops.push("more").text, "");
}

TEST(StopStrings, GivesTheRestAtTheEnd) {
  StopStrings stops({"", "abcabd"});
  EXPECT_EQ(stops.push("xabcab").text, "x");
  EXPECT_EQ(stops.push("cab").text, "abc");
  EXPECT_EQ(stops.finish(), "abcab");
  EXPECT_EQ(stops.push("abcabd").stop, 1);
  stops.reset();
  EXPECT_EQ(stops.push("q").text, "q");
}

TEST(StopStrings, TheFirstCompleteOneCountsAndOfSeveralTheLongest) {
  StopStrings stops({"bc", "abc", "abcd"});
  StopStrings::Found found = stops.push("xxabcd");
  EXPECT_EQ(found.stop, 1);
  EXPECT_EQ(found.text, "xx");
}

TEST(StopStrings, AgreesWithASearchHoweverTheTextIsCut) {
  std::mt19937 random(7);
  auto word = [&](size_t most) {
    std::string text;
    for (size_t n = random() % most + 1; n; --n)
      text += "ab"[random() % 2];
    return text;
  };
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> given{word(4), word(6)};
    std::string text = word(40), shown;
    size_t end = std::string::npos, begin = std::string::npos;
    for (const std::string &stop : given)
      if (size_t at = text.find(stop); at != std::string::npos)
        if (end == std::string::npos || at + stop.size() < end || (at + stop.size() == end && at < begin)) {
          begin = at;
          end = at + stop.size();
        }
    StopStrings stops(given);
    bool hit = false;
    for (size_t at = 0; at < text.size() && !hit;) {
      size_t length = random() % 5 + 1;
      StopStrings::Found found = stops.push(std::string_view(text).substr(at, length));
      shown += found.text;
      hit = found.stop >= 0;
      at += length;
    }
    if (!hit)
      shown += stops.finish();
    ASSERT_EQ(hit, end != std::string::npos) << text << " " << given[0] << " " << given[1];
    ASSERT_EQ(shown, text.substr(0, begin)) << text << " " << given[0] << " " << given[1];
  }
}

} // namespace
} // namespace lathe
