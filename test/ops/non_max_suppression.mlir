// RUN: %run-checks %s

// onnx.backend.test.case.node.nonmaxsuppression, suppress_by_IOU_and_scores: [[0, 0, 3], [0, 0, 0]]
func.func @corners() {
  %b = check.input dense<[[[0.0, 0.0, 1.0, 1.0], [0.0, 0.1, 1.0, 1.1], [0.0, -0.1, 1.0, 0.9], [0.0, 10.0, 1.0, 11.0],
                           [0.0, 10.1, 1.0, 11.1], [0.0, 100.0, 1.0, 101.0]]]> : tensor<1x6x4xf32>
  %s = check.input dense<[[[0.9, 0.75, 0.6, 0.95, 0.5, 0.3]]]> : tensor<1x1x6xf32>
  %most = check.input dense<3> : tensor<i64>
  %iou = check.input dense<0.5> : tensor<f32>
  %score = check.input dense<0.4> : tensor<f32>
  %y, %n = llm.non_max_suppression %b, %s, %most, %iou, %score
      : (tensor<1x6x4xf32>, tensor<1x1x6xf32>, tensor<i64>, tensor<f32>, tensor<f32>) -> (tensor<6x3xi64>, tensor<i64>)
  %e = llm.constant dense<[[0, 0, 3], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]> : tensor<6x3xi64>
  %en = llm.constant dense<2> : tensor<i64>
  check.equal %y, %e : tensor<6x3xi64>, tensor<6x3xi64>
  check.equal %n, %en : tensor<i64>, tensor<i64>
  return
}

// two classes, boxes as centers and sizes, no threshold of the score, at most one a class: the highest of each
func.func @centers() {
  %b = check.input dense<[[[0.5, 0.5, 1.0, 1.0], [0.5, 0.6, 1.0, 1.0], [10.5, 0.5, 1.0, 1.0]]]> : tensor<1x3x4xf32>
  %s = check.input dense<[[[0.1, 0.7, 0.6], [0.2, 0.1, 0.2]]]> : tensor<1x2x3xf32>
  %most = check.input dense<1> : tensor<i64>
  %iou = check.input dense<0.5> : tensor<f32>
  %y, %n = llm.non_max_suppression %b, %s, %most, %iou {centered}
      : (tensor<1x3x4xf32>, tensor<1x2x3xf32>, tensor<i64>, tensor<f32>) -> (tensor<6x3xi64>, tensor<i64>)
  %e = llm.constant dense<[[0, 0, 1], [0, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]> : tensor<6x3xi64>
  %en = llm.constant dense<2> : tensor<i64>
  check.equal %y, %e : tensor<6x3xi64>, tensor<6x3xi64>
  check.equal %n, %en : tensor<i64>, tensor<i64>
  return
}
