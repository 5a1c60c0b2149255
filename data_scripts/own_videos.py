"""Make a manifest of your own videos.

python data_scripts/own_videos.py --root FOLDER [--table FILE.csv] [--group COLUMN]; --help tells the rest.
"""

from vmp.data.own_videos import main

if __name__ == "__main__":
    raise SystemExit(main())
