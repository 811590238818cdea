"""Verify a studio's ledger: that no entry is missing, changed, moved or added.

``python -m infra.operate.verify_ledger`` checks the local stack; with ``--orders-table`` and
``--ledger-table`` any other, with the AWS credentials of the environment. A chain that was forged
from end to end is sound by itself: with ``--anchor-bucket`` and ``--anchor-key`` the ledger is held
against its anchors too.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import boto3
import typer
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key
from rich.console import Console
from rich.table import Table

from infra.local.stack import Stack
from infra.operate.failure import Failure
from shared.domain.anchor import Anchor, superseded, verify_anchors
from shared.domain.ledger import ChainFault, LedgerHead, verify_chain
from shared.gateways.anchors import Anchors, StoredVersion
from shared.gateways.ledger_entries import read_contents
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.records.keys import entry_sk, studio_id_of

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


# Entries may come in between the reading of the head and of the entries.
_TRIES = 5


@dataclass(frozen=True)
class AnchorSource:
    """Where anchors are, and the key that must have signed them."""

    anchors: Anchors
    public_key: EllipticCurvePublicKey

    def of_studio(self, studio_id: str) -> list[Anchor]:
        """Return a studio's anchors in order of time.

        Raises:
            ValueError: One was forged, written over, or hidden behind a deletion.
        """
        versions = list(self.anchors.versions(studio_id))
        times = Counter(version.key for version in versions)
        for version in versions:
            if version.is_delete_marker or times[version.key] > 1:
                raise ValueError(f"anchor {version.key} was deleted or written over")
        return sorted(map(self._signed, versions), key=lambda anchor: anchor.anchored_at)

    def _signed(self, version: StoredVersion) -> Anchor:
        try:
            signed = self.anchors.read(version)
            message = signed.anchor.signed_bytes()
            self.public_key.verify(signed.signature, message, ECDSA(SHA256()))
        except (ValueError, InvalidSignature) as fault:
            why = str(fault) or "it is not signed with the key"
            raise ValueError(f"anchor {version.key}: {why}") from fault
        return signed.anchor


@dataclass(frozen=True)
class Verdict:
    """What verifying a studio's ledger came to; ``head`` is None where it has none.

    ``entries`` is how many fit, ``problem`` the first thing that does not. ``notes`` tell what is
    as recorded, and to be known: restores.
    """

    studio_id: str
    entries: int
    head: LedgerHead | None
    problem: str | None
    anchors: Sequence[Anchor] = ()

    @property
    def notes(self) -> Iterator[str]:
        """Yield what is to be known of a ledger that is sound."""
        for anchor in self.anchors:
            if anchor.restored_because is not None:
                yield (
                    f"{self.studio_id}: restored to entry {anchor.restored_to_seq}, recorded "
                    f"{anchor.anchored_at}: {anchor.restored_because}"
                )
        if void := superseded(self.anchors):
            yield f"{self.studio_id}: {len(void)} anchors of before are superseded by that"


def studios_of(dynamodb: Any, ledger_table: str) -> list[str]:  # noqa: ANN401  # a boto3 client
    """Return the studios that have a first entry, by a scan of the ledger."""
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=ledger_table,
        FilterExpression="SK = :first",
        ExpressionAttributeValues={":first": {"S": entry_sk(1)}},
        ProjectionExpression="PK",
    )
    found = (item["PK"]["S"] for page in pages for item in page["Items"])
    return sorted(studio_id_of(pk) for pk in found)


def verify_studio(
    dynamodb: Any,  # noqa: ANN401  # a boto3 client
    orders_table: str,
    ledger_table: str,
    studio_id: str,
    source: AnchorSource | None = None,
) -> Verdict:
    """Check one studio's chain, again if it grew meanwhile, and that it keeps to its anchors.

    Raises:
        LookupError: The studio has neither ledger nor anchors, or never stood still.
    """
    ledger = LedgerStore(dynamodb, orders_table, ledger_table)
    anchors: list[Anchor] = []
    if source is not None:
        try:
            anchors = source.of_studio(studio_id)
        except ValueError as forged:
            return Verdict(studio_id, 0, ledger.load_head(studio_id), str(forged))
    for _ in range(_TRIES):
        head = ledger.load_head(studio_id)
        if head is None:
            if anchors:
                return Verdict(studio_id, 0, None, "it has anchors, and no ledger", anchors)
            raise LookupError(f"there is no studio {studio_id}")
        hashes: dict[int, str] = {}
        entries = _noting(read_contents(dynamodb, ledger_table, studio_id), anchors, hashes)
        fitting, fault = verify_chain(entries, head)
        if fault is None or ledger.load_head(studio_id) == head:
            problem = _problem(fault, head, anchors, hashes)
            return Verdict(studio_id, fitting, head, problem, anchors)
    raise LookupError(f"the ledger of {studio_id} kept growing; try again")


def _noting(
    entries: Iterator[dict[str, str | int]], anchors: Sequence[Anchor], hashes: dict[int, str]
) -> Iterator[dict[str, str | int]]:
    """Yield the entries, and note the hashes of those that are anchored."""
    anchored = {anchor.head.seq for anchor in anchors}
    for entry in entries:
        if entry.get("seq") in anchored:
            hashes[int(entry["seq"])] = str(entry.get("hash"))
        yield entry


def _problem(
    fault: ChainFault | None,
    head: LedgerHead,
    anchors: Sequence[Anchor],
    hashes: Mapping[int, str],
) -> str | None:
    if fault is not None:
        return f"entry {fault.seq}: {fault.problem}"
    broken = verify_anchors(anchors, head.seq, hashes)
    return f"anchor of {broken.anchored_at}: {broken.problem}" if broken else None


@app.command()
def main(  # one for each option
    studio: Annotated[
        list[str] | None, typer.Option(help="A studio's id; several times for several.")
    ] = None,
    orders_table: Annotated[str | None, typer.Option(help="OrdersTable's name.")] = None,
    ledger_table: Annotated[str | None, typer.Option(help="LedgerTable's name.")] = None,
    anchor_bucket: Annotated[str | None, typer.Option(help="AnchorBucket's name.")] = None,
    anchor_key: Annotated[
        str | None,
        typer.Option(help="AnchorKey's ARN, or a PEM file of its public half kept elsewhere."),
    ] = None,
) -> None:
    """Verify the ledgers of one, several or all studios; exits 1 if one does not fit."""
    if orders_table is None and ledger_table is None and anchor_bucket is None:
        dynamodb, tables, source = _local_stack(anchor_key)
    elif orders_table is None or ledger_table is None or bool(anchor_bucket) != bool(anchor_key):
        _fail("name both tables, or neither for the local stack; and both of the anchors, or none")
    else:
        dynamodb, tables = boto3.client("dynamodb"), (orders_table, ledger_table)
        source = None
        if anchor_bucket and anchor_key:
            kms, s3 = boto3.client("kms"), boto3.client("s3")
            source = _source(kms, s3, anchor_bucket, anchor_key)
    studios = set(studio or studios_of(dynamodb, tables[1]))
    if source is not None and not studio:
        studios |= set(source.anchors.studios())
    try:
        verdicts = [verify_studio(dynamodb, *tables, each, source) for each in sorted(studios)]
    except LookupError as error:
        _fail(str(error))
    _show(verdicts)
    raise typer.Exit(1 if any(verdict.problem for verdict in verdicts) else 0)


def _show(verdicts: Sequence[Verdict]) -> None:
    table = Table("studio", "entries", "payable", "direct", "currency", "anchored to", "verdict")
    for each in verdicts:
        head = each.head
        table.add_row(
            each.studio_id,
            str(each.entries),
            str(head.payable_balance_amount) if head else "-",
            str(head.direct_balance_amount) if head else "-",
            head.currency if head else "-",
            str(each.anchors[-1].head.seq) if each.anchors else "-",
            "not sound" if each.problem else "sound",
        )
    Console().print(table)
    # Lines of their own, whole however narrow the terminal is.
    for each in verdicts:
        for note in each.notes:
            print(note)  # noqa: T201
        if each.problem:
            print(f"{each.studio_id}: {each.problem}")  # noqa: T201


def _source(kms: "KMSClient", s3: "S3Client", bucket: str, key: str) -> AnchorSource:
    if key.startswith("arn:"):
        public_key = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    else:
        public_key = load_pem_public_key(Path(key).read_bytes())
    if not isinstance(public_key, EllipticCurvePublicKey):
        _fail(f"{key} is no elliptic curve key")
    return AnchorSource(Anchors(s3, bucket), public_key)


def _local_stack(anchor_key: str | None) -> tuple[Any, tuple[str, str], AnchorSource]:
    try:
        stack = Stack.running()
    except Failure as failure:
        _fail(str(failure))
    aws, key = stack.aws, anchor_key or stack.anchors["key"]
    source = _source(aws.kms, aws.s3, stack.anchors["bucket"], key)
    return aws.dynamodb, (stack.tables["orders"], stack.tables["ledger"]), source


def _fail(reason: str) -> NoReturn:
    print(f"verify-ledger: {reason}", file=sys.stderr)  # noqa: T201  # a command's error line
    raise typer.Exit(1)


if __name__ == "__main__":
    app()
