"""Public pages: unsubscribing and the preference centre, in English and Chinese, without script; and where providers report."""

from aimwell.web.public.app import build_app
from aimwell.web.public.feedback import FEEDBACK_PATH, Hearing

__all__ = ["FEEDBACK_PATH", "Hearing", "build_app"]
