"""What does the OpenAPI document get after REST framework's views have told their part?"""

from jobs.api.openapi.finishing import complete, leave_out_slash_forms

__all__ = ["complete", "leave_out_slash_forms"]
