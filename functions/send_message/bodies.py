"""Requests of messages to parents, checked strictly."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, StringConstraints, model_validator

from functions.send_message.compose_message import cleaned
from shared.domain.message_template import Template
from shared.edge.bodies import StrictBody, VisibleLine

type TemplateName = Literal["refund_confirmation", "refund_failed"]

_MAX_TEXT = 20_000

# Characters of a text: all but control characters, except line breaks and tabs.
_TEXT = r"\P{Cc}\n\r\t"


def _with_plain_breaks(text: str) -> str:
    """Return the text with one kind of line break. Browsers send two characters for each."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _readable(html: str) -> str:
    cleaned(html)
    return html


RefundId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Text = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=_MAX_TEXT, pattern=rf"^[{_TEXT}]*[^\p{{Cc}}\p{{Z}}][{_TEXT}]*$"
    ),
    AfterValidator(_with_plain_breaks),
]
Html = Annotated[Text, AfterValidator(_readable)]


class MessageChoice(StrictBody):
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

    subject: VisibleLine | None = None
    text: Text | None = None
    html: Html | None = None

    @model_validator(mode="after")
    def _has_text_beside_html(self) -> Self:
        if self.html is not None and self.text is None:
            raise ValueError("send the edited `text` too when you send an edited `html`")
        return self


class MessageResolution(StrictBody):
    """Whether the parent received a message with an unknown outcome."""

    outcome: Literal["received", "not_received"]
