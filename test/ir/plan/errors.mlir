// Every message of ir/plan/Plan.cpp.
// RUN: lathe-opt %s -split-input-file -verify-diagnostics

func.func @operands(%x: tensor<2xf32>) {
  // expected-error@+1 {{'plan.group' op has 1 operands but its region takes 0}}
  "plan.group"(%x) <{kernel = "k", parameters = {}, functors = "", params = affine_map<() -> ()>, grid = affine_map<() -> (1)>,
      thread_scratch = affine_map<() -> (0)>, bytes_read = affine_map<() -> (0)>, packing = [""], workspaces = affine_map<() -> ()>,
      persistent = array<i64>}> ({
    "plan.yield"() : () -> ()
  }) : (tensor<2xf32>) -> ()
  return
}

// -----

func.func @types(%x: tensor<2xf32>) {
  // expected-error@+1 {{'plan.group' op operand 0 is 'tensor<2xf32>', the region takes 'tensor<3xf32>'}}
  "plan.group"(%x) <{kernel = "k", parameters = {}, functors = "", params = affine_map<() -> ()>, grid = affine_map<() -> (1)>,
      thread_scratch = affine_map<() -> (0)>, bytes_read = affine_map<() -> (0)>, packing = [""], workspaces = affine_map<() -> ()>,
      persistent = array<i64>}> ({
  ^bb0(%a: tensor<3xf32>):
    "plan.yield"() : () -> ()
  }) : (tensor<2xf32>) -> ()
  return
}

// -----

func.func @yields(%x: tensor<2xf32>) {
  // expected-error@+1 {{'plan.group' op yields 'tensor<2xf32>' but has results 'tensor<3xf32>'}}
  %0 = "plan.group"(%x) <{kernel = "k", parameters = {}, functors = "", params = affine_map<() -> ()>, grid = affine_map<() -> (1)>,
      thread_scratch = affine_map<() -> (0)>, bytes_read = affine_map<() -> (0)>, packing = [""], workspaces = affine_map<() -> ()>,
      persistent = array<i64>}> ({
  ^bb0(%a: tensor<2xf32>):
    "plan.yield"(%a) : (tensor<2xf32>) -> ()
  }) : (tensor<2xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @packing(%x: tensor<2xf32>) {
  // expected-error@+1 {{'plan.group' op has 1 operands but says the packing of 2}}
  "plan.group"(%x) <{kernel = "k", parameters = {}, functors = "", params = affine_map<() -> ()>, grid = affine_map<() -> (1)>,
      thread_scratch = affine_map<() -> (0)>, bytes_read = affine_map<() -> (0)>, packing = ["", "lanes"], workspaces = affine_map<() -> ()>,
      persistent = array<i64>}> ({
  ^bb0(%a: tensor<2xf32>):
    "plan.yield"() : () -> ()
  }) : (tensor<2xf32>) -> ()
  return
}

// -----

func.func @workspaces(%x: tensor<2xf32>) {
  // expected-error@+1 {{'plan.group' op has 1 workspaces but 0 entries in persistent}}
  "plan.group"(%x) <{kernel = "k", parameters = {}, functors = "", params = affine_map<() -> ()>, grid = affine_map<() -> (1)>,
      thread_scratch = affine_map<() -> (0)>, bytes_read = affine_map<() -> (0)>, packing = [""], workspaces = affine_map<() -> (64)>,
      persistent = array<i64>}> ({
  ^bb0(%a: tensor<2xf32>):
    "plan.yield"() : () -> ()
  }) : (tensor<2xf32>) -> ()
  return
}

// -----

func.func @grid(%x: tensor<2xf32>) {
  // expected-error@+1 {{'plan.group' op grid, thread_scratch and bytes_read are one expression each}}
  "plan.group"(%x) <{kernel = "k", parameters = {}, functors = "", params = affine_map<() -> ()>, grid = affine_map<() -> (1, 2)>,
      thread_scratch = affine_map<() -> (0)>, bytes_read = affine_map<() -> (0)>, packing = [""], workspaces = affine_map<() -> ()>,
      persistent = array<i64>}> ({
  ^bb0(%a: tensor<2xf32>):
    "plan.yield"() : () -> ()
  }) : (tensor<2xf32>) -> ()
  return
}

// -----

func.func @no_yield() {
  // expected-error@+1 {{'plan.group' op ends in plan.yield}}
  "plan.group"() <{kernel = "k", parameters = {}, functors = "", params = affine_map<() -> ()>, grid = affine_map<() -> (1)>,
      thread_scratch = affine_map<() -> (0)>, bytes_read = affine_map<() -> (0)>, packing = [], workspaces = affine_map<() -> ()>,
      persistent = array<i64>}> ({
    %0 = llm.constant dense<1> : tensor<1xi64>
  }) : () -> ()
  return
}

// -----

plan.program @launches [] {
  %x = plan.buffer scratch "x" f32 affine_map<() -> (4)>
  // expected-error@+1 {{'plan.launch' op reads 1 and writes 1 of 1 buffers}}
  plan.launch "k"(%x) attributes {parameters = {}, functors = "", params = affine_map<() -> ()>, grid = affine_map<() -> (1)>,
      thread_scratch = affine_map<() -> (0)>, bytes_read = affine_map<() -> (0)>, reads = 1 : i64, writes = 1 : i64, updates = array<i64>}
}

// -----

plan.program @updates [] {
  %x = plan.buffer scratch "x" f32 affine_map<() -> (4)>
  // expected-error@+1 {{'plan.launch' op updates buffer 1, which is none of the 1 it reads}}
  plan.launch "k"(%x) attributes {parameters = {}, functors = "", params = affine_map<() -> ()>, grid = affine_map<() -> (1)>,
      thread_scratch = affine_map<() -> (0)>, bytes_read = affine_map<() -> (0)>, reads = 1 : i64, writes = 0 : i64, updates = array<i64: 1>}
}
