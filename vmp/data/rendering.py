"""Scenes become pixels: whole batches at once, on a CPU or a GPU.

Only additions, products, comparisons and bilinear sampling, clip by clip independent: a clip is the same to the last
bit in a batch of any size, and to rounding on another device.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import grid_sample

from vmp.data.draws import Draws, keys
from vmp.data.scenes import Scenes, Sprite, in_view
from vmp.data.sprites import sprites
from vmp.data.textures import background, background_names, tile_pixels

#: Counts up when the same knobs give other pixels: what is cached under another number is not used.
PROTOCOL = 2
#: How many frames of noise there are to choose from.
_NOISE_FRAMES = 256
_NOISE_UNIT = 32.0  # steps of the stored noise a standard deviation


def render(scenes: Scenes, times: NDArray[np.float64], size: int = 64, device: torch.device | str = "cpu") -> Tensor:
    """uint8 (N, T, size, size, 3), RGB, on ``device``: N scenes at T times, 0 where the movement begins, 1 its end."""
    frames = len(times)
    view = scenes.camera(times)
    knobs = scenes.description
    objects = sprites(knobs.objects, math.ceil(knobs.object_size[1] * size))
    clutter = sprites(knobs.clutter_objects, math.ceil(knobs.clutter_size[1] * size))
    tiles = _tiles(scenes, size, device)
    for sprite in scenes.clutter():
        _paste(tiles, clutter, _on_tile(sprite, scenes.corner(), size))
    video = _looked_at(tiles, scenes, view, size)
    for sprite in scenes.distractors(times):
        _paste(video, clutter, _on_screen(sprite, view, size))
    _paste(video, objects, _on_screen(scenes.object_sprite(times), view, size))
    video *= _tensor(scenes.brightness(times), device)[:, None, :, None, None]
    if knobs.noise:
        bank = _noise(size, str(device))
        rows = torch.from_numpy(scenes.noise_rows(frames, len(bank))).to(device)
        grain = bank.index_select(0, rows.flatten()).view(len(rows), frames, 3, size, size)
        video += grain.transpose(1, 2).float().mul_(knobs.noise / _NOISE_UNIT)
    return video.add_(0.5).clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 4, 1).contiguous()


def _tensor(values: NDArray[np.float64], device: torch.device | str) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).to(device)


def _tiles(scenes: Scenes, size: int, device: torch.device | str) -> Tensor:
    """float32 (N, 3, 1, S, S) in [0, 255]: each clip's background, in its tint."""
    names = background_names(scenes.description.textures, scenes.test)
    bank = torch.from_numpy(np.stack([background(name, size) for name in names])).to(device).permute(0, 3, 1, 2)
    chosen = bank[torch.from_numpy(scenes.background).to(device)].float()
    return chosen.mul_(_tensor(scenes.tint(), device)[:, :, None, None]).clamp_(0, 255)[:, :, None]


def _looked_at(tiles: Tensor, scenes: Scenes, view: NDArray[np.float64], size: int) -> Tensor:
    """float32 (N, 3, T, size, size): the tiles as the camera sees them; where it rests, one picture for all T."""
    frames, corner, moving = view.shape[1], scenes.corner(), scenes.moving
    if moving.all():
        return _sampled(tiles[:, :, 0], corner, view, size)
    if not moving.any():
        return _sampled(tiles[:, :, 0], corner, view[:, :1], size).repeat(1, 1, frames, 1, 1)
    video = tiles.new_empty(len(tiles), 3, frames, size, size)
    for kind, looks in ((~moving, view[:, :1]), (moving, view)):
        rows = torch.from_numpy(np.flatnonzero(kind)).to(tiles.device)
        video[rows] = _sampled(tiles[rows, :, 0], corner[kind], looks[kind], size).expand(-1, -1, frames, -1, -1)
    return video


