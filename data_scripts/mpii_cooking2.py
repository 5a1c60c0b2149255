"""Prepare MPII Cooking 2.

python data_scripts/mpii_cooking2.py --root DATA [--archives DIR | --mirror NAME]; --help tells the rest.
"""

from vmp.data.mpii_cooking2 import main

if __name__ == "__main__":
    raise SystemExit(main())
