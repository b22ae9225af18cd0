"""What of an OpenAPI document would break a client that was written for an older one?

What a client sends may only become freer, what it is sent only richer: fewer demands, wider limits, more values for
bodies and parameters; no less fields, no other types, no new nulls in answers. New values of an enumeration in an
answer are allowed: docs/api.md tells clients to expect them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]
LOWER = ("minimum", "minLength", "minItems", "exclusiveMinimum")
UPPER = ("maximum", "maxLength", "maxItems", "exclusiveMaximum")


def list_breaks(old: Document, new: Document) -> list[str]:
    """One line for each thing that a client could trip over."""
    return list(_Comparison(old, new).compare())


class _Comparison:
    """Two documents, and which pairs of their schemas were looked at: shapes may hold themselves."""

    def __init__(self, old: Document, new: Document) -> None:
        self.old, self.new = old, new
        self.seen: set[tuple[str, str, bool]] = set()

    def compare(self) -> Iterator[str]:
        for path, operations in self.old["paths"].items():
            if path not in self.new["paths"]:
                yield f"{path}: the path is gone"
                continue
            for verb, operation in operations.items():
                present = self.new["paths"][path].get(verb)
                place = f"{verb.upper()} {path}"
                yield from self._compare_calls(operation, present, place) if present else [f"{place}: it is gone"]

    def _compare_calls(self, old: Any, new: Any, place: str) -> Iterator[str]:
        if old["operationId"] != new["operationId"]:
            yield f"{place}: it is called {new['operationId']}, no longer {old['operationId']}"
        yield from self._compare_parameters(old, new, place)
        yield from self._compare_bodies(old.get("requestBody", {}), new.get("requestBody", {}), place)
        for way in old.get("security", []):
            if way not in new.get("security", []):
                yield f"{place}: {next(iter(way), 'no credentials')} will not do any more"
        for status, answer in old["responses"].items():
            if status not in new["responses"]:
                yield f"{place}: status {status} is gone"
            else:
                yield from self._compare_answers(answer, new["responses"][status], f"{place} {status}")

    def _compare_parameters(self, old: Any, new: Any, place: str) -> Iterator[str]:
        before, now = ({(each["in"], each["name"]): each for each in call.get("parameters", [])} for call in (old, new))
        for key, parameter in before.items():
            if key not in now:
                yield f"{place}: the parameter {key[1]} is gone"
            else:
                yield from self._compare_schemas(
                    parameter["schema"], now[key]["schema"], f"{place} {key[1]}", sent=True
                )
        for key, parameter in now.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"{place}: the parameter {key[1]} is required now"

    def _compare_bodies(self, old: Any, new: Any, place: str) -> Iterator[str]:
        if new.get("required") and not old.get("required"):
            yield f"{place}: a body is required now"
        for kind, media in old.get("content", {}).items():
            if kind not in new.get("content", {}):
                yield f"{place}: a body of {kind} is not taken any more"
            else:
                yield from self._compare_schemas(media["schema"], new["content"][kind]["schema"], place, sent=True)

    def _compare_answers(self, old: Any, new: Any, place: str) -> Iterator[str]:
        old, new = _resolve(self.old, old), _resolve(self.new, new)
        yield from (
            f"{place}: the header {name} is gone"
            for name in old.get("headers", {})
            if name not in new.get("headers", {})
        )
        for kind, media in old.get("content", {}).items():
            if kind not in new.get("content", {}):
                yield f"{place}: {kind} is not given any more"
            else:
                yield from self._compare_schemas(media["schema"], new["content"][kind]["schema"], place, sent=False)

    def _compare_schemas(self, old: Any, new: Any, place: str, *, sent: bool) -> Iterator[str]:
        """``sent``: by the client; else by the server."""
        pair = (old.get("$ref", ""), new.get("$ref", ""), sent)
        if any(pair[:2]):
            if pair in self.seen:
                return
            self.seen.add(pair)
        old, new = _flatten(self.old, old), _flatten(self.new, new)
        if old.get("type") != new.get("type") or old.get("format") != new.get("format"):
            yield f"{place}: {_name_kind(old)} became {_name_kind(new)}"
            return
        if bool(old.get("nullable")) is sent and bool(new.get("nullable")) is not sent:
            yield f"{place}: null is {'not taken any more' if sent else 'possible now'}"
        yield from self._compare_values(old, new, place, sent=sent)
        yield from self._compare_fields(old, new, place, sent=sent)
        if "items" in old:
            yield from self._compare_schemas(old["items"], new.get("items", {}), f"{place}[]", sent=sent)

    def _compare_values(self, old: Any, new: Any, place: str, *, sent: bool) -> Iterator[str]:
        if "enum" in old:
            gone = [value for value in old["enum"] if value not in new.get("enum", old["enum"])]
            yield from (f"{place}: the value {value!r} is gone" for value in gone)
        if not sent:
            return
        if "enum" in new and "enum" not in old:
            yield f"{place}: only some values are taken now"
        if new.get("pattern", old.get("pattern")) != old.get("pattern"):
            yield f"{place}: another pattern is demanded"
        for name in LOWER:
            if new.get(name, float("-inf")) > old.get(name, float("-inf")):
                yield f"{place}: {name} rose to {new[name]}"
        for name in UPPER:
            if new.get(name, float("inf")) < old.get(name, float("inf")):
                yield f"{place}: {name} fell to {new[name]}"

    def _compare_fields(self, old: Any, new: Any, place: str, *, sent: bool) -> Iterator[str]:
        before, now = old.get("properties", {}), new.get("properties", {})
        for name, schema in before.items():
            if name not in now:
                yield f"{place}: the field {name} is gone"
            else:
                yield from self._compare_schemas(schema, now[name], f"{place} {name}", sent=sent)
        changed = set(new.get("required", [])) ^ set(old.get("required", []))
        for name in sorted(changed & set((new if sent else old).get("required", []))):
            if sent or name in now:
                yield f"{place}: the field {name} is {'required now' if sent else 'not always there any more'}"


def _resolve(document: Document, part: Any) -> Any:
    found = document
    for name in part.get("$ref", "").split("/")[1:]:
        found = found[name]
    return found if "$ref" in part else part


def _flatten(document: Document, schema: Any) -> Any:
    """Without a reference, alone or as the one part of ``allOf``."""
    alone = schema.get("allOf", [])
    if len(alone) == 1:
        return {**_flatten(document, alone[0]), **{name: value for name, value in schema.items() if name != "allOf"}}
    return _resolve(document, schema)


def _name_kind(schema: Any) -> str:
    return f"{schema.get('type', 'anything')} {schema.get('format', '')}".strip()
