"""The seven rendered sets and their knobs: how large, how cluttered, how shaky.

Difficulty is set on the baseline alone, without the prompt layer: a tiny backbone that starts from a source should be
well above chance and well below the ceiling. A change here makes other pixels; the cache notices.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace

from vmp.data.sources import CURVES, DIRECTIONS, TASKS, Motion
from vmp.data.sprites import Colour
from vmp.data.trajectories import CLASSES

Span = tuple[float, float]
Look = tuple[str, str, Colour, Colour]  # pattern, shape, first and second colour


@dataclass(frozen=True)
class Camera:
    """How a camera moves; all zero: it does not.

    Attributes:
        follows: share of the object's way that it goes with it.
        lag: how late, in durations of the movement.
        shake: root mean square, in frame widths, on each axis.
        roll: root mean square, in degrees.
        zoom: at most so many octaves nearer or farther by the end.
    """

    follows: Span = (0.0, 0.0)
    lag: Span = (0.0, 0.0)
    shake: float = 0.0
    roll: float = 0.0
    zoom: float = 0.0

    @property
    def moves(self) -> bool:
        """Whether it moves at all."""
        return self != Camera()


@dataclass(frozen=True)
class RenderedSet:
    """A rendered data set: what it is, and the knobs of its pixels.

    Attributes:
        name, title, stands_for: for the API, for people, and the real set that it stands for.
        classes: the name of each label.
        textures: what the backgrounds are cut from.
        objects: what moves, the looks of the classes one after the other.
        clutter_objects: what lies about and what moves else.
        cameras: one; or two, which take turns.
        motions: the paths of a source; None: the Libras movements.
        looks: in how many looks each motion is a class of its own; motion and look make the class.
        object_size, clutter_size, distractor_size: diameters, in frame widths.
        object_turn: degrees that the object may be turned.
        clutter, distractors: how many.
        extent: side of the square that the unit square of a trajectory is drawn on.
        shift, tilt: how far it may be moved (frame widths) and turned (degrees).
        hurry: how uneven the speed may be made, in [0, 1).
        tremor: root mean square of the object's shaking, frame widths.
        tint, flicker, noise: spread of the background's colour, root mean square of the brightness over time (shares),
            and of the pixel noise (of 255).
        wrong_labels: share of the training labels that name another class.
        paths: how many paths of a source (train, validate, test).
    """

    name: str
    title: str
    stands_for: str
    classes: tuple[str, ...]
    textures: tuple[str, ...]
    objects: tuple[Look, ...]
    clutter_objects: tuple[Look, ...]
    cameras: tuple[Camera, ...]
    motions: dict[str, Motion] | None = None
    looks: int = 1
    object_size: Span = (0.14, 0.20)
    clutter_size: Span = (0.14, 0.24)
    distractor_size: Span = (0.12, 0.18)
    object_turn: float = 25.0
    clutter: int = 0
    distractors: int = 0
    extent: Span = (0.70, 0.85)
    shift: float = 0.04
    tilt: float = 6.0
    hurry: float = 0.3
    tremor: float = 0.003
    tint: float = 0.15
    flicker: float = 0.02
    noise: float = 5.0
    wrong_labels: float = 0.0
    paths: tuple[int, int, int] = (0, 0, 0)

    def facts(self) -> dict[str, object]:
        """Everything that decides the pixels, as ``json`` takes it; a path goes by its name."""
        facts = asdict(replace(self, motions=None))
        for text in ("title", "stands_for", "wrong_labels", "paths"):
            del facts[text]
        motions = self.motions or {}
        return facts | {"motions": [(name, each.path.__name__, *each[1:]) for name, each in motions.items()]}


_TARGET_OBJECTS: tuple[Look, ...] = (
    ("striped", "disc", (214, 40, 40), (245, 235, 220)),
    ("checked", "square", (30, 90, 190), (250, 220, 70)),
    ("dotted", "triangle", (245, 140, 20), (60, 25, 90)),
    ("ringed", "hexagon", (20, 140, 90), (240, 240, 230)),
    ("halved", "diamond", (150, 40, 150), (255, 200, 60)),
    ("striped", "star", (250, 215, 40), (200, 50, 30)),
    ("checked", "cross", (235, 235, 235), (190, 30, 90)),
    ("dotted", "bar", (60, 200, 210), (30, 40, 110)),
)
#: Shapes and patterns that no target object has; by pattern, so that a look is a pattern.
_SOURCE_OBJECTS: tuple[Look, ...] = tuple(
    (pattern, shape, first, second)
    for pattern, first, second in (
        ("plaid", (190, 40, 60), (240, 230, 120)),
        ("twisted", (40, 60, 150), (230, 240, 245)),
        ("mottled", (30, 120, 60), (235, 190, 90)),
    )
    for shape in ("ellipse", "pentagon", "ring", "half disc")
)
_BLOCKS: tuple[Look, ...] = (
    ("plain", "disc", (220, 60, 50), (0, 0, 0)),
    ("shaded", "square", (70, 110, 210), (190, 210, 250)),
    ("plain", "pentagon", (60, 170, 90), (0, 0, 0)),
    ("shaded", "ellipse", (240, 200, 60), (200, 120, 30)),
    ("plain", "ring", (240, 240, 240), (0, 0, 0)),
    ("shaded", "half disc", (170, 90, 190), (90, 40, 120)),
)
_SKIN = ((92, 58, 42), (141, 85, 56), (176, 120, 84), (198, 144, 108), (224, 178, 146), (240, 206, 180))
_HANDS: tuple[Look, ...] = tuple(
    ("shaded", "hand", (r, g, b), (int(0.8 * r), int(0.75 * g), int(0.75 * b))) for r, g, b in _SKIN
)
#: Muted, so that they are clutter and not candidates.
_KITCHEN: tuple[Look, ...] = (
    ("ringed", "disc", (205, 205, 200), (170, 172, 176)),
    ("plain", "bar", (96, 80, 66), (0, 0, 0)),
    ("shaded", "square", (150, 140, 124), (110, 100, 90)),
    ("plain", "ellipse", (84, 96, 88), (0, 0, 0)),
    ("shaded", "ring", (60, 62, 66), (120, 122, 126)),
    ("plain", "hexagon", (140, 118, 104), (0, 0, 0)),
)

#: What lies on the table of source D.
_TABLEWARE: tuple[Look, ...] = (
    ("shaded", "disc", (226, 222, 214), (170, 166, 160)),
    ("plain", "square", (120, 70, 60), (0, 0, 0)),
    ("striped", "ellipse", (150, 160, 170), (110, 118, 126)),
    ("shaded", "bar", (180, 150, 110), (120, 96, 70)),
    ("plain", "pentagon", (88, 110, 130), (0, 0, 0)),
    ("dotted", "ring", (190, 180, 150), (130, 110, 90)),
)

FIXED = Camera()
TRACKING = Camera(follows=(0.4, 0.7), lag=(0.04, 0.10), shake=0.03, roll=2.0, zoom=0.15)
HANDHELD = Camera(follows=(0.0, 0.3), lag=(0.05, 0.15), shake=0.015, roll=1.0, zoom=0.10)


def _looks(motions: dict[str, Motion], looks: int) -> tuple[str, ...]:
    patterns = list(dict.fromkeys(pattern for pattern, *_ in _SOURCE_OBJECTS))[:looks]
    return tuple(f"{motion}, {pattern}" for motion in motions for pattern in patterns)


_SETS = (
    RenderedSet(
        name="libras-static",
        title="Libras, static camera (stands for MPII Cooking 2)",
        stands_for="MPII Cooking 2",
        classes=CLASSES,
        textures=("camera", "coffee", "coins", "brick"),
        objects=_TARGET_OBJECTS,
        clutter_objects=_KITCHEN,
        cameras=(FIXED,),
        clutter=5,
        distractors=1,
    ),
    RenderedSet(
        name="libras-moving",
        title="Libras, moving camera (stands for FineGym)",
        stands_for="FineGym",
        classes=CLASSES,
        textures=("grass", "gravel", "chelsea", "tissue"),
        objects=_TARGET_OBJECTS,
        clutter_objects=_KITCHEN,
        cameras=(TRACKING,),
        clutter=4,
    ),
    RenderedSet(
        name="libras-mixed",
        title="Libras, both cameras (stands for HMDB-51)",
        stands_for="HMDB-51",
        classes=CLASSES,
        textures=("camera", "coffee", "coins", "brick", "grass", "gravel", "chelsea", "tissue"),
        objects=_TARGET_OBJECTS,
        clutter_objects=_KITCHEN,
        cameras=(FIXED, TRACKING),
        clutter=3,
    ),
    RenderedSet(
        name="source-a",
        title="A (stands for Kinetics-400)",
        stands_for="Kinetics-400",
        classes=_looks(CURVES, 2),
        textures=("hubble", "retina", "clouds", "rust", "paint", "cloth"),
        objects=_SOURCE_OBJECTS[:8],
        clutter_objects=_TABLEWARE,
        cameras=(FIXED, HANDHELD),
        motions=CURVES,
        looks=2,
        extent=(0.45, 0.75),
        shift=0.10,
        paths=(4000, 480, 960),
    ),
    RenderedSet(
        name="source-b",
        title="B (stands for Kinetics-600)",
        stands_for="Kinetics-600",
        classes=_looks(CURVES, 3),
        textures=("hubble", "retina", "clouds", "rust", "paint", "cloth", "moss", "slate"),
        objects=_SOURCE_OBJECTS,
        clutter_objects=_TABLEWARE,
        cameras=(FIXED, HANDHELD),
        motions=CURVES,
        looks=3,
        extent=(0.45, 0.75),
        shift=0.10,
        paths=(4000, 480, 960),
    ),
    RenderedSet(
        name="source-c",
        title="C (stands for Something-Something v2)",
        stands_for="Something-Something v2",
        classes=tuple(DIRECTIONS),
        textures=("moss", "paint", "clouds", "slate"),
        objects=_BLOCKS,
        clutter_objects=_TABLEWARE,
        cameras=(HANDHELD,),
        motions=DIRECTIONS,
        extent=(0.35, 0.65),
        shift=0.12,
        paths=(4000, 480, 960),
    ),
    RenderedSet(
        name="source-d",
        title="D (stands for HowTo100M)",
        stands_for="HowTo100M",
        classes=tuple(TASKS),
        textures=("oak", "pine", "cloth", "slate"),
        objects=_HANDS,
        clutter_objects=_TABLEWARE,
        cameras=(FIXED,),
        motions=TASKS,
        object_size=(0.22, 0.30),
        clutter=4,
        extent=(0.40, 0.60),
        shift=0.12,
        wrong_labels=0.2,  # narrations name what is not seen
        paths=(4000, 480, 960),
    ),
)

#: The seven sets by name: three targets, then four sources.
DATASETS: dict[str, RenderedSet] = {each.name: each for each in _SETS}


def chance(dataset: str) -> float:
    """Percent that guessing names rightly, one class of all; NaN for a data set that is not rendered."""
    return 100 / len(DATASETS[dataset].classes) if dataset in DATASETS else math.nan
