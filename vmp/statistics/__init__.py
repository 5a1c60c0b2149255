"""The judge: whether with the layer is better than without, on outcomes that come in pairs.

One outcome a trajectory (or video) and seed. The main test is a paired permutation over trajectories of the
seed-averaged difference (:mod:`.permutation`); the interval is a bootstrap over trajectories and seeds
(:mod:`.bootstrap`); what these data could have shown is computed beside it (:mod:`.comparison`); a page's claims are
corrected together by Holm's method and each gets one of four verdicts (:mod:`.verdict`).

The two look at different uncertainty. The permutation takes the trained models as they are and asks about the
trajectories; the interval also asks what other seeds would have given. A direction is told only where both agree.
"""

from vmp.statistics.comparison import Comparison, compare
from vmp.statistics.permutation import mcnemar, sign_flip_p
from vmp.statistics.verdict import VERDICTS, holm, judge, sentence, verdict

__all__ = ["VERDICTS", "Comparison", "compare", "holm", "judge", "mcnemar", "sentence", "sign_flip_p", "verdict"]
