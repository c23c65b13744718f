"""Messages for people from code that does not depend on Django. Uses the standard library only."""

from collections.abc import Callable
from typing import Self


class Message(str):
    """An English sentence that remembers its template and values, so that a page can translate it.

    For JSON, logs and commands it is an ordinary string, in English whatever language is active. `make messages`
    collects the templates, so each must be a literal: `Message("%(name)s is missing.", name=name)`.
    """

    __slots__ = ("template", "values")

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, **values: object) -> Self:
        message = super().__new__(cls, template % values if values else template)
        message.template = template
        message.values = values
        return message

    def translated(self, gettext: Callable[[str], str]) -> str:
        """The sentence with its template, and any values that are messages, translated by `gettext`."""
        values = {
            name: value.translated(gettext) if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        text = gettext(self.template)
        return text % values if values else text
