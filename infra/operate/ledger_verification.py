"""Verifies a studio's ledger: no entry is missing, changed, moved or added.

A chain that was forged from end to end is consistent in itself. Only the comparison with the
anchors shows it.
"""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from infra.failure import Failure
from infra.operate.stack import OperatedStack
from infra.operate.workers import in_segments
from shared.domain.anchor import Anchor, superseded, verify_anchors
from shared.domain.ledger import LedgerHead
from shared.domain.ledger_chain import ChainFault, verify_chain
from shared.gateways.anchors import Anchors, StoredVersion
from shared.gateways.ledger_entries import read_contents
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.records.keys import entry_sk, studio_id_of
from shared.gateways.table import Table

# A ledger may grow between the reading of its head and of its entries.
_TRIES = 5


@dataclass(frozen=True)
class AnchorSource:
    """The stored anchors, and the key that must have signed them."""

    anchors: Anchors
    public_key: EllipticCurvePublicKey

    @classmethod
    def of_stack(cls, stack: OperatedStack, key_file: Path | None = None) -> "AnchorSource":
        """Return a stack's anchors.

        Args:
            stack: The stack.
            key_file: A PEM file with the public key, kept elsewhere; None to ask KMS for it.

        Raises:
            Failure: The file has no public key of an elliptic curve.
        """
        if key_file is None:
            key_id = stack.output("AnchorKeyArn")
            public_key = load_der_public_key(
                stack.aws.kms.get_public_key(KeyId=key_id)["PublicKey"]
            )
        else:
            public_key = _key_from(key_file)
        if not isinstance(public_key, EllipticCurvePublicKey):
            raise Failure(f"{key_file or 'AnchorKey'} is not a key of an elliptic curve")
        return cls(Anchors(stack.aws.s3, stack.output("AnchorBucketName")), public_key)

    def of_studio(self, studio_id: str) -> list[Anchor]:
        """Return a studio's anchors in order of time.

        Raises:
            ValueError: An anchor was forged, overwritten, or hidden by a deletion.
        """
        anchors = [self.read(version) for version in self.versions(studio_id)]
        return sorted(anchors, key=lambda anchor: anchor.anchored_at)

    def versions(self, studio_id: str) -> list[StoredVersion]:
        """Return the stored version of each of a studio's anchors.

        Raises:
            ValueError: An anchor was overwritten, or hidden by a deletion.
        """
        versions = list(self.anchors.versions(studio_id))
        times = Counter(version.key for version in versions)
        for version in versions:
            if version.is_delete_marker or times[version.key] > 1:
                raise ValueError(f"anchor {version.key} was deleted or overwritten")
        return versions

    def read(self, version: StoredVersion) -> Anchor:
        """Return an anchor whose signature is valid.

        Raises:
            ValueError: The anchor was forged.
        """
        try:
            signed = self.anchors.read(version)
            message = signed.anchor.signed_bytes()
            self.public_key.verify(signed.signature, message, ECDSA(SHA256()))
        except (ValueError, InvalidSignature) as fault:
            why = str(fault) or "it is not signed with the key"
            raise ValueError(f"anchor {version.key}: {why}") from fault
        return signed.anchor


def _key_from(file: Path) -> PublicKeyTypes:
    try:
        return load_pem_public_key(file.read_bytes())
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}") from error
    except ValueError as error:
        raise Failure(f"{file} is not a public key in PEM format") from error


@dataclass(frozen=True)
class Verdict:
    """The result of verifying one studio's ledger.

    Attributes:
        studio_id: The studio's id.
        entries: How many entries are valid.
        head: The ledger's head; None if it has none.
        problem: The first fault, or None for a sound ledger.
        anchors: The studio's anchors in order of time.
    """

    studio_id: str
    entries: int
    head: LedgerHead | None
    problem: str | None
    anchors: Sequence[Anchor] = ()

    @property
    def notes(self) -> Iterator[str]:
        """Yield the recorded restores of a ledger, in words."""
        for anchor in self.anchors:
            if anchor.restored_because is not None:
                yield (
                    f"{self.studio_id}: restored to entry {anchor.restored_to_seq}, recorded "
                    f"{anchor.anchored_at}: {anchor.restored_because}"
                )
        if void := superseded(self.anchors):
            yield f"{self.studio_id}: that supersedes {len(void)} of the earlier anchors"


def studios_of(dynamodb: Any, ledger_table: str, segments: int = 1) -> list[str]:  # noqa: ANN401  # a boto3 client
    """Return the studios that have a first entry. Scans the ledger, each segment by a worker."""
    table = Table(dynamodb, ledger_table)

    def find(segment: int) -> Generator[Counter[str]]:
        for values in table.scan("SK = :first", {":first": entry_sk(1)}, segment, segments):
            yield Counter([studio_id_of(values["PK"])])

    return sorted(in_segments(segments, find))


def verify_studio(
    dynamodb: Any,  # noqa: ANN401  # a boto3 client
    orders_table: str,
    ledger_table: str,
    studio_id: str,
    source: AnchorSource | None = None,
) -> Verdict:
    """Verify one studio's chain, and compare it with its anchors. Retries while the ledger grows.

    Raises:
        LookupError: The studio has neither ledger nor anchors, or its ledger keeps growing.
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
            raise LookupError(f"There is no studio {studio_id}")
        hashes: dict[int, str] = {}
        entries = _with_noted_hashes(
            read_contents(dynamodb, ledger_table, studio_id), anchors, hashes
        )
        valid, fault = verify_chain(entries, head)
        if fault is None or ledger.load_head(studio_id) == head:
            problem = _problem(fault, head, anchors, hashes)
            return Verdict(studio_id, valid, head, problem, anchors)
    raise LookupError(f"The ledger of {studio_id} keeps growing. Try again.")


def _with_noted_hashes(
    entries: Iterator[dict[str, str | int]], anchors: Sequence[Anchor], hashes: dict[int, str]
) -> Iterator[dict[str, str | int]]:
    """Yield the entries, and note the hashes of the anchored ones."""
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
