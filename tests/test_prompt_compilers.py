"""The layer under torch.compile, torch.export, ONNX and DistributedDataParallel."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import torch
import torch.distributed
import torch.multiprocessing
from tolerances import assert_close
from torch import Tensor, nn

import vmp

pytestmark = [
    # Said by torch itself on a machine without a GPU, or about its own internals.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def clip_of(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def layer_of(**options: str) -> vmp.MotionPrompt:
    return vmp.MotionPrompt(generator=torch.Generator().manual_seed(7), **options)


@pytest.mark.parametrize("options", [{}, {"layout": "BTCHW", "product": "pixels", "difference": "absolute"}], ids=str)
def test_compile_fullgraph_forward_and_backward(options: dict[str, str]) -> None:
    layer, same = layer_of(**options), layer_of(**options)
    clip = clip_of(2, 3, 5, 8, 8) if not options else clip_of(2, 5, 3, 8, 8)
    compiled = torch.compile(same, fullgraph=True)
    prompts, variation = compiled(clip)
    expected, expected_variation = layer(clip)
    assert_close(prompts, expected)
    assert_close(variation, expected_variation)
    (prompts.square().sum() + variation).backward()
    (expected.square().sum() + expected_variation).backward()
    torch.testing.assert_close(same.m.grad, layer.m.grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(same.n.grad, layer.n.grad, rtol=1e-4, atol=1e-4)


def test_compiled_keeps_no_more_than_the_map() -> None:
    clip = clip_of(2, 3, 9, 32, 32)
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    compiled = torch.compile(layer_of(), fullgraph=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        outputs = compiled(clip)
    assert outputs[0].requires_grad
    assert kept.pop(clip.untyped_storage().data_ptr()) == clip.nbytes
    assert sum(kept.values()) <= 0.4 * clip.nbytes


def test_export_static() -> None:
    layer = layer_of()
    clip = clip_of(1, 3, 9, 8, 8)
    exported = torch.export.export(layer, (clip,))
    assert_close(exported.module()(clip)[0], layer(clip)[0])


def test_export_dynamic_frames_from_four() -> None:
    layer = layer_of()
    frames = torch.export.Dim("frames", min=4, max=64)
    exported = torch.export.export(layer, (clip_of(2, 3, 9, 8, 8),), dynamic_shapes=({2: frames},))
    for count in (4, 17):
        clip = clip_of(2, 3, count, 8, 8)
        for came, expected in zip(exported.module()(clip), layer(clip), strict=True):
            assert_close(came, expected)


@pytest.mark.parametrize("layout", ["BCTHW", "BTCHW"])
def test_onnx_agrees_with_torch(layout: str, tmp_path: Path) -> None:
    import onnxruntime

    layer = layer_of(layout=layout).eval()
    clip = clip_of(1, 3, 9, 8, 8) if layout == "BCTHW" else clip_of(1, 9, 3, 8, 8)
    path = tmp_path / "layer.onnx"
    torch.onnx.export(layer, (clip,), str(path), dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    came = session.run(None, {session.get_inputs()[0].name: clip.numpy()})
    for output, expected in zip(came, layer(clip), strict=True):
        assert_close(torch.from_numpy(output), expected.detach())


class _Classifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = layer_of()
        self.head = nn.Linear(3, 4)

    def forward(self, clip: Tensor) -> tuple[Tensor, Tensor]:
        prompts, variation = self.layer(clip)
        return self.head(prompts.mean((2, 3, 4))), variation


def _classifier() -> _Classifier:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return _Classifier()


def _train_one_rank(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    model = nn.parallel.DistributedDataParallel(_classifier())
    clips = clip_of(4, 3, 4, 6, 6)[2 * rank : 2 * rank + 2]
    for _ in range(2):  # a parameter without a gradient would fail at the second forward
        model.zero_grad()
        logits, variation = model(clips)
        (logits.square().mean() + variation).backward()
    gradients = torch.cat([model.module.layer.m.grad, model.module.layer.n.grad])
    torch.save(gradients, f"{folder}/rank{rank}.pt")
    torch.distributed.destroy_process_group()


def test_distributed_data_parallel(tmp_path: Path) -> None:
    torch.multiprocessing.spawn(_train_one_rank, args=(str(tmp_path),), nprocs=2)
    ranks = [torch.load(io.BytesIO((tmp_path / f"rank{r}.pt").read_bytes()), weights_only=True) for r in (0, 1)]
    assert torch.equal(*ranks)
    alone, by_half = _classifier(), []
    for clips in clip_of(4, 3, 4, 6, 6).split(2):
        alone.zero_grad()
        logits, variation = alone(clips)
        (logits.square().mean() + variation).backward()
        by_half.append(torch.cat([alone.layer.m.grad, alone.layer.n.grad]))
    assert not torch.equal(*by_half)  # the ranks saw different clips
    torch.testing.assert_close(ranks[0], (by_half[0] + by_half[1]) / 2)
