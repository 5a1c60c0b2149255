"""Prepare FineGym.

python data_scripts/finegym.py --root DATA [--archives DIR | --mirror NAME]; --help tells the rest.
"""

from vmp.data.finegym import main

if __name__ == "__main__":
    raise SystemExit(main())
