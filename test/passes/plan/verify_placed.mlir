// RUN: lathe-opt %s --verify-placed --split-input-file --verify-diagnostics

// The second launch reads a while it writes b.
plan.program @forward ["tokens"] attributes {slots = [affine_map<()[s0] -> (s0 * 16)>, affine_map<()[s0] -> (s0 * 16)>]} {
  %x = plan.buffer  input "x" f32 affine_map<()[s0] -> (s0, 4)>
  %y = plan.buffer  output "y" f32 affine_map<()[s0] -> (s0, 4)>
  // expected-error @+1 {{buffers 'a' and 'b' live at once in slot 0}}
  %a = plan.buffer  scratch "a" f32 affine_map<()[s0] -> (s0, 4)> {slot = 0 : i64}
  plan.launch "softmax"(%x, %a) attributes {bytes_read = affine_map<()[s0] -> (0)>, functors = "", grid = affine_map<()[s0] -> (s0)>, parameters = {}, params = affine_map<()[s0] -> ()>, reads = 1 : i64, thread_scratch = affine_map<()[s0] -> (0)>, updates = array<i64>, writes = 1 : i64}
  %b = plan.buffer  scratch "b" f32 affine_map<()[s0] -> (s0, 4)> {slot = 0 : i64}
  plan.launch "softmax"(%a, %b) attributes {bytes_read = affine_map<()[s0] -> (0)>, functors = "", grid = affine_map<()[s0] -> (s0)>, parameters = {}, params = affine_map<()[s0] -> ()>, reads = 1 : i64, thread_scratch = affine_map<()[s0] -> (0)>, updates = array<i64>, writes = 1 : i64}
  plan.launch "softmax"(%b, %y) attributes {bytes_read = affine_map<()[s0] -> (0)>, functors = "", grid = affine_map<()[s0] -> (s0)>, parameters = {}, params = affine_map<()[s0] -> ()>, reads = 1 : i64, thread_scratch = affine_map<()[s0] -> (0)>, updates = array<i64>, writes = 1 : i64}
}

// -----

plan.program @forward ["tokens"] attributes {slots = [affine_map<()[s0] -> (s0 * 16)>, affine_map<()[s0] -> (s0 * 16)>]} {
  %x = plan.buffer  input "x" f32 affine_map<()[s0] -> (s0, 4)>
  %y = plan.buffer  output "y" f32 affine_map<()[s0] -> (s0, 4)>
  // expected-error @+1 {{buffer 'a' has no slot among 2}}
  %a = plan.buffer  scratch "a" f32 affine_map<()[s0] -> (s0, 4)>
  plan.launch "softmax"(%x, %a) attributes {bytes_read = affine_map<()[s0] -> (0)>, functors = "", grid = affine_map<()[s0] -> (s0)>, parameters = {}, params = affine_map<()[s0] -> ()>, reads = 1 : i64, thread_scratch = affine_map<()[s0] -> (0)>, updates = array<i64>, writes = 1 : i64}
  %b = plan.buffer  scratch "b" f32 affine_map<()[s0] -> (s0, 4)> {slot = 1 : i64}
  plan.launch "softmax"(%a, %b) attributes {bytes_read = affine_map<()[s0] -> (0)>, functors = "", grid = affine_map<()[s0] -> (s0)>, parameters = {}, params = affine_map<()[s0] -> ()>, reads = 1 : i64, thread_scratch = affine_map<()[s0] -> (0)>, updates = array<i64>, writes = 1 : i64}
  plan.launch "softmax"(%b, %y) attributes {bytes_read = affine_map<()[s0] -> (0)>, functors = "", grid = affine_map<()[s0] -> (s0)>, parameters = {}, params = affine_map<()[s0] -> ()>, reads = 1 : i64, thread_scratch = affine_map<()[s0] -> (0)>, updates = array<i64>, writes = 1 : i64}
}

// -----

plan.program @forward ["tokens"] attributes {slots = [affine_map<()[s0] -> (s0 * 16)>, affine_map<()[s0] -> (s0 * 16)>]} {
  %x = plan.buffer  input "x" f32 affine_map<()[s0] -> (s0, 4)>
  %y = plan.buffer  output "y" f32 affine_map<()[s0] -> (s0, 4)>
  %a = plan.buffer  scratch "a" f32 affine_map<()[s0] -> (s0, 4)> {slot = 0 : i64}
  plan.launch "softmax"(%x, %a) attributes {bytes_read = affine_map<()[s0] -> (0)>, functors = "", grid = affine_map<()[s0] -> (s0)>, parameters = {}, params = affine_map<()[s0] -> ()>, reads = 1 : i64, thread_scratch = affine_map<()[s0] -> (0)>, updates = array<i64>, writes = 1 : i64}
  // expected-error @+1 {{buffer 'b' has no slot among 2}}
  %b = plan.buffer  scratch "b" f32 affine_map<()[s0] -> (s0, 4)> {slot = 5 : i64}
  plan.launch "softmax"(%a, %b) attributes {bytes_read = affine_map<()[s0] -> (0)>, functors = "", grid = affine_map<()[s0] -> (s0)>, parameters = {}, params = affine_map<()[s0] -> ()>, reads = 1 : i64, thread_scratch = affine_map<()[s0] -> (0)>, updates = array<i64>, writes = 1 : i64}
  plan.launch "softmax"(%b, %y) attributes {bytes_read = affine_map<()[s0] -> (0)>, functors = "", grid = affine_map<()[s0] -> (s0)>, parameters = {}, params = affine_map<()[s0] -> ()>, reads = 1 : i64, thread_scratch = affine_map<()[s0] -> (0)>, updates = array<i64>, writes = 1 : i64}
}

// -----

plan.program @forward ["tokens"] attributes {slots = [affine_map<()[s0] -> (s0 * 16)>, affine_map<()[s0] -> (s0 * 16)>]} {
  %x = plan.buffer  input "x" f32 affine_map<()[s0] -> (s0, 4)>
  %y = plan.buffer  output "y" f32 affine_map<()[s0] -> (s0, 4)>
  // expected-error @+1 {{slot 0 is not made for the buffer 'a'}}
  %a = plan.buffer  scratch "a" f32 affine_map<()[s0] -> (s0, 8)> {slot = 0 : i64}
  plan.launch "softmax"(%x, %a) attributes {bytes_read = affine_map<()[s0] -> (0)>, functors = "", grid = affine_map<()[s0] -> (s0)>, parameters = {}, params = affine_map<()[s0] -> ()>, reads = 1 : i64, thread_scratch = affine_map<()[s0] -> (0)>, updates = array<i64>, writes = 1 : i64}
  %b = plan.buffer  scratch "b" f32 affine_map<()[s0] -> (s0, 4)> {slot = 1 : i64}
  plan.launch "softmax"(%a, %b) attributes {bytes_read = affine_map<()[s0] -> (0)>, functors = "", grid = affine_map<()[s0] -> (s0)>, parameters = {}, params = affine_map<()[s0] -> ()>, reads = 1 : i64, thread_scratch = affine_map<()[s0] -> (0)>, updates = array<i64>, writes = 1 : i64}
  plan.launch "softmax"(%b, %y) attributes {bytes_read = affine_map<()[s0] -> (0)>, functors = "", grid = affine_map<()[s0] -> (s0)>, parameters = {}, params = affine_map<()[s0] -> ()>, reads = 1 : i64, thread_scratch = affine_map<()[s0] -> (0)>, updates = array<i64>, writes = 1 : i64}
}
