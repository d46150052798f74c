"""record.py LOGITS.npy > recorded.json: what SamplerChainTests compares with. Every sampler that Hugging Face transformers has
is its processor; the others are their papers' or authors' formulas in numpy (top-n-sigma: arXiv 2411.07641; DRY, XTC and dynamic
temperature: text-generation-webui pull requests 5677, 6335 and koboldcpp's; mirostat: arXiv 2007.14966; frequency and presence
penalties: OpenAI's formula). All in float64. LOGITS.npy: rows of 512 logits, 300 of the largest and 212 others of SmolLM2's, after
three prompts. Needs numpy, torch and transformers."""
import json
import math
import random
import sys

import numpy as np
import torch
import transformers
from transformers.generation import logits_process as hf

rows = np.load(sys.argv[1]).round(4)
NINF = -math.inf


def softmax(scores):
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()


def through(processor, scores, history):
    return processor(torch.tensor([history], dtype=torch.long), torch.tensor(scores, dtype=torch.float64)[None])[0].numpy()


def penalties(scores, history, o):
    window = history if o["repeat_last_n"] < 0 else history[len(history) - min(len(history), o["repeat_last_n"]):]
    if o["repeat_penalty"] != 1 and window:
        scores = through(hf.RepetitionPenaltyLogitsProcessor(o["repeat_penalty"]), scores, window)
    for token in set(window):
        scores[token] -= window.count(token) * o["frequency_penalty"] + o["presence_penalty"]
    return scores


def dry(scores, history, o):
    """For every token: the longest n so that the last n tokens and it are somewhere in the text, without a breaker among the n."""
    breakers = o["dry_breakers"]
    for token in range(len(scores)):
        longest = -1
        for at in range(len(history)):
            if history[at] != token:
                continue
            n = 0
            while n < at and history[at - 1 - n] == history[len(history) - 1 - n] and history[at - 1 - n] not in breakers:
                n += 1
            longest = max(longest, n)
        if longest >= o["dry_allowed_length"] and token not in breakers:
            scores[token] -= o["dry_multiplier"] * o["dry_base"] ** (longest - o["dry_allowed_length"])
    return scores


def top_n_sigma(scores, history, o):
    possible = scores[scores > NINF]
    return np.where(scores < possible.max() - o["top_n_sigma"] * possible.std(), NINF, scores)


def xtc(scores, history, o):
    p = softmax(scores)
    above = [i for i in np.argsort(-p, kind="stable") if p[i] >= o["xtc_threshold"] and scores[i] > NINF]
    scores = scores.copy()
    scores[above[:-1]] = NINF
    return scores


def temperature(scores, history, o):
    if o["dynatemp_range"] == 0:
        return through(hf.TemperatureLogitsWarper(o["temperature"]), scores, history)
    p = softmax(scores)
    p = p[p > 0]
    if len(p) < 2:
        return scores
    share = -(p * np.log(p)).sum() / math.log(len(p))
    low, high = max(0, o["temperature"] - o["dynatemp_range"]), o["temperature"] + o["dynatemp_range"]
    return scores / (low + (high - low) * share ** o["dynatemp_exp"])


samplers = {
    "penalties": penalties, "dry": dry, "top_n_sigma": top_n_sigma, "xtc": xtc, "temperature": temperature,
    "top_k": lambda s, h, o: through(hf.TopKLogitsWarper(o["top_k"]), s, h),
    "typ_p": lambda s, h, o: through(hf.TypicalLogitsWarper(o["typical"]), s, h),
    "top_p": lambda s, h, o: through(hf.TopPLogitsWarper(o["top_p"]), s, h),
    "min_p": lambda s, h, o: through(hf.MinPLogitsWarper(o["min_p"]), s, h),
}
off = {"temperature": 1.0, "dynatemp_range": 0.0, "dynatemp_exp": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "typical": 1.0,
       "top_n_sigma": 0.0, "xtc_probability": 0.0, "xtc_threshold": 0.1, "repeat_last_n": -1, "repeat_penalty": 1.0,
       "frequency_penalty": 0.0, "presence_penalty": 0.0, "dry_multiplier": 0.0, "dry_base": 1.75, "dry_allowed_length": 2,
       "dry_breakers": [], "no_repeat_ngram": 0, "min_tokens": 0, "end_tokens": [], "banned": [], "logit_bias": []}
