"""JSON from the outside."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from providers import wire
from providers.contract import MalformedPayload, WrongShape


def test_numbers_with_a_point_are_exact():
    assert wire.loads(b'{"a": 0.1, "b": 19.85}') == {"a": Decimal("0.1"), "b": Decimal("19.85")}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"<html></html>",
        b"{",
        b'{"a":1}x',
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b"\x80",
        b'{"a": NaN}',
        b"[Infinity]",
        b"[-Infinity]",
        b"[" * 1024 * 1024,
        b'{"a":' * 200_000,
        b"[" * 60 + b"]" * 60,
        b"9" * 10_000,
        b'"\\u0000"',
        b'{"a\\u0000": 1}',
        b'["\\ud800"]',
    ],
    ids=lambda body: repr(body[:14]),
)
def test_what_could_not_be_kept_is_malformed(body):
    with pytest.raises(MalformedPayload):
        wire.loads(body)


_DEEPEST = wire.DEEPEST
_SCALARS = [
    "1",
    '""',
    '"["',
    '"}"',
    r'"\""',
    r'"\\"',
    r'"\n"',
    r'"[\\\"{"',
    r'"\\u0000"',
    r'"\u005b"',
    r'"\ud83d\ude00"',
    '"żółw"',
]


@pytest.mark.parametrize("scalar", _SCALARS)
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"[":', "}")])
def test_a_text_is_read_down_to_the_deepest_value(scalar, opening, closing):
    """Brackets and escapes inside texts are no nesting."""
    deepest = opening * (_DEEPEST - 1) + scalar + closing * (_DEEPEST - 1)
    assert wire.loads_text(deepest) == json.loads(deepest)
    with pytest.raises(MalformedPayload, match="nested too deeply"):
        wire.loads_text(f"[{deepest}]")


@pytest.mark.parametrize("count", [_DEEPEST - 1, _DEEPEST])
def test_lists_alone_are_as_deep_as_they_are_nested(count):
    assert wire.loads_text("[" * count + "]" * count)
    with pytest.raises(MalformedPayload, match="nested too deeply"):
        wire.loads_text("[" * (_DEEPEST + 1) + "]" * (_DEEPEST + 1))


@pytest.mark.parametrize(
    "text",
    [
        r'"\uDC00"',
        r'"\\\u0000"',
        r'{"a\ud800\ud800": 1}',
        r'{"a": [{"b": "x\u0000"}]}',
        '"\ud800"',
        '{"\udfff": 1}',
    ],
)
def test_characters_that_are_none_are_refused_wherever_they_stand(text):
    with pytest.raises(MalformedPayload, match="the body holds a"):
        wire.loads_text(text)


def test_what_only_looks_like_such_a_character_is_read():
    assert wire.loads_text(r'["\\u0000", "\ud83d\ude00", "\ue000"]') == [r"\u0000", "😀", "\ue000"]
    assert wire.loads_text(r'{"a": "\u0000", "a": 1}') == {"a": 1}


def test_text_of_any_alphabet_is_read():
    assert wire.loads('["\\ud83d\\ude00 żółw"]'.encode()) == ["😀 żółw"]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (10, "10"),
        ("10.50", "10.50"),
        (Decimal("0.0001"), "0.0001"),
        (" 7 ", "7"),
        ("-3", "-3"),
        (Decimal("-0.0"), "0"),
        ("1e3", None),
        ("1_000", None),
        ("1,5", None),
        ("", None),
        (".5", None),
        ("٣", None),
        (True, None),
        (None, None),
        ([], None),
        (Decimal("1E+400"), None),
        (Decimal("1E-400"), None),
        (Decimal("Infinity"), None),
        (10**40, None),
    ],
)
def test_only_numbers_and_numeric_texts_are_decimals(value, number):
    assert wire.as_decimal(value) == (None if number is None else Decimal(number))


@pytest.mark.parametrize(
    ("value", "text"),
    [("4.270", "4.27"), ("2E+1", "20"), ("100", "100"), ("0.00", "0"), ("1E-7", "0.0000001")],
)
def test_decimals_are_written_plainly(value, text):
    assert wire.decimal_text(Decimal(value)) == text


def test_plain_values_survive_any_encoder():
    value = {"a": [Decimal("1.10"), {"b": (1, None, True)}]}

    assert json.loads(json.dumps(wire.plain(value))) == {"a": ["1.10", {"b": [1, None, True]}]}


def test_fields_remember_what_was_read():
    fields = wire.Fields({"a": 1, "B": 2, "c": 3}, "list[4].item", any_case=True)
    fields.whole("A")
    fields.whole("b")

    assert list(fields.unread()) == ["list[].item.c"]


def test_a_field_given_twice_in_two_cases_is_refused():
    with pytest.raises(WrongShape):
        wire.Fields({"Status": 2, "status": 4}, any_case=True)


def test_amounts_are_zero_or_more_and_storable():
    fields = wire.Fields({"a": "0", "b": -1, "c": 10**15})

    assert fields.amount("a") == 0
    for name in ("b", "c", "missing"):
        with pytest.raises(WrongShape, match=f"^{name}: "):
            fields.amount(name)


@pytest.mark.parametrize("value", [1592937968, "1592937968", Decimal("1592937968.0")])
def test_a_moment_is_read_from_seconds(value):
    moment = wire.Fields({"at": value}).unix_seconds("at")

    assert moment == datetime(2020, 6, 23, 18, 46, 8, tzinfo=UTC)


@pytest.mark.parametrize("value", [-1, "x", 10**13, True, "1.5"])
def test_what_is_no_moment_is_refused(value):
    with pytest.raises(WrongShape):
        wire.Fields({"at": value}).unix_seconds("at")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"amount": Decimal("10.50"), "name": "żółw"}, '{"amount":10.50,"name":"żółw"}'),
        ([Decimal("0.1"), (Decimal("1E+3"), None, True)], "[0.1,[1000,null,true]]"),
        (Decimal("123456789012345678.9012"), "123456789012345678.9012"),
    ],
)
def test_a_decimal_is_written_as_a_number_digit_for_digit(value, written):
    assert wire.dumps(value) == written.encode()


def test_what_json_has_no_form_for_is_not_written():
    with pytest.raises(TypeError):
        wire.dumps({"amount": Decimal("NaN")})
