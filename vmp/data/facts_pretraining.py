"""The facts of what the published weights were trained on. None of these sets is prepared here."""

from __future__ import annotations

from vmp.data.facts_form import Fact, SetFacts

_KAY = "Kay et al., arXiv 1705.06950"
_NOTE = "Smaira et al., arXiv 2010.10864"
_GOYAL = "Goyal et al., ICCV 2017, and the page of the set"
_MIECH = "Miech et al., ICCV 2019"
_TUBE = Fact("as on YouTube: it varies", _NOTE)
_WEB = Fact("both, as people film", _KAY, verified=False)

KINETICS400 = SetFacts(
    name="k400",
    title="Kinetics-400",
    role="pretrained on",
    shows="people doing things on YouTube; the scene often tells what",
    clips=Fact(306245, _KAY, verified=False),
    classes=Fact(400, _KAY),
    length=Fact("about 10 s", _KAY),
    seconds=Fact(10.0, _KAY),
    rate=_TUBE,
    size=_TUBE,
    camera=_WEB,
    labelled=Fact("one action a clip, each clip of another video, by crowd workers", _KAY),
    licence=Fact("CC BY 4.0 for the annotation; the videos are YouTube's and their owners'", _KAY, verified=False),
    page="https://github.com/cvdfoundation/kinetics-dataset",
    traps=("Videos vanish: in October 2020 it had 683 clips a class left, 273,200 in all (arXiv 2010.10864).",),
)

KINETICS600 = SetFacts(
    name="k600",
    title="Kinetics-600",
    role="pretrained on",
    shows="the same with half as many classes more",
    clips=Fact(495547, "Carreira et al., arXiv 1808.01340", verified=False),
    classes=Fact(600, _NOTE),
    length=Fact("10 s", _NOTE),
    seconds=Fact(10.0, _NOTE),
    rate=_TUBE,
    size=_TUBE,
    camera=_WEB,
    labelled=Fact("as Kinetics-400", _NOTE),
    licence=Fact("as Kinetics-400", _KAY, verified=False),
    page="https://github.com/cvdfoundation/kinetics-dataset",
    traps=(
        "In October 2020 it had 762 clips a class left (arXiv 2010.10864).",
        "Weights of SlowFast, C2D, I3D or X3D trained on it were found nowhere, though the paper's Figs. 8 and 9 name "
        "them: those figures cannot be made again from the same start.",
    ),
)

SSV2 = SetFacts(
    name="ssv2",
    title="Something-Something v2",
    role="pretrained on",
    shows="hands that do something with something: only the motion tells what",
    clips=Fact(220847, _GOYAL, verified=False),
    classes=Fact(174, _GOYAL),
    length=Fact("2 to 6 s", _GOYAL, verified=False),
    seconds=Fact(4.0, "the middle of 2 to 6 s", verified=False),
    rate=Fact(12, "the page of the set, as others quote it", verified=False),
    size=Fact("240 high", _GOYAL, verified=False),
    camera=Fact("held or at rest", _GOYAL, verified=False),
    labelled=Fact("crowd workers were given a sentence and filmed it", _GOYAL),
    licence=Fact("its own, for research; other use needs another one", "the page of the set", verified=False),
    page="https://www.qualcomm.com/developer/software/something-something-v-2-dataset",
    traps=("Classes tell left from right: models of it are trained without flipping.",
           "TimeSformer's weights of it take BGR. The registry says so, and vmp.build obeys."),
)  # fmt: skip

HOWTO100M = SetFacts(
    name="howto100m",
    title="HowTo100M",
    role="pretrained on",
    shows="people who explain what their hands do: cooking, crafts, repairs",
    clips=Fact(136_000_000, f"{_MIECH}: captioned pieces of 1.2 million videos, 15 years long"),
    classes=Fact(
        "none: captions, 23,000 tasks", f"{_MIECH}; the head of TimeSformer's weights of it has 1,059 classes"
    ),
    length=Fact("about 4 s a caption", _MIECH, verified=False),
    seconds=Fact(4.0, _MIECH, verified=False),
    rate=Fact("as on YouTube: it varies", _MIECH, verified=False),
    size=Fact("as on YouTube: it varies", _MIECH, verified=False),
    camera=Fact("both", _MIECH, verified=False),
    labelled=Fact("not: captions are what is said at the time, and often not what is done", _MIECH),
    licence=Fact(None, "https://www.di.ens.fr/willow/research/howto100m/: videos are given on request"),
    page="https://www.di.ens.fr/willow/research/howto100m/",
    traps=("TimeSformer's weights of it are on Dropbox alone; give a local file where that fails.",),
)

PRETRAINING = (KINETICS400, KINETICS600, SSV2, HOWTO100M)
