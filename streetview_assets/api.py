"""What a notebook opens: a study, its tables as frames, and questions to the published database."""

from streetview_assets.study_state.open_study import OpenStudy, open_study

__all__ = ["OpenStudy", "open_study"]
