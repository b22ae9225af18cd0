"""Which engines and formats are there, and what may be asked of each? Data alone, for forms, API, checks and docs."""

from __future__ import annotations

from jobs.catalog.arguments import build_arguments, find_result_format
from jobs.catalog.checks import check_options, check_picture, check_views
from jobs.catalog.engines import ENGINES, engines_of_queue, find_engine
from jobs.catalog.entry import LOW_POLY, QUALITY, VIEWS, EngineEntry, PictureLimits, Surcharge
from jobs.catalog.formats import FORMATS, MADE_FORMATS, Format, check_formats
from jobs.catalog.local import LOCAL_ENGINE
from jobs.catalog.options import Option
from jobs.catalog.outputs import Output, ResultFile, find_output
from jobs.catalog.prices import estimate_price

__all__ = [
    "ENGINES",
    "FORMATS",
    "LOCAL_ENGINE",
    "LOW_POLY",
    "MADE_FORMATS",
    "QUALITY",
    "VIEWS",
    "EngineEntry",
    "Format",
    "Option",
    "Output",
    "PictureLimits",
    "ResultFile",
    "Surcharge",
    "build_arguments",
    "check_formats",
    "check_options",
    "check_picture",
    "check_views",
    "engines_of_queue",
    "estimate_price",
    "find_engine",
    "find_output",
    "find_result_format",
]
