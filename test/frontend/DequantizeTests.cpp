// Dequantisation against gguf-py: blocks of random bytes (scales and minima replaced by sane halves) and what
// gguf.quants.dequantize gives for them, some elements to read and a hash of all for equality to the last bit.
#include "frontend/files/Dequantize.h"

#include <gtest/gtest.h>

using namespace lathe;

namespace {

struct Blocks {
  LatheType type;
  int64_t elements;
  const char *hex;
  float shown[4]; // elements 0, 1, 17 and the last
  uint64_t hash;  // FNV-1a of the elements' bytes
};
void PrintTo(const Blocks &blocks, std::ostream *stream) { *stream << elementTypeName(blocks.type); }

std::vector<uint8_t> bytesOfHex(std::string_view hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<uint8_t>(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

class Dequantize : public testing::TestWithParam<Blocks> {};

TEST_P(Dequantize, AgreesWithGgufPy) {
  const Blocks &blocks = GetParam();
  WeightTable weights;
  Status added = weights.addOwned("w", blocks.type, {1, blocks.elements}, bytesOfHex(blocks.hex));
  ASSERT_TRUE(added.ok()) << added.message();
  Result<std::vector<float>> values = dequantize(weights[0]);
  ASSERT_TRUE(values.ok()) << values.message();
  ASSERT_EQ(values->size(), static_cast<size_t>(blocks.elements));
  EXPECT_EQ((*values)[0], blocks.shown[0]);
  EXPECT_EQ((*values)[1], blocks.shown[1]);
  EXPECT_EQ((*values)[17], blocks.shown[2]);
  EXPECT_EQ(values->back(), blocks.shown[3]);
  uint64_t hash = 0xcbf29ce484222325ull;
  const uint8_t *bytes = reinterpret_cast<const uint8_t *>(values->data());
  for (size_t i = 0; i < values->size() * sizeof(float); ++i)
    hash = (hash ^ bytes[i]) * 0x100000001b3ull;
  EXPECT_EQ(hash, blocks.hash);
}

const Blocks blocks[] = {
    {LATHE_Q4_0,
     64,
     "b3ade5f1a94106a0956a26afbccdafe562f9291e93c64551370e99b2d74c3427fa48d732",
     {0x1.1190000000000p-2f, 0x1.3f28000000000p-1f, -0x1.3f28000000000p-1f, -0x1.ecd0000000000p-6f},
     0xe0d2f9e06fe20930ull},
    {LATHE_Q4_1,
     64,
     "452a91288f063cd25e19a621f9bd0ccc21397c1efe99732cf03e2fb81f223f4192c58efd5185f071",
     {0x1.8a70000000000p-1f, 0x1.5178000000000p-2f, 0x1.2440000000000p-5f, 0x1.91b8000000000p-5f},
     0x21f34a3fdbfa0a83ull},
    {LATHE_Q5_0,
     64,
     "20b06b82481bd9fe630dc3ce3be4ebcab72f45b35223f2265a7789781e3721a557d8e5a703296dcb81db3f65",
     {-0x1.2900000000000p+0f, -0x1.ce00000000000p+0f, 0x1.0800000000000p-3f, -0x1.15d0000000000p-2f},
     0x243f6b5e32a9d61full},
    {LATHE_Q5_1,
     64,
     "e5aaf79cbe572209851d3d24f4c0cf83fe4363f82f475977842343aece369d8385452a44f318337f08cd1e614f235d3f",
     {-0x1.18bf000000000p-2f, -0x1.911fc00000000p+0f, -0x1.d74f800000000p-1f, 0x1.72d0000000000p-3f},
     0xe577c7fad25d4bb5ull},
    {LATHE_Q8_0,
     64,
     "78ab11f85e0429b19f7ec0e156f65a3322e791b880ee995e3f0d307d2fbaf400693acc1f7ed41d43a78855638144eb66"
     "03f7b2725de11fe6ac2f88a68182869793f0aad6",
     {-0x1.fbe0000000000p-1f, 0x1.de00000000000p-2f, 0x1.0ce0000000000p+2f, -0x1.4778000000000p-2f},
     0x80adab2ab50b260cull},
    {LATHE_Q4_K,
     256,
     "842299af68b3e4bdc92b387987416c17ec90963ec766888ab4b80eba7c5cfd81121bea9cee1810dfd5169faf26cd7b5c"
     "30c8aba44d972299e8c7b41b9a1d2b0f180600a974d63b6332202c998e82b2522c49c4394c7d73265b6aaf61b288fbd0"
     "aecfa766616223611e764c93aa388ffabd0a6a6412b209971e2d827076f7e49ab8fa197271be53a3442b128cdad72bad",
     {0x1.cb51000000000p+2f, 0x1.1184000000000p+0f, 0x1.aabd000000000p+2f, 0x1.becc000000000p+2f},
     0x2dc9a04f8efcb31bull},
    {LATHE_Q5_K,
     256,
     "b894aea95510543d27ed600de3200a6749307fd37899c118819af6674394c3f7aa5f93f32c810a37ca7bf1013ccdf8ab"
     "8ab4a6039954e84cbe3b3f7f1183c3df8375c517b4e786a9aadf7488f892b12191387ad86aca56d8531c927b931fe8f1"
     "6e795b9b331767e712dbe8f5331dd9917f01e64710dd3c25f4d21690a049453135550ec0193a8bed1783d53ec944658d"
     "1d28960c44b0382e93438e60788d51e279a131f8130b3ea4bd2f5d95e57bd791",
     {0x1.19fd000000000p+0f, 0x1.a23e000000000p+0f, 0x1.38f4800000000p+0f, 0x1.08b8000000000p-4f},
     0x0742f82f5ba7a473ull},
    {LATHE_Q6_K,
     256,
     "59a49b36402a4f3dcc489fb6511fbe09e5d72bf834e04fe028ca4991e02abd77279fedc206d2318ca8b8287a6f4b7952"
     "09575d7277d456c0f6e81a0e584d730660f56bb8b588475f7066c1cd7109c5079a933ee857db751ff223726ad90697f7"
     "49f7c61bd80163a8c9a356ba91d79f6d24ee3a14ebd41386d8faef6e9e6c70df41dba9aeb5301e5824b7db0e504f1d97"
     "0686934768f005af0d5a23ddb465fc5a489b43e76ea3e384969be487a440e7c3ea5204cabbf9bfe8e648caff7704ac26"
     "d227a069c392f4eeb361c24ef3665301c0ae",
     {-0x1.0fb0000000000p+5f, 0x1.8420000000000p+6f, -0x1.ccb0000000000p+4f, 0x1.0080000000000p+1f},
     0x96b2cc36e3bb991cull},
};

INSTANTIATE_TEST_SUITE_P(Types, Dequantize, testing::ValuesIn(blocks),
                         [](const auto &info) { return std::string(elementTypeName(info.param.type)); });

} // namespace
