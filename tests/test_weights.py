from __future__ import annotations

import logging
import math
import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from file_server import Served, file_server
from safetensors.torch import save_file
from torch import Tensor

import vmp
from vmp.backbones import BACKBONES, VideoModel
from vmp.backbones.positions import resize_places, resize_times
from vmp.backbones.spec import WeightsEntry
from vmp.backbones.weight_file import WeightsError, read_state
from vmp.backbones.weights import LoadReport, find_entry, load_pretrained
from vmp.download import ChecksumError

CNNS = ["slowfast_4x16", "slowfast_8x8", "c2d", "i3d", "x3d_xs", "x3d_s", "x3d_m", "x3d_l"]


def tiny(name: str = "x3d_xs", classes: int = 5, seed: int = 0, **options: object) -> VideoModel:
    generator = torch.Generator().manual_seed(seed)
    return vmp.build(name, classes, size="tiny", generator=generator, **options).eval()  # type: ignore[arg-type]


def same(first: VideoModel, second: VideoModel, but: tuple[str, ...] = ()) -> bool:
    theirs = second.state_dict()
    return all(torch.equal(value, theirs[name]) for name, value in first.state_dict().items() if name not in but)


@pytest.fixture(scope="module")
def source() -> VideoModel:
    return tiny(seed=1)


@pytest.fixture(scope="module")
def former() -> VideoModel:
    """A TimeSformer all of whose numbers are random: it starts with many that are 0."""
    model = tiny("timesformer", seed=1)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.1, generator=generator)
    return model


# --- formats ---


@pytest.mark.parametrize("key", ["model_state", "state_dict", "model", None])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before torch 1.6"])
def test_torch_files(source: VideoModel, tmp_path: Path, key: str | None, zipped: bool) -> None:
    state = source.backbone.state_dict()
    content = state if key is None else {key: state, "epoch": 196, "cfg": "MODEL: ..."}
    torch.save(content, tmp_path / "w.pyth", _use_new_zipfile_serialization=zipped)
    model = tiny()
    assert not same(model, source)
    report = load_pretrained(model, tmp_path / "w.pyth")
    assert same(model, source)
    assert report == LoadReport(tmp_path / "w.pyth", None, len(state), "kept")


def test_safetensors_by_its_content_and_not_by_its_name(source: VideoModel, tmp_path: Path) -> None:
    save_file(source.backbone.state_dict(), tmp_path / "w.pyth")
    model = tiny()
    load_pretrained(model, str(tmp_path / "w.pyth"))
    assert same(model, source)


def test_a_key_that_is_asked_for(tmp_path: Path) -> None:
    torch.save({"ema": {"a": torch.ones(1)}, "model": {"a": torch.zeros(1)}}, tmp_path / "w")
    assert read_state(tmp_path / "w")["a"] == 0
    assert read_state(tmp_path / "w", "ema")["a"] == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # said by transformers' own writing
def test_a_transformers_folder_and_its_one_file(former: VideoModel, tmp_path: Path) -> None:
    former.backbone.save_pretrained(tmp_path)  # type: ignore[operator]
    for weights in (tmp_path, tmp_path / "model.safetensors"):
        model = tiny("timesformer")
        load_pretrained(model, weights)
        assert same(model, former)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"expected a folder with model\.safetensors or pytorch_model\.bin"):
        load_pretrained(model, tmp_path)
    torch.save(former.backbone.state_dict(), tmp_path / "pytorch_model.bin")
    model = tiny("timesformer")
    load_pretrained(model, tmp_path)
    assert same(model, former)


def original_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """As the TimeSformer repository names them, written down from its model and not from the table under test."""
    parts = [
        ("timesformer.embeddings.cls_token", "model.cls_token"),
        ("timesformer.embeddings.position_embeddings", "model.pos_embed"),
        ("timesformer.embeddings.time_embeddings", "model.time_embed"),
        ("timesformer.embeddings.patch_embeddings.projection", "model.patch_embed.proj"),
        ("timesformer.encoder.layer.", "model.blocks."),
        ("temporal_attention.attention.qkv", "temporal_attn.qkv"),
        ("temporal_attention.output.dense", "temporal_attn.proj"),
        ("temporal_layernorm", "temporal_norm1"),
        ("temporal_dense", "temporal_fc"),
        ("attention.attention.qkv", "attn.qkv"),
        ("attention.output.dense", "attn.proj"),
        ("layernorm_before", "norm1"),
        ("layernorm_after", "norm2"),
        ("intermediate.dense", "mlp.fc1"),
        ("output.dense", "mlp.fc2"),
        ("timesformer.layernorm", "model.norm"),
        ("classifier", "model.head"),
    ]
    named = {}
    for name, value in state.items():
        for here, there in parts:
            name = name.replace(here, there)
        named[name] = value
    return named


