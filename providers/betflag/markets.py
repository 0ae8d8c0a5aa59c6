"""Events, markets and books, read through the cache: many readers cause one call."""

from typing import TypeVar

from providers.betflag.calls import Calls, Failed, Question, Reader, read_again
from providers.betflag.protocol import navigation, operations, orders
from providers.betflag.protocol.book import read_book
from providers.betflag.protocol.reading import Notes, Object
from providers.betflag.settings import states
from providers.cache import Cache, CacheBusy
from providers.contract import AccountView, Book, Event, Menu, ReadRefused
from providers.transport import Deadline

NO_MARKET = "a market is a number"

_Value = TypeVar("_Value")
_MENUS = {
    Menu.ALL: operations.MENU,
    Menu.LIVE: operations.MENU_LIVE,
    Menu.UPCOMING_LIVE: operations.MENU_UPCOMING_LIVE,
}
_DEEPEST = 3


class Markets:
    """What the exchange shows to everybody. Every method raises `ReadRefused`."""

    def __init__(self, calls: Calls, cache: Cache) -> None:
        self._calls = calls
        self._cache = cache

    def events(self, account: AccountView, menu: Menu, deadline: Deadline) -> tuple[Event, ...]:
        question = Question(operation=_MENUS[menu])
        return self._kept(account, question, navigation.read_menu, "menu_cache_s", deadline)

    def event_markets(self, account: AccountView, event_id: str, deadline: Deadline) -> Event:
        if not orders.is_number(event_id):
            raise ReadRefused("event_not_found", "an event is a number")
        question = Question(operation=operations.EVENT_MARKETS, values={"id_avvenimento": event_id})

        def read(found: Object, notes: Notes) -> Event:
            return navigation.read_event_markets(found, notes, event_id=event_id)

        return self._kept(account, question, read, "menu_cache_s", deadline)

    def book(self, account: AccountView, market_id: str, depth: int, deadline: Deadline) -> Book:
        question, read = _of_book(account, market_id, depth)
        return self._kept(account, question, read, "book_cache_s", deadline)

    def fresh_book(
        self, account: AccountView, market_id: str, depth: int, deadline: Deadline
    ) -> Book:
        """As it is now, whatever is kept."""
        question, read = _of_book(account, market_id, depth)
        return self._calls.read(account, question, read, deadline)

    def _kept(
        self,
        account: AccountView,
        question: Question,
        read: Reader[_Value],
        setting: str,
        deadline: Deadline,
    ) -> _Value:
        try:
            return self._cache.fetch(
                key=_key(account, question),
                max_age_s=float(account.setting(setting)),
                wait_s=deadline.left_s,
                load=lambda: self._calls.ask_raw(account, question, read, deadline),
                read=lambda body: read_again(question.operation, body, read),
            )
        except Failed as error:
            raise ReadRefused(error.code, error.message) from None
        except CacheBusy as error:
            raise ReadRefused("provider_unreachable", str(error)) from None


def _of_book(account: AccountView, market_id: str, depth: int) -> tuple[Question, Reader[Book]]:
    """Raises `ReadRefused` for what cannot be asked."""
    if not orders.is_number(market_id):
        raise ReadRefused("market_not_found", NO_MARKET)
    if not 1 <= depth <= _DEEPEST:
        raise ReadRefused("wrong_depth", f"a book is read 1 to {_DEEPEST} prices deep")
    named = states(account, "market_statuses")
    back_takes = account.setting("back_takes")

    def read(found: Object, notes: Notes) -> Book:
        return read_book(
            found,
            notes,
            market_id=market_id,
            depth=depth,
            back_takes=back_takes,
            statuses=named,
        )

    values = {"id_mercato": market_id, "livello": str(depth)}
    return Question(operation=operations.BOOK, values=values), read


def _key(account: AccountView, question: Question) -> str:
    return ":".join(
        ("betflag", str(account.id), question.operation.name, *question.values.values())
    )
