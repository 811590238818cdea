"""What all commands share: their bodies, their errors and how they find objects."""

from abc import ABC, abstractmethod

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.routing import Route

from infra.stripe_standin.records.base import StripeRecord
from infra.stripe_standin.state import StandinState
from infra.stripe_standin.store import Collection

_MAX_PROBLEMS = 5


class CommandError(Exception):
    """A command that cannot be executed.

    Attributes:
        status: The HTTP status of the response.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class CommandBody(BaseModel):
    """The JSON body of a command."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ChangeBody(CommandBody):
    """The JSON body of a command that changes objects of Stripe.

    Attributes:
        silent: True emits no events, as if Stripe had lost all of them.
    """

    silent: bool = False


class Commands(ABC):
    """The commands on one subject."""

    def __init__(self, standin: StandinState) -> None:
        self._standin = standin

    @abstractmethod
    def routes(self) -> list[Route]:
        """Return the routes of the commands, relative to `/_standin`."""


async def read_body[B: BaseModel](request: Request, body_type: type[B]) -> B:
    """Return the checked body of a command.

    Raises:
        CommandError: If the body is not as described, with up to five problems.
    """
    try:
        return body_type.model_validate_json(await request.body() or b"{}")
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        message = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'body'}: {problem['msg']}"
            for problem in problems[:_MAX_PROBLEMS]
        )
        raise CommandError(400, message) from error


def find_named[R: StripeRecord](collection: Collection[R], request: Request) -> R:
    """Return the record that the command's path names.

    Raises:
        CommandError: If there is no such record.
    """
    return find_record(collection, request.path_params["id"])


def find_record[R: StripeRecord](collection: Collection[R], id_: str) -> R:
    """Return the record with this id, of any account.

    Raises:
        CommandError: If there is no such record.
    """
    if id_ not in collection:
        raise CommandError(404, f"no such {collection.noun}: {id_}")
    return collection[id_]
