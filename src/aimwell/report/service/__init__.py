"""What a user does with the report: write it."""

from aimwell.report.service.write import gather, report_moment, write_report

__all__ = ["gather", "report_moment", "write_report"]
