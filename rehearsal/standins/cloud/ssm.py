"""Parameter Store as AWS has it: of two writes without overwrite one wins, and values have a limit."""

from typing import Any

from moto.ssm.exceptions import ValidationException
from moto.ssm.responses import SimpleSystemManagerResponse as Response
from serialised import serialised

#: Characters of a parameter of the standard tier.
STANDARD_LIMIT = 4096

_put = Response.put_parameter


def put_parameter(self: Response) -> Any:
    standard = (self._get_param("Tier") or "Standard") == "Standard"
    if standard and len(self._get_param("Value") or "") > STANDARD_LIMIT:
        limit = f"a maximum parameter value of {STANDARD_LIMIT} characters"
        raise ValidationException(
            f"Standard tier parameters support {limit}. Use the advanced-parameter tier."
        )
    return _put(self)


def extend() -> None:
    """Puts it into moto; call once, before the server starts."""
    Response.put_parameter = put_parameter
    Response.call_action = serialised(Response.call_action)
