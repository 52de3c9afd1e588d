# One image for web, worker, beat and the one-shot set-up.
FROM node:22.21.1-bookworm-slim AS assets
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev
COPY config/assets.py config/
RUN apt-get update && apt-get install --no-install-recommends -y python3 && rm -rf /var/lib/apt/lists/* \
    && python3 config/assets.py

FROM python:3.13.9-slim-bookworm AS packages
COPY requirements.txt requirements-installer.txt /
RUN pip install --no-cache-dir --require-hashes -r requirements-installer.txt \
    && uv venv /venv \
    && VIRTUAL_ENV=/venv uv pip install --no-cache --compile-bytecode --require-hashes -r requirements.txt

FROM python:3.13.9-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /app yearline \
    && install -d -o yearline -g yearline /app /app/var /app/var/media /app/var/beat
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 EMBEDDED=0
COPY --from=packages /venv /venv
COPY --chown=yearline:yearline . .
COPY --from=assets --chown=yearline:yearline /app/static/vendor static/vendor
USER yearline
# The names are needed to import the settings; nothing is connected to, and nothing of them stays in the image.
RUN SECRET_KEY=build DATABASE_URL=postgres://build REDIS_URL=redis://build python manage.py set_up --files
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
    CMD ["python", "config/probe.py", "http://127.0.0.1:8000/healthz"]
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "4", \
     "--preload", "--timeout", "60", "--graceful-timeout", "8", "--access-logfile", "-", "--no-control-socket", \
     "--worker-tmp-dir", "/dev/shm"]
