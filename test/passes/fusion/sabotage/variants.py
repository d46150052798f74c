"""Each variant is off by one condition: (name, what is otherwise, the ops that are left in a layer where they differ from the base, the
near misses that must be told, as fusion and condition). `None` for the near misses: the variant is another right form and is fused."""

from graph import HEADS, SIZE

BASE = {"attention": 1, "rope": 2, "rms_norm": 1, "layer_norm": 1, "glu": 1, "gelu": 1}


def doubled(g, x):
    return g.op("Add", x, x)


def shifted(g, x, *_):
    return g.op("Add", x, g.number(0.25))


def five(g, x):
    return g.number(5)


def computed(g, x):
    return g.op("Abs", g.op("ReduceMax", x, keepdims=0))


VARIANTS = [
    # rms_norm
    ("epsilon is added to the root", {"epsilon_outside": 1}, {"rms_norm": 0}, [("rms_norm", "epsilon-under-root")]),
    ("there is no epsilon", {"no_epsilon": 1}, {}, None),
    ("epsilon is computed", {"epsilon_computed": 1}, {"rms_norm": 0}, [("rms_norm", "epsilon-constant")]),
    ("the mean of squares is over the tokens", {"norm_axis": 1}, {"rms_norm": 0}, [("rms_norm", "mean-axis")]),
    ("squares are summed", {"sum": 1}, {"rms_norm": 0}, [("rms_norm", "mean")]),
    ("another tensor is scaled", {"scaled": shifted}, {"rms_norm": 0}, [("rms_norm", "scaled-value")]),
    ("the queries are normed", {"head_norm": [SIZE]}, {"rms_norm": 2}, None),
    ("a weight for each head", {"head_norm": [HEADS, SIZE]}, {"rms_norm": 2}, [("rms_norm", "weight-per-column")]),
    # layer_norm; what is centred otherwise is still an rms_norm
    ("the mean is over the tokens", {"mean_axis": 1}, {"layer_norm": 0, "rms_norm": 2}, [("layer_norm", "mean-axis")]),
    ("the mean is of another tensor", {"mean_of": shifted}, {"layer_norm": 0, "rms_norm": 2}, [("layer_norm", "mean-of-rows")]),
    ("the variance is over the tokens", {"variance_axis": 1}, {"layer_norm": 0}, [("rms_norm", "mean-axis")]),
    ("the variance is of another tensor", {"variance_of": shifted}, {"layer_norm": 0}, [("rms_norm", "scaled-value")]),
    ("the norm has no weight", {"no_weight": 1}, {}, None),
    # rope: the queries' alone is otherwise, or both by their angles
    ("the other half is negated", {"sign": 1}, {"rope": 1}, [("rope", "sign")]),
    ("columns overlap", {"same_half": 1}, {"rope": 1}, [("rope", "halves")]),
    ("another tensor is multiplied by cosines", {"straight": shifted}, {"rope": 1}, [("rope", "same-tensor")]),
    ("the sines are of later positions", {"sine_shifted": 1}, {"rope": 0}, [("rope", "one-angle")]),
    ("the sines are of other frequencies", {"sine_faster": 1}, {"rope": 0}, [("rope", "one-angle")]),
    ("the sines are larger", {"sine_larger": 1}, {"rope": 0}, [("rope", "one-angle")]),
    ("the sines are cosines", {"sine_is_cosine": 1}, {"rope": 0}, [("rope", "one-angle")]),
    ("the halves turn at different speeds", {"halves_differ": 1}, {"rope": 0}, [("rope", "angles")]),
    ("the angles are bent", {"angle_bent": 1}, {"rope": 0}, [("rope", "angles")]),
    ("another theta", {"theta": 500.0}, {}, None),
    # attention
    ("the softmax is over the queries", {"axis": 2}, {"attention": 0}, [("attention", "softmax-axis")]),
    ("the softmax is over the heads", {"axis": 1}, {"attention": 0}, [("attention", "softmax-axis")]),
    ("the scores are scaled after the mask", {"scale_late": 0.5}, {}, None),
    ("the scores are turned round after the mask", {"scale_late": -0.5, "filler": -20.0}, {"attention": 0}, [("attention", "scale-before-mask")]),
    ("the scores are scaled after the soft cap", {"scale_late": 0.5, "softcap": five}, {"attention": 0}, [("attention", "scale-before-mask")]),
    ("the scale is computed", {"scale_computed": 1}, {"attention": 0}, [("attention", "scale-constant")]),
    ("hidden scores are -5", {"where": -5.0}, {"attention": 0}, [("attention", "mask-filler")]),
    ("the scores go through exp", {"scores_bent": 1, "filler": -20.0}, {"attention": 0}, [("attention", "scores-product")]),
    ("the weights are scaled", {"weights_scaled": 1}, {"attention": 0}, [("attention", "weights-of-softmax")]),
    ("rows that see nothing weigh 1", {"nan_is_one": 1}, {"attention": 0}, [("attention", "weights-of-softmax")]),
    ("the soft cap is computed", {"softcap": computed}, {"attention": 0}, [("attention", "softcap-constant")]),
    ("a soft cap", {"softcap": five}, {}, None),
    ("key heads are repeated in turn", {"repeat_keys": 1}, {}, [("attention", "kv-repeats")]),
    ("value heads are repeated in turn", {"repeat_values": 1}, {}, [("attention", "kv-repeats")]),
    ("key and value heads are repeated in turn", {"repeat_both": 1}, {}, [("attention", "kv-repeats")]),
    ("all heads share the values but not the keys", {"one_value_head": 1}, {"attention": 0}, [("attention", "heads")]),
    ("the axes of heads and columns are exchanged", {"heads_last": 1}, {}, None),
    ("heads are cut from rows of all tokens", {"heads_of_rows": 1}, {}, None),
    # masks
    ("one key too many is seen", {"offset": 1}, {}, [("mask", "causal-offset")]),
    ("one key too few is seen", {"offset": -1}, {}, [("mask", "causal-offset")]),
    ("a window of 3", {"window": 3}, {}, None),
    ("a window of 2", {"window": 2}, {}, None),
    ("a window without an end", {"window_alone": 3}, {}, [("mask", "window")]),
    ("a window of half the tokens", {"window_halved": 1}, {}, [("mask", "window")]),
    ("every other key", {"mask_of_parity": 1}, {}, [("mask", "mask-known")]),
    ("the first two keys as well", {"mask_either": 1}, {}, [("mask", "mask-known")]),
    ("the mask adds -5", {"filler": -5.0}, {}, [("mask", "mask-known")]),
    # activations
    ("erf is of x / 1.5", {"divisor": 1.5}, {"gelu": 0}, [("gelu", "erf-argument")]),
    ("erf is of another tensor", {"erf_of": shifted}, {"gelu": 0}, [("gelu", "same-tensor")]),
    ("the product is not halved", {"half": 1.0}, {"gelu": 0}, [("gelu", "half")]),
    ("gelu by tanh", {"tanh": 1}, {}, None),
    ("another cubic factor", {"tanh": 1, "cubic": 0.05}, {"gelu": 0}, [("gelu", "tanh-argument")]),
    ("another factor in tanh", {"tanh": 1, "inner": 0.85}, {"gelu": 0}, [("gelu", "tanh-argument")]),
    ("the gate is used twice", {"gate_twice": 1}, {"glu": 0}, [("glu", "gate-of-one-use")]),
    ("the gate is its own up", {"one_tensor": 1}, {"glu": 0}, [("glu", "two-tensors")]),
]
