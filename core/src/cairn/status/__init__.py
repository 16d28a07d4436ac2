# SPDX-License-Identifier: Apache-2.0
"""How issuers withdraw what they have signed: three kinds of lists, with nothing shared between them (N18).

bitstring         BitstringStatusList of the W3C and its predecessor StatusList2021; ours are of this kind
token_list        Token Status List of the IETF, for SD-JWT VCs
revocation_list   1EdTechRevocationList, read only
"""

from cairn.status.bitstring import (
    BITSTRING,
    MESSAGE,
    MINIMUM_LENGTH,
    REFRESH,
    REVOCATION,
    STATUS_LIST_2021,
    SUSPENSION,
    StatusEntry,
    StatusList,
    has_suspension_twin,
    read_index,
    read_status_list,
    status_list_document,
    subject_id,
    suspension_url,
)
from cairn.status.revocation_list import RevocationList, is_revocation_list, read_revocation_list
from cairn.status.token_list import TokenStatus, TokenStatusList

__all__ = [
    "BITSTRING",
    "MESSAGE",
    "MINIMUM_LENGTH",
    "REFRESH",
    "REVOCATION",
    "STATUS_LIST_2021",
    "SUSPENSION",
    "RevocationList",
    "StatusEntry",
    "StatusList",
    "TokenStatus",
    "TokenStatusList",
    "has_suspension_twin",
    "is_revocation_list",
    "read_index",
    "read_revocation_list",
    "read_status_list",
    "status_list_document",
    "subject_id",
    "suspension_url",
]