def test_the_original_timesformer(former: VideoModel, tmp_path: Path) -> None:
    state = original_names(former.backbone.state_dict())
    assert "model.blocks.1.temporal_attn.qkv.weight" in state
    assert not any("layer" in name for name in state)
    torch.save({"model_state": state, "cfg": "..."}, tmp_path / "TimeSformer_divST_8x32_224_K600.pyth")
    model = tiny("timesformer")
    load_pretrained(model, tmp_path / "TimeSformer_divST_8x32_224_K600.pyth")
    clip = torch.randn(2, 3, 8, 64, 64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model(clip), former(clip), rtol=0, atol=0)


# --- head and prompts ---


def test_the_head_is_replaced_or_kept_and_one_line_says_so(
    source: VideoModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    torch.save(source.backbone.state_dict(), tmp_path / "w")
    head = tuple(source.parts()["head"])
    model, before = tiny(classes=7), tiny(classes=7)
    with caplog.at_level(logging.INFO, "vmp"):
        report = load_pretrained(model, tmp_path / "w")
    assert report.head == "replaced"
    assert same(model, source, but=head)
    assert torch.equal(model.head.weight, before.head.weight)
    assert [record.name for record in caplog.records] == ["vmp"]
    assert "its head for 5 classes is replaced by one for 7" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.INFO, "vmp"):
        assert load_pretrained(tiny(), tmp_path / "w").head == "kept"
    assert "the head for 5 classes is kept" in caplog.text
    caplog.clear()
    state = {name: value for name, value in source.backbone.state_dict().items() if f"backbone.{name}" not in head}
    torch.save(state, tmp_path / "w")
    with caplog.at_level(logging.INFO, "vmp"):
        assert load_pretrained(tiny(), tmp_path / "w").head == "replaced"
    assert "it has no head: the one for 5 classes starts afresh" in caplog.text


def test_m_and_n_may_be_missing_and_are_loaded_where_they_are_there(source: VideoModel, tmp_path: Path) -> None:
    torch.save(source.backbone.state_dict(), tmp_path / "bare")
    model, before = tiny(prompts=True), tiny(prompts=True)
    fresh = ("prompts.clip.m", "prompts.clip.n")
    assert load_pretrained(model, tmp_path / "bare").fresh == fresh
    assert same(model, source, but=fresh)
    assert torch.equal(model.prompts["clip"].m, before.prompts["clip"].m)

    whole = tiny(prompts=True, seed=3)
    torch.save({"model": whole.state_dict()}, tmp_path / "whole")
    assert load_pretrained(model, tmp_path / "whole").fresh == ()
    assert same(model, whole)
    with pytest.raises(WeightsError, match=r"2 unexpected: prompts\.clip\.m, prompts\.clip\.n$"):
        load_pretrained(tiny(), tmp_path / "whole")


# --- TimeSformer's positions ---


def test_positions_by_hand() -> None:
    times = torch.arange(4.0).view(1, 4, 1)
    assert resize_times(times, 8).flatten().tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert resize_times(times, 2).flatten().tolist() == [0, 2]
    places = torch.arange(5.0).view(1, 5, 1)  # a class token and 2 x 2 patches
    expected = [0, 1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]
    assert resize_places(places, 17).flatten().tolist() == expected
    with pytest.raises(ValueError, match="expected squares of patches, got 4 and 2"):
        resize_places(places, 3)


