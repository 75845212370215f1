"""Search. Nothing set: tantivy, an index in a folder, written by one process at a time. SEARCH_URL: Elasticsearch."""

from .env import DATA_DIR, env

SEARCH_URL = env.str("SEARCH_URL", default="")
SEARCH_DIR = DATA_DIR / "search"
#: Prefix of the names of indexes and of the alias on the server, so that several shops can share one.
SEARCH_PREFIX = env.str("SEARCH_PREFIX", default="kontor")
#: A page waits for the search server no longer than this, whatever it asks and however slowly the answers come; then
#: the database answers.
SEARCH_TIME_LIMIT_S = env.float("SEARCH_TIME_LIMIT_S", default=1.5)
#: So long the database answers for a server that did not, before it is asked again.
SEARCH_REST_S = env.float("SEARCH_REST_S", default=10.0)
