# The README's commands. Each does its own set-up.
DATA ?= data
UV = uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --extra build \
     --override requirements/overrides.txt --custom-compile-command "make lock" --quiet

.PHONY: demo test test-cluster servers check up bench bench-engines audit lock clean
.DEFAULT_GOAL := demo

demo:
	@deploy/dev/setup.sh run
	@.venv/bin/python -m samples.demo

test:
	@deploy/dev/setup.sh dev
	@deploy/dev/test.sh $(ARGS)

test-cluster:
	@deploy/dev/setup.sh cluster
	.venv/bin/python -m deploy.dev.servers run -- deploy/dev/test.sh cluster $(ARGS)

servers:
	@deploy/dev/setup.sh cluster
	.venv/bin/python -m deploy.dev.servers up

check:
	@deploy/dev/setup.sh dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

up:
	@deploy/dev/setup.sh run
	.venv/bin/muniment up --data $(DATA)

bench:
	@deploy/dev/setup.sh dev
	.venv/bin/python -m pytest -m bench tests/bench -s $(ARGS)

bench-engines:
	@deploy/dev/setup.sh cluster
	MUNIMENT_TEST_HEAP=2g .venv/bin/python -m deploy.dev.servers run -- .venv/bin/python -m tests.bench.engines --write docs/benchmarks-search.md $(ARGS)

# Asks a public database for known flaws of what is pinned, and tells it no more than that. AUDIT_OPTIONS chooses another.
audit:
	python3 -m venv .audit
	.audit/bin/python -m pip install --quiet pip-audit==2.10.1
	.audit/bin/pip-audit --requirement requirements/run.txt --require-hashes --disable-pip $(AUDIT_OPTIONS)

lock:
	$(UV) -o requirements/run.txt
	$(UV) --extra dev -c requirements/run.txt -o requirements/dev.txt

clean:
	rm -rf .venv .audit .cluster demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
