"""Local accounts, as the command line and tests know them: people and what opens the archive to them."""

from services.kernel.identity.credentials import digest, issue_token, principal_of, sign_out
from services.kernel.identity.people import add_person
from services.kernel.identity.signing_in import sign_in

__all__ = ["add_person", "digest", "issue_token", "principal_of", "sign_in", "sign_out"]
