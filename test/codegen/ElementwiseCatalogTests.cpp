// Pointwise ops, alone and in chains, from the graph to machine code.
#include "test/codegen/CatalogCheck.h"

using namespace lathe;
using namespace lathe::test;

namespace {

TEST(Catalog, everyUnaryOp) {
  Catalogue catalogue;
  for (const char *op : {"neg", "abs", "exp", "sigmoid", "tanh", "erf", "sin", "cos", "floor", "ceil", "round", "sign",
                         "relu", "silu", "gelu", "reciprocal"})
    catalogue.check("elementwise", x8, std::string("%r = llm.") + op + " %x : (" + t8 + ") -> " + t8, t8, 4e-6);
  for (const char *op : {"log", "sqrt", "rsqrt"})
    catalogue.check("elementwise", x8,
                    std::string("%a = llm.abs %x : (" + t8 + ") -> " + t8 + "\n%r = llm.") + op + " %a : (" + t8 +
                        ") -> " + t8,
                    t8, 4e-6, 2);
}

TEST(Catalog, everyBinaryOpOfFloatsAndIntegers) {
  Catalogue catalogue;
  for (const char *op : {"add", "sub", "mul", "div", "min", "max", "mod"}) {
    catalogue.check("elementwise", x8 + ", " + y8,
                    std::string("%r = llm.") + op + " %x, %y : (" + t8 + ", tensor<?x1x8xf32>) -> " + t8, t8);
    if (std::string(op) == "div" || std::string(op) == "mod")
      continue; // by 0: an error of the reference
    for (const char *type : {"i64", "i8"}) {
      std::string t = std::string("tensor<?x?x3x") + type + ">";
      catalogue.check("elementwise", "%x: " + t + " {llm.dims = #d3}, %y: " + t + " {llm.dims = #d3}",
                      std::string("%r = llm.") + op + " %x, %y : (" + t + ", " + t + ") -> " + t, t, 0);
    }
  }
  std::string t = "tensor<?x?x3xi64>";
  for (const char *op : {"div", "mod"})
    for (const char *divisor : {"3", "-3"})
      catalogue.check("elementwise", "%x: " + t + " {llm.dims = #d3}",
                      std::string("%c = llm.constant dense<") + divisor + "> : tensor<i64>\n%r = llm." + op +
                          " %x, %c : (" + t + ", tensor<i64>) -> " + t,
                      t, 0);
}

TEST(Catalog, chainsOfMixedTypes) {
  Catalogue catalogue;
  catalogue.check(
      "elementwise", "%x: tensor<?x?x8xf16> {llm.dims = #d8}, %i: tensor<?xi64> {llm.dims = #e}",
      "%c = llm.constant dense<0.3> : tensor<f16>\n%n = llm.constant dense<-1> : tensor<i64>\n"
      "%a = llm.mul %x, %c : (tensor<?x?x8xf16>, tensor<f16>) -> tensor<?x?x8xf16>\n"
      "%s = llm.silu %a : (tensor<?x?x8xf16>) -> tensor<?x?x8xf16>\n"
      "%b = llm.compare lt, %s, %x : (tensor<?x?x8xf16>, tensor<?x?x8xf16>) -> tensor<?x?x8xi1>\n"
      "%d = llm.not %b : (tensor<?x?x8xi1>) -> tensor<?x?x8xi1>\n"
      "%f = llm.cast %s : (tensor<?x?x8xf16>) -> tensor<?x?x8xf32>\n"
      "%g = llm.exp %f : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>\n"
      "%r = llm.select %d, %g, %f : (tensor<?x?x8xi1>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>",
      t8, 2e-3, 7);
  catalogue.check(
      "elementwise",
      "%i: tensor<?xi64> {llm.dims = #e}, %j: tensor<?xi64> {llm.dims = #e}, %m: tensor<?xi1> {llm.dims = #e}",
      "%a = llm.compare ge, %i, %j : (tensor<?xi64>, tensor<?xi64>) -> tensor<?xi1>\n"
      "%b = llm.and %a, %m : (tensor<?xi1>, tensor<?xi1>) -> tensor<?xi1>\n"
      "%c = llm.xor %b, %m : (tensor<?xi1>, tensor<?xi1>) -> tensor<?xi1>\n"
      "%d = llm.select %c, %b, %m : (tensor<?xi1>, tensor<?xi1>, tensor<?xi1>) -> tensor<?xi1>\n"
      "%r = llm.cast %d : (tensor<?xi1>) -> tensor<?xbf16>",
      "tensor<?xbf16>", 0, 5);
  catalogue.check("elementwise", "%x: tensor<?xf32> {llm.dims = #e}",
                  "%r = llm.cast %x : (tensor<?xf32>) -> tensor<?xi32>", "tensor<?xi32>", 0);
  catalogue.check("elementwise", "%x: tensor<?xf32> {llm.dims = #e}",
                  "%s = llm.dims affine_map<()[s0, s1] -> (s0, 1, s1)> : tensor<3xi64>\n"
                  "%r = llm.expand %x, %s : (tensor<?xf32>, tensor<3xi64>) -> tensor<?x1x?xf32>",
                  "tensor<?x1x?xf32>", 0);
}

} // namespace
