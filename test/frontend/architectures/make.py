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
    "phi_norms": ("phi", dict(BASE, qk_layernorm=True, partial_rotary_factor=0.5)),
}


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


ARCHITECTURES = {"qwen": "QWEN", "gemma2": "GEMMA2", "phi": "PHI2", "gemma": "GEMMA", "gemma3_text": "GEMMA3", "phi3": "PHI3", "stablelm": "STABLELM", "olmo": "OLMO", "olmo2": "OLMO2",
                 "starcoder2": "STARCODER2", "granite": "GRANITE", "cohere": "COMMAND_R", "smollm3": "SMOLLM3", "mpt": "MPT",
                 "falcon": "FALCON", "gpt_neox": "GPTNEOX"}


def keys(kind, arch, settings, config):
    """What the converter's set_gguf_parameters writes, as far as it concerns the graph."""
    given = settings | settings.get("attn_config", {})
    first = lambda *names: next((given[name] for name in names if name in given), None)
    hidden, heads = first("hidden_size", "d_model"), first("num_attention_heads", "n_heads", "n_head")
    epsilon = {"olmo": 1e-5, "mpt": 1e-5, "qwen": first("layer_norm_epsilon")}.get(kind) or next(
        getattr(config, key) for key in ("rms_norm_eps", "layer_norm_eps", "norm_epsilon", "layer_norm_epsilon") if hasattr(config, key))
    values = {
        "block_count": first("num_hidden_layers", "n_layers", "n_layer"), "embedding_length": hidden,
        "feed_forward_length": first("intermediate_size") or 4 * hidden, "context_length": first("max_position_embeddings") or 64,
        "attention.head_count": heads,
        "attention.head_count_kv": first("num_key_value_heads", "num_kv_heads") or (1 if kind == "falcon" else heads),
        "attention.layer_norm_rms_epsilon" if kind == "qwen" or hasattr(config, "rms_norm_eps") else "attention.layer_norm_epsilon": epsilon,
        "attention.key_length": first("head_dim") if kind.startswith("gemma") else None, "rope.freq_base": first("rope_theta", "rotary_emb_base"),
        "attention.sliding_window": first("sliding_window"), "rope.freq_base_swa": first("rope_local_base_freq"),
        "use_parallel_residual": first("use_parallel_residual"), "attention.max_alibi_bias": 8.0 if kind == "mpt" else None,
        "attention.clamp_kqv": first("clip_qkv"), "embedding_scale": first("embedding_multiplier"),
        "attn_logit_softcapping": first("attn_logit_softcapping"), "final_logit_softcapping": first("final_logit_softcapping"),
        "residual_scale": first("residual_multiplier"), "attention.scale": first("attention_multiplier"),
        "logit_scale": first("logits_scaling", "logit_scale"), "rope.scaling.type": "none" if kind == "cohere" else None}
    rotated = {"stablelm": getattr(config, "rope_parameters", None) and config.rope_parameters.get("partial_rotary_factor"),
               "phi": first("partial_rotary_factor"), "phi3": first("partial_rotary_factor") or 1.0, "gpt_neox": first("rotary_pct")}.get(kind)
    if rotated:
        values["rope.dimension_count"] = int(hidden // heads * rotated)
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
        return self.qwen2.generate(ids, **options)


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
        name = names.get_name(merged, try_suffixes=(".weight", ".bias"))
        if name in made:
            made[name]["of"].append(tensor)
            continue
        entry = made[name] = {"shape": shape, "of": [tensor]}
        if merged != tensor:
            entry["shape"] = [heads if "q_layernorm" in tensor else kv_heads, *shape]
        if kind.startswith("gemma") and tensor.endswith("norm.weight"):
            entry["plus"] = 1.0
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
    config = None if kind == "qwen" else transformers.AutoConfig.for_model(kind, **json.loads(json.dumps(settings)))
    model = Qwen(settings) if kind == "qwen" else transformers.AutoModelForCausalLM.from_config(config, attn_implementation=attention).float().eval()
    tensors = {}
    with torch.no_grad():
        for tensor, parameter in model.named_parameters():
            is_norm = parameter.dim() == 1 and tensor.endswith(".weight") or "_norm" in tensor
            scale, offset = (0.5, 0.0 if "gemma" in name else 1.0) if is_norm else (0.8, 0.0)
            if any(part in tensor for part in ("embed_tokens", "wte", "word_embeddings.", "embed_in")):
                scale = 0.25  # else the last token would decide the next one where the output is tied
            tensors[tensor] = [list(parameter.shape), scale, offset]
            parameter.copy_(fill(tensor, parameter.shape, scale, offset))
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
    if name not in ("falcon_rw", "bloom_heads", "smollm3_list", "phi_norms") and (converted := as_gguf(kind, settings, config, tensors)):  # llama.cpp has no such variants
        case["gguf"] = converted
    lines = [f'"{key}": {json.dumps(value, separators=(",", ":"))}' for key, value in case.items()]
    pathlib.Path(__file__).with_name(name + ".json").write_text("{" + ",\n".join(lines) + "}\n")
    if "--folder" in sys.argv:  # the whole model, to try the commands with
        folder = pathlib.Path(sys.argv[sys.argv.index("--folder") + 1]) / name
        folder.mkdir(parents=True, exist_ok=True)
        from safetensors.torch import save_file
        save_file({tensor: parameter.detach().clone() for tensor, parameter in model.named_parameters()}, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps(case["config"]))
        (folder / "greedy.json").write_text(json.dumps(case["greedy"]))
        numpy.savez(folder / "golden.npz", **{"in.input_ids": numpy.array([ids]), "out.logits": logits[None].numpy()})


for name in [argument for argument in sys.argv[1:] if argument in CASES] or CASES:
    make(name)
