"""Every backbone at tiny size: what it takes, what it gives, how it starts, and what it refuses."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from tolerances import assert_close
from torch import Tensor, nn

import vmp
from vmp.backbones import BACKBONES, VideoModel

NAMES = tuple(BACKBONES)
SLOWFAST = ("slowfast_4x16", "slowfast_8x8")
CNNS = tuple(name for name in NAMES if name != "timesformer")


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tiny(name: str, classes: int = 5, seed: int = 0, **options: Any) -> VideoModel:
    return vmp.build(name, classes, size="tiny", generator=seeded(seed), **options)


def clips_for(model: VideoModel, batch: int = 2, side: int | None = None) -> list[Tensor]:
    side = side or model.clip_input.crop
    shapes = [(batch, 3, pathway.frames + pathway.extra, side, side) for pathway in model.clip_input.pathways]
    return [torch.randn(shape, generator=seeded(7)) for shape in shapes]


def shaken(model: VideoModel) -> VideoModel:
    """With every parameter moved: as built, the last normalisations and TimeSformer's time are 0 and hide the rest."""
    generator = seeded(3)
    with torch.no_grad():
        for parameter in model.backbone.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.05)
    return model


# --- what it takes and gives ---


@pytest.mark.parametrize("prompts", [None, True])
@pytest.mark.parametrize("name", NAMES)
def test_forward_and_backward(name: str, prompts: bool | None) -> None:
    model = shaken(tiny(name, prompts=prompts))
    logits, variation = model(clips_for(model), return_variation=True)
    assert logits.shape == (2, 5)
    assert variation.shape == ()
    (logits.square().sum() + variation).backward()
    for parameter_name, parameter in model.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all(), parameter_name
        assert parameter.grad.any() or parameter_name.endswith("qkv.bias"), parameter_name


@pytest.mark.parametrize("name", CNNS)
def test_a_network_as_built_trains(name: str) -> None:
    # the last normalisations begin at 0, and with them all blocks: only these and the head move at first
    model = tiny(name)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05)
    clips, labels, losses = clips_for(model, batch=4), torch.tensor([0, 1, 2, 3]), []
    for _ in range(8):
        losses.append(nn.functional.cross_entropy(model(clips), labels))
        optimiser.zero_grad()
        losses[-1].backward()
        optimiser.step()
    assert losses[-1] < losses[0] - 0.05


@pytest.mark.parametrize("name", NAMES)
def test_single_pathways_take_a_tensor_or_a_list_of_one(name: str) -> None:
    model = tiny(name).eval()
    clips = clips_for(model)
    before = list(clips)
    assert torch.equal(model(clips), model(tuple(clips)))
    assert all(after is clip for after, clip in zip(clips, before, strict=True))
    if name not in SLOWFAST:
        assert torch.equal(model(clips[0]), model(clips))


@pytest.mark.parametrize("name", CNNS)
@pytest.mark.parametrize("side", [48, 80, 97])
def test_the_networks_take_other_crops(name: str, side: int) -> None:
    model = tiny(name).eval()
    assert model(clips_for(model, side=side)).shape == (2, 5)


@pytest.mark.parametrize("name", CNNS)
def test_their_backbones_take_other_lengths(name: str) -> None:
    model = tiny(name).eval()
    clips = [torch.cat((clip, clip), dim=2) for clip in clips_for(model)]
    assert model.backbone(clips if name in SLOWFAST else clips[0]).shape == (2, 5)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_as_its_clips_one_by_one_in_evaluation(name: str) -> None:
    model = shaken(tiny(name, prompts=True)).eval()
    clips = clips_for(model, batch=3)
    one_by_one = torch.cat([model([clip[index : index + 1] for clip in clips]) for index in range(3)])
    torch.testing.assert_close(model(clips), one_by_one, rtol=1e-4, atol=1e-5)  # sums in another order


@pytest.mark.parametrize("name", CNNS)
def test_batch_normalisation_only_learns_in_training(name: str) -> None:
    model = tiny(name)
    buffers = {key: value.clone() for key, value in model.named_buffers()}
    assert buffers
    for key, value in buffers.items():
        expected = 0 if key.endswith(("running_mean", "num_batches_tracked")) else 1
        assert (value == expected).all(), key
    model.eval()(clips_for(model))
    assert all(torch.equal(value, buffers[key]) for key, value in model.named_buffers())
    model.train()(clips_for(model))
    assert not any(torch.equal(value, buffers[key]) for key, value in model.named_buffers())


