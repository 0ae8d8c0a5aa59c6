"""Fields that take what they say and convert nothing.

The framework's own fields are lenient: they take `"yes"` for true and 12 for "12". In a request
that moves money, a value of the wrong type is a mistake of the caller's program.
"""

import re
from decimal import Decimal
from typing import Any, ClassVar, NoReturn

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

_PLAIN_DECIMAL = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?")
_LONGEST_DECIMAL = 40
_PRINTABLE_ASCII = re.compile(r"[\x21-\x7e]+")


def fail(code: str, message: str) -> NoReturn:
    """Refuse the field's value with one of the documented codes."""
    raise ValidationError([ErrorDetail(message, code)])


class InOurWords:
    """Says what to do about a value that is not there; the framework only says that it is not."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": "It is missing. Send it.",
        "null": "Send a value instead of null.",
    }


class StrictList(InOurWords, serializers.ListSerializer[Any]):
    """A list of objects, which says in our words how many it may have."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "not_a_list": "Send it as a list.",
        "empty": "It is not empty.",
        "min_length": "It has at least {min_length} of them.",
        "max_length": "It has at most {max_length} of them.",
    }


class StrictSerializer(InOurWords, serializers.Serializer[Any]):
    """Refuses fields that it does not know, by name, beside everything else that is wrong."""

    class Meta:
        list_serializer_class = StrictList

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            not_one = ErrorDetail("Send it as an object.", "not_an_object")
            raise ValidationError({"non_field_errors": [not_one]})
        unknown = set(data) - set(self.fields)
        if not unknown:
            return super().to_internal_value(data)
        errors: dict[str, Any] = {
            name: [ErrorDetail("There is no such field.", "unknown_field")]
            for name in sorted(unknown)
        }
        try:
            super().to_internal_value(data)
        except ValidationError as error:
            if isinstance(error.detail, dict):
                errors = {**error.detail, **errors}
        raise ValidationError(errors)


class PlainDecimalField(InOurWords, serializers.Field[Decimal, Any, Any, Any]):
    """A decimal in a JSON string: digits, and perhaps a point with digits on both sides."""

    example = "10.00"

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str):
            fail("not_a_string", f'Send it as a string, such as "{self.example}".')
        if len(data) > _LONGEST_DECIMAL:
            fail("malformed", f"It has at most {_LONGEST_DECIMAL} characters.")
        if not _PLAIN_DECIMAL.fullmatch(data):
            fail("malformed", f"Only digits and a decimal point are taken, as in {self.example}.")
        return Decimal(data)


class AmountField(PlainDecimalField):
    """Money in major units; how many decimals it may have depends on the currency."""

    def to_internal_value(self, data: Any) -> Decimal:
        amount = super().to_internal_value(data)
        if not amount:
            fail("not_positive", "An amount is above zero.")
        return amount


class OddsField(PlainDecimalField):
    """Decimal odds from 1.01, with at most six decimals."""

    example = "1.85"
    lowest = Decimal("1.01")
    highest = Decimal(1_000_000)
    decimals = 6

    def to_internal_value(self, data: Any) -> Decimal:
        odds = super().to_internal_value(data)
        if odds < self.lowest:
            fail("odds_too_low", f"Odds are at least {self.lowest}.")
        if odds > self.highest:
            fail("odds_too_high", f"Odds are at most {self.highest}.")
        if odds != round(odds, self.decimals):
            fail("excess_decimals", f"Odds have at most {self.decimals} decimals.")
        return odds


class TextField(InOurWords, serializers.CharField):
    """A string on one line, without blanks around it."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "blank": "It is empty. Send at least one character.",
        "max_length": "It has at most {max_length} characters.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            fail("not_a_string", "Send it as a string.")
        text: str = super().to_internal_value(data)
        if not text.isprintable() or text != text.strip():
            fail("not_printable", "It has no control characters and no blanks around it.")
        return text


class NameField(TextField):
    """An identifier of the partner's: printable ASCII without blanks."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not _PRINTABLE_ASCII.fullmatch(text):
            fail("not_printable_ascii", "It has printable ASCII characters only, and no blanks.")
        return text


class EventField(TextField):
    """The id of an event, which many feeds carry as a whole number."""

    def to_internal_value(self, data: Any) -> str:
        whole = isinstance(data, int) and not isinstance(data, bool) and abs(data) < 2**63
        return super().to_internal_value(str(data) if whole else data)


class OneOfField(InOurWords, serializers.ChoiceField):
    """One of some words, as a string."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            fail("invalid_choice", f"It is one of {', '.join(map(str, self.choices))}.")
        return data


class WholeNumberField(InOurWords, serializers.Field[int, Any, Any, Any]):
    """A JSON number without a fraction."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            fail("not_a_whole_number", "Send it as a whole number, without quotes.")
        return data


class TrueOrFalseField(InOurWords, serializers.Field[bool, Any, Any, Any]):
    """A JSON true or false."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            fail("not_a_boolean", "Send true or false, without quotes.")
        return data


class ObjectField(InOurWords, serializers.Field[dict[str, Any], Any, Any, Any]):
    """A JSON object, whose names and values are judged elsewhere."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            fail("not_an_object", "Send it as an object.")
        return data


class CurrencyField(TextField):
    """Three capital letters; whether the ledger keeps the currency is judged by the ledger."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not re.fullmatch(r"[A-Z]{3}", text):
            fail("malformed", "A currency is three capital letters, such as EUR.")
        return text


class IdField(InOurWords, serializers.Field[Any, Any, Any, Any]):
    """A UUID in its usual form of 36 characters."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or len(data) != 36:
            fail("malformed", "An id is a UUID of 36 characters.")
        return serializers.UUIDField().run_validation(data)
