"""Prepare HMDB-51.

python data_scripts/hmdb51.py --root DATA [--archives DIR | --mirror NAME]; --help tells the rest.
"""

from vmp.data.hmdb51 import main

if __name__ == "__main__":
    raise SystemExit(main())
