from __future__ import annotations

import copy
import doctest
import inspect
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import pytest
import torch
from tiny_video_models import mvit, seeded, swin3d, timesformer, videomae
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import vmp
import vmp.attachment
from vmp.attachment import frames_of


class Case(NamedTuple):
    make: Callable[[], Any]
    layout: str
    pixels: int

    def clip(self, frames: int = 5, batch: int = 4, seed: int = 0) -> Tensor:
        shape = (batch, 3, frames, self.pixels, self.pixels)
        clip = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
        return clip if self.layout == "BCTHW" else clip.transpose(1, 2).contiguous()

    def attached(self, seed: int = 0, **options: Any) -> Any:
        return vmp.attach(seeded(self.make, seed), prompt(seed), layout=self.layout, **options)  # type: ignore[arg-type]


CASES = {
    "mvit": Case(mvit, "BCTHW", 32),
    "swin3d": Case(swin3d, "BCTHW", 32),
    "videomae": Case(videomae, "BTCHW", 16),
    "timesformer": Case(timesformer, "BTCHW", 16),
}
LABELS = torch.tensor([0, 1, 2, 0])

everyone = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
transformers = pytest.mark.parametrize(
    "case", [CASES["videomae"], CASES["timesformer"]], ids=["videomae", "timesformer"]
)


def prompt(seed: int = 0, **options: Any) -> vmp.MotionPrompt:
    return vmp.MotionPrompt(generator=torch.Generator().manual_seed(seed), **options)


def logits_of(output: Any) -> Tensor:
    return output if isinstance(output, Tensor) else output.logits


def small(**options: Any) -> Any:
    """A model that needs no library: the mean colour, projected."""
    backbone = seeded(lambda: nn.Sequential(nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(3, 2)))
    return vmp.attach(backbone, prompt(), **options)


# --- on other people's models ---


@everyone
def test_forward_is_the_backbones_on_the_prompts(case: Case) -> None:
    backbone, layer = seeded(case.make), prompt()
    model, clip = vmp.attach(backbone, layer, layout=case.layout), case.clip()  # type: ignore[arg-type]
    clips_first = clip if case.layout == "BCTHW" else clip.transpose(1, 2)
    prompts, variation = layer(clips_first)
    expected = logits_of(backbone(prompts if case.layout == "BCTHW" else prompts.transpose(1, 2)))
    output, came = model(clip, return_variation=True)
    torch.testing.assert_close(logits_of(output), expected)
    torch.testing.assert_close(logits_of(model(clip)), expected)
    torch.testing.assert_close(came, variation)


@everyone
def test_fine_tuned_for_a_few_steps(case: Case) -> None:
    model, clip = case.attached(), case.clip()
    start = [parameter.detach().clone() for parameter in (model.motion_prompt.m, model.motion_prompt.n)]
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    losses = []
    for _ in range(12):
        output, variation = model(clip, return_variation=True)
        loss = cross_entropy(logits_of(output), LABELS) + 0.1 * variation
        optimiser.zero_grad()
        loss.backward()
        assert model.motion_prompt.m.grad.item() != 0
        assert model.motion_prompt.n.grad.item() != 0
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    for parameter, before in zip((model.motion_prompt.m, model.motion_prompt.n), start, strict=True):
        assert (parameter - before).abs().item() > 1e-3


@everyone
def test_saved_and_loaded_by_state_dict(case: Case, tmp_path: Any) -> None:
    model, other, clip = case.attached().eval(), case.attached(seed=1).eval(), case.clip()
    torch.save(model.state_dict(), tmp_path / "w")
    assert not torch.equal(logits_of(other(clip)), logits_of(model(clip)))
    other.load_state_dict(torch.load(tmp_path / "w", weights_only=True))
    assert torch.equal(logits_of(other(clip)), logits_of(model(clip)))


@everyone
def test_copied_and_pickled(case: Case) -> None:
    model, clip = case.attached(lambda_=0.5).eval(), case.clip()
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(logits_of(copied(clip)), logits_of(model(clip)))
        assert copied.attached_as() == model.attached_as()
        assert inspect.signature(copied.forward) == inspect.signature(model.forward)
        assert copied.motion_prompt.m is not model.motion_prompt.m
        with torch.no_grad():
            for parameter in copied.parameters():
                parameter.add_(0.1)
        assert not torch.equal(logits_of(copied(clip)), logits_of(model(clip)))