def _sampled(tiles: Tensor, corner: NDArray[np.float64], view: NDArray[np.float64], size: int) -> Tensor:
    """(N, 3, T, size, size) from tiles (N, 3, S, S): the frames' grids one under the other are one tall picture."""
    count, frames = view.shape[:2]
    zoom, roll = view[..., 2], view[..., 3]
    scale = 2 * size / tile_pixels(size)  # grid_sample's [-1, 1] a frame width
    centre = (corner[:, None] + view[..., :2]) * scale - 1  # (N, T, 2)
    across, down = (_tensor(scale * each(roll) / zoom, tiles.device)[..., None, None] for each in (np.cos, np.sin))
    x0, y0 = (_tensor(centre[..., axis], tiles.device)[..., None, None] for axis in (0, 1))
    place = (torch.arange(size, device=tiles.device, dtype=torch.float32) + 0.5) / size - 0.5
    x, y = place[None, :], place[:, None]
    grid = tiles.new_empty(count, frames, size, size, 2)
    torch.sub(x0 + across * x, down * y, out=grid[..., 0])
    torch.add(y0 + across * y, down * x, out=grid[..., 1])
    tall = grid.view(count, frames * size, size, 2)
    sampled = grid_sample(tiles, tall, mode="bilinear", padding_mode="reflection", align_corners=False)
    return sampled.view(count, 3, frames, size, size)


def _on_screen(sprite: Sprite, view: NDArray[np.float64], size: int) -> Sprite:
    """In pixels of the frame, through the camera."""
    zoom, roll = view[..., 2], view[..., 3]
    return Sprite(sprite.which, in_view(sprite.place, view) * size, sprite.diameter * zoom * size, sprite.angle - roll)


def _on_tile(sprite: Sprite, corner: NDArray[np.float64], size: int) -> Sprite:
    """In pixels of the background's tile."""
    return Sprite(sprite.which, (sprite.place + corner[:, None]) * size, sprite.diameter * size, sprite.angle)


def _paste(video: Tensor, bank: NDArray[np.float32], sprite: Sprite) -> None:
    """Draw a sprite on each frame of ``video`` (N, 3, T, H, W), in place; only the pixels around it are touched."""
    count, _, frames, height, width = video.shape
    half = math.ceil(float(sprite.diameter.max()) / 2) + 1
    side = 2 * half + 1
    pictures = torch.from_numpy(bank[sprite.which]).to(video.device)  # (N, 4, S, S)
    grid = _patch(sprite, half, video.device).view(count, frames * side, side, 2)
    drawn = grid_sample(pictures, grid, align_corners=False).view(count, 4, frames, side, side)
    steps = torch.arange(-half, half + 1, device=video.device)
    middle = torch.from_numpy(np.floor(sprite.place).astype(np.int64)).to(video.device)  # (N, T, 2)
    columns, rows = middle[..., :1] + steps, middle[..., 1:] + steps  # (N, T, P)
    seen = ((rows >= 0) & (rows < height))[..., :, None] & ((columns >= 0) & (columns < width))[..., None, :]
    clip, frame, i, j = (seen & (drawn[:, 3] > 0)).nonzero(as_tuple=True)
    row, column = rows[clip, frame, i], columns[clip, frame, j]
    there = drawn[clip, :, frame, i, j]  # (K, 4): the pixels that change, each once
    behind = video[clip, :, frame, row, column]  # (K, 3)
    video[clip, :, frame, row, column] = behind * (1 - there[:, 3:]) + there[:, :3]


def _patch(sprite: Sprite, half: int, device: torch.device) -> Tensor:
    """(N, T, P, P, 2), P = 2 half + 1: where in the sprite's unit disc the pixels around its middle are.

    Counted from the middle pixel, so that a larger patch, for a batch with a larger sprite, gives the same numbers.
    """
    steps = torch.arange(-half, half + 1, device=device)
    offset = (np.floor(sprite.place) + 0.5 - sprite.place) * 2 / sprite.diameter[..., None]
    x0, y0, step, cosine, sine = (
        _tensor(each, device)[..., None, None]
        for each in (offset[..., 0], offset[..., 1], 2 / sprite.diameter, np.cos(sprite.angle), np.sin(sprite.angle))
    )
    x, y = x0 + step * steps[None, :], y0 + step * steps[:, None]
    return torch.stack([cosine * x + sine * y, cosine * y - sine * x], dim=-1)


@lru_cache(maxsize=4)
def _noise(size: int, device: str) -> Tensor:
    """int8 (256, 3 size size): nearly normal, 32 a standard deviation; sums of eight random bytes."""
    values = Draws(keys("noise", np.arange(_NOISE_FRAMES))).bits("pixels", 3 * size * size)
    total = values.view(np.uint8).reshape(_NOISE_FRAMES, -1, 8).sum(axis=-1, dtype=np.int32)
    spread = math.sqrt(8 * (256**2 - 1) / 12)
    scaled = np.rint((total - 8 * 127.5) * (_NOISE_UNIT / spread)).clip(-127, 127)
    return torch.from_numpy(scaled.astype(np.int8)).to(device)
