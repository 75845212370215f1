"""Every address of the finance room's staff pages, included under ``/dashboard/finance/``."""

from importlib import import_module
from importlib.util import find_spec

from .bank.dashboard import urlpatterns as bank
from .dashboard import urlpatterns as start
from .exports.dashboard import urlpatterns as exports
from .invoicing.dashboard import urlpatterns as invoicing
from .ledger.dashboard import urlpatterns as ledger
from .psp.dashboard import urlpatterns as psp
from .reconciliation.dashboard import urlpatterns as reconciliation
from .reports.dashboard import urlpatterns as reports
from .sepa.dashboard import urlpatterns as sepa

app_name = "finance"
urlpatterns = [*start, *ledger, *invoicing, *bank, *psp, *reconciliation, *sepa, *reports, *exports]
if find_spec("fulfilment.finance.dunning.dashboard"):
    urlpatterns += import_module("fulfilment.finance.dunning.dashboard").urlpatterns
