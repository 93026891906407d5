"""How driver and slot show each other that they know the study's key, without sending it: HMAC with SHA-256.

`multiprocessing.connection` has such a handshake too. Up to Python 3.11 it is made of MD5, which some machines forbid,
and later ones still take the old answer; this one is the same in every Python, and each side has words of its own.
"""

from __future__ import annotations

import hmac
import secrets
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection

NONCE_BYTES, PROOF_BYTES = 32, 32


def admit(connection: Connection, key: bytes) -> None:
    """The driver's side: asks for a proof, checks it, and proves itself.

    Raises:
      AuthenticationError: the other side does not know the key.
      EOFError, OSError: it is gone, too slow, or says more than fits.
    """
    asked = secrets.token_bytes(NONCE_BYTES)
    connection.send_bytes(asked)
    answer = connection.recv_bytes(NONCE_BYTES + PROOF_BYTES)
    theirs, proof = answer[:NONCE_BYTES], answer[NONCE_BYTES:]
    check_proof(proof, proof_of(key, b"slot", asked, theirs))
    connection.send_bytes(proof_of(key, b"driver", asked, theirs))


def introduce(connection: Connection, key: bytes) -> None:
    """The slot's side: proves itself, and checks the driver's proof.

    Raises:
      AuthenticationError: the other side does not know the key.
      EOFError, OSError: it has turned this slot away, or is no driver.
    """
    asked = connection.recv_bytes(NONCE_BYTES)
    ours = secrets.token_bytes(NONCE_BYTES)
    connection.send_bytes(ours + proof_of(key, b"slot", asked, ours))
    check_proof(connection.recv_bytes(PROOF_BYTES), proof_of(key, b"driver", asked, ours))


def proof_of(key: bytes, side: bytes, asked: bytes, ours: bytes) -> bytes:
    """What only one who knows the key can say, once."""
    return hmac.digest(key, b"rliable " + side + asked + ours, "sha256")


def check_proof(proof: bytes, expected: bytes) -> None:
    """Raises an AuthenticationError unless a proof is the one that is expected."""
    if not hmac.compare_digest(proof, expected):
        raise AuthenticationError("the other side does not know the study's key")
