"""What did the caller send? JSON and forms, read strictly: what cannot be understood is refused, never guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework.parsers import BaseParser, DataAndFiles

from jobs.errors import JobError
from jobs.incoming import read_form, refuse_size

MAX_BODY_BYTES = 4 * 1024 * 1024  # of a request without files; JSON and plain forms have a lower limit of their own


class StrictJSONParser(BaseParser):
    """One JSON object."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        data = stream.read(limit + 1)
        if len(data) > limit:
            raise refuse_size(limit)
        try:
            value = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
            json.dumps(value, ensure_ascii=False).encode()  # lone surrogates are no text
        except (ValueError, RecursionError) as error:
            raise JobError("malformed_json", "The body is not JSON in UTF-8.") from error
        if not isinstance(value, dict):
            raise JobError("malformed_json", "The body must be a JSON object.")
        return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


class StrictMultiPartParser(BaseParser):
    """Every part of a form."""

    media_type = "multipart/form-data"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> DataAndFiles[Any, Any]:
        request = (parser_context or {})["request"]
        length = int(request.META["CONTENT_LENGTH"])
        return DataAndFiles(*read_form(stream, content_type=media_type or "", length=length))
