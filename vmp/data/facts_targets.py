"""The facts of the sets that the paper trains, tests and draws: HMDB-51, FineGym, MPII Cooking 2, UCF-Crime."""

from __future__ import annotations

from vmp.data.facts_form import Fact, Part, SetFacts

_PAPER = "the paper, Sec. 3.1"
_HMDB = "Kuehne et al., ICCV 2011"
_HMDB_PAGE = "https://serre-lab.clps.brown.edu/resource/hmdb-a-large-human-motion-database/"
_GYM_PAGE = "https://sdolivia.github.io/FineGym/"
_GYM_LISTS = "gym99_train_element_v1.1.txt and gym99_val_element.txt of the project's page"
_MPII_PAGE = (
    "https://www.mpi-inf.mpg.de/departments/computer-vision-and-machine-learning/research/"
    "human-activity-recognition/mpii-cooking-2-dataset"
)
_MPII_MAT = "attributesAnnotations_MPII-Cooking-2.mat"
_MPII_PRINTED = f"{_MPII_MAT}, as a public notebook prints it (github.com/rogergranada/goal-recognition)"
_UCF = "Sultani et al., CVPR 2018"
_UCF_PAGE = "https://www.crcv.ucf.edu/projects/real-world/"
_UCF_TEXT = "Temporal_Anomaly_Annotation.txt of the authors' repository"

HMDB51 = SetFacts(
    name="hmdb51",
    title="HMDB-51",
    role="trained and tested on",
    shows="everyday actions, cut from films and web videos: brush hair, sword, kick ball",
    clips=Fact(6766, "the split files, as others count them; the laboratory's page says 6,849", verified=False),
    classes=Fact(51, _HMDB_PAGE),
    length=Fact("a few seconds", _HMDB, verified=False),
    seconds=Fact(3.1, "93 frames on average, as is often quoted", verified=False),
    rate=Fact(30, _HMDB, verified=False),
    size=Fact("240 high, widths vary", _HMDB, verified=False),
    pixels=(320, 240),
    camera=Fact("moves in 59.9 % of the clips", f"{_HMDB}, Fig. 2"),
    labelled=Fact(
        "one action a clip, cut out by people; the file's name tells camera, viewpoint, visible body and quality",
        f"{_HMDB} and its README",
    ),
    licence=Fact("CC BY 4.0, given by the laboratory; most clips are cut from films, whose rights it does not give",
                 _HMDB_PAGE),
    parts=Part(3570, 1530, 3, "the 153 split files: 70 and 30 clips a class"),
    page=_HMDB_PAGE,
    ways=(
        ("", "download, from the first address that answers"),
        ("--mirror michigan", "download from this one"),
        ("--archives DIR", "you have the two archives"),
        ("--videos DIR", "you have the clips, a folder a class"),
    ),
    fetched="The videos' archive and that of the splits. Clips go to `videos/CLASS`, split files to `splits`.",
    missing="Nothing, once an address answers: the laboratory's old ones are dead, and mirrors come and go.",
    traps=(
        "In a split a third value says that a clip is in neither part. Loaders that take every clip which is not "
        "for testing train on 1,666 clips too many.",
        "Names hold `( ) ! # & ;` and spaces, which break shell scripts. Nothing here goes through a shell.",
        "A loader that lists the files in one order and the labels in another gives nearly every clip a wrong label: "
        "it has happened (pytorch/vision issue 1246). The manifest keeps path, label and name in one row.",
        "One number is the mean of three splits; a paper that shows one split shows a third of it.",
    ),
)  # fmt: skip

FINEGYM = SetFacts(
    name="finegym",
    title="FineGym (Gym99 v1.1)",
    role="trained and tested on",
    shows="elements of women's gymnastics on vault, floor, beam and uneven bars",
    clips=Fact(34841, f"{_PAPER}, and {_GYM_LISTS}"),
    classes=Fact(99, _PAPER),
    length=Fact("one to a few seconds; a vault lasts from its first stage to its third", _GYM_PAGE, verified=False),
    seconds=Fact(2.0, "the example on the project's page is 2.19 s long", verified=False),
    rate=Fact("as on YouTube, mostly 25 to 30", _GYM_PAGE, verified=False),
    size=Fact("as on YouTube; asked for here: at most 720 high", "vmp.data.yt_dlp"),
    pixels=(1280, 720),
    camera=Fact("follows the gymnast", _PAPER),
    labelled=Fact(
        "times in milliseconds; the element by a tree of yes-no questions", _GYM_PAGE
    ),
    licence=Fact(
        "CC BY-NC 4.0 for the annotation; the videos are YouTube's and their owners'",
        "others who publish parts of it, as the project's own terms; a copy of its page of 2020 states none",
        verified=False,
    ),
    parts=Part(26320, 8521, 1, _PAPER),
    page=_GYM_PAGE,
    ways=(
        ("--download --allow-missing", "get the videos from YouTube"),
        ("--videos DIR --allow-missing", "you have videos, by their id"),
        (
            "--download --cookies FILE --limit-rate 2M --allow-missing",
            "with a browser's cookies for videos that ask for a login, and no faster than this",
        ),
    ),
    fetched="The annotation, two lists and the categories; with `--download` whole competitions from YouTube, one "
    "after the other with pauses, which takes days. They go to `videos`.",
    missing="Dozens of videos are gone for good, so nobody has the published set any more. The report names them, and "
    "`finegym.by_class.csv` says what each class lost.",
    traps=(
        "Times of an element count from the start of its event, not of the video.",
        "v1.0 and v1.1 have different training lists and the same list for validation. The latter is what papers test "
        "on, so nothing is left to choose λ with; a fifth of the training list should be set aside.",
        "The score of a paper belongs to the videos that were there in its year. Say how many you had.",
    ),
)  # fmt: skip

