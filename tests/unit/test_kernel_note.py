"""Checkpoints as C2SP signed notes: what is signed, who is believed, and what is refused."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kernel.ledger.merkle import tree_of
from services.kernel.ledger.note import Checkpoint, Signer, key_id, verify

ORIGIN = "muniment.example/ledger"
SIGNER = Signer(ORIGIN, bytes(range(32)))
OTHER = Signer("witness.example/w1", bytes(range(1, 33)))
TREE = tree_of([b"one", b"two", b"three"])
NOTE = SIGNER.sign(TREE)
DASH = "\u2014"


def signature_line(signer: Signer, text: str, *, name: str | None = None, seed: bytes = b"") -> str:
    private = Ed25519PrivateKey.from_private_bytes(seed) if seed else signer._private
    payload = key_id(signer.origin, signer.public) + private.sign(text.encode())
    return f"{DASH} {name or signer.origin} {base64.b64encode(payload).decode()}\n"


def signed(text: str, *signers: Signer) -> str:
    return text + "\n" + "".join(signature_line(signer, text) for signer in signers or (SIGNER,))


def test_what_is_signed_is_what_is_read():
    assert verify(NOTE, SIGNER.verifier_key) == Checkpoint(ORIGIN, 3, TREE.root)


def test_the_form_is_that_of_the_specification():
    text, signature = NOTE.split("\n\n")
    assert text.split("\n") == [ORIGIN, "3", base64.b64encode(TREE.root).decode()]
    dash, name, encoded = signature.removesuffix("\n").split(" ")
    payload = base64.b64decode(encoded)
    assert (dash, name) == (DASH, ORIGIN)
    assert payload[:4] == hashlib.sha256(ORIGIN.encode() + b"\n\x01" + SIGNER.public).digest()[:4]
    assert len(payload) == 4 + 64
    Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key().verify(payload[4:], (text + "\n").encode())


def test_the_verifier_key_has_the_form_of_the_go_tools():
    name, identity, material = SIGNER.verifier_key.split("+", 2)
    assert name == ORIGIN
    assert len(identity) == 8 and identity == identity.lower()
    assert base64.b64decode(material) == b"\x01" + SIGNER.public


def test_the_example_key_of_the_go_reference_is_understood():
    """The key of the sumdb note package's documentation, whose id the formula must give."""
    name, identity, material = "PeterNeumann", "c74f20a3", "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert key_id(name, base64.b64decode(material)[1:]).hex() == identity


def test_another_key_of_the_same_name_has_not_signed():
    with pytest.raises(ValueError, match="has not signed"):
        verify(NOTE, Signer(ORIGIN, bytes(32)).verifier_key)


def test_another_name_with_the_same_key_has_not_signed():
    with pytest.raises(ValueError, match="has not signed"):
        verify(NOTE, Signer("someone.else/ledger", bytes(range(32))).verifier_key)


@given(st.data())
@settings(max_examples=300)
def test_no_changed_character_goes_unnoticed(data):
    place = data.draw(st.integers(0, len(NOTE) - 1))
    changed = data.draw(st.characters(exclude_categories=("Cs",)).filter(lambda each: each != NOTE[place]))
    tampered = NOTE[:place] + changed + NOTE[place + 1 :]
    try:
        read = verify(tampered, SIGNER.verifier_key)
    except ValueError:
        return
    assert read == Checkpoint(ORIGIN, 3, TREE.root), "only the encoding of a signature may vary"


def test_a_known_key_that_fails_rejects_even_beside_a_good_one():
    text = NOTE.split("\n\n")[0] + "\n"
    with pytest.raises(ValueError, match="does not belong"):
        verify(NOTE + signature_line(SIGNER, text, seed=bytes(32)), SIGNER.verifier_key)


@pytest.mark.parametrize("first", [True, False])
def test_unknown_keys_are_ignored(first):
    text = NOTE.split("\n\n")[0] + "\n"
    order = (OTHER, SIGNER) if first else (SIGNER, OTHER)
    note = signed(text, *order)
    assert verify(note, SIGNER.verifier_key).size == 3
    assert verify(note, OTHER.verifier_key).origin == ORIGIN


def test_extension_lines_are_allowed():
    text = NOTE.split("\n\n")[0] + "\nextension 1\n"
    assert verify(signed(text), SIGNER.verifier_key).size == 3


def test_the_text_ends_at_the_last_empty_line():
    text = NOTE.split("\n\n")[0] + "\n\nmore, that was signed too\n"
    with pytest.raises(ValueError):
        verify(NOTE.replace("\n\n", "\n\nsmuggled\n\n"), SIGNER.verifier_key)
    assert verify(signed(text), SIGNER.verifier_key).size == 3


ROOT = base64.b64encode(TREE.root).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n3\n",
        f"\n3\n{ROOT}\n",
        f"{ORIGIN}\n03\n{ROOT}\n",
        f"{ORIGIN}\n-3\n{ROOT}\n",
        f"{ORIGIN}\n+3\n{ROOT}\n",
        f"{ORIGIN}\n３\n{ROOT}\n",
        f"{ORIGIN}\n \n{ROOT}\n",
        f"{ORIGIN}\n3\n{ROOT[:-4]}\n",
        f"{ORIGIN}\n3\nnot base64\n",
        f"{ORIGIN}\n{'9' * 5000}\n{ROOT}\n",
        f"{ORIGIN}\n3\n{ROOT}\nbell \x07\n",
        f"{ORIGIN}\n3\r\n{ROOT}\n",
    ],
)
def test_a_malformed_checkpoint_is_refused_though_signed(text):
    with pytest.raises(ValueError):
        verify(signed(text), SIGNER.verifier_key)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "\n\n",
        ORIGIN,
        NOTE.split("\n\n")[0] + "\n",
        NOTE.split("\n\n")[0] + "\n\n",
        NOTE.replace(DASH, "-"),
        NOTE.removesuffix("\n"),
        NOTE + "not a signature\n",
        NOTE + f"{DASH} name\n",
        NOTE + f"{DASH} name !!!!\n",
        NOTE + f"{DASH}  {base64.b64encode(bytes(68)).decode()}\n",
        NOTE.replace(base64.b64encode(key_id(ORIGIN, SIGNER.public)).decode()[:4], "AAAA"),
    ],
)
def test_a_malformed_note_is_refused(note):
    with pytest.raises(ValueError):
        verify(note, SIGNER.verifier_key)


@pytest.mark.parametrize(
    "key",
    [
        "",
        ORIGIN,
        f"{ORIGIN}+00000000",
        f"{ORIGIN}+00000000+{base64.b64encode(bytes(33)).decode()}",
        f"{ORIGIN}+00000000+not base64",
        SIGNER.verifier_key[:-8],
        SIGNER.verifier_key.replace(ORIGIN, "x"),
    ],
)
def test_a_malformed_key_is_refused(key):
    with pytest.raises(ValueError, match="public key"):
        verify(NOTE, key)


@given(st.text(), st.text())
def test_nonsense_raises_nothing_else(note, key):
    for pair in ((note, SIGNER.verifier_key), (NOTE, key), (note, key)):
        with pytest.raises(ValueError):
            verify(*pair)
