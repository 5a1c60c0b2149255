"""TimeSformer: equal to transformers' own, and to the original's computation under the original's names."""

from __future__ import annotations

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import vmp
from vmp.backbones import BACKBONES, VideoModel
from vmp.backbones.spec import TimesformerDimensions

# Said by torch itself, about its own internals, while transformers is imported.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

SIZE = BACKBONES["timesformer"].tiny
assert isinstance(SIZE.dimensions, TimesformerDimensions)
PATCH, WIDTH, DEPTH, HEADS, HIDDEN = dataclasses.astuple(SIZE.dimensions)
FRAMES, SIDE = SIZE.pathways[0].frames, SIZE.crop
#: The original's layers: those of a block, and the others; and its parameters that belong to no layer.
LAYERS = {
    "norm1": (WIDTH,),
    "attn.qkv": (3 * WIDTH, WIDTH),
    "attn.proj": (WIDTH, WIDTH),
    "temporal_norm1": (WIDTH,),
    "temporal_attn.qkv": (3 * WIDTH, WIDTH),
    "temporal_attn.proj": (WIDTH, WIDTH),
    "temporal_fc": (WIDTH, WIDTH),
    "norm2": (WIDTH,),
    "mlp.fc1": (HIDDEN, WIDTH),
    "mlp.fc2": (WIDTH, HIDDEN),
}
OTHERS = {"patch_embed.proj": (WIDTH, 3, PATCH, PATCH), "norm": (WIDTH,), "head": (5, WIDTH)}
BARE = {
    "cls_token": (1, 1, WIDTH),
    "pos_embed": (1, (SIDE // PATCH) ** 2 + 1, WIDTH),
    "time_embed": (1, FRAMES, WIDTH),
}


def tiny(**options: bool) -> VideoModel:
    return vmp.build("timesformer", 5, size="tiny", generator=torch.Generator().manual_seed(0), **options).eval()


def original_state() -> dict[str, Tensor]:
    """Random values under the names of the original repository's checkpoints."""
    generator = torch.Generator().manual_seed(1)
    shapes = {f"blocks.{index}.{name}": shape for index in range(DEPTH) for name, shape in LAYERS.items()} | OTHERS
    state = {f"model.{name}": torch.randn(shape, generator=generator) for name, shape in BARE.items()}
    for name, shape in shapes.items():
        state[f"model.{name}.weight"] = torch.randn(shape, generator=generator) / shape[-1] ** 0.5
        state[f"model.{name}.bias"] = torch.randn(shape[0], generator=generator)
    return state


def original_logits(state: dict[str, Tensor], clip: Tensor) -> Tensor:
    """Divided space-time attention as the paper defines it (Eqs. 1-11, Sec. 3), written from the equations.

    Tokens are kept as (B, T, P, D), the class token apart: it takes part in each frame's attention in space, and the
    results are averaged over the frames.
    """

    def linear(name: str, x: Tensor) -> Tensor:
        return F.linear(x, state[f"model.{name}.weight"], state[f"model.{name}.bias"])

    def norm(name: str, x: Tensor) -> Tensor:
        return F.layer_norm(x, (WIDTH,), state[f"model.{name}.weight"], state[f"model.{name}.bias"], eps=1e-6)

    def attend(name: str, x: Tensor) -> Tensor:
        query, key, value = linear(f"{name}.qkv", x).unflatten(-1, (3, HEADS, -1)).movedim(-3, 0).transpose(-3, -2)
        attended = F.scaled_dot_product_attention(query, key, value)
        return linear(f"{name}.proj", attended.transpose(-3, -2).flatten(-2))

    def residual(block: str, x: Tensor) -> Tensor:
        return x + linear(f"{block}.mlp.fc2", F.gelu(linear(f"{block}.mlp.fc1", norm(f"{block}.norm2", x))))

    patches = clip.unfold(3, PATCH, PATCH).unfold(4, PATCH, PATCH)  # (B, 3, T, rows, columns, PATCH, PATCH)
    patches = patches.permute(0, 2, 3, 4, 1, 5, 6).flatten(2, 3).flatten(3)
    weight = state["model.patch_embed.proj.weight"].flatten(1)
    tokens = patches @ weight.T + state["model.patch_embed.proj.bias"]
    tokens = tokens + state["model.pos_embed"][0, 1:] + state["model.time_embed"][0, :, None]
    cls = (state["model.cls_token"] + state["model.pos_embed"][:, :1]).expand(len(clip), -1, -1)  # (B, 1, D)
    for index in range(DEPTH):
        block = f"blocks.{index}"
        over_time = attend(f"{block}.temporal_attn", norm(f"{block}.temporal_norm1", tokens.transpose(1, 2)))
        tokens = tokens + linear(f"{block}.temporal_fc", over_time).transpose(1, 2)
        frames = torch.cat((cls.unsqueeze(1).expand(-1, FRAMES, -1, -1), tokens), dim=2)  # (B, T, 1 + P, D)
        in_space = attend(f"{block}.attn", norm(f"{block}.norm1", frames))
        cls = residual(block, cls + in_space[:, :, 0].mean(1, keepdim=True))
        tokens = residual(block, tokens + in_space[:, :, 1:])
    return linear("head", norm("norm", cls))[:, 0]


def clip_of(frames: int = FRAMES) -> Tensor:
    return torch.randn((2, 3, frames, SIDE, SIDE), generator=torch.Generator().manual_seed(2))


def test_original_checkpoints_compute_what_the_paper_says() -> None:
    from vmp.backbones.timesformer import from_original

    model, state = tiny(), original_state()
    model.backbone.load_state_dict(from_original(state))
    expected = original_logits(state, clip_of())
    torch.testing.assert_close(model(clip_of()), expected, rtol=1e-4, atol=1e-4)


def test_original_names_without_their_prefix() -> None:
    from vmp.backbones.timesformer import from_original

    state = original_state()
    bare = from_original({name.removeprefix("model."): value for name, value in state.items()})
    assert list(bare) == list(from_original(state))
    assert set(bare) == set(tiny().backbone.state_dict())


def test_other_names_are_refused() -> None:
    from vmp.backbones.timesformer import from_original

    wrong = {"blocks.0.attn.key.weight": torch.zeros(1), "xmodel.norm.weight": torch.zeros(1)}
    with pytest.raises(ValueError, match=r"temporal_attn\.qkv\.weight; got 2 others: blocks\.0\.attn\.key\.weight, xm"):
        from_original(original_state() | wrong)


@pytest.mark.parametrize("prompts", [False, True])
def test_equal_to_transformers_own(prompts: bool) -> None:
    from transformers import TimesformerForVideoClassification

    model = tiny(prompts=prompts)
    with torch.random.fork_rng(devices=[]):
        own = TimesformerForVideoClassification(model.backbone.config).eval()
    generator = torch.Generator().manual_seed(3)
    state = {key: torch.randn(value.shape, generator=generator) / 10 for key, value in own.state_dict().items()}
    own.load_state_dict(state)
    model.backbone.load_state_dict(state)
    clip = clip_of(FRAMES + prompts)
    frames = model.prompts["clip"](clip)[0] if prompts else clip
    expected = own(pixel_values=frames.transpose(1, 2)).logits
    torch.testing.assert_close(model(clip), expected, rtol=1e-5, atol=1e-5)
    grown, same = clip.clone().requires_grad_(), clip.clone().requires_grad_()
    model(grown).square().sum().backward()
    frames = model.prompts["clip"](same)[0] if prompts else same
    own(pixel_values=frames.transpose(1, 2)).logits.square().sum().backward()
    torch.testing.assert_close(grown.grad, same.grad, rtol=1e-4, atol=1e-5)


def test_as_built_every_frame_and_place_counts() -> None:
    model, clip = tiny(), clip_of()
    logits = model(clip)
    moved = (clip.flip(2), clip.roll(16, 3), torch.cat((clip[:, :, :-1], clip[:, :, :1]), dim=2))
    for other in moved:  # the frames in another order, the patches, another last frame
        assert (model(other) - logits).abs().max() > 0.01 * logits.abs().max()


def test_as_built_weights_follow_their_rules() -> None:
    state = tiny().backbone.state_dict()
    for name, value in state.items():
        if name.endswith("bias"):
            assert not value.any(), name
        elif "norm" in name:
            assert (value == 1).all(), name
        elif name == "classifier.weight":
            assert value.std() == pytest.approx(0.02, rel=0.15)
        elif name.endswith("weight"):  # Xavier: the variance 2 / (in + out)
            out, into = value.flatten(1).shape
            assert value.std() == pytest.approx((2 / (into + out)) ** 0.5, rel=0.05), name
        elif "cls_token" in name:
            assert 0 < value.abs().max() < 0.1
        else:  # N(0, 1) cut off at 2 has a standard deviation of 0.880
            assert value.abs().max() <= 2
            assert value.std() == pytest.approx(0.880, rel=0.08), name


def test_dropout_is_that_of_tokens_and_projections() -> None:
    generator = torch.Generator().manual_seed(0)
    model = vmp.build("timesformer", 5, size="tiny", dropout=0.2, generator=generator)
    assert model.backbone.config.hidden_dropout_prob == 0.2
    assert model.backbone.config.attention_probs_dropout_prob == 0.0
    assert not torch.equal(model(clip_of()), model(clip_of()))
    assert torch.equal(model.eval()(clip_of()), model(clip_of()))
