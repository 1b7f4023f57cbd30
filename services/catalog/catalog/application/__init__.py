"""What others can ask of the catalog, and what the catalog asks of the world."""

from catalog.application.caching import CachedStore, Record
from catalog.application.levels import LevelDownError, LocalLevel, SharedLevel
from catalog.application.ports import Change, ProductStore, StoreDownError, UnknownProductError
from catalog.application.usecases import Catalog, Page

__all__ = [
    "CachedStore",
    "Catalog",
    "Change",
    "LevelDownError",
    "LocalLevel",
    "Page",
    "ProductStore",
    "Record",
    "SharedLevel",
    "StoreDownError",
    "UnknownProductError",
]
