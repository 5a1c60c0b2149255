"""Prepare UCF-Crime.

python data_scripts/ucf_crime.py --root DATA [--archives DIR | --mirror NAME]; --help tells the rest.
"""

from vmp.data.ucf_crime import main

if __name__ == "__main__":
    raise SystemExit(main())
