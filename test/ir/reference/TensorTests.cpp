// Reading, rounding and bounds of the evaluator's tensors.
#include "ir/reference/Tensor.h"
#include "runtime/Dequantize.h"

#include <cmath>
#include <gtest/gtest.h>

namespace lathe::reference {
namespace {

TEST(HalfTest, EveryHalfSurvives) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = halfToFloat(static_cast<uint16_t>(bits));
    if (!std::isnan(value))
      ASSERT_EQ(doubleToHalf(value), bits);
  }
}

// Between two neighbours the nearer one, in the middle the one whose last bit is 0.
TEST(HalfTest, RoundsToNearestEven) {
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    double low = halfToFloat(static_cast<uint16_t>(bits)), high = halfToFloat(static_cast<uint16_t>(bits + 1));
    double middle = (low + high) / 2;
    ASSERT_EQ(doubleToHalf(middle), bits % 2 == 0 ? bits : bits + 1);
    ASSERT_EQ(doubleToHalf(std::nextafter(middle, low)), bits);
    ASSERT_EQ(doubleToHalf(std::nextafter(middle, high)), bits + 1);
    ASSERT_EQ(doubleToHalf(-middle), 0x8000 | (bits % 2 == 0 ? bits : bits + 1));
  }
  EXPECT_EQ(doubleToHalf(65519.999), 0x7bff);
  EXPECT_EQ(doubleToHalf(65520.0), 0x7c00);
  EXPECT_EQ(doubleToHalf(-1e300), 0xfc00);
}

TEST(Bfloat16Test, RoundsToNearestEven) {
  for (uint32_t bits = 0; bits < 0x7f7f; ++bits) {
    double low = bfloat16ToFloat(static_cast<uint16_t>(bits)), high = bfloat16ToFloat(static_cast<uint16_t>(bits + 1));
    ASSERT_EQ(doubleToBfloat16(low), bits);
    ASSERT_EQ(doubleToBfloat16((low + high) / 2), bits % 2 == 0 ? bits : bits + 1);
  }
  EXPECT_EQ(doubleToBfloat16(3.4e38), 0x7f80);
  EXPECT_EQ(doubleToBfloat16(NAN), 0x7fc0);
}

TEST(TensorTest, IntegersWrapAndFloatsSaturate) {
  Tensor narrow = *Tensor::ofValues<int64_t>(LATHE_I8, {3}, std::vector<int64_t>{127, 128, -129});
  EXPECT_EQ(narrow.values<int64_t>(), (std::vector<int64_t>{127, -128, 127}));
  Tensor saturated = *Tensor::ofValues<double>(LATHE_I32, {4}, std::vector<double>{1e30, -1e30, -2.9, NAN});
  EXPECT_EQ(saturated.values<int64_t>(), (std::vector<int64_t>{INT32_MAX, INT32_MIN, -2, 0}));
  Tensor wide = *Tensor::ofValues<uint64_t>(LATHE_U64, {1}, std::vector<uint64_t>{UINT64_MAX});
  EXPECT_EQ(wide.values<uint64_t>()[0], UINT64_MAX);
}

TEST(TensorTest, WritingLeavesSharedBytesAlone) {
  Tensor first = *Tensor::ofValues<double>(LATHE_F32, {2}, std::vector<double>{1, 2});
  Tensor second = first;
  EXPECT_EQ(first.bytes().data(), second.bytes().data());
  second.mutableBytes()[3] = 0;
  EXPECT_EQ(first.values<double>(), (std::vector<double>{1, 2}));
  EXPECT_NE(second.values<double>()[0], 1);
}

TEST(TensorTest, RefusesSizesThatDoNotFit) {
  EXPECT_EQ(Tensor::zeros(LATHE_F32, {2, -1}).message(), "shape [2, -1] has a negative size");
  EXPECT_EQ(Tensor::zeros(LATHE_F32, {int64_t(1) << 40, int64_t(1) << 40}).message(),
            "a tensor F32[1099511627776, 1099511627776] is too large");
  EXPECT_EQ(Tensor::zeros(LATHE_F64, {int64_t(1) << 30}).message(),
            "a tensor F64[1073741824] is too large; the evaluator computes at most 4 GiB in one");
  EXPECT_EQ(Tensor::zeros(LATHE_Q8_0, {2, 40}).message(),
            "rows of 40 elements are not whole blocks of Q8_0, which have 32");
  EXPECT_EQ(Tensor::ofBytes(LATHE_F32, {2}, std::vector<uint8_t>(7)).message(), "F32[2] takes 8 bytes, got 7");
  Result<Tensor> empty = Tensor::zeros(LATHE_F32, {int64_t(1) << 62, 0});
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->size(), 0);
}

} // namespace
} // namespace lathe::reference
