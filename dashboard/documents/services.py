"""What other rooms, and the views, ask of the documents."""

from dashboard.documents.embedding import (
    Hit,
    Pair,
    Standing,
    embed,
    holds,
    pin,
    put,
    remove,
    search_vectors,
    stage_embed,
    stage_remove,
    take_out,
)
from dashboard.documents.erasing import Doomed, erase, erase_one, stage_erase
from dashboard.documents.folders import CHANGED as FOLDER_CHANGED
from dashboard.documents.folders import Contents as FolderContents
from dashboard.documents.folders import Moved, move, stage_move
from dashboard.documents.folders import contents as folder_contents
from dashboard.documents.folders import make as folder_make
from dashboard.documents.folders import remove as folder_remove
from dashboard.documents.folders import rename as folder_rename
from dashboard.documents.library import (
    Detail,
    DocumentRow,
    Facets,
    FolderRow,
    InWorkspace,
    Place,
    State,
    everything,
    facets,
    find,
    folders,
    in_workspace,
    rows,
)
from dashboard.documents.versions import Older, older

__all__ = [
    "FOLDER_CHANGED",
    "Detail",
    "DocumentRow",
    "Doomed",
    "Facets",
    "FolderContents",
    "FolderRow",
    "Hit",
    "InWorkspace",
    "Moved",
    "Older",
    "Pair",
    "Place",
    "Standing",
    "State",
    "embed",
    "erase",
    "erase_one",
    "everything",
    "facets",
    "find",
    "folder_contents",
    "folder_make",
    "folder_remove",
    "folder_rename",
    "folders",
    "holds",
    "in_workspace",
    "move",
    "older",
    "pin",
    "put",
    "remove",
    "rows",
    "search_vectors",
    "stage_embed",
    "stage_erase",
    "stage_move",
    "stage_remove",
    "take_out",
]
