"""The report of a run: one page that works offline, with what the trained model got right and wrong, and why.

>>> from vmp.report import finished_run, write_report
>>> write_report(finished_run("RUN"))  # doctest: +SKIP
PosixPath('RUN/report/index.html')
"""

from vmp.report.page import report_page, write_report
from vmp.report.run import FinishedRun, finished_run

__all__ = ["FinishedRun", "finished_run", "report_page", "write_report"]