order = list(samplers)


def evaluate(row, history, o, chain, generated):
    scores = rows[row].astype(np.float64)
    if o["logit_bias"]:
        scores = through(hf.SequenceBiasLogitsProcessor([[[i], float(b)] for i, b in o["logit_bias"]]), scores, history)
    if o["banned"]:
        scores = through(hf.NoBadWordsLogitsProcessor(o["banned"]), scores, history)
    if o["no_repeat_ngram"]:
        scores = through(hf.NoRepeatNGramLogitsProcessor(o["no_repeat_ngram"]), scores, history)
    if o["min_tokens"]:
        scores = through(hf.MinNewTokensLengthLogitsProcessor(len(history) - generated, o["min_tokens"], o["end_tokens"]), scores, history)
    active = {"penalties": o["repeat_penalty"] != 1 or o["frequency_penalty"] or o["presence_penalty"], "dry": o["dry_multiplier"],
              "top_n_sigma": o["top_n_sigma"], "xtc": o["xtc_probability"], "temperature": True, "top_k": o["top_k"],
              "typ_p": o["typical"] < 1, "top_p": o["top_p"] < 1, "min_p": o["min_p"]}
    for name in chain:
        if active[name]:
            scores = samplers[name](scores.copy(), history, o)
    return scores


rng = random.Random(1)
cases = []


def record(name, options, chain=order, row=None, history=None, generated=0):
    o = {**off, **options}
    row = rng.randrange(len(rows)) if row is None else row
    if history is None:  # likely tokens, with repetitions
        likely = list(np.argsort(-rows[row])[:25])
        history = [int(rng.choice(likely)) for _ in range(rng.randrange(30, 60))]
        history += history[3:9] + history[20:24]
    p = softmax(evaluate(row, history, o, chain, generated))
    kept = [int(i) for i in np.argsort(-p, kind="stable") if p[i] > 1e-30]
    cases.append({"name": name, "row": row, "history": history, "generated": generated, "chain": ";".join(chain), "options": options,
                  "count": len(kept), "ids": kept[:16], "probabilities": [round(float(p[i]), 8) for i in kept[:16]]})


for row in range(len(rows)):
    for t in (0.3, 0.8, 1.7):
        record("temperature", {"temperature": t}, row=row)
    for k in (1, 5, 200):
        record("top_k", {"top_k": k}, row=row)
    for p in (0.1, 0.5, 0.95, 0.999):
        record("top_p", {"top_p": p}, row=row)
        record("typical", {"typical": p}, row=row)
    for p in (0.01, 0.05, 0.5):
        record("min_p", {"min_p": p}, row=row)
    for n in (0.5, 1.0, 2.5):
        record("top_n_sigma", {"top_n_sigma": n}, row=row)
    for t in (0.01, 0.05, 0.1, 0.3):
        record("xtc", {"xtc_probability": 1.0, "xtc_threshold": t}, row=row)
    record("dynatemp", {"temperature": 0.9, "dynatemp_range": 0.5}, row=row)
    record("dynatemp", {"temperature": 0.6, "dynatemp_range": 0.9, "dynatemp_exp": 0.7}, row=row)
    record("repetition", {"repeat_penalty": 1.3}, row=row)
    record("repetition window", {"repeat_penalty": 1.3, "repeat_last_n": 7}, row=row)
    record("frequency", {"frequency_penalty": 0.4}, row=row)
    record("presence", {"presence_penalty": 0.7, "repeat_last_n": 20}, row=row)
    record("dry", {"dry_multiplier": 0.8}, row=row)
    record("dry", {"dry_multiplier": 1.5, "dry_base": 1.2, "dry_allowed_length": 1}, row=row)
    likely = [int(i) for i in np.argsort(-rows[row])[:6]]
    a, b, c, d = likely[:4]
    record("dry breaker", {"dry_multiplier": 0.8, "dry_allowed_length": 1, "dry_breakers": [c]}, row=row,
           history=[a, b, c, d, a, 9, a, b, c, d, 7, b, c, d, a, b, c, d])
    record("no repeat ngram", {"no_repeat_ngram": 2}, row=row)
    record("no repeat ngram", {"no_repeat_ngram": 3}, row=row)
    record("banned", {"banned": [[a], [b, c], [d, b]]}, row=row, history=[5, d, b])
    record("banned", {"banned": [[a], [b, c], [9, d, b]]}, row=row, history=[9, d])
    record("logit bias", {"logit_bias": [[a, -3.5], [c, 2.25], [500, 11.0]]}, row=row)
    record("min tokens", {"min_tokens": 4, "end_tokens": [a, c]}, row=row, generated=3)
    record("min tokens reached", {"min_tokens": 4, "end_tokens": [a, c]}, row=row, generated=4)

