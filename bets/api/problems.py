"""The errors of the API, each with its stable code. `docs/partner-api.md` lists them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rest_framework.exceptions import APIException

from bets.services.placing.slips import FieldFault


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """What is wrong with one field, header or parameter, named as `items[1].odds`."""

    field: str
    code: str
    message: str


class Problem(APIException):
    """A refusal that becomes a problem document with this status, code and fields.

    `members` are the further ones that this code has.
    """

    def __init__(
        self,
        *,
        status: int,
        code: str,
        detail: str,
        errors: Sequence[FieldError] = (),
        retry_after_s: int | None = None,
        members: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.code = code
        self.errors = tuple(errors)
        self.retry_after_s = retry_after_s
        self.members = dict(members or {})


def invalid(
    field: str, code: str, message: str, *, problem_code: str = "invalid_request"
) -> Problem:
    """400 for one thing that is wrong with the request itself."""
    return Problem(
        status=400,
        code=problem_code,
        detail=f"{field}: {message}",
        errors=[FieldError(field=field, code=code, message=message)],
    )


def mismatch(faults: Sequence[FieldFault]) -> Problem:
    """400 for fields that a provider does not take, or takes otherwise."""
    return all_invalid(
        [FieldError(field=each.field, code=each.code, message=each.message) for each in faults]
    )


def all_invalid(errors: Sequence[FieldError]) -> Problem:
    """400 for everything that is wrong with a request."""
    detail = f"{errors[0].field}: {errors[0].message}"
    return Problem(status=400, code="invalid_request", detail=detail, errors=errors)


_NO_ACCOUNT = "There is no provider account with this code that you may use."
_ABSENT = {
    "account": _NO_ACCOUNT,
    "provider_account": _NO_ACCOUNT,
    "player": "You have no player with this id.",
}


def not_found(field: str = "", message: str = "") -> Problem:
    """404, the same for what is absent and for what is another partner's.

    `field` names what was sent; without one it is the address itself.
    """
    said = message or _ABSENT.get(field, "There is no such resource.")
    if not field:
        return Problem(status=404, code="not_found", detail=said)
    error = FieldError(field=field, code="not_found", message=said)
    return Problem(status=404, code="not_found", detail=f"{field}: {said}", errors=[error])


def conflict(
    code: str, detail: str, *, field: str = "", members: Mapping[str, str] | None = None
) -> Problem:
    """409: what is there already, or cannot be at this account, stands in the way."""
    errors = _about(field, code, detail)
    return Problem(status=409, code=code, detail=detail, errors=errors, members=members)


def refused(code: str, detail: str, *, field: str = "") -> Problem:
    """422: the request is in order, but what it asks for cannot be done now."""
    return Problem(status=422, code=code, detail=detail, errors=_about(field, code, detail))


def _about(field: str, code: str, message: str) -> list[FieldError]:
    return [FieldError(field=field, code=code, message=message)] if field else []


def away(code: str, detail: str, *, retry_after_s: int | None = None) -> Problem:
    """503: the provider could not be asked, or gave no answer. To ask again is safe."""
    return Problem(status=503, code=code, detail=detail, retry_after_s=retry_after_s)