def test_stretched_positions_are_those_of_transformers(
    former: VideoModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """transformers stretches them while it runs; the file here is of 4 frames and 32 pixels."""
    small, names = former.backbone.state_dict(), ("time_embeddings", "position_embeddings")
    times, places = (f"timesformer.embeddings.{name}" for name in names)
    side = math.isqrt(small[places].shape[1] - 1)
    small[times], small[places] = small[times][:, ::2], small[places][:, : 1 + (side // 2) ** 2]
    torch.save(small, tmp_path / "w")
    model = tiny("timesformer")
    with caplog.at_level(logging.INFO, "vmp"):
        report = load_pretrained(model, tmp_path / "w")
    assert report.resized == (f"backbone.{times}", f"backbone.{places}")
    assert f"stretched to the nearest: backbone.{times}, backbone.{places}" in caplog.text

    other = tiny("timesformer", crop=32)
    embeddings = other.backbone.timesformer.embeddings  # type: ignore[union-attr]
    embeddings.time_embeddings = torch.nn.Parameter(torch.zeros(1, 4, embeddings.cls_token.shape[-1]))  # type: ignore
    other.backbone.load_state_dict(small)
    clip = torch.randn(1, 3, 8, 64, 64, generator=torch.Generator().manual_seed(0))
    theirs = other.backbone(pixel_values=clip.transpose(1, 2)).logits
    torch.testing.assert_close(model(clip), theirs)


def test_positions_of_another_width_are_an_error(former: VideoModel, tmp_path: Path) -> None:
    state = former.backbone.state_dict()
    state["timesformer.embeddings.time_embeddings"] = torch.zeros(1, 4, 3)
    state["timesformer.embeddings.position_embeddings"] = torch.zeros(1, 4, 64)  # 3 patches, no square
    torch.save(state, tmp_path / "w")
    with pytest.raises(WeightsError, match=r"2 of another shape: .*time_embeddings \(expected .*, got \(1, 4, 3\)\)"):
        load_pretrained(tiny("timesformer"), tmp_path / "w")


# --- what does not fit ---


def test_another_backbone_lists_what_differs_and_changes_nothing(source: VideoModel, tmp_path: Path) -> None:
    torch.save(source.backbone.state_dict(), tmp_path / "w")
    model, before = tiny("c2d"), tiny("c2d")
    with pytest.raises(WeightsError) as caught:
        load_pretrained(model, tmp_path / "w")
    message = str(caught.value)
    assert "are not of C2D R50, size 'tiny'" in message
    own, theirs = set(model.backbone.state_dict()), set(source.backbone.state_dict())
    missing = {name for name in own - theirs if f"backbone.{name}" not in model.parts()["head"]}
    assert f"{len(missing)} missing: backbone." in message
    assert f"{len(theirs - own)} unexpected: backbone." in message
    assert "of another shape: backbone." in message
    assert message.count("backbone.") <= 30  # ten a kind
    assert same(model, before)


def test_a_head_of_another_width_is_a_mismatch(source: VideoModel, tmp_path: Path) -> None:
    state = source.backbone.state_dict()
    state["blocks.5.proj.weight"] = torch.zeros(400, 9)
    torch.save(state, tmp_path / "w")
    with pytest.raises(WeightsError, match=r"blocks\.5\.proj\.weight \(expected \(5, 256\), got \(400, 9\)\)"):
        load_pretrained(tiny(), tmp_path / "w")


def test_a_cnn_in_timesformer(source: VideoModel, tmp_path: Path) -> None:
    torch.save(source.backbone.state_dict(), tmp_path / "w")
    with pytest.raises(WeightsError, match=r"w: .*expected names of the original TimeSformer"):
        load_pretrained(tiny("timesformer"), tmp_path / "w")


# --- what is no file of weights ---


class Call:
    """Something that runs when it is unpickled."""

    def __init__(self, touched: Path) -> None:
        self.touched = touched

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.touched}",)


@pytest.mark.parametrize("form", ["zip", "before torch 1.6", "bare pickle"])
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")  # torch, of the bare pickle
def test_a_file_with_code_is_refused_and_nothing_runs(tmp_path: Path, form: str) -> None:
    content, path = {"model_state": Call(tmp_path / "ran")}, tmp_path / "w"
    if form == "bare pickle":
        path.write_bytes(pickle.dumps(content, protocol=2))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=form == "zip")
    with pytest.raises(
        WeightsError, match=r"w: refused\. It holds more than weights: opening it would call \w+\.system"
    ):
        load_pretrained(tiny(), path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("form", ["zip", "before torch 1.6", "safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.999])
def test_a_file_that_is_cut_short(source: VideoModel, tmp_path: Path, form: str, share: float) -> None:
    path, state = tmp_path / "w", source.backbone.state_dict()
    if form == "safetensors":
        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=form == "zip")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(WeightsError, match=r"w: (broken, |expected a file of torch\.save or safetensors)"):
        load_pretrained(tiny(), path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html><html>", "got one that begins with b'<!DOCTYPE'. A download may have brought a page"),
        (b"\x80\x02nonsense", "broken, cut short, or no file of weights"),
        (b"PK\x03\x04nonsense", "broken, cut short, or no file of weights"),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        load_pretrained(tiny(), tmp_path / "w")


@pytest.mark.parametrize("content", [{"epoch": 3, "losses": [1, 2]}, [torch.zeros(1)], {}, {"model": {"a": 1}}])
def test_files_without_a_state_dict(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "w")
    with pytest.raises(WeightsError, match=r"expected tensors by name, or such a dict under 'model_state' or"):
        load_pretrained(tiny(), tmp_path / "w")


# --- names, addresses, downloads ---


@pytest.mark.parametrize("name", CNNS)
def test_k600_was_published_for_timesformer_alone(name: str) -> None:
    title = BACKBONES[name].title
    with pytest.raises(ValueError, match=rf"none named 'k600' was found published for {title}; there are: k400[,.] "):
        vmp.build(name, 5, weights="k600")
    entry = find_entry(BACKBONES["timesformer"], "k600")
    assert entry is not None
    assert entry.classes == 600


def test_names_that_are_not_there(tmp_path: Path) -> None:
    spec = BACKBONES["timesformer"]
    with pytest.raises(WeightsError, match=r"there are: k400, k600, ssv2, howto100m\. Did you mean 'howto100m'\?"):
        find_entry(spec, "HowTo100")
    with pytest.raises(WeightsError, match=r"there is no file nothing/here"):
        find_entry(spec, "nothing/here")
    with pytest.raises(WeightsError, match=r"there is no file w\.pyth"):
        find_entry(spec, "w.pyth")
    with pytest.raises(WeightsError, match=r"nothing: there is no such file"):
        load_pretrained(tiny(), tmp_path / "nothing")
    with pytest.raises(WeightsError, match="expected a name, a path or an address, got 3"):
        find_entry(spec, 3)  # type: ignore[arg-type]


def with_entry(model: VideoModel, url: str, **known: object) -> VideoModel:
    entry = WeightsEntry("k400", url, 5, "MIT", **known)  # type: ignore[arg-type]
    model.spec = replace(model.spec, weights=(entry,))
    return model


def test_a_named_checkpoint_is_downloaded_once(
    source: VideoModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("VMP_CACHE", str(tmp_path / "cache"))
    torch.save({"model_state": source.backbone.state_dict()}, tmp_path / "w")
    content, seen = (tmp_path / "w").read_bytes(), []
    with file_server() as server:
        url = server.serve("/zoo/X3D%20XS.pyth?dl=1", Served(content, drops=[1000]))
        monkeypatch.setattr("vmp.download.time", type("Clock", (), {"sleep": lambda _: None}))
        with caplog.at_level(logging.INFO, "vmp"):
            for _ in range(2):
                model = with_entry(tiny(), url, key="model_state")
                report = load_pretrained(model, "k400", progress=lambda *there: seen.append(there))
                assert same(model, source)
        assert len(server.asked) == 2  # broken off once, then taken up, then never again
    assert report.path == tmp_path / "cache" / "weights" / "x3d_xs" / "k400" / "X3D XS.pyth"
    assert report.entry == model.spec.weights[0]
    assert seen[-1] == (len(content), len(content))
    assert caplog.text.count(f"downloading {url} to {report.path}") == 1
    assert caplog.text.count("x3d_xs: k400 (MIT) from ") == 2


def test_an_address_of_ones_own(source: VideoModel, tmp_path: Path) -> None:
    torch.save(source.backbone.state_dict(), tmp_path / "w")
    model, cache = tiny(), tmp_path / "cache"
    report = load_pretrained(model, (tmp_path / "w").as_uri(), cache=cache)
    assert same(model, source)
    assert report.path.parent.parent == cache / "address"
    assert report.path.name == "w"


def test_a_path_below_home(source: VideoModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    torch.save(source.backbone.state_dict(), tmp_path / "w")
    model = tiny()
    assert load_pretrained(model, "~/w").path == tmp_path / "w"
    assert same(model, source)


def test_a_checksum_that_does_not_hold(source: VideoModel, tmp_path: Path) -> None:
    torch.save(source.backbone.state_dict(), tmp_path / "w")
    model, before = with_entry(tiny(), (tmp_path / "w").as_uri(), sha256="0" * 64), tiny()
    with pytest.raises(ChecksumError, match=f"expected sha256 {'0' * 64}, got [0-9a-f]{{64}}"):
        load_pretrained(model, "k400", cache=tmp_path / "cache")
    assert same(model, before)


def test_the_channel_order_of_the_weights_is_the_clips_and_the_layers(
    former: VideoModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(former.backbone.state_dict(), tmp_path / "w")
    spec = BACKBONES["timesformer"]
    entry = WeightsEntry("k400", (tmp_path / "w").as_uri(), 5, "MIT", channel_order="BGR")
    monkeypatch.setenv("VMP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(BACKBONES, "timesformer", replace(spec, paper=spec.tiny, weights=(entry,)))
    built = vmp.build("timesformer", 7, prompts=True, weights="k400")
    assert built.clip_input.channel_order == "BGR"
    assert built.prompts["clip"].channel_order == "BGR"
    without = vmp.build("timesformer", 7)
    assert without.clip_input.channel_order == "RGB"
    load_pretrained(without, "k400")
    assert without.clip_input.channel_order == "BGR"
    with pytest.raises(
        WeightsError, match=r"trained on BGR clips, and the model's motion prompt layer is made for RGB"
    ):
        load_pretrained(vmp.build("timesformer", 7, prompts=True), "k400")