choices = {"temperature": [0.5, 0.8, 1.3], "top_k": [0, 20, 40, 150], "top_p": [1.0, 0.95, 0.7], "min_p": [0.0, 0.02, 0.1],
           "typical": [1.0, 0.9], "top_n_sigma": [0.0, 1.5], "xtc_probability": [0.0, 1.0], "xtc_threshold": [0.05, 0.2],
           "repeat_penalty": [1.0, 1.2], "frequency_penalty": [0.0, 0.2], "presence_penalty": [0.0, 0.3], "repeat_last_n": [-1, 16],
           "dry_multiplier": [0.0, 0.8], "dynatemp_range": [0.0, 0.4]}
record("default chain", {"temperature": 0.8, "top_k": 40, "top_p": 0.95, "min_p": 0.05})
for _ in range(60):
    chain = order[:]
    if _ % 3:
        rng.shuffle(chain)
    record("any chain", {name: rng.choice(values) for name, values in choices.items()}, chain=chain)

# Mirostat: the distribution and mu along tokens that are drawn from it.
mirostat = []
for version in (1, 2):
    for tau, eta, t in ((5.0, 0.1, 1.0), (2.0, 0.3, 0.8)):
        mu, steps = 2 * tau, []
        for step in range(12):
            scores = rows[step % len(rows)].astype(np.float64) / t
            by = np.argsort(-scores, kind="stable")
            p = softmax(scores)
            if version == 1:
                top = p[by[:100]]
                ts = np.log(np.arange(2, len(top) + 1) / np.arange(1, len(top)))
                s = (ts * np.log(top[:-1] / top[1:])).sum() / (ts * ts).sum()
                e = s - 1
                k = ((e * 2 ** mu) / (1 - len(p) ** -e)) ** (1 / s)
                by = by[:max(int(k), 1)] if k < len(p) else by
            else:
                by = [i for i in by if -math.log2(p[i]) <= mu] or by[:1]
            q = np.full(len(p), NINF)
            q[by] = scores[by]
            q = softmax(q)
            token = int(rng.choices(range(len(q)), weights=q)[0])
            mu -= eta * (-math.log2(q[token]) - tau)
            steps.append({"row": step % len(rows), "count": len(by), "token": token, "probability": float(q[token]), "mu": mu})
        mirostat.append({"version": version, "tau": tau, "eta": eta, "temperature": t, "steps": steps})

json.dump({"made": f"by record.py with transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}, numpy {np.__version__}",
           "rows": rows.tolist(), "cases": cases, "mirostat": mirostat}, sys.stdout, separators=(",", ":"))
