"""make.py [NAME...]: writes NAME.json, what PyTorch says of a tiny model of each architecture (needs torch and transformers).

The weights are not stored: element i of a tensor is offset + scale * (u - 0.5), u = the top 24 bits of splitmix64(FNV-1a(name) + i)
over 2^24, which the test computes too. A file has the configuration, "tensors" {name: [shape, scale, offset]}, "ids" and the
"logits" of all tokens and "greedy", tokens that follow a prompt (of some, the one with the most different tokens), computed in float32 by transformers' own model (5.24.0).

"gguf" says what llama.cpp's converter makes of it: names by gguf-py's own table, keys and orders of rows as its folder conversion/
has them."""
import json
import math
import pathlib
import sys

import gguf
import numpy
import torch
import transformers

BASE = dict(vocab_size=32, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=64)
CASES = {
    "gemma": ("gemma", dict(BASE, head_dim=16, num_key_value_heads=1, rope_theta=5000.0)),
    "gemma2": ("gemma2", dict(BASE, head_dim=16, query_pre_attn_scalar=16, sliding_window=5, attn_logit_softcapping=2.0,
                              final_logit_softcapping=1.5)),
    "gpt2_scaled": ("gpt2", dict(vocab_size=32, n_embd=32, n_layer=2, n_head=4, n_positions=64, n_inner=48,
                                 activation_function="gelu", scale_attn_by_inverse_layer_idx=True)),
    "phi": ("phi", dict(BASE, num_key_value_heads=4, partial_rotary_factor=0.5)),
    "gemma3": ("gemma3_text", dict(BASE, num_hidden_layers=6, head_dim=16, query_pre_attn_scalar=16, sliding_window=5,
                                   rope_theta=100000.0, rope_local_base_freq=1000.0,
                                   rope_scaling={"rope_type": "linear", "factor": 4.0})),
    "phi3": ("phi3", dict(BASE, sliding_window=6, pad_token_id=0)),
    "phi3_longrope": ("phi3", dict(BASE, max_position_embeddings=128, original_max_position_embeddings=64, pad_token_id=0,
                                   partial_rotary_factor=0.5,
                                   rope_scaling={"type": "longrope", "short_factor": [1.0, 1.3],
                                                 "long_factor": [1.5, 2.5]})),
    "stablelm": ("stablelm", dict(BASE, use_qkv_bias=True, partial_rotary_factor=0.5)),
    "stablelm_parallel": ("stablelm", dict(BASE, use_parallel_residual=True, qk_layernorm=True)),
    "olmo": ("olmo", dict(BASE, clip_qkv=0.8, rope_theta=5000.0)),
    "olmo2": ("olmo2", dict(BASE, rope_theta=5000.0)),
    "starcoder2": ("starcoder2", dict(BASE, sliding_window=6, tie_word_embeddings=True)),
    "granite": ("granite", dict(BASE, embedding_multiplier=3.0, residual_multiplier=0.4, attention_multiplier=0.2,
                                logits_scaling=2.0, attention_bias=True, mlp_bias=True)),
    "cohere": ("cohere", dict(BASE, logit_scale=0.25, rope_theta=8000.0, use_qk_norm=True)),
    "smollm3_list": ("smollm3", dict(BASE, no_rope_layers=[0, 1], pad_token_id=0)),
    "smollm3": ("smollm3", dict(BASE, num_hidden_layers=4, pad_token_id=0, tie_word_embeddings=True)),
    "gptj": ("gptj", dict(vocab_size=32, n_embd=32, n_layer=2, n_head=2, rotary_dim=8, n_positions=64)),
    "opt": ("opt", dict(vocab_size=32, hidden_size=32, ffn_dim=48, num_hidden_layers=2, num_attention_heads=4,
                        max_position_embeddings=64, word_embed_proj_dim=32)),
    "opt_post_norm": ("opt", dict(vocab_size=32, hidden_size=32, ffn_dim=48, num_hidden_layers=2, num_attention_heads=4,
                                  max_position_embeddings=64, word_embed_proj_dim=24, do_layer_norm_before=False)),
    "mpt": ("mpt", dict(vocab_size=32, d_model=36, n_layers=2, n_heads=6, max_seq_len=64, expansion_ratio=2,
                        attn_config={"alibi": True, "clip_qkv": 1.2})),
    "falcon_grouped": ("falcon", dict(vocab_size=32, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_kv_heads=2,
                                      max_position_embeddings=64, new_decoder_architecture=True, bias=False)),
    "falcon_rw": ("falcon", dict(vocab_size=32, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, multi_query=False,
                                 max_position_embeddings=64,
                                 parallel_attn=False, alibi=True, bias=True)),
    "bloom_heads": ("bloom", dict(vocab_size=32, hidden_size=36, n_layer=2, n_head=6, seq_length=64,
                                  apply_residual_connection_post_layernorm=True)),
    "gpt_neox_serial": ("gpt_neox", dict(vocab_size=32, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
                                         num_attention_heads=4, rotary_pct=0.5, max_position_embeddings=64, use_parallel_residual=False,
                                         tie_word_embeddings=True)),
    "qwen": ("qwen", dict(vocab_size=32, hidden_size=32, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
                          kv_channels=8, rotary_emb_base=5000.0, seq_length=64, layer_norm_epsilon=1e-5)),
    "mixtral": ("mixtral", dict(BASE, num_local_experts=4, num_experts_per_tok=2, sliding_window=6)),
    "qwen2_moe": ("qwen2_moe", dict(BASE, num_experts=6, num_experts_per_tok=3, moe_intermediate_size=20, shared_expert_intermediate_size=24,
                                    num_hidden_layers=3)),
    "qwen3_moe": ("qwen3_moe", dict(BASE, head_dim=16, num_experts=5, num_experts_per_tok=2, moe_intermediate_size=16, norm_topk_prob=True)),
    "olmoe": ("olmoe", dict(BASE, num_experts=8, num_experts_per_tok=3, clip_qkv=0.9)),
    "gpt_oss": ("gpt_oss", dict(BASE, head_dim=16, num_local_experts=3, num_experts_per_tok=2, sliding_window=5, pad_token_id=0,
                                intermediate_size=8,
                                rope_parameters={"rope_type": "yarn", "rope_theta": 5000.0, "factor": 4.0, "beta_fast": 4.0, "beta_slow": 0.5,
                                                 "original_max_position_embeddings": 16})),
    "deepseek_v2": ("deepseek_v2", dict(BASE, num_key_value_heads=4, kv_lora_rank=16, q_lora_rank=None, qk_nope_head_dim=8, qk_rope_head_dim=4, v_head_dim=8,
                                        n_routed_experts=8, num_experts_per_tok=3, n_group=4, topk_group=2, topk_method="group_limited_greedy",
                                        routed_scaling_factor=4.0, moe_intermediate_size=16, n_shared_experts=2, first_k_dense_replace=1)),
    "deepseek_v3": ("deepseek_v3", dict(BASE, num_key_value_heads=4, num_hidden_layers=3, kv_lora_rank=16, q_lora_rank=12, qk_nope_head_dim=8, qk_rope_head_dim=8,
                                        v_head_dim=12, n_routed_experts=8, num_experts_per_tok=3, n_group=4, topk_group=2, routed_scaling_factor=2.5,
                                        moe_intermediate_size=16, n_shared_experts=1, first_k_dense_replace=1,
                                        rope_scaling={"type": "yarn", "factor": 4.0, "beta_fast": 4.0, "beta_slow": 0.5, "mscale": 0.7,
                                                      "mscale_all_dim": 1.2, "original_max_position_embeddings": 16})),
    "nemotron": ("nemotron", dict(BASE, head_dim=8, rope_theta=5000.0, partial_rotary_factor=0.5)),
    "glm": ("glm", dict(BASE, head_dim=8, rope_theta=5000.0, pad_token_id=0, attention_bias=True)),
    "glm4": ("glm4", dict(BASE, head_dim=8, pad_token_id=0, attention_bias=True)),
    "deci": ("deci", dict(vocab_size=32, hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4,
                          num_key_value_heads_per_layer=[4, 1, 2], max_position_embeddings=64, rms_norm_eps=1e-5, rope_theta=5000.0)),
    "crystalcoder": ("crystalcoder", dict(vocab_size=32, n_embd=32, n_inner=40, n_layer=2, n_head=2, rotary_dim=8, n_positions=64,
                                          layer_norm_epsilon=1e-5, activation_function="swiglu", position_embedding_type="rotary",
                                          mup_embeddings_scale=3.0, mup_output_alpha=2.2, mup_width_scale=0.5, mup_scale_qk_dot_by_d=True,
                                          tie_word_embeddings=False)),
    "llama_yarn": ("llama", dict(BASE, rope_theta=5000.0, rope_scaling={"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16,
                                                                        "beta_fast": 4.0, "beta_slow": 0.5})),
    "qwen3_yarn": ("qwen3", dict(BASE, head_dim=16, rope_scaling={"rope_type": "yarn", "factor": 3.0, "original_max_position_embeddings": 24})),
    "llama_linear": ("llama", dict(BASE, rope_theta=5000.0, rope_scaling={"rope_type": "linear", "factor": 4.0})),
    "exaone": ("exaone", dict(vocab_size=32, hidden_size=32, intermediate_size=48, num_layers=2, num_attention_heads=4, num_key_value_heads=2,
                              max_position_embeddings=64, layer_norm_epsilon=1e-5, rope_theta=5000.0, tie_word_embeddings=False)),
    "internlm2": ("internlm2", dict(BASE, rms_norm_eps=1e-5, rope_theta=5000.0)),
    "gpt_bigcode": ("gpt_bigcode", dict(vocab_size=32, n_embd=32, n_layer=2, n_head=4, n_positions=64, n_inner=48)),
    "gpt_bigcode_heads": ("gpt_bigcode", dict(vocab_size=32, n_embd=32, n_layer=2, n_head=4, n_positions=64, n_inner=48, multi_query=False,
                                              activation_function="gelu")),
    "cohere2": ("cohere2", dict(BASE, num_hidden_layers=4, logit_scale=0.25, rope_theta=8000.0, sliding_window=5)),
    "qwen_logn": ("qwen", dict(vocab_size=32, hidden_size=32, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, kv_channels=8,
                               rotary_emb_base=5000.0, seq_length=6, max_position_embeddings=64, layer_norm_epsilon=1e-5, use_logn_attn=True,
                               use_dynamic_ntk=False)),
    "llama_dynamic": ("llama", dict(BASE, rope_theta=5000.0, rope_scaling={"rope_type": "dynamic", "factor": 4.0})),
    "baichuan": ("baichuan", dict(vocab_size=32, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
                                  max_position_embeddings=64, model_max_length=64, rms_norm_eps=1e-6)),
    "baichuan_alibi": ("baichuan", dict(vocab_size=32, hidden_size=36, intermediate_size=48, num_hidden_layers=2, num_attention_heads=6,
                                        model_max_length=64, rms_norm_eps=1e-6)),
    "phi_norms": ("phi", dict(BASE, qk_layernorm=True, partial_rotary_factor=0.5)),
}


