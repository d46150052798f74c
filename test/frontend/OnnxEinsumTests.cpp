// Einsum, imported from files of a single node and evaluated by the reference. Expected values are the definition: a
// loop over all values of all letters, which adds the product of the terms to the element of the result.
#include "test/frontend/OnnxRun.h"

#include <gtest/gtest.h>

using namespace lathe;
using namespace lathe::test;

namespace {

using Shape = std::vector<int64_t>;

/// The sizes of letters, for terms that are letters alone; a letter that is not here has size 1.
using Sizes = std::map<char, int64_t>;

Shape shapeOf(const std::string &term, const Sizes &sizes) {
  Shape shape;
  for (char letter : term)
    shape.push_back(sizes.contains(letter) ? sizes.at(letter) : 1);
  return shape;
}

int64_t countOf(const Shape &shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

Values numbers(int64_t count, int seed) {
  Values values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<double>((i * 7 + seed * 5) % 11) - 5);
  return values;
}

/// The definition. Terms and result are letters.
Values expected(const std::vector<std::string> &terms, const std::vector<Values> &values, const std::string &result,
                const Sizes &sizes) {
  Values sums(countOf(shapeOf(result, sizes)), 0);
  std::map<char, int64_t> at;
  auto offset = [&](const std::string &term) {
    int64_t place = 0;
    for (char letter : term)
      place = place * sizes.at(letter) + at[letter];
    return place;
  };
  auto loop = [&](auto &&self, Sizes::const_iterator letter) -> void {
    if (letter == sizes.end()) {
      double product = 1;
      for (size_t i = 0; i < terms.size(); ++i)
        product *= values[i][offset(terms[i])];
      sums[offset(result)] += product;
      return;
    }
    for (at[letter->first] = 0; at[letter->first] < letter->second; ++at[letter->first])
      self(self, std::next(letter));
  };
  loop(loop, sizes.begin());
  return sums;
}

/// Runs `equation`; `spelled` are its terms and its result as letters alone. Sizes are named in the file, or static.
void check(const std::string &equation, const std::vector<std::string> &spelled, const Sizes &sizes) {
  std::vector<std::string> terms(spelled.begin(), spelled.end() - 1);
  for (bool isStatic : {true, false}) {
    SCOPED_TRACE(equation + (isStatic ? ", static" : ", by name"));
    Graph graph;
    std::vector<std::string> names;
    std::vector<Values> values;
    std::vector<reference::Tensor> inputs;
    for (size_t i = 0; i < terms.size(); ++i) {
      names.push_back("x" + std::to_string(i));
      Shape shape = shapeOf(terms[i], sizes);
      values.push_back(numbers(countOf(shape), static_cast<int>(i)));
      inputs.push_back(floatsOf(shape, values.back()));
      std::vector<std::string> dims;
      for (size_t axis = 0; axis < shape.size(); ++axis)
        dims.push_back(isStatic ? std::to_string(shape[axis]) : std::string("size_") + terms[i][axis]);
      graph.inputs.push_back(value(names.back(), onnxFloat, dims));
    }
    graph.nodes.push_back(node("Einsum", names, {"y"}, {attribute("equation", equation)}));
    graph.outputs.push_back(value("y", onnxFloat, {}));
    Answer answer = run(graph, 13, inputs);
    EXPECT_EQ(answer.problem, "");
    EXPECT_EQ(answer.shape, shapeOf(spelled.back(), sizes));
    EXPECT_EQ(answer.values, expected(terms, values, spelled.back(), sizes)); // whole numbers: exact
  }
}

TEST(OnnxEinsum, OneTerm) {
  check("ij->ji", {"ij", "ji"}, {{'i', 2}, {'j', 3}});
  check("ij->", {"ij", ""}, {{'i', 2}, {'j', 3}});
  check("i j -> i", {"ij", "i"}, {{'i', 2}, {'j', 3}});
  check("ba", {"ba", "ab"}, {{'a', 2}, {'b', 3}}); // the result in alphabetical order
  check("ii->i", {"ii", "i"}, {{'i', 3}});
  check("bii", {"bii", "b"}, {{'b', 2}, {'i', 3}});
  check("iji->ji", {"iji", "ji"}, {{'i', 3}, {'j', 2}});
  check("iii->i", {"iii", "i"}, {{'i', 3}});
}

TEST(OnnxEinsum, ProductsOfMatrices) {
  check("ij,jk->ik", {"ij", "jk", "ik"}, {{'i', 2}, {'j', 3}, {'k', 4}});
  check("ij,jk", {"ij", "jk", "ik"}, {{'i', 2}, {'j', 3}, {'k', 4}});
  check("i,i", {"i", "i", ""}, {{'i', 5}});
  check("i,j->ij", {"i", "j", "ij"}, {{'i', 2}, {'j', 3}});
  check("ij,ij->ij", {"ij", "ij", "ij"}, {{'i', 2}, {'j', 3}});
  check("ij,kj->i", {"ij", "kj", "i"}, {{'i', 2}, {'j', 3}, {'k', 4}});
  check("bij,bj->bi", {"bij", "bj", "bi"}, {{'b', 2}, {'i', 3}, {'j', 4}});
  check("bid,de->bie", {"bid", "de", "bie"}, {{'b', 2}, {'i', 3}, {'d', 4}, {'e', 5}});
  check("abc,cbd->da", {"abc", "cbd", "da"}, {{'a', 2}, {'b', 3}, {'c', 4}, {'d', 5}});
  check("abij,cdji->abcd", {"abij", "cdji", "abcd"}, {{'a', 2}, {'b', 1}, {'c', 3}, {'d', 2}, {'i', 3}, {'j', 2}});
}

TEST(OnnxEinsum, Attention) {
  Sizes sizes = {{'b', 2}, {'h', 3}, {'q', 2}, {'k', 4}, {'d', 5}};
  check("bhqd,bhkd->bhqk", {"bhqd", "bhkd", "bhqk"}, sizes);
  check("bqhd,bkhd->bhqk", {"bqhd", "bkhd", "bhqk"}, sizes);
  check("bhqk,bkhd->bqhd", {"bhqk", "bkhd", "bqhd"}, sizes);
}

TEST(OnnxEinsum, SeveralTermsAndEllipses) {
  check("ij,jk,kl->il", {"ij", "jk", "kl", "il"}, {{'i', 2}, {'j', 3}, {'k', 2}, {'l', 4}});
  check("i,ij,j->", {"i", "ij", "j", ""}, {{'i', 2}, {'j', 3}});
  check("ia,ib,ic->abc", {"ia", "ib", "ic", "abc"}, {{'i', 4}, {'a', 2}, {'b', 3}, {'c', 2}});
  check("...ij,...jk->...ik", {"XYij", "XYjk", "XYik"}, {{'X', 2}, {'Y', 3}, {'i', 2}, {'j', 3}, {'k', 4}});
  check("...ij,jk", {"XYij", "jk", "XYik"}, {{'X', 2}, {'Y', 3}, {'i', 2}, {'j', 3}, {'k', 4}});
  check("i...->...", {"iXY", "XY"}, {{'X', 2}, {'Y', 3}, {'i', 4}});
  check("...,...->...", {"Y", "XY", "XY"}, {{'X', 2}, {'Y', 3}});
}

TEST(OnnxEinsum, RefusesWhatItDoesNotMean) {
  auto problem = [](const std::string &equation) {
    Graph graph{{node("Einsum", {"x", "y"}, {"z"}, {attribute("equation", equation)})},
                {value("x", onnxFloat, {"2", "3"}), value("y", onnxFloat, {"3", "4"})},
                {value("z", onnxFloat, {})},
                {}};
    return run(graph, 13, {floatsOf({2, 3}, numbers(6, 0)), floatsOf({3, 4}, numbers(12, 1))}).problem;
  };
  EXPECT_EQ(problem("ij,jk->ik"), "");
  EXPECT_NE(problem("ij->ij").find("1 terms for 2 inputs"), std::string::npos);
  EXPECT_NE(problem("ijk,jk->i").find("term 0 is for another rank than 2"), std::string::npos);
  EXPECT_NE(problem("ij,jk->iz").find("one that no term has"), std::string::npos);
  EXPECT_NE(problem("ij,jk->ii").find("names an axis twice"), std::string::npos);
  EXPECT_NE(problem("i.,jk->k").find("not understood"), std::string::npos);
  EXPECT_NE(problem("ij,ki->jk").find("inner sizes"), std::string::npos);
  EXPECT_NE(problem("ii,jk->jk").find("axes of one letter"), std::string::npos);
}

} // namespace