@pytest.mark.parametrize("case", [CASES["videomae"], CASES["swin3d"]], ids=["videomae", "swin3d"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # said by torch about its own internals
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_compiled_in_one_graph(case: Case) -> None:
    torch.compiler.reset()
    model, clip = case.attached(), case.clip()
    compiled = torch.compile(copy.deepcopy(model), fullgraph=True, backend="aot_eager")
    output, variation = compiled(clip, return_variation=True)
    expected, expected_variation = model(clip, return_variation=True)
    torch.testing.assert_close(logits_of(output), logits_of(expected))
    torch.testing.assert_close(variation, expected_variation)
    (logits_of(output).square().sum() + variation).backward()
    (logits_of(expected).square().sum() + expected_variation).backward()
    torch.testing.assert_close(compiled.motion_prompt.m.grad, model.motion_prompt.m.grad, rtol=1e-3, atol=1e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_exported() -> None:
    model, clip = small(), torch.randn(2, 3, 5, 8, 8)
    exported = torch.export.export(model, (clip,)).module()
    torch.testing.assert_close(exported(clip), model(clip))


@everyone
def test_the_backbone_stays_as_it_was_and_shares_its_weights(case: Case) -> None:
    backbone = seeded(case.make).eval()
    before, names = logits_of(backbone(case.clip(4))), list(backbone.state_dict())
    model: Any = vmp.attach(backbone, prompt(), layout=case.layout)  # type: ignore[arg-type]
    assert torch.equal(logits_of(backbone(case.clip(4))), before)
    assert list(backbone.state_dict()) == names
    assert not model.training
    first = next(iter(model.parameters()))
    with torch.no_grad():
        first.add_(1.0)
    assert torch.equal(next(iter(backbone.parameters())), first)


def test_nothing_is_kept_between_calls() -> None:
    for case in CASES.values():
        model = case.attached(lambda_=1.0)
        before = {name: dict(vars(module)) for name, module in model.named_modules()}
        model(case.clip(), return_variation=True)
        after = {name: dict(vars(module)) for name, module in model.named_modules()}
        for name in before:
            assert before[name].keys() == after[name].keys()
        assert vars(model).keys() == before[""].keys()
        assert before[""]["_modules"].keys() == model._modules.keys()
        assert not [value for value in vars(model).values() if isinstance(value, Tensor)]


# --- its face: arguments, attributes, output, loss ---


@transformers
def test_the_same_class_the_same_names_the_same_face(case: Case) -> None:
    backbone = seeded(case.make)
    model: Any = vmp.attach(backbone, prompt(), layout="BTCHW")
    assert isinstance(model, type(backbone))
    assert model.config is backbone.config
    assert (model.device, model.dtype) == (torch.device("cpu"), torch.float32)
    assert set(model.state_dict()) == {*backbone.state_dict(), "motion_prompt.m", "motion_prompt.n"}
    for forward, own in ((model.forward, backbone.forward), (type(model).forward, type(backbone).forward)):
        came, expected = inspect.signature(forward).parameters, inspect.signature(own).parameters
        assert [name for name in came if name != "return_variation"] == list(expected)
    assert model.attached_as()["input_name"] == "pixel_values"
    given = model(pixel_values=case.clip(), output_hidden_states=True)
    assert len(given.hidden_states) == 3  # the embedding and two layers


@transformers
def test_lambda_times_the_variation_is_added_to_the_models_loss(case: Case) -> None:
    model, clip = case.attached(lambda_=2.5).eval(), case.clip()
    output, variation = model(pixel_values=clip, labels=LABELS, return_variation=True)
    torch.testing.assert_close(output.loss, cross_entropy(output.logits, LABELS) + 2.5 * variation)
    assert variation > 0
    as_tuple = model(clip, LABELS, return_dict=False)
    torch.testing.assert_close(as_tuple[0], output.loss)
    torch.testing.assert_close(as_tuple[1], output.logits)
    model.lambda_ = 0.0
    torch.testing.assert_close(model(clip, LABELS).loss, cross_entropy(output.logits, LABELS))
    assert model(clip).loss is None


@pytest.mark.filterwarnings(
    "ignore:.gradient_checkpointing_enable. is deprecated:FutureWarning"
)  # its newer name is 5.x's
def test_gradient_checkpointing_gives_the_same_gradients() -> None:
    case = CASES["timesformer"]
    gradients = []
    for checkpointed in (False, True):
        model = case.attached(lambda_=1.0).train()
        if checkpointed:
            model.gradient_checkpointing_enable()
        assert model.timesformer.encoder.gradient_checkpointing == checkpointed
        model(case.clip(), labels=LABELS).loss.backward()
        gradients.append([parameter.grad for parameter in model.parameters()])
    torch.testing.assert_close(*gradients)


class Gives(nn.Module):
    """Gives what it is told, with the clip's mean in the loss's place."""

    def __init__(self, make: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.make, self.name = make, "told"

    def forward(self, clip: Tensor) -> Any:
        return self.make(clip.mean())


def test_which_outputs_have_a_loss() -> None:
    clip, scores = torch.randn(2, 3, 4, 8, 8), torch.zeros(2, 5)

    def given(make: Callable[[Tensor], Any], lambda_: float) -> Any:
        return vmp.attach(Gives(make), prompt(), lambda_=lambda_)(clip, return_variation=True)

    plain, variation = given(lambda mean: mean, 0.0)
    torch.testing.assert_close(given(lambda mean: {"loss": mean, "x": 1}, 3.0)[0]["loss"], plain + 3 * variation)
    torch.testing.assert_close(given(lambda mean: (mean, scores), 3.0)[0][0], plain + 3 * variation)
    assert given(lambda _: {"loss": None, "x": 1}, 3.0)[0] == {"loss": None, "x": 1}
    assert given(lambda _: {"x": 1}, 3.0)[0] == {"x": 1}
    assert given(lambda _: (scores, 1), 3.0)[0] == (scores, 1)
    assert given(lambda _: scores, 3.0)[0] is scores
    assert given(lambda _: (), 3.0)[0] == ()


def test_public_attributes_of_a_held_backbone_can_be_read() -> None:
    model: Any = vmp.attach(Gives(lambda mean: mean), prompt())
    assert model.name == "told"
    assert model.backbone.name == "told"
    with pytest.raises(AttributeError, match="'Gives' object has no attribute 'nothing'"):
        _ = model.nothing
    assert not hasattr(model, "save_pretrained")


@pytest.mark.parametrize("own", ["BCTHW", "BTCHW"])
@pytest.mark.parametrize("layout", ["BCTHW", "BTCHW"])
def test_the_layers_layout_may_be_another(own: Any, layout: Any) -> None:
    model: Any = vmp.attach(Gives(lambda mean: mean), prompt(layout=own), layout=layout)
    clip = torch.randn(2, 3, 6, 8, 8)
    prompts, variation = prompt()(clip)
    mean, came = model(clip if layout == "BCTHW" else clip.transpose(1, 2), return_variation=True)
    torch.testing.assert_close(mean, prompts.mean())
    torch.testing.assert_close(came, variation)


def test_from_a_processor() -> None:
    from transformers import VideoMAEImageProcessor

    layer = vmp.MotionPrompt.from_processor(VideoMAEImageProcessor())
    case = CASES["videomae"]
    model: Any = vmp.attach(seeded(case.make), layer, layout="BTCHW", input_name="pixel_values")
    assert model(pixel_values=case.clip()).logits.shape == (4, 3)


class Between(nn.Module):
    def forward(self, mask: int, /, video: Tensor, *, scale: float = 1.0, **others: float) -> Tensor:
        return video.mean() * mask * scale + sum(others.values())


class Named(nn.Module):
    def forward(self, *, video: Tensor) -> Tensor:
        return video.mean()


class Anything(nn.Module):
    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        (clip,) = [*args, *kwargs.values()]
        return clip.mean()


def test_where_the_clip_is_among_the_arguments() -> None:
    clip = torch.randn(1, 3, 4, 8, 8)
    mean = prompt()(clip)[0].mean()
    between = vmp.attach(Between(), prompt(), input_name="video")
    torch.testing.assert_close(between(2, clip, scale=3.0, more=1.0), 6 * mean + 1)
    torch.testing.assert_close(between(2, video=clip), 2 * mean)
    torch.testing.assert_close(vmp.attach(Named(), prompt(), input_name="video")(video=clip), mean)
    torch.testing.assert_close(vmp.attach(Anything(), prompt())(clip), mean)
    torch.testing.assert_close(vmp.attach(Anything(), prompt(), input_name="x")(x=clip), mean)
    with pytest.raises(ValueError, match="video: expected the clip as 'video', got none"):
        between(2)
    with pytest.raises(ValueError, match="clip: expected the clip as the first argument, got none"):
        vmp.attach(Anything(), prompt())(x=clip)
    with pytest.raises(ValueError, match="input_name: expected a name, since the backbone's forward has no first"):
        vmp.attach(Named(), prompt())
    with pytest.raises(ValueError, match=r"forward, video; got 'vidoe'\. Did you mean 'video'\?"):
        vmp.attach(Named(), prompt(), input_name="vidoe")
    with pytest.raises(ValueError, match=r"got 'pixel_value'\. Did you mean 'pixel_values'\?"):
        vmp.attach(seeded(videomae), prompt(), input_name="pixel_value")  # it takes any name, but would not use it


def test_a_script_and_a_graph_are_held() -> None:
    clip = torch.randn(1, 3, 4, 8, 8)
    graph = torch.fx.symbolic_trace(Gives(lambda mean: mean))
    model = vmp.attach(graph, prompt())
    for same in (model, copy.deepcopy(model)):
        torch.testing.assert_close(same(clip), prompt()(clip)[0].mean())


# --- frames ---


def test_the_number_of_frames_where_it_is_known() -> None:
    assert [frames_of(seeded(case.make)) for case in CASES.values()] == [4, None, 4, 4]
    for name in ("mvit", "videomae", "timesformer"):
        case = CASES[name]
        for frames in (4, 6):
            with pytest.raises(ValueError, match=rf"expected 5 frames, one more than the backbone's 4.*got {frames}:"):
                case.attached()(case.clip(frames))
    case = CASES["timesformer"]  # it stretches its positions to any number
    assert case.attached(num_frames=8)(case.clip(9)).logits.shape == (4, 3)
    assert case.attached(num_frames=None)(case.clip(7)).logits.shape == (4, 3)
    with pytest.raises(ValueError, match="expected 3 frames, one more than the backbone's 2"):
        small(num_frames=2)(torch.randn(1, 3, 5, 8, 8))


def test_clips_that_cannot_be() -> None:
    with pytest.raises(ValueError, match=r"expected 3 channels in dimension 1 of \(B, C, T, H, W\)"):
        vmp.attach(seeded(videomae), prompt())(torch.randn(2, 5, 3, 16, 16))  # layout="BTCHW" was forgotten
    with pytest.raises(ValueError, match="clip: expected 5 dimensions"):
        small()(torch.randn(3, 5, 8, 8))
    with pytest.raises(ValueError, match="clip: expected a tensor, got list"):
        small()([torch.randn(1, 3, 5, 8, 8)])


# --- arguments of attach ---


def test_arguments_that_cannot_be() -> None:
    with pytest.raises(ValueError, match=r"layer: expected a vmp\.MotionPrompt, got SwinTransformer3d"):
        vmp.attach(prompt(), swin3d())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"backbone: expected a torch\.nn\.Module, got function"):
        vmp.attach(swin3d, prompt())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"layer: expected a vmp\.MotionPrompt, got float"):
        vmp.attach(swin3d(), 0.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="layout: expected 'BCTHW' or 'BTCHW', got 'BHWC'"):
        vmp.attach(swin3d(), prompt(), layout="BHWC")  # type: ignore[arg-type]
    for lambda_ in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=f"lambda_: expected a number of at least 0, got {lambda_}"):
            small(lambda_=lambda_)


@everyone
def test_twice_is_once_too_often(case: Case) -> None:
    with pytest.raises(ValueError, match="it has a motion prompt layer already, as motion_prompt"):
        vmp.attach(case.attached(), prompt())


def test_the_layer_goes_in_before_any_wrapper() -> None:
    model = seeded(videomae)
    model.forward = partial(model.forward)  # as accelerate does
    for wrapped in (model, torch.compile(seeded(videomae)), nn.DataParallel(swin3d())):
        with pytest.raises(ValueError, match=r"expected the model itself, got one that was wrapped .*Attach the"):
            vmp.attach(wrapped, prompt())  # type: ignore[arg-type]


def test_the_docstrings_example_runs() -> None:
    assert doctest.testmod(vmp.attachment).failed == 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@everyone
def test_the_layer_moves_to_the_backbones_device(case: Case) -> None:
    model: Any = vmp.attach(seeded(case.make).cuda(), prompt(), layout=case.layout)  # type: ignore[arg-type]
    expected, clip = case.attached(), case.clip()
    torch.testing.assert_close(logits_of(model(clip.cuda())).cpu(), logits_of(expected(clip)), rtol=1e-3, atol=1e-4)