@pytest.mark.parametrize("name", NAMES)
def test_logits_in_evaluation_are_no_softmax(name: str) -> None:
    model = tiny(name).eval()
    with torch.no_grad():
        model.head.bias.fill_(2.0)
    assert (model(clips_for(model)).sum(1) > 5).all()


@pytest.mark.parametrize("name", ["slowfast_4x16", "i3d", "x3d_m", "timesformer"])
def test_under_autocast(name: str) -> None:
    model = shaken(tiny(name, prompts=True)).eval()
    clips = clips_for(model)
    expected, expected_variation = model(clips, return_variation=True)
    with torch.autocast("cpu", torch.bfloat16):
        logits, variation = model(clips, return_variation=True)
    assert logits.dtype == torch.bfloat16
    assert variation.dtype == torch.float32
    assert_close(variation, expected_variation)
    scale = expected.abs().max().item()  # bfloat16 keeps 8 bits, through a dozen layers and more
    torch.testing.assert_close(logits.float(), expected, rtol=0.0, atol=0.05 * scale)


# --- the layers ---


@pytest.mark.parametrize("name", SLOWFAST)
@pytest.mark.parametrize("prompts", ["slow", "fast", "both", True])
def test_layers_of_two_pathways(name: str, prompts: bool | str) -> None:
    model = tiny(name, prompts=prompts).eval()
    prompted = ("slow", "fast") if prompts in (True, "both") else (prompts,)
    assert tuple(model.prompts) == prompted
    assert [pathway.extra for pathway in model.clip_input.pathways] == [key in prompted for key in ("slow", "fast")]
    clips = dict(zip(("slow", "fast"), clips_for(model), strict=True))
    logits, variation = model(list(clips.values()), return_variation=True)
    through = {key: model.prompts[key](clip) if key in prompted else (clip, 0) for key, clip in clips.items()}
    assert torch.equal(logits, model.backbone([through[key][0] for key in ("slow", "fast")]))
    assert_close(variation, torch.stack([torch.as_tensor(through[key][1]) for key in prompted]).sum())
    assert variation > 0


@pytest.mark.parametrize("name", NAMES)
def test_without_a_layer_the_variation_is_nought(name: str) -> None:
    model = tiny(name)
    assert len(model.prompts) == 0
    _, variation = model(clips_for(model), return_variation=True)
    assert variation.shape == ()
    assert variation == 0


@pytest.mark.parametrize("name", NAMES)
def test_layers_know_how_the_clips_are_normalised(name: str) -> None:
    for layer in tiny(name, prompts=True).prompts.values():
        assert isinstance(layer, vmp.MotionPrompt)
        assert (layer.mean, layer.std) == ((0.45,) * 3, (0.225,) * 3)
        assert layer.channel_order == "RGB"


def test_layer_options_reach_every_layer() -> None:
    model = tiny("slowfast_8x8", prompts=True, alpha=4.0, product="pixels", channel_order="BGR")
    for layer in model.prompts.values():
        assert (layer.alpha, layer.product, layer.channel_order) == (4.0, "pixels", "BGR")


# --- how it starts ---


@pytest.mark.parametrize("name", NAMES)
def test_with_and_without_layers_start_equal(name: str) -> None:
    without, with_layers = tiny(name), tiny(name, prompts=True)
    state = with_layers.state_dict()
    for key, value in without.state_dict().items():
        assert torch.equal(value, state[key]), key
    added = set(state) - set(without.state_dict())
    assert added == {f"prompts.{p.name}.{n}" for p in with_layers.clip_input.pathways for n in "mn"}


@pytest.mark.parametrize("name", NAMES)
def test_the_start_is_the_generators(name: str) -> None:
    before = torch.get_rng_state()
    first, again, other = (tiny(name, seed=seed, prompts=True).state_dict() for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(value, again[key]) for key, value in first.items())
    drawn = [key for key, value in first.items() if value.ndim > 1 and value.any()]
    assert drawn
    assert not any(torch.equal(first[key], other[key]) for key in drawn)
    assert all(torch.isfinite(value).all() for value in first.values())


def test_without_a_generator_it_is_torchs() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        first = vmp.build("c2d", 5, size="tiny").state_dict()
        torch.manual_seed(5)
        again = vmp.build("c2d", 5, size="tiny").state_dict()
    assert all(torch.equal(value, again[key]) for key, value in first.items())


