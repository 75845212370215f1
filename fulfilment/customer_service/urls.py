"""Every address of customer service's staff pages, included under ``/dashboard/service/``."""

from .cases.dashboard import urlpatterns as cases
from .figures.dashboard import urlpatterns as figures
from .remedies.dashboard import urlpatterns as remedies
from .returns.dashboard import urlpatterns as returns
from .withdrawals.dashboard import urlpatterns as withdrawals

app_name = "service"
urlpatterns = [*withdrawals, *cases, *returns, *figures, *remedies]
