# The first stage installs and compiles, the second carries only what runs.
FROM python:3.11-slim AS build
WORKDIR /app
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY requirements-uv.lock requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-uv.lock \
    && uv pip install --no-cache --compile-bytecode --require-hashes -r requirements.lock \
    && uv pip uninstall uv
COPY manage.py ./
COPY vqflow vqflow
COPY scheduling scheduling
COPY reporting reporting
COPY templates templates
COPY static static
RUN python -m vqflow.catalogues compile
# Collecting needs settings that load, not servers that answer.
RUN SECRET_KEY=unused DATABASE_URL=postgresql://127.0.0.1:9/unused REDIS_URL=redis://127.0.0.1:9 \
    EMAIL_URL=smtp://127.0.0.1:9 python manage.py collectstatic --no-input

FROM python:3.11-slim
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin vqflow \
    && install --directory --mode=0700 --owner=vqflow --group=vqflow /var/lib/vqflow /var/lib/vqflow/downtime
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 VQFLOW_VAR=/var/lib/vqflow
USER vqflow
EXPOSE 8000
CMD ["python", "manage.py", "check", "--deploy"]
