"""The weights of two runs held against each other, layer by layer, as soon as both are at hand."""

from __future__ import annotations

from vmp.experiments.run import Run
from vmp.experiments.state import state_of
from vmp.experiments.store import Store
from vmp.experiments.work import Work


def compare_weights(a: Run, b: Run, store: Store, work: Work) -> bool:
    """Store the cosines between the weights of two runs; False where that was done, or one is not at hand."""
    states = [state_of(run, store) for run in (a, b)]
    files = [work.weights(run) for run in (a, b)]
    first, second = (state.key for state in states)
    ready = all(state.name == "stored" for state in states) and None not in files
    if not ready or store.has_similarity(first, second):
        return False
    from vmp.analysis import layer_similarity
    from vmp.checkpoint import load_state

    weights = [load_state(file) for file in files if file is not None]
    store.add_similarity(first, second, layer_similarity(*weights))
    return True
