"""The contract of every model, under the name that users' models import."""

from rliable.model import CONTRACT, BaseModel

__all__ = ["CONTRACT", "BaseModel"]
