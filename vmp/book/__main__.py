"""``python -m vmp.book``."""

import sys

from vmp.book.command import main

sys.exit(main())
