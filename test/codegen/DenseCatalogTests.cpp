// Moves, reductions, norms and products of values, from the graph to machine code.
#include "test/codegen/CatalogCheck.h"

using namespace lathe;
using namespace lathe::test;

namespace {

TEST(Catalog, movesAndReductions) {
  Catalogue catalogue;
  catalogue.check(
      "transpose", "%x: tensor<?x?x4x16xf32> {llm.dims = #h}",
      "%r = llm.transpose %x {permutation = array<i64: 0, 2, 1, 3>} : (tensor<?x?x4x16xf32>) -> tensor<?x4x?x16xf32>",
      "tensor<?x4x?x16xf32>", 0);
  catalogue.check(
      "transpose", "%x: tensor<?x?x4x16xf16> {llm.dims = #h}",
      "%r = llm.transpose %x {permutation = array<i64: 3, 0, 1, 2>} : (tensor<?x?x4x16xf16>) -> tensor<16x?x?x4xf16>",
      "tensor<16x?x?x4xf16>", 0);
  catalogue.check(
      "slice", "%x: tensor<?x?x37xf32> {llm.dims = #d37}",
      "%b = llm.constant dense<[1, -34]> : tensor<2xi64>\n%e = llm.constant dense<[2147483647, 30]> : tensor<2xi64>\n"
      "%r = llm.slice %x, %b, %e {axes = array<i64: 1, 2>, steps = array<i64: 1, 4>} : (tensor<?x?x37xf32>, "
      "tensor<2xi64>, "
      "tensor<2xi64>) -> tensor<?x?x7xf32>",
      "tensor<?x?x7xf32>", 0);
  catalogue.check("concat", x8 + ", %y: tensor<?x?x8xf32> {llm.dims = #d8}",
                  "%r = llm.concat %x, %y, %x {axis = 1 : i64} : (" + t8 + ", " + t8 + ", " + t8 + ") -> " + t8, t8, 0);
  catalogue.check("gather", "%x: tensor<5x8xf32>, %i: tensor<?x?xi64> {llm.dims = #bt}",
                  "%r = llm.gather %x, %i {axis = 0 : i64} : (tensor<5x8xf32>, tensor<?x?xi64>) -> " + t8, t8, 0);
  for (const char *kind : {"sum", "mean", "max", "min", "prod"})
    for (const char *axes : {"1", "0, 2"})
      catalogue.check("reduce", x8,
                      std::string("%r = llm.reduce ") + kind + ", %x {axes = array<i64: " + axes + ">, keep} : (" + t8 +
                          ") -> tensor<?x?x?xf32>",
                      "tensor<?x?x?xf32>", 1e-5);
  for (const char *axis : {"0", "1", "2"}) {
    catalogue.check("softmax", x8,
                    std::string("%r = llm.softmax %x {axis = ") + axis + " : i64} : (" + t8 + ") -> " + t8, t8);
    catalogue.check("cumsum", x8, std::string("%r = llm.cumsum %x {axis = ") + axis + " : i64} : (" + t8 + ") -> " + t8,
                    t8, 1e-5);
  }
  catalogue.check("trilu", x8, "%r = llm.trilu %x {diagonal = -2 : i64} : (" + t8 + ") -> " + t8, t8, 0);
  catalogue.check("trilu", x8, "%r = llm.trilu %x {upper, diagonal = 1 : i64} : (" + t8 + ") -> " + t8, t8, 0);
  catalogue.check("layer_norm", x8 + ", %w: tensor<8xf32>, %b: tensor<8xf16>",
                  "%r = llm.layer_norm %x, %w, %b {epsilon = 1.0e-5 : f32} : (" + t8 +
                      ", tensor<8xf32>, tensor<8xf16>) -> " + t8,
                  t8, 1e-5);
}

TEST(Catalog, products) {
  Catalogue catalogue;
  catalogue.check("matmul", "%x: tensor<?x?x37xf32> {llm.dims = #d37}, %y: tensor<37x19xf32>",
                  "%r = llm.matmul %x, %y : (tensor<?x?x37xf32>, tensor<37x19xf32>) -> tensor<?x?x19xf32>",
                  "tensor<?x?x19xf32>", 1e-5);
  catalogue.check("matmul", "%x: tensor<?x?x37xf32> {llm.dims = #d37}, %y: tensor<3x1x37x5xf32>",
                  "%r = llm.matmul %x, %y : (tensor<?x?x37xf32>, tensor<3x1x37x5xf32>) -> tensor<3x?x?x5xf32>",
                  "tensor<3x?x?x5xf32>", 1e-5);
  catalogue.check("matmul", "%x: tensor<37xf16>, %y: tensor<37xf16>",
                  "%r = llm.matmul %x, %y : (tensor<37xf16>, tensor<37xf16>) -> tensor<f16>", "tensor<f16>", 2e-3);
  std::string q = "%q: tensor<?x?x4x16xf32> {llm.dims = #h}, %k: tensor<?x?x2x16xf32> {llm.dims = #k}, %v: "
                  "tensor<?x?x2x16xf32> {llm.dims = #k}";
  std::string three = "(tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?x2x16xf32>", h = "tensor<?x?x4x16xf32>";
  catalogue.check("attention", q,
                  "%r = llm.attention %q, %k, %v {scale = 0.25 : f32, causal, window = 9 : i64, operandSegmentSizes = "
                  "array<i32: 1, 1, 1, 0, 0, 0, 0>} : " +
                      three + ") -> " + h,
                  h, 4e-6);
  catalogue.check(
      "attention", q + ", %m: tensor<?x1x?x?xi1> {llm.dims = #m}, %s: tensor<4xf32>, %t: tensor<4xf16>",
      "%r = llm.attention %q, %k, %v, %m, %s, %t {scale = 0.25 : f32, softcap = 5.0 : f32, operandSegmentSizes = "
      "array<i32: 1, 1, 1, 1, 0, 1, 1>} : " +
          three + ", tensor<?x1x?x?xi1>, tensor<4xf32>, tensor<4xf16>) -> " + h,
      h, 4e-6);
}

TEST(Catalog, halvesOnACpuWithoutThem) {
  Catalogue catalogue("cpu:x86-64-v2");
  std::string h = "tensor<?x?x4x16xf16>", b = "tensor<?x?x37xbf16>",
              q = "%q: " + h + " {llm.dims = #h}, %k: " + h + " {llm.dims = #h}";
  catalogue.check("attention", q,
                  "%r = llm.attention %q, %k, %k {scale = 0.25 : f32, causal, operandSegmentSizes = "
                  "array<i32: 1, 1, 1, 0, 0, 0, 0>} : (" +
                      h + ", " + h + ", " + h + ") -> " + h,
                  h, 2e-3);
  catalogue.check("softmax", "%x: " + b + " {llm.dims = #d37}",
                  "%r = llm.softmax %x {axis = 2 : i64} : (" + b + ") -> " + b, b, 1e-2);
  catalogue.check("reduce", "%x: " + b + " {llm.dims = #d37}",
                  "%r = llm.reduce mean, %x {axes = array<i64: 2>} : (" + b + ") -> tensor<?x?xbf16>",
                  "tensor<?x?xbf16>", 1e-2);
  catalogue.check("elementwise", "%x: " + b + " {llm.dims = #d37}, %y: tensor<37xbf16>",
                  "%e = llm.erf %x : (" + b + ") -> " + b + "\n%f = llm.floor %e : (" + b + ") -> " + b +
                      "\n%r = llm.pow %f, %y : (" + b + ", tensor<37xbf16>) -> " + b,
                  b, 1e-2, 3);
  catalogue.check("matmul", "%x: " + b + " {llm.dims = #d37}, %y: tensor<37x19xbf16>",
                  "%r = llm.matmul %x, %y : (" + b + ", tensor<37x19xbf16>) -> tensor<?x?x19xbf16>",
                  "tensor<?x?x19xbf16>", 1e-2);
}

} // namespace
