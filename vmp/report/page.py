"""The report as one HTML page: no file beside it, no network, light or dark as the reader's system has it."""

from __future__ import annotations

import datetime
import html
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from vmp.report import parts
from vmp.report.run import REPORT_FOLDER

if TYPE_CHECKING:
    from vmp.report.parts import HasHtml
    from vmp.report.run import FinishedRun

_STYLE = """
:root{color-scheme:light dark;--paper:#fffdfa;--soft:#f6f2ec;--ink:#22262b;--quiet:#5d646d;--rule:#e3dcd1;
  --mark:#e0592a}
@media (prefers-color-scheme:dark){:root{--paper:#15171b;--soft:#1e2127;--ink:#d9dce1;--quiet:#9aa2ad;--rule:#343942}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
  font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",Arial,sans-serif}
main{max-width:56rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:clamp(1.5rem,1.1rem + 2vw,2.1rem);line-height:1.2;margin:0 0 .4rem;overflow-wrap:anywhere}
h2{font-size:1.3rem;margin:2.6rem 0 .6rem;padding-top:.8rem;border-top:1px solid var(--rule)}
h3{font-size:1.05rem;margin:1.6rem 0 .4rem}
p,li{max-width:44rem}.quiet,figcaption{color:var(--quiet)}figcaption{font-size:.88rem;max-width:44rem}
.answer{font-size:1.2rem;line-height:1.45;border-left:4px solid var(--mark);padding-left:.9rem;margin:1.2rem 0}
figure{margin:1rem 0;max-width:100%}
pre{background:var(--soft);border:1px solid var(--rule);border-radius:8px;padding:.7rem .9rem;font-size:.85rem;
  white-space:pre-wrap;overflow-wrap:anywhere}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;list-style:none;padding:0;margin:.8rem 0;font-size:.92rem}
a{color:inherit;text-decoration-color:var(--mark);text-underline-offset:.18em}
.vmp-table table{margin-left:0!important}.vmp-table thead th{white-space:nowrap}
.vmp-table-plain td{overflow-wrap:break-word;min-width:3.5em}.vmp-table-stacked td{overflow-wrap:anywhere}
.vmp-table>div{background:linear-gradient(to right,var(--paper) 40%,transparent) 0 0/2rem 100% no-repeat local,
  linear-gradient(to left,var(--paper) 40%,transparent) 100% 0/2rem 100% no-repeat local,
  linear-gradient(to right,var(--rule),transparent) 0 0/.7rem 100% no-repeat scroll,
  linear-gradient(to left,var(--rule),transparent) 100% 0/.7rem 100% no-repeat scroll}
.vmp-table [tabindex]:focus-visible{outline:2px solid var(--mark);outline-offset:2px}
@media print{nav{display:none}}
"""


def report_page(found: FinishedRun, clips: int = 3, date: str | None = None) -> str:
    """The report as HTML.

    Args:
        found: of :func:`vmp.report.finished_run`.
        clips: how many clips it shows that were got right, and as many that were got wrong.
        date: of the report, for its last line; None: today.
    """
    said, numbers = parts.accuracy(found)
    shown = {right: parts.clips(found, right, clips) for right in (True, False)}
    sections: dict[str, list[HasHtml | str]] = {
        "Accuracy": [numbers, _honest(found)],
        "Confusions": [*parts.confusions(found)],
        "Class by class": [parts.classes(found)],
        "Training": [parts.training(found)],
        "Slope and shift": [*parts.slope_and_shift(found)] or ["<p>This model has no motion prompt layer.</p>"],
        "Clips it got right": [shown[True] or "<p>There is none.</p>"],
        "Clips it got wrong": [shown[False] or "<p>There is none.</p>"],
        "The data": [parts.data_counts(found) or "", _list(parts.data_notes(found)), _left_out(found)],
        "How this was made": [_command(found), parts.how_made(found)],
    }
    if not found.predictor.model.prompts:
        for title in ("Clips it got right", "Clips it got wrong"):
            sections[title].insert(
                0, "<p>The maps are those of FineGym's pair, to look through: nothing is learned.</p>"
            )
    title = f"{found.folder.resolve().name}: {found.run.backbone} on {_data_name(found)}"
    when = date or datetime.date.today().isoformat()
    return _whole(title, said, sections, f"Written on {when} by vmp report, from the run's folder alone.")


def write_report(found: FinishedRun, clips: int = 3) -> Path:
    """Write RUN/report/index.html, whole or not at all; gives its path."""
    from vmp.files import write_over

    target = found.folder / REPORT_FOLDER / "index.html"
    write_over(target, report_page(found, clips).encode())
    return target


def _whole(title: str, said: str, sections: dict[str, list[HasHtml | str]], foot: str) -> str:
    names = {heading: heading.lower().replace(" ", "-") for heading in sections}
    links = "".join(f'<li><a href="#{names[heading]}">{heading}</a></li>' for heading in sections)
    body = "".join(_section(names[heading], heading, content) for heading, content in sections.items())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{html.escape(title)}</title><link rel="icon" href="data:,"><style>{_STYLE}</style></head><body><main>'
        f'<h1>{html.escape(title)}</h1><p class="answer">{html.escape(said)}</p>'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>{body}'
        f'<p class="quiet">{html.escape(foot)}</p></main></body></html>\n'
    )


def _section(name: str, heading: str, content: Iterable[HasHtml | str]) -> str:
    inside = "".join(each if isinstance(each, str) else each._repr_html_() for each in content)
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{heading}</h2>{inside}</section>'


def _honest(found: FinishedRun) -> str:
    """What the accuracy is of, and what had a part in choosing it."""
    chosen = {
        "last": "The weights are those of the last epoch.",
        "best": f"The weights are those of epoch {found.kept}, the best on the validation clips.",
    }[found.run.recipe.keep]
    if found.split == "test":
        return f"<p>{chosen} The {parts.what_was_tested(found)} had no part in training.</p>"
    part = " They chose the epoch, so that the number is too high." if found.run.recipe.keep == "best" else ""
    return f"<p>{chosen} There are no test videos: these were looked at after each epoch.{part}</p>"


def _command(found: FinishedRun) -> str:
    if found.command is None:
        return "<p>What was typed is not written down in the run's folder.</p>"
    return f"<pre><code>{html.escape(found.command)}\nvmp report {html.escape(_out_of(found.command))}</code></pre>"


def _out_of(command: str) -> str:
    """The folder that the command names, as it was typed."""
    import shlex

    words = shlex.split(command)
    for place, word in enumerate(words):
        if word == "--out" and place + 1 < len(words):
            return shlex.quote(words[place + 1])
        if word.startswith("--out="):
            return shlex.quote(word.partition("=")[2])
    return "RUN"


def _left_out(found: FinishedRun) -> str:
    return f"<h3>Left out</h3>{_list(found.left_out)}" if found.left_out else ""


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(each)}</li>" for each in items) + "</ul>"


def _data_name(found: FinishedRun) -> str:
    path = Path(found.run.dataset)
    return f"the videos in {path.parent.name}" if path.stem == "own_videos" else path.stem
