// UTF-8 against utf8proc, an independent reader of it.
#include "runtime/tokenizer/Utf8.h"

#include <gtest/gtest.h>
#include <random>
#include <utf8proc.h>

namespace lathe {
namespace {

TEST(Utf8, EveryCodePointComesBack) {
  for (uint32_t c = 0; c <= 0x10ffff; ++c) {
    if (c >= 0xd800 && c < 0xe000)
      continue;
    std::string text;
    appendUtf8(text, c);
    Utf8Step step = stepUtf8(text, 0);
    ASSERT_EQ(step.state, Utf8State::Valid);
    ASSERT_EQ(step.length, text.size());
    ASSERT_EQ(step.codePoint, c);
    for (size_t cut = 1; cut < text.size(); ++cut)
      ASSERT_EQ(stepUtf8(text.substr(0, cut), 0).state, Utf8State::Incomplete);
  }
}

TEST(Utf8, AgreesWithUtf8procOnAnyBytes) {
  std::mt19937 random(1);
  for (int round = 0; round < 300000; ++round) {
    std::string text(4, ' ');
    for (char &c : text)
      c = static_cast<char>(random() % 3 ? 0x80 | random() : random());
    utf8proc_int32_t c = -1;
    auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(text.data()), 4, &c);
    Utf8Step step = stepUtf8(text, 0);
    ASSERT_EQ(step.state == Utf8State::Valid, length > 0);
    if (length > 0) {
      ASSERT_EQ(step.length, static_cast<uint32_t>(length));
      ASSERT_EQ(step.codePoint, static_cast<uint32_t>(c));
    }
  }
}

TEST(Utf8, BrokenSequencesBecomeOneReplacementEach) {
  // Unicode 15, section 3.9, table 3-8: the longest broken prefix of a sequence is one replacement.
  EXPECT_EQ(repairUtf8("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82"
                       "A"),
            "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
            "A");
  EXPECT_EQ(repairUtf8("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf"
                       "A"),
            "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
            "A");
}

} // namespace
} // namespace lathe
