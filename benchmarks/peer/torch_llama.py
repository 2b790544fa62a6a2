#!/usr/bin/env python3
"""A Llama in plain eager PyTorch, for the speed of one: random weights, a cache that grows by torch.cat, heads repeated for the
grouped queries, matmul, softmax, matmul. Prints tokens/s as one line of JSON. See benchmarks/TorchBackend."""
import argparse
import json
import time

import torch
from torch.nn import functional as F


class Llama:
    def __init__(self, shape, device, dtype):
        self.layers, self.hidden, self.hq, self.hkv, self.d, self.ffn, self.vocab = shape
        self.device, self.dtype = device, dtype
        self.embedding = self.matrix(self.vocab, self.hidden)
        self.blocks = [{
            "q": self.matrix(self.hq * self.d, self.hidden), "k": self.matrix(self.hkv * self.d, self.hidden),
            "v": self.matrix(self.hkv * self.d, self.hidden), "o": self.matrix(self.hidden, self.hq * self.d),
            "gate": self.matrix(self.ffn, self.hidden), "up": self.matrix(self.ffn, self.hidden), "down": self.matrix(self.hidden, self.ffn),
        } for _ in range(self.layers)]
        self.one = torch.ones(self.hidden, device=device, dtype=dtype)
        self.inverse = 10000.0 ** (-torch.arange(0, self.d, 2, device=device).float() / self.d)

    def matrix(self, rows, columns):
        return (torch.randn(rows, columns, device=self.device) / columns ** 0.5).to(self.dtype)

    def norm(self, x):
        y = x.float()
        return self.one * (y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + 1e-5)).to(x.dtype)

    @staticmethod
    def turn(x, cos, sin):
        half = x.shape[-1] // 2
        return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin

    def forward(self, ids, caches):
        """ids [B, T]; caches: per layer [keys, values] or [None, None]; logits of the last token."""
        b, t = ids.shape
        past = 0 if caches[0][0] is None else caches[0][0].shape[2]
        x = F.embedding(ids, self.embedding)
        angles = torch.arange(past, past + t, device=self.device).float()[:, None] * self.inverse
        angles = torch.cat((angles, angles), -1)
        cos, sin = angles.cos().to(self.dtype), angles.sin().to(self.dtype)
        mask = torch.full((t, past + t), float("-inf"), device=self.device, dtype=self.dtype).triu(past + 1) if t > 1 else None
        for w, cache in zip(self.blocks, caches):
            y = self.norm(x)
            q = F.linear(y, w["q"]).view(b, t, self.hq, self.d).transpose(1, 2)
            k = F.linear(y, w["k"]).view(b, t, self.hkv, self.d).transpose(1, 2)
            v = F.linear(y, w["v"]).view(b, t, self.hkv, self.d).transpose(1, 2)
            q, k = self.turn(q, cos, sin), self.turn(k, cos, sin)
            cache[0] = k if cache[0] is None else torch.cat((cache[0], k), 2)
            cache[1] = v if cache[1] is None else torch.cat((cache[1], v), 2)
            group = self.hq // self.hkv
            keys = cache[0].repeat_interleave(group, 1)
            values = cache[1].repeat_interleave(group, 1)
            p = torch.matmul(q, keys.transpose(2, 3)) / self.d ** 0.5
            p = p if mask is None else p + mask
            p = torch.softmax(p, -1, dtype=torch.float32).to(self.dtype)
            x = x + F.linear(torch.matmul(p, values).transpose(1, 2).reshape(b, t, -1), w["o"])
            y = self.norm(x)
            x = x + F.linear(F.silu(F.linear(y, w["gate"])) * F.linear(y, w["up"]), w["down"])
        return F.linear(self.norm(x[:, -1]), self.embedding).float().cpu()

    def empty(self):
        return [[None, None] for _ in range(self.layers)]


def main():
    parser = argparse.ArgumentParser()
    for name in ("--shape", "--device", "--dtype", "--batches"):
        parser.add_argument(name, required=True)
    for name in ("--prompt", "--context", "--generate", "--threads"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--processor-time", action="store_true")
    a = parser.parse_args()
    clock = time.process_time if a.processor_time else time.perf_counter
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    model = Llama([int(n) for n in a.shape.split(",")], a.device, getattr(torch, a.dtype))
    result = {}
    with torch.inference_mode():
        for _ in range(2):
            start = clock()
            model.forward(torch.arange(a.prompt, device=a.device)[None] % model.vocab, model.empty())
            result["prefill"] = a.prompt / (clock() - start)
        for batch in (int(n) for n in a.batches.split(",")):
            caches = model.empty()
            model.forward(torch.arange(a.context, device=a.device).repeat(batch, 1) % model.vocab, caches)
            one = torch.full((batch, 1), 5, device=a.device)
            model.forward(one, caches)
            start = clock()
            for _ in range(a.generate):
                model.forward(one, caches)
            result[f"decode{batch}"] = batch * a.generate / (clock() - start)
    print(json.dumps(result))


main()