@pytest.mark.parametrize("name", NAMES)
def test_the_backbone_starts_the_same_for_any_number_of_classes(name: str) -> None:
    few, many = tiny(name, classes=5), tiny(name, classes=9)
    for key, parameter in few.parts()["backbone"].items():
        assert torch.equal(parameter, many.get_parameter(key)), key
    assert (few.head.out_features, many.head.out_features) == (5, 9)


@pytest.mark.parametrize("name", CNNS)
def test_convolutions_start_by_their_fan_out_and_blocks_as_their_shortcut(name: str) -> None:
    model = tiny(name, classes=64)
    wide = [
        module.weight for module in model.modules() if isinstance(module, nn.Conv3d) and module.weight.numel() > 4096
    ]
    assert wide
    for weight in wide:
        fan_out = weight.shape[0] * weight[0, 0].numel()
        assert weight.detach().std() == pytest.approx((2 / fan_out) ** 0.5, rel=0.08)
    for key, parameter in model.backbone.named_parameters():
        if "norm_c.weight" in key:
            assert not parameter.any(), key
        elif "norm" in key and key.endswith("weight") and "block" not in key.rsplit("norm", 1)[1]:
            assert (parameter == 1).all(), key
    assert model.head.weight.detach().std() == pytest.approx(0.01, rel=0.08)
    assert not model.head.bias.any()


# --- its parts and its state ---


@pytest.mark.parametrize("name", NAMES)
def test_parts_are_all_parameters_once(name: str) -> None:
    model = tiny(name, prompts=True)
    parts = model.parts()
    assert list(parts) == ["backbone", "head", "prompt"]
    together = {key: parameter for part in parts.values() for key, parameter in part.items()}
    assert sum(len(part) for part in parts.values()) == len(together)
    assert {key: id(parameter) for key, parameter in together.items()} == {
        key: id(parameter) for key, parameter in model.named_parameters()
    }
    head = "backbone.classifier" if name == "timesformer" else f"backbone.blocks.{len(model.backbone.blocks) - 1}.proj"
    assert list(parts["head"]) == [f"{head}.weight", f"{head}.bias"]
    assert set(parts["prompt"]) == {f"prompts.{p.name}.{n}" for p in model.clip_input.pathways for n in "mn"}


@pytest.mark.parametrize("name", NAMES)
def test_state_dict_round_trip_and_deepcopy(name: str) -> None:
    model = shaken(tiny(name, prompts=True)).eval()
    clips = clips_for(model)
    other = tiny(name, seed=1, prompts=True).eval()
    other.load_state_dict(model.state_dict())
    twin = copy.deepcopy(model)
    with torch.no_grad():
        expected = model(clips)
        model.head.weight.zero_()
        assert torch.equal(other(clips), expected)
        assert torch.equal(twin(clips), expected)
        assert not torch.equal(model(clips), expected)


@pytest.mark.parametrize("name", NAMES)
def test_what_it_takes(name: str) -> None:
    for size in ("paper", "tiny"):
        spec = BACKBONES[name]
        clip_input = spec.clip_input(size)
        assert clip_input.crop == (64 if size == "tiny" else spec.crop)
        assert not any(pathway.extra for pathway in clip_input.pathways)
    # a rendered clip has 24 frames, 8 of them before the first
    assert clip_input.room <= 8
    assert clip_input.length <= 16
    paper, small = BACKBONES[name].paper.pathways, BACKBONES[name].tiny.pathways
    assert [p.name for p in paper] == [p.name for p in small]
    if name in SLOWFAST:
        papers = {"slowfast_4x16": 8, "slowfast_8x8": 4}[name]
        for alpha, (slow, fast) in ((papers, paper), (papers / 2, small)):
            assert fast.frames == alpha * slow.frames
            assert slow.stride == alpha * fast.stride


def test_dropout_is_the_heads() -> None:
    rates = {
        module.p
        for module in vmp.build("x3d_s", 5, size="tiny", dropout=0.3).modules()
        if isinstance(module, nn.Dropout)
    }
    assert rates == {0.3}
    assert [BACKBONES[name].paper.dropout for name in ("c2d", "timesformer")] == [0.5, 0.0]
    assert {BACKBONES[name].tiny.dropout for name in NAMES} == {0.0}


