// RUN: lathe-opt %s --verify-placed --split-input-file --verify-diagnostics

// The slot is made before the size that data decides is known.
plan.program @forward ["n", "u"] attributes {slots = [affine_map<()[s0, s1] -> (s1 * 4)>], slot_stages = array<i64: 0>, stage_pools = array<i64: 0, 0>} {
  %c = plan.buffer input "c" i64 affine_map<()[s0, s1] -> ()>
  %y = plan.buffer output "y" f32 affine_map<()[s0, s1] -> (s1)>
  %z = plan.buffer output "z" f32 affine_map<()[s0, s1] -> (s0)>
  plan.launch "fill"(%z) attributes {bytes_read = affine_map<()[s0, s1] -> (0)>, functors = "", grid = affine_map<()[s0, s1] -> (s0)>, parameters = {}, params = affine_map<()[s0, s1] -> ()>, reads = 0 : i64, thread_scratch = affine_map<()[s0, s1] -> (0)>, updates = array<i64>, writes = 1 : i64}
  plan.size %c "u"
  // expected-error @+1 {{slot 0 of stage 0 cannot hold the buffer 'a', which stage 1 writes}}
  %a = plan.buffer scratch "a" f32 affine_map<()[s0, s1] -> (s1)> {slot = 0 : i64}
  plan.launch "fill"(%a) attributes {bytes_read = affine_map<()[s0, s1] -> (0)>, functors = "", grid = affine_map<()[s0, s1] -> (s1)>, parameters = {}, params = affine_map<()[s0, s1] -> ()>, reads = 0 : i64, thread_scratch = affine_map<()[s0, s1] -> (0)>, updates = array<i64>, writes = 1 : i64}
  plan.launch "copy"(%a, %y) attributes {bytes_read = affine_map<()[s0, s1] -> (0)>, functors = "", grid = affine_map<()[s0, s1] -> (s1)>, parameters = {}, params = affine_map<()[s0, s1] -> ()>, reads = 1 : i64, thread_scratch = affine_map<()[s0, s1] -> (0)>, updates = array<i64>, writes = 1 : i64}
}

// -----

// The second stage makes the memory anew in which the first one's value lies.
plan.program @forward ["n", "u"] attributes {slots = [affine_map<()[s0, s1] -> (s0 * 4)>, affine_map<()[s0, s1] -> (s1 * 4)>], slot_stages = array<i64: 0, 1>, stage_pools = array<i64: 0, 0>} {
  %c = plan.buffer input "c" i64 affine_map<()[s0, s1] -> ()>
  %y = plan.buffer output "y" f32 affine_map<()[s0, s1] -> (s1)>
  // expected-error @+1 {{stage 1 takes the memory of the buffer 'a'}}
  %a = plan.buffer scratch "a" f32 affine_map<()[s0, s1] -> (s0)> {slot = 0 : i64}
  plan.launch "fill"(%a) attributes {bytes_read = affine_map<()[s0, s1] -> (0)>, functors = "", grid = affine_map<()[s0, s1] -> (s0)>, parameters = {}, params = affine_map<()[s0, s1] -> ()>, reads = 0 : i64, thread_scratch = affine_map<()[s0, s1] -> (0)>, updates = array<i64>, writes = 1 : i64}
  plan.size %c "u"
  %b = plan.buffer scratch "b" f32 affine_map<()[s0, s1] -> (s1)> {slot = 1 : i64}
  plan.launch "add"(%a, %b, %y) attributes {bytes_read = affine_map<()[s0, s1] -> (0)>, functors = "", grid = affine_map<()[s0, s1] -> (s1)>, parameters = {}, params = affine_map<()[s0, s1] -> ()>, reads = 1 : i64, thread_scratch = affine_map<()[s0, s1] -> (0)>, updates = array<i64>, writes = 2 : i64}
}

// -----

// expected-error @+1 {{has 1 slots in 2 stages, but says stages of 1 and pools of 1}}
plan.program @forward ["n", "u"] attributes {slots = [affine_map<()[s0, s1] -> (s0 * 4)>], slot_stages = array<i64: 0>, stage_pools = array<i64: 0>} {
  %c = plan.buffer input "c" i64 affine_map<()[s0, s1] -> ()>
  %y = plan.buffer output "y" f32 affine_map<()[s0, s1] -> (s1)>
  plan.size %c "u"
  plan.launch "fill"(%y) attributes {bytes_read = affine_map<()[s0, s1] -> (0)>, functors = "", grid = affine_map<()[s0, s1] -> (s1)>, parameters = {}, params = affine_map<()[s0, s1] -> ()>, reads = 0 : i64, thread_scratch = affine_map<()[s0, s1] -> (0)>, updates = array<i64>, writes = 1 : i64}
}
