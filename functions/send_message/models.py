"""The API's bodies of messages: strict in what they take, exact in what they give."""

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from functions.send_message.compose_message import html_of_edited
from shared.domain.message import Template

type TemplateName = Literal["refund_confirmation", "refund_failed"]

_MAX_TEXT = 20_000

# A subject becomes a header: no line break or control character of any kind can be in it, nor a
# mark that turns the direction of what follows. One character at least is not a space.
_UNFIT = r"\p{Cc}\p{Zl}\p{Zp}\u{202a}-\u{202e}\u{2066}-\u{2069}"
_TEXT = r"\P{Cc}\n\r\t"


def _with_plain_breaks(text: str) -> str:
    """Return the text with one kind of line break: browsers send two characters for each."""
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
    """Which template, about which refund."""

    template: TemplateName
    refund_id: RefundId

    @property
    def chosen(self) -> Template:
        """The domain's form of the template."""
        return Template(self.template)


class MessageToSend(MessageChoice):
    """The message to send: the template's words, or edited ones in their place.

    An edited text alone gets an HTML that says the same; an edited HTML needs its text beside it,
    for parents whose mail shows no HTML. Only the marks of a letter are left in the HTML.
    """

    subject: Subject | None = None
    text: Text | None = None
    html: Html | None = None

    @model_validator(mode="after")
    def _says_the_same_twice(self) -> Self:
        if self.html is not None and self.text is None:
            raise ValueError("send the edited `text` beside the edited `html`")
        return self


class MessageResolution(_Strict):
    """What a person found out about a message of which nobody knew what became of it."""

    outcome: Literal["received", "not_received"]


class MessagePreviewView(BaseModel):
    """The filled-in template. ``to`` is null where the order has no address to write to.

    ``warnings`` are the codes of what sending it would be refused with.
    """

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    template: Template
    refund_id: str
    sender: str = Field(alias="from")
    to: str | None
    subject: str
    text: str
    html: str
    warnings: list[str]
