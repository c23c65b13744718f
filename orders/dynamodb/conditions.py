"""Conditions of writes."""

from typing import Any

from pynamodb.expressions.condition import Condition


class FixedCondition(Condition):
    """A condition that is the same for every write. Its expression is built once.

    Only the first condition of an expression gains: names and values are numbered in their order. Building the one for
    a valid order each time takes a tenth of the CPU time of a PUT.
    """

    format_string = "{0}"

    def __init__(self, condition: Condition) -> None:
        super().__init__("", condition)
        self._condition = condition
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._expression: str = condition.serialize(self._names, self._values)

    def serialize(self, placeholder_names: dict[str, str], expression_attribute_values: dict[str, Any]) -> str:
        if placeholder_names or expression_attribute_values:
            return self._condition.serialize(placeholder_names, expression_attribute_values)
        placeholder_names.update(self._names)
        expression_attribute_values.update(self._values)
        return self._expression
