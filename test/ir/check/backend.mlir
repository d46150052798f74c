// RUN: not lathe-opt %s --run-checks=backend=abacus 2>&1 | FileCheck %s

// CHECK: there is no backend 'abacus'; known: {{.*}}reference
func.func @test() {
  %x = check.input dense<1.0> : tensor<1xf32>
  check.almost_equal %x, %x : tensor<1xf32>, tensor<1xf32>
  return
}
