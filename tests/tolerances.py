"""One table of tolerances; a looser value carries its reason."""

from __future__ import annotations

import torch

#: dtype of the clip -> (relative, absolute), for values of order one.
TOLERANCE: dict[torch.dtype, tuple[float, float]] = {
    torch.float64: (1e-12, 1e-12),
    torch.float32: (1e-5, 2e-6),
    # The layer computes in float32; what is lost is the rounding of input and output to 11 and 8 bits.
    torch.float16: (2e-3, 2e-3),
    torch.bfloat16: (1e-2, 1e-2),
}

#: Gradients of slope and shift are sums over all pixels: float32 rounding grows with the square root of their number.
GRADIENT_TOLERANCE = (1e-4, 1e-4)


def assert_close(came: torch.Tensor, expected: torch.Tensor, dtype: torch.dtype | None = None) -> None:
    relative, absolute = TOLERANCE[dtype or expected.dtype]
    torch.testing.assert_close(came, expected, rtol=relative, atol=absolute, check_dtype=False)
