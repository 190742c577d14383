"""LSTMs as plain loops over frames, layers and directions, from the weights of a state_dict: what tests compare with."""

import torch


def sigmoid(x):
    return 1 / (1 + torch.exp(-x))


def cell_step(x, h, c, w_ih, w_hh, b_ih, b_hh):
    """One step of one cell; the gates stand in the order input, forget, candidate, output."""
    gates = w_ih @ x + b_ih + w_hh @ h + b_hh
    i, f, g, o = (gates[k * len(h) : (k + 1) * len(h)] for k in range(4))
    c = sigmoid(f) * c + sigmoid(i) * torch.tanh(g)
    return sigmoid(o) * torch.tanh(c), c


def lstm(weights, prefix, frames):
    """frames [n, width] -> outputs [n, H or 2 H], last hidden and last cell states [layers (* 2), H]."""
    hidden, cell, layer = [], [], 0
    while f"{prefix}.weight_ih_l{layer}" in weights:
        outputs = []
        for suffix in ("", "_reverse"):
            names = [f"{prefix}.{part}_l{layer}{suffix}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
            if names[0] not in weights:
                continue
            w = [weights[name] for name in names]
            h = c = frames.new_zeros(w[1].shape[1])
            seen = []
            for x in reversed(list(frames)) if suffix else list(frames):
                h, c = cell_step(x, h, c, *w)
                seen.append(h)
            outputs.append(torch.stack(seen[::-1] if suffix else seen))
            hidden.append(h)
            cell.append(c)
        frames = torch.cat(outputs, dim=1)
        layer += 1
    return frames, torch.stack(hidden), torch.stack(cell)


def linear(weights, prefix, x):
    out = x @ weights[f"{prefix}.weight"].T
    return out + weights[f"{prefix}.bias"] if f"{prefix}.bias" in weights else out


def stacked_step(weights, prefix, x, hidden, cell):
    """One step of stacked cells; hidden and cell are lists of [H], one a layer."""
    hidden, cell = list(hidden), list(cell)
    for layer in range(len(hidden)):
        names = [f"{prefix}.{layer}.{part}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        hidden[layer], cell[layer] = cell_step(x, hidden[layer], cell[layer], *(weights[name] for name in names))
        x = hidden[layer]
    return hidden, cell
