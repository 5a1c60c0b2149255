"""Where the data sets are published: addresses, mirrors, sizes and checksums, as data.

Addresses die: those of Brown University for HMDB-51 did. So every file has more than one where more are known, a
mirror can be named, ``--mirror https://...`` takes a folder that holds the files under their published names, and a
local copy is accepted for everything. None of these addresses was reachable when this was written; ``source`` says
where each one, and its checksum, was read.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Address:
    """One file on one server.

    Attributes:
        url: where.
        file: the name that it is kept under.
        source: where the address, and size and checksums if any, were read.
        size: bytes, None where it is not known.
        sha256, md5: hexadecimal, None where they are not known.
        dead: what is known against it; it is then the last to be tried.
    """

    url: str
    file: str
    source: str
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None
    dead: str = ""


@dataclass(frozen=True)
class Part:
    """One of the things that a set is made of, such as its videos.

    Attributes:
        what: "videos", "splits", "annotation".
        files: names under which a local copy is accepted, the published one first.
        mirrors: address by the name of the mirror, in the order in which they are tried.
        room: about how many bytes it takes when it is unpacked, beside the archive; 0 for a plain file.
    """

    what: str
    files: tuple[str, ...]
    mirrors: dict[str, Address] = field(default_factory=dict)
    room: int = 0


@dataclass(frozen=True)
class Published:
    """One data set as it is published.

    Attributes:
        title: as people write it.
        page: its home page.
        terms: the licence that the page states; "" where none was found: read the page before you use the set.
        parts: what it is made of, by what they are.
    """

    title: str
    page: str
    terms: str
    parts: dict[str, Part]

    @property
    def mirrors(self) -> list[str]:
        """Names for ``--mirror``."""
        return list(dict.fromkeys(name for part in self.parts.values() for name in part.mirrors))


def _published(title: str, page: str, terms: str, *parts: Part) -> Published:
    return Published(title, page, terms, {part.what: part for part in parts})


_MICHIGAN = "https://huggingface.co/datasets/MichiganNLP/hmdb/resolve/16eb4625d3bf20255526e1327ee9e2ea32d66c82"
_MICHIGAN_SOURCE = "commit page 16eb462 of that repository, which shows sizes and SHA-256"
_BROWN = "https://serre-lab.clps.brown.edu/wp-content/uploads/2013/10"
_BROWN_SOURCE = "torchvision's HMDB51, with the MD5 of the splits"
_BROWN_DEAD = "dead since before 2025-11"
_DRIVE = "https://drive.usercontent.google.com/download?export=download&confirm=t&id="
_DRIVE_SOURCE = "file numbers on the laboratory's page for HMDB51; the form of the address is not verified"

HMDB51 = _published(
    "HMDB-51",
    "https://serre-lab.clps.brown.edu/resource/hmdb-a-large-human-motion-database/",
    "CC BY 4.0",
    Part(
        "videos",
        ("hmdb51_org.rar", "hmdb51_org.zip", "hmdb51.zip"),
        {
            "michigan": Address(
                f"{_MICHIGAN}/hmdb51_org.zip", "hmdb51_org.zip", _MICHIGAN_SOURCE, 4_246_812_958,
                sha256="2d652f386debd04ae8f83508faacb959c03c9cbf1176fc76848b73cda4d52e57",
            ),
            "serre-lab": Address(f"{_DRIVE}17anw5Oxp7lmp9cMwXPOyOpL5olDLmPpj", "hmdb51_org.rar", _DRIVE_SOURCE),
            "brown": Address(f"{_BROWN}/hmdb51_org.rar", "hmdb51_org.rar", _BROWN_SOURCE, dead=_BROWN_DEAD),
        },
        room=4_500_000_000,
    ),
    Part(
        "splits",
        ("test_train_splits.rar", "test_train_splits.zip"),
        {
            "michigan": Address(
                f"{_MICHIGAN}/test_train_splits.zip", "test_train_splits.zip", _MICHIGAN_SOURCE, 222_848,
                sha256="12df0053bd9d570817edb10d2299030f43646969d5d42ff40200249b45ab2efa",
            ),
            "serre-lab": Address(
                f"{_DRIVE}1NQxJWJSYWefyNS-LFYCenFih4gRDUPCX", "test_train_splits.rar", _DRIVE_SOURCE,
                md5="15e67781e70dcfbdce2d7dbb9b3344b5",
            ),
            "brown": Address(
                f"{_BROWN}/test_train_splits.rar", "test_train_splits.rar", _BROWN_SOURCE,
                md5="15e67781e70dcfbdce2d7dbb9b3344b5", dead=_BROWN_DEAD,
            ),
        },
        room=1_000_000,
    ),
)  # fmt: skip

_GYM = "https://sdolivia.github.io/FineGym/resources/dataset"
_GYM_GIT = (
    "https://raw.githubusercontent.com/SDOlivia/FineGym/0331d05e8ecb9b10a94498c11a7dcc1c9dcf95f5/resources/dataset"
)
_GYM_SOURCE = "links of the project's page"
_GYM_GIT_SOURCE = "the repository behind the project's page; no checksum is known"


def _gym(what: str, file: str) -> Part:
    mirrors = {
        "site": Address(f"{_GYM}/{file}", file, _GYM_SOURCE),
        "github": Address(f"{_GYM_GIT}/{file}", file, _GYM_GIT_SOURCE),
    }
    return Part(what, (file,), mirrors)


FINEGYM = _published(
    "FineGym (Gym99 v1.1)",
    "https://sdolivia.github.io/FineGym/",
    "",
    _gym("annotation", "finegym_annotation_info_v1.1.json"),
    _gym("train", "gym99_train_element_v1.1.txt"),
    _gym("val", "gym99_val_element.txt"),
    _gym("categories", "gym99_categories.txt"),
)

_MPII = "https://datasets.d2.mpi-inf.mpg.de/MPII-Cooking-2"
_MPII_SOURCE = "links in public code that reads the set; no checksum, size or second address is known"

MPII_COOKING2 = _published(
    "MPII Cooking 2",
    "https://www.mpi-inf.mpg.de/departments/computer-vision-and-machine-learning/research/human-activity-recognition/"
    "mpii-cooking-2-dataset",
    "",
    Part(
        "annotation",
        ("attributesAnnotations_MPII-Cooking-2.mat",),
        {
            "mpi": Address(
                f"{_MPII}/annos/attributesAnnotations_MPII-Cooking-2.mat",
                "attributesAnnotations_MPII-Cooking-2.mat",
                _MPII_SOURCE,
            )
        },
    ),
    # No address was found for the sequence files alone: they are on the set's page.
    Part("sequences", ("experimentalSetup.zip", "experimentalSetup.tar.gz", "experimentalSetup")),
    Part(
        "videos",
        ("MPII-Cooking-2-videos.tar.gz", "MPII-Cooking-2-videos.tar", "MPII-Cooking-2-videos.zip"),
        {"mpi": Address(f"{_MPII}/MPII-Cooking-2-videos.tar.gz", "MPII-Cooking-2-videos.tar.gz", _MPII_SOURCE)},
    ),
)

_UCF = "Temporal_Anomaly_Annotation_for_Testing_Videos.txt"
_UCF_GIT = (
    "https://raw.githubusercontent.com/WaqasSultani/AnomalyDetectionCVPR2018/e07285474cfe0b86fea6ef5b110357ae102e7930"
)
_UCF_HUB = "https://huggingface.co/datasets/jinmang2/ucf_crime/resolve/main"
_UCF_HUB_SOURCE = "commit pages of that repository, which show sizes and SHA-256"


def _ucf_videos(number: int, size: int | None, sha256: str | None) -> Part:
    file = f"Anomaly-Videos-Part-{number}.zip"
    address = Address(f"{_UCF_HUB}/{file}", file, _UCF_HUB_SOURCE, size, sha256)
    return Part(f"videos-{number}", (file,), {"jinmang2": address}, room=size or 6_690_000_000)


UCF_CRIME = _published(
    "UCF-Crime",
    "https://www.crcv.ucf.edu/projects/real-world/",
    "",
    Part(
        "annotation",
        (_UCF, "Temporal_Anomaly_Annotation.txt"),
        {
            "github": Address(f"{_UCF_GIT}/Temporal_Anomaly_Annotation.txt", _UCF, "the authors' repository"),
            "jinmang2": Address(f"{_UCF_HUB}/UCF_Crimes-Train-Test-Split/{_UCF}", _UCF, _UCF_HUB_SOURCE),
        },
    ),
    _ucf_videos(1, 6_272_044_173, "c398d92e072e8eb5f6fd2f37e3e3897ab42fa2454319e0bf05abda7629007f2f"),
    _ucf_videos(2, None, None),
    _ucf_videos(3, 5_616_615_706, "45cf3a114a7673a836be31e143dc1ea847f29ae1c51b5c61e7f5d9c95c5dff61"),
    _ucf_videos(4, 6_556_508_044, "91a356a933739fcf8c2d8c34686989b32ae6f3c9b82049b95a401b9102f2e4b0"),
    Part(
        "videos-normal",
        ("Testing_Normal_Videos.zip",),
        {"jinmang2": Address(f"{_UCF_HUB}/Testing_Normal_Videos.zip", "Testing_Normal_Videos.zip", _UCF_HUB_SOURCE)},
    ),
)

#: Every set by its name.
PUBLISHED = {"hmdb51": HMDB51, "finegym": FINEGYM, "mpii_cooking2": MPII_COOKING2, "ucf_crime": UCF_CRIME}
