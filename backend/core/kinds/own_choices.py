"""A wire field for one of a list of codes that the installation has for itself, such as posts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError
from marshmallow.validate import Length

from backend.core.installation import Labels
from backend.core.kinds import wire

MOST_CODE = 40


class OwnChoice(wire.Choice):
    """One of a list of codes that the installation has for itself: another one knows others.

    The contract names the usual ones, and says that there may be more.
    """

    def __init__(self, own: Callable[[], Labels], usual: Labels, **options: Any) -> None:
        self._own = own
        open_list = {"anyOf": [{"type": "string", "enum": list(usual)}, {"type": "string"}]}
        super().__init__(usual, validate=Length(max=MOST_CODE), metadata=open_list, **options)

    @property
    def labels(self) -> Labels:
        """Code -> its Chinese and English label, in this installation."""
        return self._own()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        code = str(super()._deserialize(value, attr, data, **kwargs))
        if code not in self.labels:
            raise ValidationError(f"Must be one of: {', '.join(self.labels)}.")
        return code
