"""What is in a rendered clip and how it moves: every number of it drawn from the clip's key, none from the pixels.

Lengths are in frame widths: the frame is the unit square when the camera rests, x to the right and y down. Time is in
durations of the movement: it begins at 0 and ends at 1; before 0 the object waits where it will begin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vmp.data.draws import Draws, keys
from vmp.data.rendered_sets import RenderedSet
from vmp.data.sources import follow
from vmp.data.textures import EXTENT, background_names
from vmp.data.trajectories import along, libras_trajectories

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


class Sprite(NamedTuple):
    """Something drawn in front: which picture of its bank, (N,); place (N, T, 2), diameter (N, T), angle (N, T)."""

    which: Indices
    place: Array
    diameter: Array
    angle: Array


@dataclass(frozen=True)
class Scenes:
    """N clips of one set, all for training or all for testing.

    Attributes:
        description: the set's knobs.
        test: whether the backgrounds are those of testing.
        trajectory: int64 (N,): which movement, of the Libras file or of the set's own paths.
        rendering: int64 (N,): which rendering of it.
        objects: int64 (N,): the object to draw; None: drawn by chance.
    """

    description: RenderedSet
    test: bool
    trajectory: Indices
    rendering: Indices
    objects: Indices | None = None

    def __len__(self) -> int:
        return len(self.trajectory)

    def rows(self, start: int, stop: int) -> Scenes:
        """Some of them."""
        some = slice(start, stop)
        objects = None if self.objects is None else self.objects[some]
        return replace(self, trajectory=self.trajectory[some], rendering=self.rendering[some], objects=objects)

    @property
    def draws(self) -> Draws:
        """The clips' random numbers: the object asked for changes none of them."""
        role = "test" if self.test else "train"
        return Draws(keys(self.description.name, role, self.trajectory, self.rendering))

    @property
    def regime(self) -> Indices:
        """int64 (N,): which of the set's cameras; two take turns from trajectory to trajectory of a class, and from
        rendering to rendering."""
        turn = self.trajectory if self.description.motions is None else self.trajectory // len(self.description.classes)
        return (turn + self.rendering) % len(self.description.cameras)

    @property
    def moving(self) -> NDArray[np.bool_]:
        """bool (N,): whether the camera moves."""
        return np.array([camera.moves for camera in self.description.cameras])[self.regime]

    @property
    def background(self) -> Indices:
        """int64 (N,): place in ``background_names`` of the set's textures."""
        names = background_names(self.description.textures, self.test)
        return self.draws.integers("background", len(names))

    @property
    def object(self) -> Indices:
        """int64 (N,): place in the set's objects; where a class has its own look, one of that look."""
        if self.objects is not None:
            return self.objects
        each = len(self.description.objects) // self.description.looks
        look = self.motion % self.description.looks
        return look * each + self.draws.integers("object", each)

    @property
    def motion(self) -> Indices:
        """int64 (N,): the class that the movement belongs to, whatever the label says."""
        if self.description.motions is None:
            return libras_trajectories().labels[self.trajectory]
        return self.trajectory % len(self.description.classes)

    @property
    def label(self) -> Indices:
        """int64 (N,): the class that is told; in training a share of them is wrong, where the set has it so."""
        knobs, motion = self.description, self.motion
        if not knobs.wrong_labels:
            return motion
        draws = Draws(keys(knobs.name, "label", self.trajectory))
        wrong = draws.uniform("wrong", 0.0, 1.0) < knobs.wrong_labels
        other = 1 + draws.integers("other", len(knobs.classes) - 1)
        wrong &= self.trajectory < knobs.paths[0]
        return np.where(wrong, (motion + other) % len(knobs.classes), motion)

    def object_path(self, times: Array) -> Array:
        """(N, T, 2): where the object is."""
        knobs, draws = self.description, self.draws
        phase = self._phase(times)
        tilt = np.radians(draws.uniform("tilt", -knobs.tilt, knobs.tilt))
        if knobs.motions is None:
            shape = along(libras_trajectories().points[self.trajectory], phase) - 0.5
        else:
            motions = list(knobs.motions.values())
            family = self.motion // knobs.looks
            shape = follow(motions, family, phase, draws.uniform("numbers", 0.0, 1.0, 3)) / 2
            turn = np.array([motion.turn for motion in motions])[family]
            spread = np.array([motion.tilt for motion in motions])[family]
            tilt = np.radians(turn + spread * draws.uniform("tilt", -1.0, 1.0))
        extent = draws.uniform("extent", *knobs.extent)
        place = draws.uniform("place", -knobs.shift, knobs.shift, 2)
        path = _turned(shape, tilt[:, None]) * extent[:, None, None] + 0.5 + place[:, None]
        return path + self._wander("tremor", knobs.tremor, times, 2)

    def object_sprite(self, times: Array) -> Sprite:
        """The object, before the camera."""
        knobs, draws = self.description, self.draws
        diameter = np.repeat(draws.uniform("object size", *knobs.object_size)[:, None], len(times), axis=1)
        if knobs.motions is not None:
            grows = np.array([motion.grows for motion in knobs.motions.values()])[self.motion // knobs.looks]
            diameter = diameter * 2.0 ** (grows[:, None] * (self._phase(times) - 0.5))
        turn = np.radians(draws.uniform("object turn", -knobs.object_turn, knobs.object_turn))
        return Sprite(self.object, self.object_path(times), diameter, np.repeat(turn[:, None], len(times), axis=1))

    def distractors(self, times: Array) -> list[Sprite]:
        """What else moves: each goes straight on, evenly, before the movement and during it."""
        knobs, draws, made = self.description, self.draws, []
        for number in range(knobs.distractors):
            name = f"distractor {number}"
            begin = draws.uniform(f"{name} begin", 0.0, 1.0, 1, 2)
            end = draws.uniform(f"{name} end", 0.0, 1.0, 1, 2)
            place = begin + (end - begin) * times[:, None]
            diameter = draws.uniform(f"{name} size", *knobs.distractor_size, 1) + 0 * times
            angle = draws.uniform(f"{name} turn", -np.pi, np.pi, 1) + 0 * times
            made.append(Sprite(draws.integers(name, len(knobs.clutter_objects)), place, diameter, angle))
        return made

    def clutter(self) -> list[Sprite]:
        """What lies about and rests: T is 1."""
        knobs, draws, made = self.description, self.draws, []
        reach = np.where(self.moving, 0.25, 0.0)[:, None, None]  # beyond the frame, where the camera may go
        for number in range(knobs.clutter):
            name = f"clutter {number}"
            place = draws.uniform(f"{name} place", -0.5, 0.5, 1, 2) * (1 + 2 * reach) + 0.5
            diameter = draws.uniform(f"{name} size", *knobs.clutter_size, 1)
            angle = draws.uniform(f"{name} turn", -np.pi, np.pi, 1)
            made.append(Sprite(draws.integers(name, len(knobs.clutter_objects)), place, diameter, angle))
        return made

    def camera(self, times: Array) -> Array:
        """(N, T, 4): the camera's centre x and y, zoom (1: none) and roll in radians.

        It goes where the object was a moment ago, part of the way, and shakes. A fixed camera: (.5, .5, 1, 0).
        """
        view = np.tile([0.5, 0.5, 1.0, 0.0], (len(self.trajectory), len(times), 1))
        for number, camera in enumerate(self.description.cameras):
            rows = self.regime == number
            if not camera.moves or not rows.any():
                continue
            some = Scenes(self.description, self.test, self.trajectory[rows], self.rendering[rows])
            draws = some.draws
            lag = draws.uniform("lag", *camera.lag)[:, None]
            seen = (some.object_path(times - lag) + some.object_path(times - 2 * lag)) / 2
            follows = draws.uniform("follows", *camera.follows)[:, None, None]
            view[rows, :, :2] += follows * (seen - 0.5) + some._wander("shake", camera.shake, times, 2)
            zoom = draws.uniform("zoom", -camera.zoom, camera.zoom)[:, None]
            view[rows, :, 2] = 2.0 ** (zoom * times)
            view[rows, :, 3] = some._wander("roll", np.radians(camera.roll), times, 1)[..., 0]
        return view

    def corner(self) -> Array:
        """(N, 2): where in the background's tile, in frame widths, the resting frame's top left corner is."""
        middle, free = (EXTENT - 1) / 2, np.where(self.moving, 0.1, 0.3)[:, None]
        return middle + free * self.draws.uniform("corner", -1.0, 1.0, 2)

    def tint(self) -> Array:
        """(N, 3): factors of red, green and blue of the background."""
        spread = self.description.tint
        return self.draws.uniform("tint", 1 - spread, 1 + spread, 3) * self.draws.uniform("level", 0.8, 1.1, 1)

    def brightness(self, times: Array) -> Array:
        """(N, T): factor of the whole frame: light flickers."""
        return 1 + self._wander("flicker", self.description.flicker, times, 1)[..., 0]

    def noise_rows(self, frames: int, rows: int) -> Indices:
        """(N, frames): which frame of the noise bank is added."""
        return self.draws.integers("noise", rows, frames)

    def _phase(self, times: Array) -> Array:
        """(N, T): how far the movement is; it hurries and lingers a little, another way each time."""
        clipped = np.clip(times, 0.0, 1.0)
        hurry = self.draws.uniform("hurry", -self.description.hurry, self.description.hurry, 1)
        return clipped + hurry * np.sin(2 * np.pi * clipped) / (2 * np.pi)

    def _wander(self, name: str, size: float, times: Array, axes: int) -> Array:
        """(N, T, axes): sums of sines whose root mean square is ``size``, 1 to 6 periods a movement."""
        terms = 4
        cycles = self.draws.uniform(f"{name} cycles", 1.0, 6.0, 1, axes, terms)
        start = self.draws.uniform(f"{name} start", 0.0, 1.0, 1, axes, terms)
        at = times[..., None, None] if times.ndim == 2 else times[:, None, None]
        return size * np.sqrt(2 / terms) * np.sin(2 * np.pi * (cycles * at + start)).sum(axis=-1)


def _turned(points: Array, angle: Array) -> Array:
    """Points (N, T, 2) turned clockwise on the screen by angles (N, 1) or (N, T) in radians."""
    cosine, sine = np.cos(angle), np.sin(angle)
    x, y = points[..., 0], points[..., 1]
    return np.stack([cosine * x - sine * y, sine * x + cosine * y], axis=-1)


def in_view(points: Array, view: Array) -> Array:
    """(N, T, 2): where in the frame the camera shows points (N, T, 2)."""
    return _turned(points - view[..., :2], -view[..., 3]) * view[..., 2:3] + 0.5
