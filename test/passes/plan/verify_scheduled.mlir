// RUN: lathe-opt %s --verify-scheduled --split-input-file --verify-diagnostics

#t = affine_map<()[s0] -> (s0, 4)>
plan.program @forward ["tokens"] {
  %x = plan.buffer input "x" f32 #t
  %y = plan.buffer output "y" f32 #t
  %a = plan.buffer scratch "a" f32 #t
  // expected-error @+1 {{reads the buffer 'a' before any launch wrote it}}
  plan.launch "softmax"(%a, %y) attributes {bytes_read = affine_map<()[s0] -> (0)>, functors = "", grid = affine_map<()[s0] -> (s0)>, parameters = {}, params = affine_map<()[s0] -> ()>, reads = 1 : i64, thread_scratch = affine_map<()[s0] -> (0)>, updates = array<i64>, writes = 1 : i64}
}

// -----

#t = affine_map<()[s0] -> (s0, 4)>
plan.program @forward ["tokens"] {
  %x = plan.buffer input "x" f32 #t
  // expected-error @+1 {{output 'y' is written by no launch}}
  %y = plan.buffer output "y" f32 #t
  %a = plan.buffer scratch "a" f32 #t
  plan.launch "softmax"(%x, %a) attributes {bytes_read = affine_map<()[s0] -> (0)>, functors = "", grid = affine_map<()[s0] -> (s0)>, parameters = {}, params = affine_map<()[s0] -> ()>, reads = 1 : i64, thread_scratch = affine_map<()[s0] -> (0)>, updates = array<i64>, writes = 1 : i64}
}
