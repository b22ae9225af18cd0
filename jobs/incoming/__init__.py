"""What does a form with files hold? Every part of it, or a refusal: for the API and for our own pages."""

from jobs.incoming.form import SentFile, max_form_bytes, read_form, refuse_size

__all__ = ["SentFile", "max_form_bytes", "read_form", "refuse_size"]
