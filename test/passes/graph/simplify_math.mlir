// RUN: lathe-opt --simplify-graph %s | FileCheck %s

// CHECK-LABEL: @powers
// CHECK: %[[S:.*]] = llm.mul %arg0, %arg0
// CHECK: %[[R:.*]] = llm.rsqrt %arg0
// CHECK: %[[I:.*]] = llm.reciprocal %arg0
// CHECK: return %[[S]], %[[R]], %[[I]], %arg0
func.func @powers(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>) {
  %two = llm.constant dense<2.0> : tensor<f32>
  %half = llm.constant dense<-0.5> : tensor<f32>
  %minus = llm.constant dense<-1.0> : tensor<f32>
  %one = llm.constant dense<1.0> : tensor<1xf32>
  %a = llm.pow %x, %two : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %b = llm.pow %x, %half : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %c = llm.pow %x, %minus : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %d = llm.pow %x, %one : (tensor<2x8xf32>, tensor<1xf32>) -> tensor<2x8xf32>
  return %a, %b, %c, %d : tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>
}

// The spellings of x / sqrt(mean): one.
// CHECK-LABEL: @rsqrt
// CHECK: %[[R:.*]] = llm.rsqrt %arg1
// CHECK: llm.mul %arg0, %[[R]]
// CHECK: %[[R2:.*]] = llm.rsqrt %arg1
// CHECK: llm.mul %arg0, %[[R2]]
// CHECK-NOT: llm.sqrt
func.func @rsqrt(%x: tensor<2x8xf32>, %m: tensor<2x1xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>) {
  %one = llm.constant dense<1.0> : tensor<f32>
  %s = llm.sqrt %m : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %a = llm.div %x, %s : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %r = llm.div %one, %s : (tensor<f32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  %b = llm.mul %x, %r : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  return %a, %b : tensor<2x8xf32>, tensor<2x8xf32>
}

// 1/8 is exact, 1/3 is not.
// CHECK-LABEL: @divide
// CHECK-DAG: %[[C:.*]] = llm.constant dense<1.250000e-01> : tensor<f32>
// CHECK-DAG: %[[T:.*]] = llm.constant dense<3.000000e+00> : tensor<f32>
// CHECK: llm.mul %arg0, %[[C]]
// CHECK: llm.div %arg0, %[[T]]
func.func @divide(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>) {
  %eight = llm.constant dense<8.0> : tensor<f32>
  %three = llm.constant dense<3.0> : tensor<f32>
  %a = llm.div %x, %eight : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %b = llm.div %x, %three : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  return %a, %b : tensor<2x8xf32>, tensor<2x8xf32>
}

// CHECK-LABEL: @neutral
// CHECK: return %arg0
func.func @neutral(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %zero = llm.constant dense<0.0> : tensor<8xf32>
  %one = llm.constant dense<1.0> : tensor<f32>
  %a = llm.add %zero, %x : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %b = llm.mul %a, %one : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %c = llm.sub %b, %zero : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  return %c : tensor<2x8xf32>
}

// A neutral operand that broadcasts x stays, as an expand.
// CHECK-LABEL: @broadcasts
// CHECK: llm.add
func.func @broadcasts(%x: tensor<1x8xf32>) -> tensor<2x8xf32> {
  %zero = llm.constant dense<0.0> : tensor<2x8xf32>
  %a = llm.add %x, %zero : (tensor<1x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return %a : tensor<2x8xf32>
}

// CHECK-LABEL: @select
// CHECK: %[[E:.*]] = llm.expand %arg1
// CHECK: %[[S:.*]] = llm.select %arg2, %arg0, %arg1
// CHECK: return %[[E]], %[[S]]
func.func @select(%x: tensor<2x8xf32>, %y: tensor<8xf32>, %c: tensor<2x8xi1>) -> (tensor<2x8xf32>, tensor<2x8xf32>) {
  %false = llm.constant dense<false> : tensor<i1>
  %a = llm.select %false, %x, %y : (tensor<i1>, tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %n = llm.not %c : (tensor<2x8xi1>) -> tensor<2x8xi1>
  %b = llm.select %n, %y, %x : (tensor<2x8xi1>, tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return %a, %b : tensor<2x8xf32>, tensor<2x8xf32>
}

// Fusion makes these: x * sigmoid(x), x ^ 3.
// CHECK-LABEL: @left_alone
// CHECK: llm.sigmoid
// CHECK: llm.mul
// CHECK: llm.pow
func.func @left_alone(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>) {
  %three = llm.constant dense<3.0> : tensor<f32>
  %s = llm.sigmoid %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %y = llm.mul %x, %s : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %z = llm.pow %x, %three : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  return %y, %z : tensor<2x8xf32>, tensor<2x8xf32>
}
