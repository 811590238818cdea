"""The bucket of anchors, and the key that signs them.

An anchor is a small JSON object, ``{"statement": {…}, "signature": "…", "key_id": "…"}``:

    {studio_id}/2026-11-25.json                              the anchor of a day (UTC)
    {studio_id}/2026-11-25T09:30:00.000Z.restored.json       the anchor of a restore

The bucket locks every version that is written. A key is never written twice: each put has a
condition for that, and the bucket's policy refuses a put without it.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from shared.domain.anchor import Anchor, SignedAnchor, anchor_from

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client


class AnchorKey:
    """The KMS key that signs anchors. Its private half never leaves KMS.

    Args:
        kms: A client.
        key_id: The key's ARN.
    """

    def __init__(self, kms: "KMSClient", key_id: str) -> None:
        self._kms = kms
        self._key_id = key_id

    def sign(self, anchor: Anchor) -> SignedAnchor:
        """Return the anchor with its signature."""
        answer = self._kms.sign(
            KeyId=self._key_id,
            Message=anchor.signed_bytes(),
            MessageType="RAW",
            SigningAlgorithm="ECDSA_SHA_256",
        )
        return SignedAnchor(anchor, answer["Signature"], answer["KeyId"])


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One listed version of an object in the bucket. ``version_id`` is S3's."""

    key: str
    version_id: str
    is_delete_marker: bool


class Anchors:
    """The bucket of anchors.

    Args:
        s3: A client.
        bucket: The bucket's name.
    """

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def newest(self, studio_id: str) -> Anchor | None:
        """Return a studio's newest anchor, or None."""
        return next(self.newest_first(studio_id), None)

    def newest_first(self, studio_id: str) -> Iterator[Anchor]:
        """Yield a studio's anchors, the newest first. Each is read when the caller gets to it."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=_prefix(studio_id)
        )
        found = [each for page in pages for each in page.get("Contents", [])]
        for each in sorted(found, key=lambda it: (it["LastModified"], it["Key"]), reverse=True):
            body = self._s3.get_object(Bucket=self._bucket, Key=each["Key"])["Body"].read()
            yield _from_object(body).anchor

    def write(self, signed: SignedAnchor) -> bool:
        """Write an anchor, which nobody can change afterwards.

        Returns:
            False if the day already has an anchor, and nothing was written.
        """
        try:
            self._s3.put_object(
                Bucket=self._bucket,
                Key=_key(signed.anchor),
                Body=_to_object(signed),
                ContentType="application/json",
                # Object Lock requires a checksum:
                # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
                ChecksumAlgorithm="SHA256",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "PreconditionFailed":
                return False
            raise
        return True

    def studios(self) -> Iterator[str]:
        """Yield the ids of the studios that have anchors."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Delimiter="/"
        )
        for page in pages:
            for each in page.get("CommonPrefixes", []):
                yield each["Prefix"].removesuffix("/")

    def versions(self, studio_id: str) -> Iterator[StoredVersion]:
        """Yield every version under a studio's prefix, deletions included."""
        pages = self._s3.get_paginator("list_object_versions").paginate(
            Bucket=self._bucket, Prefix=_prefix(studio_id)
        )
        for page in pages:
            for version in page.get("Versions", []):
                yield StoredVersion(version["Key"], version["VersionId"], is_delete_marker=False)
            for marker in page.get("DeleteMarkers", []):
                yield StoredVersion(marker["Key"], marker["VersionId"], is_delete_marker=True)

    def read(self, version: StoredVersion) -> SignedAnchor:
        """Return the anchor of one version.

        Raises:
            ValueError: It is not an anchor, or not the anchor that its key names.
        """
        body = self._s3.get_object(
            Bucket=self._bucket, Key=version.key, VersionId=version.version_id
        )["Body"].read()
        signed = _from_object(body)
        if _key(signed.anchor) != version.key:
            raise ValueError("it is not the anchor that its key names")
        return signed


def _prefix(studio_id: str) -> str:
    return f"{studio_id}/"


def _key(anchor: Anchor) -> str:
    day = anchor.anchored_at[: len("2026-11-25")]
    name = day if anchor.restored_to_seq is None else f"{anchor.anchored_at}.restored"
    return f"{_prefix(anchor.head.studio_id)}{name}.json"


def _to_object(signed: SignedAnchor) -> bytes:
    stored = {
        "statement": signed.anchor.statement(),
        "signature": base64.b64encode(signed.signature).decode(),
        "key_id": signed.key_id,
    }
    return json.dumps(stored, indent=2).encode()


def _from_object(body: bytes) -> SignedAnchor:
    """Return the anchor in an object's body.

    Raises:
        ValueError: The body is not an anchor.
    """
    try:
        stored = json.loads(body)
        signature = base64.b64decode(stored["signature"], validate=True)
        return SignedAnchor(anchor_from(stored["statement"]), signature, str(stored["key_id"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("it is not an anchor") from error