MPII_COOKING2 = SetFacts(
    name="mpii_cooking2",
    title="MPII Cooking 2",
    role="trained and tested on",
    shows="people who cook in one kitchen, seen from above the counter: cut dice, peel, wash objects",
    clips=Fact(14105, f"/annos in {_MPII_PRINTED}: intervals of all 87 activities, of which those of 67 count"),
    classes=Fact(67, f"{_PAPER}; of 87 activities in {_MPII_MAT} those that are among its 222 attributes too"),
    length=Fact(
        "6.9 s on average if the intervals covered the videos, which are 27 hours",
        f"{_PAPER}: 2,881,616 frames, over 14,105 intervals at 29.4 a second",
        verified=False,
    ),
    seconds=Fact(6.9, "2,881,616 / 14,105 / 29.4, as if the intervals covered the videos", verified=False),
    rate=Fact(29.4, f"/annos/frameRate in {_MPII_PRINTED}"),
    size=Fact("1624 x 1224", _PAPER),
    pixels=(1624, 1224),
    camera=Fact("fixed; one of several views, number 002, is used", _PAPER),
    labelled=Fact("intervals with activity, tools, ingredients, subject and dish, by people", _MPII_MAT),
    licence=Fact(None, f"{_MPII_PAGE}: none was found; read the page before you use the set"),
    parts=Part(None, None, 1, "sequences{TrainAttr,Val,Test}.txt: the report counts the clips of each"),
    page=_MPII_PAGE,
    ways=(
        ("--archives DIR", "you have annotation, splits and archive"),
        ("--videos DIR", "you have the videos, unpacked"),
        ("--archives DIR --first-frame 0", "frames count from 0"),
        ("--archives DIR --cut", "a file a clip"),
    ),
    fetched="The `.mat` file and one large archive of videos. The sequence files have no address of their own: put "
    "`experimentalSetup`, from the set's page, into DIR. Clips are read from the long videos in place; `--cut` writes "
    "them to files.",
    missing="Nothing is known to be gone; one server holds it all.",
    traps=(
        "Whether frames count from 1 or from 0 is not verified: 1 is assumed, `--first-frame 0` changes it, and the "
        "report computes which frame the annotation's own seconds put at 0.",
        "Two clips of one video can have one activity and one start: files named after these overwrite each other, as "
        "they do in the published code. The manifest has an interval a row.",
        "A clip shorter than the model's window must not be looped: the jump back looks like motion. Here its last "
        "frame is repeated, and such clips are counted.",
        "Decoding is the bottleneck: a frame has 23 times the pixels of one at 340 x 256.",
    ),
)  # fmt: skip

UCF_CRIME = SetFacts(
    name="ucf_crime",
    title="UCF-Crime",
    role="shown in figures",
    shows="surveillance videos in which something happens, or nothing; many are hard to watch",
    clips=Fact(1900, f"{_UCF}, abstract: whole videos, 128 hours in all; 290 test videos have their times annotated"),
    classes=Fact(14, f"{_UCF}: 13 anomalies and normal"),
    length=Fact("whole videos of seconds to hours", _UCF, verified=False),
    seconds=Fact(243.0, "128 hours over 1,900 videos"),
    rate=Fact(30, _UCF, verified=False),
    size=Fact("320 x 240", _UCF, verified=False),
    pixels=(320, 240),
    camera=Fact("fixed", f"{_PAPER.split(',')[0]}, Fig. 17"),
    labelled=Fact("a class a video; for the 290 test videos also the frames in which it happens", _UCF_TEXT),
    licence=Fact(None, f"{_UCF_PAGE}: none was found; a mirror says CC0, which is not its to give"),
    page=_UCF_PAGE,
    ways=(
        ("--videos DIR", "you have the videos"),
        ("--download-videos", "download them all"),
    ),
    fetched="The annotation, a small text file. With `--download-videos` the archives too, of which 290 videos are "
    "kept.",
    missing="With `--videos`, the videos that you do not have.",
    traps=(
        "Columns are two spaces apart; -1 means that there is no interval.",
        "Whether frames count from 1 or 0 is not verified (`--first-frame`).",
    ),
)

TARGETS = (HMDB51, FINEGYM, MPII_COOKING2, UCF_CRIME)
