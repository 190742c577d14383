"""SUM-GAN and SUM-GAN-AAE written out as loops over their weights, with their losses: what tests compare with."""

import torch

from tests.models.plain_lstm import linear, lstm, sigmoid, stacked_step


def scores(w, original):
    outputs, _, _ = lstm(w, "scorer.lstm", original)
    return sigmoid(linear(w, "scorer.head", outputs)[:, 0])


def vae(w, frames, noise):
    """-> made [n, H], mean, log variance [L, H]"""
    _, hidden, cell = lstm(w, "reconstructor.encoder.lstm", frames)
    mean = linear(w, "reconstructor.encoder.mean", hidden)
    variance = torch.log(1 + torch.exp(linear(w, "reconstructor.encoder.variance", hidden)))
    hidden, cell = list(mean + noise * variance.sqrt()), list(cell)
    x, made = torch.zeros_like(hidden[0]), []
    for _ in frames:
        hidden, cell = stacked_step(w, "reconstructor.decoder.cells.cells", x, hidden, cell)
        made.insert(0, hidden[-1])
        x = linear(w, "reconstructor.decoder.feed", hidden[-1])
    return torch.stack(made), mean, variance.log()


def aae(w, frames, noise=None):
    encoded, hidden, cell = lstm(w, "reconstructor.encoder", frames)
    hidden, cell = list(hidden), list(cell)
    x, made = torch.zeros_like(hidden[0]), []
    for _ in frames:
        query = linear(w, "reconstructor.decoder.query", torch.cat(hidden))
        energies = torch.stack([(v * query).sum() for v in encoded])
        attention = torch.exp(energies) / torch.exp(energies).sum()
        context = sum(a * v for a, v in zip(attention, encoded, strict=True))
        hidden, cell = stacked_step(w, "reconstructor.decoder.cells.cells", torch.cat([x, context]), hidden, cell)
        made.insert(0, hidden[-1])
        x = linear(w, "reconstructor.decoder.feed", hidden[-1])
    return torch.stack(made), None, None


def discriminate(w, frames):
    """-> last hidden state [H], probability []"""
    _, hidden, _ = lstm(w, "discriminator.lstm", frames)
    return hidden[-1], sigmoid(linear(w, "discriminator.head", hidden[-1]))[0]


def distance(a, b):
    return (a - b).pow(2).sum().sqrt()


def step_terms(w, step, kind, form, features, draws, sigma):
    """The terms of one step's loss by name."""
    make = {"vae": vae, "aae": aae}[kind]
    original = linear(w, "compress", features)
    importance = scores(w, original)
    made, mean, log_variance = make(w, original * importance[:, None], draws.noise)
    state, p_original = discriminate(w, original)
    made_state, p_made = discriminate(w, made)
    if step == "scorer":
        terms = {"reconstruction": distance(state, made_state)}
        if kind == "vae":
            terms["prior"] = sum(
                (torch.exp(v) + m * m - 1 - v) / 2 for m, v in zip(mean.flatten(), log_variance.flatten(), strict=True)
            )
        return {**terms, "sparsity": abs(importance.mean() - sigma)}
    if form == "log":
        at_random, _, _ = make(w, original * draws.random_importance[:, None], draws.random_noise)
        p_random = discriminate(w, at_random)[1]
        logs = {"original": torch.log(p_original), "summary": torch.log(1 - p_made), "random": torch.log(1 - p_random)}
        if step == "decoder":
            return {"reconstruction": distance(state, made_state), "generator": sum(logs.values())}
        return {name: -value for name, value in logs.items()}
    if step == "decoder":
        return {"reconstruction": distance(state, made_state), "generator": (1 - p_made) ** 2}
    p_made = discriminate(w, made.detach())[1]
    return {"original": (1 - p_original) ** 2, "summary": p_made**2}


GROUPS = {
    "scorer": ("scorer.", "reconstructor.encoder.", "compress."),
    "decoder": ("reconstructor.decoder.", "compress."),
    "discriminator": ("discriminator.", "compress."),
}


def train(weights, kind, form, features, draws, sigma, clip, rates):
    """The three steps on one video with Adam's first step by hand, gradients kept as the released codes keep them.

    Each weight meets each of its Adams for the first time, so that a step is rate * g / (|g| + 1e-8).
    """
    gradients = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for step, parts in GROUPS.items():
        leaves = {name: weight.clone().requires_grad_() for name, weight in weights.items()}
        loss = sum(step_terms(leaves, step, kind, form, features, draws[step], sigma).values())
        fresh = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
        for (name, old), new in zip(list(gradients.items()), fresh, strict=True):
            kept = torch.zeros_like(old) if name.startswith(parts) else old
            gradients[name] = kept if new is None else kept + new
        norm = sum((g**2).sum() for g in gradients.values()).sqrt()
        gradients = {name: g * min(1, clip / (norm + 1e-6)) for name, g in gradients.items()}
        weights = {
            name: weight - rates[step] * gradients[name] / (gradients[name].abs() + 1e-8)
            if name.startswith(parts)
            else weight
            for name, weight in weights.items()
        }
    return weights
