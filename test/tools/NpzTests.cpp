// .npz files: what NumPy wrote is read, what we write NumPy reads (where there is a Python with NumPy), damage is a
// message.
#include "tools/npz/Npz.h"

#include "test/runtime/PlanBuilder.h"

#include <gtest/gtest.h>

using namespace lathe;

namespace {

template <class T>
NpzArray arrayOf(const std::string &name, LatheType type, std::vector<int64_t> shape, std::vector<T> values) {
  NpzArray array{name, type, std::move(shape), {}};
  array.data.resize(values.size() * sizeof(T));
  std::memcpy(array.data.data(), values.data(), array.data.size());
  return array;
}

TEST(Npz, HeaderIsNumPys) {
  // numpy.lib.format.write_array_header_1_0 for these, byte for byte but for the padding's length.
  std::string header = npyHeader(LATHE_F32, std::vector<int64_t>{1, 14});
  EXPECT_EQ(header.size() % 64, 0u);
  EXPECT_EQ(header.substr(10, 58), "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 14),");
  EXPECT_EQ(npyHeader(LATHE_I64, std::vector<int64_t>{3}).substr(10, 57),
            "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }");
  EXPECT_EQ(npyHeader(LATHE_BOOL, {}).substr(10, 55), "{'descr': '|b1', 'fortran_order': False, 'shape': (), }");
  EXPECT_EQ(npyHeader(LATHE_BF16, {}).substr(10, 15), "{'descr': '<u2'");
  EXPECT_EQ(npyHeader(LATHE_F8E4M3FN, {}).substr(10, 15), "{'descr': '|u1'");
  EXPECT_EQ(npyHeader(LATHE_I4, {}).substr(10, 15), "{'descr': '|i1'");
  EXPECT_EQ(header.back(), '\n');
}

TEST(Npz, RoundTrip) {
  TestFolder folder;
  std::string path = folder.path + "/a.npz";
  std::vector<NpzArray> arrays = {arrayOf<float>("prefill/in.x", LATHE_F32, {2, 3}, {1, 2, 3, 4, 5, 6}),
                                  arrayOf<int64_t>("ids", LATHE_I64, {1, 2}, {-7, INT64_MAX}),
                                  arrayOf<uint8_t>("mask", LATHE_BOOL, {}, {1}),
                                  arrayOf<float>("empty", LATHE_F32, {1, 0, 64}, {})};
  ASSERT_TRUE(writeNpz(path, arrays).ok());
  auto reader = NpzReader::open(path);
  ASSERT_TRUE(reader.ok()) << reader.message();
  EXPECT_EQ((*reader)->names(), (std::vector<std::string>{"prefill/in.x", "ids", "mask", "empty"}));
  for (const NpzArray &array : arrays) {
    auto got = (*reader)->read(array.name);
    ASSERT_TRUE(got.ok()) << got.message();
    EXPECT_EQ(got->type, array.type);
    EXPECT_EQ(got->shape, array.shape);
    EXPECT_EQ(got->data, array.data);
  }
  EXPECT_EQ((*reader)->read("y").message(), path + ": entry 'y' does not exist");
}

TEST(Npz, ReadsAndIsReadByNumPy) {
  TestFolder folder;
  auto python = [&](const std::string &code) {
    writeTestFile(folder.path + "/a.py", "import numpy as np\n" + code);
    return std::system(("cd " + folder.path + " && python3 a.py >log 2>&1").c_str());
  };
  if (python("") != 0)
    GTEST_SKIP() << "no NumPy";
  ASSERT_EQ(python("np.savez_compressed('c.npz', a=np.arange(6, dtype=np.int32).reshape(2, 3),"
                   " f=np.asfortranarray(np.arange(6, dtype=np.float16).reshape(2, 3)), s=np.array(['x']))"),
            0);
  auto reader = NpzReader::open(folder.path + "/c.npz");
  ASSERT_TRUE(reader.ok()) << reader.message();
  auto a = (*reader)->read("a");
  ASSERT_TRUE(a.ok()) << a.message();
  EXPECT_EQ(a->data, arrayOf<int32_t>("", LATHE_I32, {}, {0, 1, 2, 3, 4, 5}).data);
  auto f = (*reader)->read("f"); // halves 0 .. 5
  ASSERT_TRUE(f.ok()) << f.message();
  EXPECT_EQ(f->data, arrayOf<uint16_t>("", LATHE_F16, {}, {0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500}).data);
  EXPECT_NE((*reader)->read("s").message().find("'<U1', which is not supported"), std::string::npos);
  ASSERT_TRUE(
      writeNpz(folder.path + "/w.npz", std::vector{arrayOf<double>("in.x", LATHE_F64, {3, 1}, {0.5, -1, 2})}).ok());
  EXPECT_EQ(
      python("x = np.load('w.npz')['in.x']\nassert x.shape == (3, 1) and x.dtype == np.float64 and x[1, 0] == -1"), 0)
      << readTestFile(folder.path + "/log");
}

TEST(Npz, DamageIsAMessage) {
  TestFolder folder;
  std::string path = folder.path + "/a.npz";
  ASSERT_TRUE(writeNpz(path, std::vector{arrayOf<float>("x", LATHE_F32, {40}, std::vector<float>(40, 1.5f))}).ok());
  std::string whole = readTestFile(path);
  auto good = [&](const std::string &bytes) {
    writeTestFile(path, bytes);
    auto reader = NpzReader::open(path);
    if (!reader) {
      EXPECT_NE(reader.message(), "");
      return false;
    }
    auto array = (*reader)->read("x");
    EXPECT_NE(array.ok(), !array.message().empty());
    return array.ok() && array->data.size() == 160 && array->shape == std::vector<int64_t>{40};
  };
  ASSERT_TRUE(good(whole));
  for (size_t size = 0; size < whole.size(); size += 7)
    EXPECT_FALSE(good(whole.substr(0, size))) << "cut at " << size;
  size_t data = whole.find("NUMPY");
  for (size_t at = data; at < data + 200; ++at) {
    std::string damaged = whole;
    damaged[at] = char(damaged[at] ^ 1);
    EXPECT_FALSE(good(damaged)) << "byte " << at;
  }
}

} // namespace
