"""What a comparison says about the paper's claim: a verdict, and the sentence that goes with it.

A comparison that the paper lacks, as with a control, has no claim to agree with; it is higher or lower here, or nobody
can tell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, get_args

from vmp.statistics.comparison import Comparison

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal[
    "same direction on the stand-in", "opposite", "cannot tell", "not testable here", "higher here", "lower here"
]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
_SAME, _OPPOSITE, _CANNOT_TELL, _NOT_TESTABLE, _HIGHER, _LOWER = VERDICTS
_ROUNDING = 1e-12  # 1 - .95 is not quite .05


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p of the claims of a page: with m claims the k-th smallest, from 0, times m - k, never falling.

    Raises:
        ValueError: a p outside [0, 1].
    """
    if any(not 0 <= p <= 1 for p in p_values):
        raise ValueError(f"p_values: expected numbers in [0, 1], got {list(p_values)}")
    if not p_values:
        return []
    from statsmodels.stats.multitest import multipletests

    return [float(p) for p in multipletests(p_values, method="holm")[1]]


def verdict(comparison: Comparison | None, papers_difference: float | None, p: float | None = None) -> Verdict:
    """One of :data:`VERDICTS`.

    A direction is told only where the interval leaves out 0 and the test, corrected for the page's other claims, has
    p <= 1 - level. The two ask different things (the interval allows for other seeds, the test does not; the test is
    corrected for other claims, the interval is not), and a claim should stand up to both.

    Args:
        comparison: None where nothing here can be compared.
        papers_difference: with minus without in the paper; only its sign counts. 0: there is no direction to agree
            with. None: the paper has no such comparison.
        p: after :func:`holm`; None for a claim that stands alone.

    Raises:
        ValueError: a paper's difference that is not finite, a p below the comparison's own.
    """
    if papers_difference is not None and not math.isfinite(papers_difference):
        raise ValueError(f"papers_difference: expected a finite number of points or None, got {papers_difference}")
    if comparison is None or papers_difference == 0:
        return _NOT_TESTABLE
    p = comparison.p if p is None else p
    if p < comparison.p - _ROUNDING:
        raise ValueError(f"p: expected at least {comparison.p:.4g}, the test's own, after a correction, got {p:.4g}")
    if comparison.holds_zero or p > 1 - comparison.level + _ROUNDING:
        return _CANNOT_TELL
    higher = comparison.difference > 0
    if papers_difference is None:
        return _HIGHER if higher else _LOWER
    return _SAME if higher == (papers_difference > 0) else _OPPOSITE


def sentence(
    comparison: Comparison | None,
    papers_difference: float | None,
    *,
    p: float | None = None,
    claims: int = 1,
    groups: str = "trajectories",
) -> str:
    """The verdict with its numbers, in one sentence.

    >>> sentence(comparison, 6.0)  # doctest: +SKIP
    'Paper +6.0 points; here +1.2 (95 % interval −2.1 to +4.6, p = .48, 99 trajectories, 3 seeds): cannot tell; a
    difference of 7.9 points would have been seen at least four times in five.'

    Args:
        comparison, papers_difference, p: as in :func:`verdict`.
        claims: that p was corrected for.
        groups: what a group is called, in the plural.
    """
    said = verdict(comparison, papers_difference, p)
    paper = (
        "The paper has no such comparison"
        if papers_difference is None
        else f"Paper {_signed(papers_difference)} points"
    )
    if comparison is None:
        return f"{paper}: {said}."
    seeds = f"{comparison.seeds} seeds" if comparison.seeds > 1 else "1 seed, so other seeds are not in the interval"
    test = f"p {_chance(comparison.p)}"
    if claims > 1 and p is not None:
        test += f", with Holm's correction for {claims} claims p {_chance(p)}"
    low, high = comparison.interval
    here = (
        f"{paper}; here {_signed(comparison.difference)} ({100 * comparison.level:g} % interval {_signed(low)} to "
        f"{_signed(high)}, {test}, {comparison.groups} {groups}, {seeds}): {said}"
    )
    if said != _CANNOT_TELL:
        return here + "."
    seen = comparison.detectable(0.8, claims)
    if seen >= 100:
        return here + "; these data could hardly have shown any difference."
    unchanged = f"; no seed's {groups} came out otherwise" if comparison.discordance == 0 == high - low else ""
    return here + f"{unchanged}; a difference of {seen:.1f} points would have been seen at least four times in five."


def judge(claims: Mapping[str, tuple[Comparison | None, float | None]], groups: str = "trajectories") -> pd.DataFrame:
    """The claims of one page, judged together.

    Args:
        claims: name -> (what was found here or None, the paper's difference in points or None).
        groups: what a group is called, in the plural.

    Returns:
        One row a claim: claim, paper, here, low, high, p, p_holm, verdict, sentence. What can be tested, and only
        that, counts for Holm's correction, comparisons that the paper lacks among it; the others have NaN for what is
        not there.
    """
    import pandas as pd

    tested = {name: found for name, (found, paper) in claims.items() if found is not None and paper != 0}
    adjusted = dict(zip(tested, holm([found.p for found in tested.values()]), strict=True))
    rows = []
    for name, (found, paper) in claims.items():
        p = adjusted.get(name)
        low, high = (math.nan, math.nan) if found is None else found.interval
        rows.append(
            {
                "claim": name,
                "paper": math.nan if paper is None else paper,
                "here": math.nan if found is None else found.difference,
                "low": low,
                "high": high,
                "p": math.nan if found is None else found.p,
                "p_holm": math.nan if p is None else p,
                "verdict": verdict(found, paper, p),
                "sentence": sentence(found, paper, p=p, claims=max(len(tested), 1), groups=groups),
            }
        )
    columns = ["claim", "paper", "here", "low", "high", "p", "p_holm", "verdict", "sentence"]
    return pd.DataFrame(rows, columns=columns)


def _signed(points: float) -> str:
    rounded = round(points, 1) + 0.0  # no minus zero
    return ("−" if rounded < 0 else "+" if rounded > 0 else "") + f"{abs(rounded):.1f}"


def _chance(p: float) -> str:
    """As it follows the letter p: = .48, = .012, < .001."""
    if p < 0.001:
        return "< .001"
    return "= " + (f"{p:.3f}" if p < 0.1 else f"{p:.2f}").removeprefix("0")