# Mixtures whose folder has a tensor for each expert, as published ones do; others have one for all, as transformers keeps them.
SPLIT = {"mixtral": ("block_sparse_moe", "w1", "w3", "w2"), "qwen2_moe": ("mlp", "gate_proj", "up_proj", "down_proj"),
         "olmoe": ("mlp", "gate_proj", "up_proj", "down_proj")}


def parts(kind, name, parameter):
    """The tensors of the folder that a parameter is made of: [(name, the part's place in the parameter)]."""
    if kind not in SPLIT or ".mlp." not in name or not (".experts." in name or ".mlp.gate." in name):
        return [(name, parameter.data)]
    module, gate, up, down = SPLIT[kind]
    name = name.replace(".mlp.", f".{module}.")
    if ".experts." not in name:
        return [(name, parameter.data)]
    found = []
    for expert, matrix in enumerate(parameter.data):
        for part, rows in ((gate, matrix[:len(matrix) // 2]), (up, matrix[len(matrix) // 2:])) if "gate_up" in name else ((down, matrix),):
            found.append((name[:name.index(".experts.")] + f".experts.{expert}.{part}.weight", rows))
    return found


def fill(name, shape, scale, offset):
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    with numpy.errstate(over="ignore"):
        z = numpy.arange(math.prod(shape), dtype=numpy.uint64) + numpy.uint64(seed)
        z = z * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z = z ^ (z >> numpy.uint64(31))
    u = (z >> numpy.uint64(40)).astype(numpy.float64) / 2.0**24
    return torch.from_numpy((offset + scale * (u - 0.5)).astype(numpy.float32).reshape(shape))


ARCHITECTURES = {"nemotron": "NEMOTRON", "glm": "CHATGLM", "glm4": "GLM4", "gpt_oss": "GPT_OSS", "qwen": "QWEN", "qwen2_moe": "QWEN2MOE", "qwen3_moe": "QWEN3MOE", "olmoe": "OLMOE", "gemma2": "GEMMA2", "phi": "PHI2", "gemma": "GEMMA", "gemma3_text": "GEMMA3", "phi3": "PHI3", "stablelm": "STABLELM", "olmo": "OLMO", "olmo2": "OLMO2",
                 "starcoder2": "STARCODER2", "granite": "GRANITE", "cohere": "COMMAND_R", "cohere2": "COHERE2", "smollm3": "SMOLLM3", "mpt": "MPT",
                 "falcon": "FALCON", "gpt_neox": "GPTNEOX"}


def keys(kind, arch, settings, config):
    """What the converter's set_gguf_parameters writes, as far as it concerns the graph."""
    given = settings | settings.get("attn_config", {})
    first = lambda *names: next((given[name] for name in names if name in given), None)
    hidden, heads = first("hidden_size", "d_model"), first("num_attention_heads", "n_heads", "n_head")
    epsilon = {"olmo": 1e-5, "mpt": 1e-5, "qwen": first("layer_norm_epsilon")}.get(kind) or next(
        getattr(config, key) for key in ("rms_norm_eps", "layer_norm_eps", "norm_eps", "norm_epsilon", "layer_norm_epsilon") if hasattr(config, key))
    values = {
        "block_count": first("num_hidden_layers", "n_layers", "n_layer"), "embedding_length": hidden,
        "feed_forward_length": first("intermediate_size") or 4 * hidden, "context_length": first("max_position_embeddings") or 64,
        "attention.head_count": heads,
        "attention.head_count_kv": first("num_key_value_heads", "num_kv_heads") or (1 if kind == "falcon" else heads),
        "attention.layer_norm_rms_epsilon" if kind == "qwen" or hasattr(config, "rms_norm_eps") else "attention.layer_norm_epsilon": epsilon,
        "attention.key_length": first("head_dim") if kind.startswith("gemma") or kind == "qwen3_moe" else None,
        "expert_count": first("num_experts", "num_local_experts"), "expert_used_count": first("num_experts_per_tok"),
        "expert_feed_forward_length": first("moe_intermediate_size"), "expert_shared_feed_forward_length": first("shared_expert_intermediate_size"), "rope.freq_base": first("rope_theta", "rotary_emb_base"),
        "attention.sliding_window": first("sliding_window"), "rope.freq_base_swa": first("rope_local_base_freq"),
        "use_parallel_residual": first("use_parallel_residual"), "attention.max_alibi_bias": 8.0 if kind == "mpt" else None,
        "attention.clamp_kqv": first("clip_qkv"), "embedding_scale": first("embedding_multiplier"),
        "attn_logit_softcapping": first("attn_logit_softcapping"), "final_logit_softcapping": first("final_logit_softcapping"),
        "residual_scale": first("residual_multiplier"), "attention.scale": first("attention_multiplier"),
        "logit_scale": first("logits_scaling", "logit_scale"), "rope.scaling.type": "none" if kind == "cohere" else None}
    rotated = {"stablelm": getattr(config, "rope_parameters", None) and config.rope_parameters.get("partial_rotary_factor"),
               "nemotron": 0.5, "glm": 0.5, "glm4": 0.5, "phi": first("partial_rotary_factor"), "phi3": first("partial_rotary_factor") or 1.0, "gpt_neox": first("rotary_pct")}.get(kind)
    if rotated:
        values["rope.dimension_count"] = int(hidden // heads * rotated)
    if kind == "gpt_oss":
        rope = settings["rope_parameters"]
        values |= {"rope.freq_base": rope["rope_theta"], "rope.scaling.type": "yarn", "rope.scaling.factor": rope["factor"],
                   "rope.scaling.yarn_beta_fast": rope["beta_fast"], "rope.scaling.yarn_beta_slow": rope["beta_slow"],
                   "rope.scaling.original_context_length": rope["original_max_position_embeddings"],
                   "attention.key_length": first("head_dim"), "expert_feed_forward_length": first("intermediate_size")}
    if kind == "gemma3_text":
        values |= {"rope.scaling.type": "linear", "rope.scaling.factor": settings["rope_scaling"]["factor"]}
    if kind == "phi3" and "rope_scaling" in settings:
        longest, original = given["max_position_embeddings"], given["original_max_position_embeddings"]
        values["rope.scaling.original_context_length"] = original
        values["rope.scaling.attn_factor"] = math.sqrt(1 + math.log(longest / original) / math.log(original))
    return {"general.architecture": arch} | {f"{arch}.{key}": value for key, value in values.items() if value is not None}


class Qwen(torch.nn.Module):
    """Qwen 1, which transformers does not have, by its names; Qwen2 computes it, as far as the trained length goes
    (modeling_qwen.py: c_attn is q, k and v; mlp is c_proj(w1(x) * silu(w2(x))), w1 and w2 half of intermediate_size)."""

    def __init__(self, given):
        super().__init__()
        self.qwen2 = transformers.Qwen2ForCausalLM._from_config(transformers.Qwen2Config(
            vocab_size=given["vocab_size"], hidden_size=given["hidden_size"], intermediate_size=given["intermediate_size"] // 2,
            num_hidden_layers=given["num_hidden_layers"], num_attention_heads=given["num_attention_heads"],
            num_key_value_heads=given["num_attention_heads"], rope_theta=given["rotary_emb_base"],
            rms_norm_eps=given["layer_norm_epsilon"], tie_word_embeddings=False), attn_implementation="eager").float().eval()
        self.generation_config = self.qwen2.generation_config
        self.names, self.given = {}, {}
        for name, parameter in self.qwen2.named_parameters():
            for old, new in (("model.layers.", "transformer.h."), ("model.embed_tokens", "transformer.wte"), ("model.norm", "transformer.ln_f"),
                             ("input_layernorm", "ln_1"), ("post_attention_layernorm", "ln_2"), ("self_attn.o_proj", "attn.c_proj"),
                             ("mlp.up_proj", "mlp.w1"), ("mlp.gate_proj", "mlp.w2"), ("mlp.down_proj", "mlp.c_proj")):
                name = name.replace(old, new)
            part = next((index for index, key in enumerate("qkv") if f"self_attn.{key}_proj" in name), None)
            if part is not None:
                name = name.replace(f"self_attn.{'qkv'[part]}_proj", "attn.c_attn")
            self.names.setdefault(name, []).append(parameter)
        if given.get("use_logn_attn"):  # logn_tensor: log(i, seq_length) for the i-th token beyond it
            def scale(_, inputs, q):
                return q * torch.tensor([max(1.0, math.log(i, given["seq_length"])) for i in range(1, q.shape[1] + 1)])[None, :, None]
            for layer in self.qwen2.model.layers:
                layer.self_attn.q_proj.register_forward_hook(scale)

    def named_parameters(self):
        self.given = {name: torch.nn.Parameter(torch.cat([part.data for part in parts])) for name, parts in self.names.items()}
        return self.given.items()

    def take(self):
        for name, parts in self.names.items():
            for part, value in zip(parts, self.given[name].data.chunk(len(parts))):
                part.data.copy_(value)

    def forward(self, ids, **options):
        self.take()
        return self.qwen2(ids, **options)

    def generate(self, ids, **options):
        return self.qwen2.generate(ids, use_cache=False, **options)


class Renamed(torch.nn.Module):
    """A model that transformers does not have, computed by one whose graph is the same: `shapes` has its tensors, `assign` makes those
    of the inner model of them."""

    def __init__(self, inner, shapes, assign):
        super().__init__()
        self.inner, self.assign, self.generation_config = inner, assign, inner.generation_config
        self.given = {name: torch.nn.Parameter(torch.zeros(shape)) for name, shape in shapes.items()}

    def named_parameters(self):
        return self.given.items()

    def named_buffers(self):
        return []

    def take(self):
        theirs = dict(self.inner.named_parameters())
        made = self.assign({name: value.data for name, value in self.given.items()})
        assert made.keys() == theirs.keys(), made.keys() ^ theirs.keys()
        for name, value in made.items():
            assert value.shape == theirs[name].shape, (name, value.shape, theirs[name].shape)
            theirs[name].data.copy_(value)

    def forward(self, ids, **options):
        self.take()
        return self.inner(ids, **options)

    def generate(self, ids, **options):
        self.take()
        return self.inner.generate(ids, **options)


def llama(given, **more):
    names = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
             "rms_norm_eps", "rope_theta", "max_position_embeddings")
    config = transformers.LlamaConfig(**{**{name: given[name] for name in names if name in given}, **more}, tie_word_embeddings=False)
    return transformers.LlamaForCausalLM._from_config(config, attn_implementation="eager").float().eval()


def deci(given):
    """DeciLM-7B (modeling_decilm.py): Llama with its own number of key heads in each layer; with copies of these it is Llama."""
    heads, size = given["num_attention_heads"], given["hidden_size"] // given["num_attention_heads"]
    inner = llama(given, num_key_value_heads=heads)
    kept = lambda name: given["num_key_value_heads_per_layer"][int(name.split(".")[2])] if ".k_proj" in name or ".v_proj" in name else None
    shapes = {name: [kept(name) * size, *value.shape[1:]] if kept(name) else list(value.shape) for name, value in inner.named_parameters()}
    copied = lambda name, value: value.reshape(kept(name), size, -1).repeat_interleave(heads // kept(name), 0).reshape(heads * size, -1)
    return Renamed(inner, shapes, lambda own: {name: copied(name, value) if kept(name) else value for name, value in own.items()})


EXAONE = (("model.layers.", "transformer.h."), ("model.embed_tokens", "transformer.wte"), ("model.norm", "transformer.ln_f"),
          ("input_layernorm", "ln_1"), ("post_attention_layernorm", "ln_2"), ("self_attn.o_proj", "attn.attention.out_proj"),
          ("self_attn.", "attn.attention."), ("mlp.gate_proj", "mlp.c_fc_0"), ("mlp.up_proj", "mlp.c_fc_1"), ("mlp.down_proj", "mlp.c_proj"))
INTERN = (("model.embed_tokens", "model.tok_embeddings"), ("lm_head", "output"), ("input_layernorm", "attention_norm"),
          ("post_attention_layernorm", "ffn_norm"), ("self_attn.o_proj", "attention.wo"), ("mlp.gate_proj", "feed_forward.w1"),
          ("mlp.up_proj", "feed_forward.w3"), ("mlp.down_proj", "feed_forward.w2"))


def renamed(name, pairs):
    for old, new in pairs:
        name = name.replace(old, new)
    return name


def exaone(given):
    """EXAONE 3 (modeling_exaone.py): Llama by other names."""
    inner = llama(given, num_hidden_layers=given["num_layers"], rms_norm_eps=given["layer_norm_epsilon"])
    names = {name: renamed(name, EXAONE) for name, _ in inner.named_parameters()}
    return Renamed(inner, {names[name]: list(value.shape) for name, value in inner.named_parameters()},
                   lambda own: {name: own[names[name]] for name in names})


def internlm2(given):
    """InternLM2 (modeling_internlm2.py): Llama; wqkv has for each group of heads its queries, its key and its value."""
    inner = llama(given)
    heads, groups = given["num_attention_heads"], given["num_key_value_heads"]
    size, each = given["hidden_size"] // heads, heads // groups
    names = {name: renamed(name, INTERN) for name, _ in inner.named_parameters() if not any(part in name for part in ("q_proj", "k_proj", "v_proj"))}
    theirs = dict(inner.named_parameters())
    shapes = {}
    for layer in range(given["num_hidden_layers"]):
        shapes[f"model.layers.{layer}.attention.wqkv.weight"] = [(heads + 2 * groups) * size, given["hidden_size"]]
    shapes |= {new: list(theirs[old].shape) for old, new in names.items()}

    def assign(own):
        made = {old: own[new] for old, new in names.items()}
        for layer in range(given["num_hidden_layers"]):
            rows = own[f"model.layers.{layer}.attention.wqkv.weight"].reshape(groups, each + 2, size, -1)
            for part, taken in (("q", rows[:, :each]), ("k", rows[:, each]), ("v", rows[:, each + 1])):
                made[f"model.layers.{layer}.self_attn.{part}_proj.weight"] = taken.reshape(-1, given["hidden_size"])
        return made
    return Renamed(inner, shapes, assign)


def baichuan(given):
    """Baichuan 7B and 13B (modeling_baichuan.py): Llama with W_pack for q, k and v; 13B has no rotation and adds _gen_alibi_mask."""
    inner = llama(given)
    heads, size = given["num_attention_heads"], given["hidden_size"]
    if "max_position_embeddings" not in given:
        powers = lambda count: [(2 ** (-8 / count)) ** (i + 1) for i in range(count)]
        near = 2 ** math.floor(math.log2(heads))
        slopes = torch.tensor((powers(near) + powers(2 * near)[0::2])[:heads])  # _get_interleave

        def attend(module, q, k, v, mask, scaling, **_):
            count = k.shape[2]
            scores = q @ k.transpose(2, 3) * scaling + slopes[:, None, None] * torch.arange(count)
            hidden = torch.ones(count, count).triu(1).bool()[count - q.shape[2]:]
            return (scores.masked_fill(hidden, -torch.inf).softmax(-1) @ v).transpose(1, 2), None
        transformers.AttentionInterface.register("alibi", attend)
        inner.set_attn_implementation("alibi")
        rotary = inner.model.rotary_emb
        rotary.forward = lambda x, position_ids: tuple(torch.full((1, position_ids.shape[-1], size // heads), value) for value in (1.0, 0.0))
    theirs = dict(inner.named_parameters())
    shapes = {}
    for name, value in theirs.items():
        if ".q_proj" in name:
            shapes[name.replace("q_proj", "W_pack")] = [3 * size, size]
        elif ".k_proj" not in name and ".v_proj" not in name:
            shapes[name] = list(value.shape)

    def assign(own):
        made = {}
        for name, value in own.items():
            if "W_pack" in name:
                made |= {name.replace("W_pack", f"{part}_proj"): rows for part, rows in zip("qkv", value.chunk(3))}
            else:
                made[name] = value
        return made
    return Renamed(inner, shapes, assign)


class CrystalCoder(torch.nn.Module):
    """CrystalCoder (modeling_crystalcoder.py), written down from its source: GPT-2's layer with x2 * silu(x1) of c_fc2, c_fc, rotary
    positions of neighbours in a pair, scores over head size, embeddings and logits scaled."""

    def __init__(self, given):
        super().__init__()
        self.given_config, self.generation_config = given, transformers.GenerationConfig()
        hidden, inner = given["n_embd"], given["n_inner"]
        shapes = {"transformer.wte.weight": [given["vocab_size"], hidden], "transformer.ln_f.weight": [hidden], "transformer.ln_f.bias": [hidden],
                  "lm_head.weight": [given["vocab_size"], hidden]}
        for layer in range(given["n_layer"]):
            for name, shape in (("ln_1", [hidden]), ("attn.c_attn", [hidden, 3 * hidden]), ("attn.c_proj", [hidden, hidden]), ("ln_2", [hidden]),
                                ("mlp.c_fc", [hidden, inner]), ("mlp.c_fc2", [hidden, inner]), ("mlp.c_proj", [inner, hidden])):
                shapes[f"transformer.h.{layer}.{name}.weight"] = shape
                shapes[f"transformer.h.{layer}.{name}.bias"] = shape[-1:]
        self.given = {name: torch.nn.Parameter(torch.zeros(shape)) for name, shape in shapes.items()}

    def named_parameters(self):
        return self.given.items()

    def named_buffers(self):
        return []

    def forward(self, ids, **options):
        c, functional = self.given_config, torch.nn.functional
        own = lambda name: self.given[name].data
        norm = lambda x, name: functional.layer_norm(x, [c["n_embd"]], own(name + ".weight"), own(name + ".bias"), c["layer_norm_epsilon"])
        conv = lambda x, name: x @ own(name + ".weight") + own(name + ".bias")
        count, heads, size = ids.shape[1], c["n_head"], c["n_embd"] // c["n_head"]
        angles = torch.outer(torch.arange(count), 10000.0 ** (-torch.arange(0, c["rotary_dim"], 2) / c["rotary_dim"])).repeat_interleave(2, 1)

        def rotate(x):
            turned, kept = x[..., :c["rotary_dim"]], x[..., c["rotary_dim"]:]
            pairs = torch.stack((-turned[..., 1::2], turned[..., ::2]), -1).flatten(-2)
            return torch.cat((turned * angles.cos() + pairs * angles.sin(), kept), -1)

        h = own("transformer.wte.weight")[ids] * c["mup_embeddings_scale"]
        for layer in range(c["n_layer"]):
            at = f"transformer.h.{layer}."
            q, k, v = (part.reshape(1, count, heads, size).transpose(1, 2)
                       for part in conv(norm(h, at + "ln_1"), at + "attn.c_attn").split(c["n_embd"], -1))
            scores = rotate(q) @ rotate(k).transpose(2, 3) / (size if c["mup_scale_qk_dot_by_d"] else size ** 0.5)
            scores = scores.masked_fill(torch.ones(count, count).triu(1).bool(), -torch.inf)
            h = h + conv((scores.softmax(-1) @ v).transpose(1, 2).reshape(1, count, -1), at + "attn.c_proj")
            x = norm(h, at + "ln_2")
            h = h + conv(conv(x, at + "mlp.c_fc") * functional.silu(conv(x, at + "mlp.c_fc2")), at + "mlp.c_proj")
        logits = norm(h, "transformer.ln_f") @ own("lm_head.weight").T * (c["mup_output_alpha"] * c["mup_width_scale"])
        return transformers.modeling_outputs.CausalLMOutput(logits=logits)

    def generate(self, ids, max_new_tokens, do_sample):
        for _ in range(max_new_tokens):
            ids = torch.cat((ids, self.forward(ids).logits[:, -1:].argmax(-1)), 1)
        return ids


OWN = {"exaone": exaone, "internlm2": internlm2, "qwen": lambda given: Qwen(given), "deci": deci, "baichuan": baichuan, "crystalcoder": CrystalCoder}


MIXTURES = {"qwen2_moe", "qwen3_moe", "olmoe", "gpt_oss"}


def add_experts(made, kind, tensor, shape):
    """The experts' matrices become one of three axes."""
    prefix = f"blk.{tensor.split('.layers.')[1].split('.')[0]}.ffn_"
    if kind == "gpt_oss":  # gates and factors stand in turn, and the matrices are transposed
        places = numpy.arange(math.prod(shape)).reshape(shape)
        places = places[..., None] if tensor.endswith("bias") else places.swapaxes(1, 2)
        suffix = "bias" if tensor.endswith("bias") else "weight"
        for part, step, first in (("gate", 2, 0), ("up", 2, 1)) if "gate_up" in tensor else (("down", 1, 0),):
            rows = places[:, first::step]
            made[f"{prefix}{part}_exps.{suffix}"] = {"shape": [size for size in rows.shape if size != 1], "of": [tensor], "columns": 1,
                                                     "rows": rows.flatten().tolist()}
        return
    if "gate_up_proj" in tensor:
        count, both, columns = shape
        rows = numpy.arange(count * both).reshape(count, 2, both // 2)
        for half, part in enumerate(("gate", "up")):
            made[f"{prefix}{part}_exps.weight"] = {"shape": [count, both // 2, columns], "of": [tensor], "columns": columns,
                                                   "rows": rows[:, half].flatten().tolist()}
        return
    part = next(part for part in ("gate", "up", "down") if f".{part}_proj" in tensor)
    entry = made.setdefault(f"{prefix}{part}_exps.weight", {"shape": list(shape) if len(shape) == 3 else [0, *shape], "of": []})
    entry["of"].append(tensor)
    if len(shape) == 2:
        entry["shape"][0] += 1


def as_gguf(kind, settings, config, tensors):
    if kind not in ARCHITECTURES:
        return None
    number = gguf.MODEL_ARCH[ARCHITECTURES[kind]]
    names = gguf.get_tensor_name_map(number, 8)
    metadata = keys(kind, gguf.MODEL_ARCH_NAMES[number], settings, config)
    get = lambda key: metadata[f"{metadata['general.architecture']}.{key}"]
    heads, kv_heads = get("attention.head_count"), get("attention.head_count_kv")
    made = {}
    for tensor, (shape, _, _) in tensors.items():
        merged = tensor
        if ".norms." in tensor:  # StableLM's norms of heads are stacked
            merged = tensor[:tensor.index(".norms.")] + ".weight"
        if ".experts." in tensor and kind in MIXTURES:
            add_experts(made, kind, tensor, shape)
            continue
        name = names.get_name(merged, try_suffixes=(".weight", ".bias"))
        if name and name.endswith("attn_sinks"):
            name += ".weight"
        if name in made:
            made[name]["of"].append(tensor)
            continue
        entry = made[name] = {"shape": shape, "of": [tensor]}
        if merged != tensor:
            entry["shape"] = [heads if "q_layernorm" in tensor else kv_heads, *shape]
        if (kind.startswith("gemma") or kind == "nemotron") and tensor.endswith("norm.weight"):
            entry["plus"] = 1.0
        if tensor.endswith("shared_expert_gate.weight"):
            entry["shape"] = shape[1:]
        rows = numpy.arange(shape[0])
        if kind in ("olmo", "granite", "smollm3") and ("q_proj" in tensor or "k_proj" in tensor):  # LlamaModel.permute
            count = heads if "q_proj" in tensor else kv_heads
            entry["rows"] = rows.reshape(count, 2, -1).swapaxes(1, 2).flatten().tolist()
        if "query_key_value" in tensor:
            groups = kv_heads if kind == "falcon" else heads
            parts = rows.reshape(groups, heads // groups + 2, -1)
            entry["rows"] = numpy.concatenate([parts[:, :-2].flatten(), parts[:, -2].flatten(), parts[:, -1].flatten()]).tolist()
    for long in ("long", "short"):
        if kind == "phi3" and "rope_scaling" in settings:
            values = settings["rope_scaling"][long + "_factor"]
            made[f"rope_factors_{long}.weight"] = {"shape": [len(values)], "values": values}
    return {"keys": metadata, "tensors": made}


def make(name):
    kind, settings = CASES[name]
    # Falcon's eager attention adds the ALiBi term twice in this version; its default does not.
    attention = "sdpa" if settings.get("alibi") else "eager"
    config = None if kind in OWN else transformers.AutoConfig.for_model(kind, **json.loads(json.dumps(settings)))
    model = OWN[kind](settings) if kind in OWN else transformers.AutoModelForCausalLM.from_config(config, attn_implementation=attention).float().eval()
    tensors = {}
    with torch.no_grad():
        for tensor, parameter in model.named_parameters():
            is_norm = parameter.dim() == 1 and tensor.endswith(".weight") or "_norm" in tensor
            scale, offset = (0.5, 0.0 if "gemma" in name else 1.0) if is_norm else (0.8, 0.0)
            if any(part in tensor for part in ("embed_tokens", "wte", "word_embeddings.", "embed_in")):
                scale = 0.25  # else the last token would decide the next one where the output is tied
            for part, place in parts(kind, tensor, parameter):
                tensors[part] = [list(place.shape), scale, offset]
                place.copy_(fill(part, place.shape, scale, offset))
        for tensor, buffer in model.named_buffers():
            if tensor.endswith("e_score_correction_bias"):
                tensors[tensor] = [list(buffer.shape), 0.4, 0.0]
                buffer.copy_(fill(tensor, buffer.shape, 0.4, 0.0))
        ids = [(7 * i * i + 3 * i + 1) % 31 + 1 for i in range(14)]
        logits = model(torch.tensor([ids]), use_cache=False).logits[0].float()
    model.generation_config.eos_token_id = None
    greedy = max(({"prompt": prompt, "tokens": model.generate(torch.tensor([prompt]), max_new_tokens=12, do_sample=False)[0][6:].tolist()}
                  for prompt in ([(step * i + 3) % 29 + 3 for i in range(6)] for step in range(1, 20))),
                 key=lambda case: len(set(case["tokens"])))
    print(name, "largest logit", logits.abs().max().item())
    case = {"config": {"model_type": kind, **settings}, "tensors": tensors, "ids": ids,
            "greedy": greedy,
            "logits": [[float(f"{value:.6g}") for value in row] for row in logits.tolist()]}
    if name not in ("falcon_rw", "bloom_heads", "smollm3_list", "phi_norms", "qwen_logn") and (converted := as_gguf(kind, settings, config, tensors)):  # llama.cpp has no such variants
        case["gguf"] = converted
    lines = [f'"{key}": {json.dumps(value, separators=(",", ":"))}' for key, value in case.items()]
    pathlib.Path(__file__).with_name(name + ".json").write_text("{" + ",\n".join(lines) + "}\n")
    if "--folder" in sys.argv:  # the whole model, to try the commands with
        folder = pathlib.Path(sys.argv[sys.argv.index("--folder") + 1]) / name
        folder.mkdir(parents=True, exist_ok=True)
        from safetensors.torch import save_file
        save_file({tensor: fill(tensor, *shape) for tensor, shape in tensors.items()}, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps(case["config"]))
        (folder / "greedy.json").write_text(json.dumps(case["greedy"]))
        numpy.savez(folder / "golden.npz", **{"in.input_ids": numpy.array([ids]), "out.logits": logits[None].numpy()})


for name in [argument for argument in sys.argv[1:] if argument in CASES] or CASES:
    make(name)
