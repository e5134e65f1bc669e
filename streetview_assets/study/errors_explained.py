"""What is wrong with a study file, in words that name the key and what was expected."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from streetview_assets.images.providers.registry import key_variables
from streetview_assets.redaction import holds_secret, redacted, shown_input
from streetview_assets.text.counted import counted

_LONGEST_FOUND = 200

RENAMED = {"set_aside": "exclusions", "picture_px": "image_px"}
"""Keys as they were called before, with the names that they have now."""

UNNAMED = ("", " ")
"""Tags of the kinds of value that one key takes: they are no part of a fault's place."""


def explain(error: ValidationError, path: Path, model: type[BaseModel]) -> str:
    """Say what is wrong with a study file, one line a fault.

    Parameters
    ----------
    error
        What pydantic found.
    path
        The study file.
    model
        The model it was held against, which knows the keys that exist.
    """
    faults = error.errors(include_url=False)
    # A list of which every item is refused counts as empty too: that is no fault of its own.
    refused = {fault["loc"][:-1] for fault in faults}
    faults = [
        fault for fault in faults if fault["type"] != "too_short" or fault["loc"] not in refused
    ]
    lines = [f"{path}: {counted(len(faults), 'fault')} in the study file"]
    for fault in faults:
        place = [str(part) for part in fault["loc"] if part not in UNNAMED]
        key = ".".join(place) or "(the whole file)"
        lines.append(f"  {key}: {_message(fault, model)}")
    return "\n".join(lines)


def secret_in_address() -> str:
    """Say what is wrong with an address in which a secret stands, and where secrets belong."""
    return (
        "a user, a password or a key stands in this address, and the study file is passed on, as "
        "are the tables and reports that quote it. Leave it out: secrets come from the "
        f"environment alone ({', '.join(key_variables())})"
    )


def _message(fault: ErrorDetails, model: type[BaseModel]) -> str:
    if isinstance(fault["input"], (str, Path)) and holds_secret(str(fault["input"])):
        return secret_in_address()
    match fault["type"]:
        case "extra_forbidden":
            if new := RENAMED.get(str(fault["loc"][-1])):
                return f"this key is called `{new}` now"
            keys = _keys_at(model, fault["loc"][:-1])
            near = get_close_matches(str(fault["loc"][-1]), keys, 1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            return f"unknown key{meant}; expected one of: {', '.join(keys)}"
        case "missing" if isinstance(fault["loc"][-1], int):
            return "missing; the list is too short"
        case "missing":
            return "missing; this key is required"
        case "path_not_file":
            return f"no such file: {shown_input(str(fault['input']))}"
        case "dict_type":
            return f"expected names with a value each, {{name: …}}{_found(fault['input'])}"
        case "model_type":
            return (
                f"expected keys: {', '.join(_keys_at(model, fault['loc']))}{_found(fault['input'])}"
            )
        case "tuple_type" | "list_type":
            return f"expected a list, [a, b]{_found(fault['input'])}"
        case "string_pattern_mismatch":
            form = _description_at(model, fault["loc"]) or fault["ctx"]["pattern"]
            return redacted(f"is not of the form that it has: {form}{_found(fault['input'])}")
        case "too_short":
            return "the list is empty; leave the key out, or give at least one"
        case _:
            message = fault["msg"].removeprefix("Value error, ")
            message = message.replace("Input should be", "has to be").split(", unable to parse")[0]
            is_said = str(fault["input"]) in message
            return redacted(message if is_said else message + _found(fault["input"]))


def _found(value: Any) -> str:
    if value is None:
        return " (found nothing)"
    if isinstance(value, str):
        return f" (found {_short(repr(shown_input(value)))})"
    return f" (found {_short(repr(value))})" if isinstance(value, (int, float)) else ""


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_FOUND else f"{text[:_LONGEST_FOUND]}…"


def places_of_secrets(document: Any, place: str = "") -> list[str]:
    """List the keys of a study file whose value is an address with a secret in it."""
    if isinstance(document, dict):
        parts = [(f"{place}.{key}".lstrip("."), value) for key, value in document.items()]
    elif isinstance(document, list):
        parts = [(f"{place}.{number}", value) for number, value in enumerate(document)]
    else:
        return [place] if isinstance(document, str) and holds_secret(document) else []
    return [found for key, value in parts for found in places_of_secrets(value, key)]


def _keys_at(study: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Name the keys that a part of the study file may have, for messages."""
    model: Any = study
    for part in location:
        if isinstance(part, str):
            model = _model_of(model.model_fields[part].annotation)
    return sorted(field.alias or name for name, field in model.model_fields.items())


def _description_at(study: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """Give what the study file's reference says of a key; empty where it is no key of a part."""
    model, told = study, ""
    for part in location:
        if isinstance(part, str) and model is not None:
            fields = {field.alias or name: field for name, field in model.model_fields.items()}
            if part in fields:
                told, model = fields[part].description or "", _model_of(fields[part].annotation)
    return told


def _model_of(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    arguments = getattr(annotation, "__args__", ())
    return next((model for model in map(_model_of, arguments) if model is not None), None)
