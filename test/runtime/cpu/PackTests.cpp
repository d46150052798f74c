// Packed weights, unpacked again, are what plain dequantisation of the source says, whatever the type, pieces and
// interleave.
#include "runtime/Dequantize.h"
#include "runtime/cpu/Pack.h"
#include "runtime/cpu/PackedLayout.h"
#include "test/runtime/RandomWeights.h"

#include <gtest/gtest.h>

using namespace lathe;
using namespace lathe::test;

namespace {

LatheWeight weightOf(LatheType type, uint64_t rows, uint64_t columns, LatheLayout layout, uint32_t interleave = 0) {
  LatheWeight weight{};
  weight.type = type, weight.layout = layout, weight.interleave = interleave;
  weight.rows = rows, weight.columns = columns;
  return weight;
}
LatheWeightPiece pieceOf(LatheType type, uint64_t rows, uint64_t columns, bool transposed = false) {
  LatheWeightPiece piece{};
  piece.type = type, piece.rows = rows, piece.columns = columns, piece.transposed = transposed;
  return piece;
}

std::vector<float> decoded(LatheType type, const std::vector<std::byte> &bytes, uint64_t count) {
  std::vector<float> values(count);
  EXPECT_TRUE(dequantize(type, {reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()}, values));
  return values;
}

/// Packs pieces of `rows[i]` rows and compares every element with the dequantised source.
void roundTrip(LatheType type, std::vector<uint64_t> rows, uint64_t columns, LatheLayout layout, uint32_t interleave) {
  std::vector<std::vector<std::byte>> bytes;
  std::vector<LatheWeightPiece> pieces;
  std::vector<std::span<const std::byte>> spans;
  std::vector<float> expected;
  uint64_t total = 0;
  for (uint64_t count : rows) {
    bytes.push_back(randomRows(type, count, columns, unsigned(total + 1)));
    pieces.push_back(pieceOf(type, count, columns));
    auto values = decoded(type, bytes.back(), count * columns);
    expected.insert(expected.end(), values.begin(), values.end());
    total += count;
  }
  for (auto &piece : bytes)
    spans.push_back(piece);
  LatheWeight weight = weightOf(type, total, columns, layout, interleave);
  std::vector<std::byte> packed(*packedBytes(type, layout, total, columns, interleave), std::byte(0xee));
  Status status = packWeight(weight, pieces, spans, packed);
  ASSERT_TRUE(status) << status.message();
  std::vector<float> row(columns);
  for (uint64_t r = 0; r < total; ++r) {
    ASSERT_TRUE(unpackRow(weight, packed, r, row));
    ASSERT_EQ(std::memcmp(row.data(), expected.data() + r * columns, columns * 4), 0)
        << elementTypeName(type) << " row " << r << " of " << total << ", interleave " << interleave;
  }
}

TEST(Pack, everyTypeComesBack) {
  for (LatheType type : weightTypes) {
    uint64_t columns = isBlockType(type) ? 3 * elementsPerBlock(type) : 37;
    roundTrip(type, {16}, columns, LATHE_LAYOUT_LANES, 0);
    roundTrip(type, {5, 33, 1}, columns, LATHE_LAYOUT_LANES, 0);
    roundTrip(type, {24, 24}, columns, LATHE_LAYOUT_LANES, 2);
    roundTrip(type, {7, 5}, columns, LATHE_LAYOUT_PLAIN, 0);
  }
}

TEST(Pack, missingRowsAreZero) {
  for (LatheType type : weightTypes) {
    uint64_t columns = 3 * elementsPerBlock(type); // an odd number of blocks: half of the last pair of heads is padding
    auto source = randomRows(type, 3, columns, 1);
    LatheWeightPiece piece = pieceOf(type, 3, columns);
    PieceBytes bytes{&piece, source};
    LatheWeight weight = weightOf(type, 3, columns, LATHE_LAYOUT_LANES);
    std::vector<std::byte> a(*packedBytes(type, LATHE_LAYOUT_LANES, 3, columns), std::byte(0xff)), b(a.size());
    ASSERT_TRUE(packWeight(weight, {&bytes, 1}, a));
    ASSERT_TRUE(packWeight(weight, {&bytes, 1}, b));
    EXPECT_EQ(a, b) << elementTypeName(type);
    LatheWeight whole = weightOf(type, 16, columns, LATHE_LAYOUT_LANES);
    std::vector<float> row(columns);
    for (uint64_t r = 3; r < 16; ++r) {
      ASSERT_TRUE(unpackRow(whole, a, r, row));
      EXPECT_EQ(row, std::vector<float>(columns)) << elementTypeName(type) << " row " << r;
    }
  }
}

TEST(Pack, partsOnTheirOwnGiveTheWhole) {
  auto source = randomRows(LATHE_Q4_K, 100, 256, 3);
  LatheWeightPiece piece = pieceOf(LATHE_Q4_K, 100, 256);
  PieceBytes bytes{&piece, source};
  LatheWeight weight = weightOf(LATHE_Q4_K, 100, 256, LATHE_LAYOUT_LANES);
  std::vector<std::byte> whole(*packedBytes(LATHE_Q4_K, LATHE_LAYOUT_LANES, 100, 256)), parts(whole.size());
  ASSERT_TRUE(packWeight(weight, {&bytes, 1}, whole));
  ASSERT_EQ(packingParts(weight), 7u);
  for (uint64_t part : {3, 0, 6, 1, 5, 2, 4})
    ASSERT_TRUE(packWeight(weight, {&bytes, 1}, parts, part, part + 1));
  EXPECT_EQ(whole, parts);
}

TEST(Pack, convertsAndTransposes) {
  uint64_t rows = 21, columns = 9;
  for (LatheType from : {LATHE_F32, LATHE_F16, LATHE_BF16})
    for (LatheType to : {LATHE_F32, LATHE_F16, LATHE_BF16})
      for (bool transposed : {false, true})
        for (LatheLayout layout : {LATHE_LAYOUT_PLAIN, LATHE_LAYOUT_LANES}) {
          auto source = transposed ? randomRows(from, columns, rows, 5) : randomRows(from, rows, columns, 5);
          auto values = decoded(from, source, rows * columns);
          LatheWeightPiece piece = pieceOf(from, rows, columns, transposed);
          PieceBytes bytes{&piece, source};
          LatheWeight weight = weightOf(to, rows, columns, layout);
          std::vector<std::byte> packed(*packedBytes(to, layout, rows, columns));
          ASSERT_TRUE(packWeight(weight, {&bytes, 1}, packed));
          float within = from == to || to == LATHE_F32 ? 0.0f : to == LATHE_F16 ? 0x1p-11f : 0x1p-8f;
          std::vector<float> row(columns);
          for (uint64_t r = 0; r < rows; ++r) {
            ASSERT_TRUE(unpackRow(weight, packed, r, row));
            for (uint64_t c = 0; c < columns; ++c) {
              float expected = transposed ? values[c * rows + r] : values[r * columns + c];
              EXPECT_NEAR(row[c], expected, std::abs(expected) * within + (within ? 0x1p-25f : 0));
            }
          }
        }
}

TEST(Pack, refusesWhatDoesNotFit) {
  auto source = randomRows(LATHE_Q8_0, 4, 64, 1);
  LatheWeightPiece piece = pieceOf(LATHE_Q8_0, 4, 64);
  PieceBytes bytes{&piece, source};
  std::vector<std::byte> out(*packedBytes(LATHE_Q8_0, LATHE_LAYOUT_LANES, 4, 64));
  auto message = [&](LatheWeight weight, size_t room) {
    return packWeight(weight, {&bytes, 1}, std::span(out).first(room)).message();
  };
  EXPECT_EQ(message(weightOf(LATHE_Q8_0, 4, 64, LATHE_LAYOUT_LANES), out.size()), "");
  EXPECT_NE(message(weightOf(LATHE_Q8_0, 4, 64, LATHE_LAYOUT_LANES), 64).find("has 1088 bytes, room is for 64"),
            std::string::npos);
  EXPECT_NE(message(weightOf(LATHE_Q8_0, 5, 64, LATHE_LAYOUT_LANES), out.size()).find("pieces of 4 rows"),
            std::string::npos);
  EXPECT_NE(message(weightOf(LATHE_Q8_0, 5, 64, LATHE_LAYOUT_LANES, 2), out.size()).find("no packed form"),
            std::string::npos);
  EXPECT_FALSE(packWeight(weightOf(LATHE_Q4_0, 4, 64, LATHE_LAYOUT_PLAIN), {&bytes, 1}, std::span(out).first(144)));
  bytes.bytes = bytes.bytes.first(100);
  EXPECT_NE(message(weightOf(LATHE_Q8_0, 4, 64, LATHE_LAYOUT_LANES), out.size()).find("has 100 bytes"),
            std::string::npos);
  EXPECT_FALSE(packedBytes(LATHE_Q4_K, LATHE_LAYOUT_LANES, 16, 128));
  EXPECT_FALSE(packedBytes(LATHE_I32, LATHE_LAYOUT_LANES, 16, 128));
  EXPECT_FALSE(packedBytes(LATHE_F32, LATHE_LAYOUT_LANES, UINT64_MAX / 8, 1u << 20));
  EXPECT_FALSE(packedBytes(LATHE_Q4_0, LATHE_LAYOUT_LANES, UINT64_MAX - 3, UINT64_MAX / 32 * 32));
}

} // namespace
