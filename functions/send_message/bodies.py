"""Requests of messages to parents, checked strictly."""

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    StringConstraints,
    model_validator,
)

from functions.send_message.compose_message import html_of_edited
from shared.domain.message import Template

type TemplateName = Literal["refund_confirmation", "refund_failed"]

_MAX_TEXT = 20_000

# A subject becomes a mail header. It has no line break, no control character and no mark that
# changes the direction of text, and at least one visible character.
_UNFIT = r"\p{Cc}\p{Zl}\p{Zp}\u{202a}-\u{202e}\u{2066}-\u{2069}"
_TEXT = r"\P{Cc}\n\r\t"


def _with_plain_breaks(text: str) -> str:
    """Return the text with one kind of line break. Browsers send two characters for each."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _readable(html: str) -> str:
    html_of_edited(html)
    return html


RefundId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Subject = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=200, pattern=rf"^[^{_UNFIT}]*[^{_UNFIT}\p{{Z}}][^{_UNFIT}]*$"
    ),
]
Text = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=_MAX_TEXT, pattern=rf"^[{_TEXT}]*[^\p{{Cc}}\p{{Z}}][{_TEXT}]*$"
    ),
    AfterValidator(_with_plain_breaks),
]
Html = Annotated[Text, AfterValidator(_readable)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class MessageChoice(_Strict):
    """The template, and the refund that the message is about."""

    template: TemplateName
    refund_id: RefundId

    @property
    def chosen(self) -> Template:
        """The domain's form of the template."""
        return Template(self.template)


class MessageToSend(MessageChoice):
    """The message to send: the template's words, or edited words instead.

    An edited text alone gets HTML that says the same. Edited HTML needs its text too, for parents
    whose mail program shows no HTML. Only simple formatting is kept in the HTML.
    """

    subject: Subject | None = None
    text: Text | None = None
    html: Html | None = None

    @model_validator(mode="after")
    def _says_the_same_twice(self) -> Self:
        if self.html is not None and self.text is None:
            raise ValueError("send the edited `text` with the edited `html`")
        return self


class MessageResolution(_Strict):
    """Whether the parent received a message with an unknown outcome."""

    outcome: Literal["received", "not_received"]
