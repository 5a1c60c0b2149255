"""``python -m vmp.cli``, which is ``vmp``."""

from vmp.cli import main

main()