# --- what is refused ---


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "slowfast_8x16"}, r"name: expected slowfast_4x16, .* got 'slowfast_8x16'. Did you mean 'slowfast_"),
        ({"num_classes": 0}, r"num_classes: expected a whole number from 1, got 0"),
        ({"num_classes": 2.0}, r"num_classes: expected a whole number from 1, got 2\.0"),
        ({"size": "small"}, r"size: expected 'paper' or 'tiny', got 'small'"),
        ({"prompts": "slow"}, r"prompts: expected None or True, since it has one input for c2d, got 'slow'"),
        ({"prompts": "both"}, r"prompts: expected None or True"),
        (
            {"name": "slowfast_8x8", "prompts": "quick"},
            r"prompts: expected None, True, 'slow', 'fast' or 'both' .*'quick'",
        ),
        ({"dropout": 1.0}, r"dropout: expected a number in \[0, 1\), got 1\.0"),
        ({"crop": 16}, r"crop: expected at least 32 pixels, got 16"),
        (
            {"name": "timesformer", "crop": 50},
            r"crop: expected at least 32 pixels, a multiple of the patch of \d+, got 50",
        ),
        ({"prompts": True, "alfa": 4.0}, r"layer option: expected alpha, .* got 'alfa'. Did you mean 'alpha'\?"),
        (
            {"prompts": True, "slope": 11.04},
            r"layer option: expected slope and shift, or none",
        ),
        ({"prompts": True, "slope": 5.0, "shift": 0.1}, r"slope: expected a value in \(9.091, 50\]"),
        ({"prompts": True, "layout": "BTCHW"}, r"layer option: expected alpha, .* got 'layout'"),
        ({"alpha": 4.0}, r"prompts: expected a layer for alpha, got none. Choose prompts=True"),
        ({"promts": True}, r"layer option: .* got 'promts'"),
        ({"weights": "k400"}, r"weights: 'k400' is for size='paper', got size='tiny'"),
        ({"weights": "k600"}, r"none named 'k600' was found published for C2D"),
    ],
)
def test_build_refuses(options: dict[str, Any], message: str) -> None:
    chosen = {"name": "c2d", "num_classes": 5, "size": "tiny"} | options
    with pytest.raises(ValueError, match=message):
        vmp.build(**chosen)


def test_build_refuses_a_generator_of_another_device() -> None:
    with (
        torch.device("meta"),
        pytest.raises(ValueError, match=r"generator: expected one of the device .* meta, got cpu"),
    ):
        vmp.build("c2d", 5, size="tiny", generator=seeded())


def test_a_call_names_what_each_pathway_takes() -> None:
    model = tiny("slowfast_8x8", prompts="fast")
    slow, fast = clips_for(model)
    expected = r"expected slow \(B, 3, 4, H, W\) and fast \(B, 3, 9, H, W\) with the extra frame first, floating point"
    wrong = [
        (fast, r"got float32 \(2, 3, 9, 64, 64\)"),
        ([slow], r"got float32 \(2, 3, 4, 64, 64\)\."),
        ([], r"got nothing\."),
        ([fast, slow], r"got float32 \(2, 3, 9, 64, 64\), float32 \(2, 3, 4, 64, 64\)"),
        ([slow, fast[:, :, 1:]], r"float32 \(2, 3, 8, 64, 64\)"),
        ([slow[:1], fast], r"got float32 \(1, 3, 4"),
        ([slow, (255 * fast).to(torch.uint8)], r"uint8 \(2, 3, 9"),
        ([slow, fast.movedim(1, -1)], r"float32 \(2, 9, 64, 64, 3\)"),
        ([slow, fast[0]], r"float32 \(3, 9, 64, 64\)"),
        ([slow, "fast"], r"'fast'"),
    ]
    for clips, came in wrong:
        with pytest.raises(ValueError, match=expected) as raised:
            model(clips)
        raised.match(came)
        raised.match("slowfast_8x8 of size 'tiny'")


def test_timesformer_takes_its_crop_only() -> None:
    model = tiny("timesformer", crop=96)
    assert model(clips_for(model)).shape == (2, 5)
    with pytest.raises(ValueError, match=r"expected clip \(B, 3, 8, 96, 96\).* got float32 \(2, 3, 8, 64, 64\)"):
        model(clips_for(model, side=64))


def test_a_layer_starts_where_it_is_told() -> None:
    model = vmp.build("slowfast_4x16", 3, "both", size="tiny", slope=11.04, shift=-0.59, difference="absolute")
    for layer in model.prompts.values():
        assert layer.slope.item() == pytest.approx(11.04)
        assert layer.shift.item() == pytest.approx(-0.59)
        assert layer.difference == "absolute"
