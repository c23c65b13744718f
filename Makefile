.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin

STAGE ?= prod
.PHONY: help setup setup-run run test coverage lint audit format messages bench soak screenshots lock clean clean-data package deploy deploy-venv update undeploy test-deploy test-schema

# These may have been exported for another project, and each could make Python or Django load other code.
unexport DJANGO_SETTINGS_MODULE PYTHONHOME PYTHONINSPECT PYTHONPATH PYTHONSAFEPATH PYTHONSTARTUP PYTHONWARNINGS
# Tests, deploys and set-ups start many processes, and each would compile the project.
unexport PYTHONDONTWRITEBYTECODE

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Stops with a message if $(PYTHON) is too old.
NEW_ENOUGH = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }

# Uses the Python with which the environment was created, because $(PYTHON) may be a different or older version. The
# environment's own Python is not used, because a set-up that runs at the same time may remove it, or may have removed its
# configuration, without which it is no environment.
BASE_PYTHON = import sys; sys.prefix == sys.base_prefix and sys.exit(1); print(sys._base_executable)
SET_UP = python=$$($(BIN)/python -c '$(BASE_PYTHON)' 2>/dev/null) || { python=$(PYTHON); $(NEW_ENOUGH); }; \
	$$python -m local.setup .venv

setup: ## Create .venv, or recreate it if it is broken, moved or out of date
	@$(SET_UP) requirements.txt requirements-dev.txt

setup-run: ## The same with only the packages that `make run` needs
	@$(SET_UP) requirements.txt

run: setup-run ## Serve on PORT (8000) with demo data; Ctrl-C stops everything
	@exec $(BIN)/python -m local --port $(PORT)

T ?=
# tests/conftest.py defines how many. The tests in T run in one process, because they start faster that way.
WORKERS ?= $(if $(T),0,auto)
test: setup ## Run all tests in parallel, or those in T: make test T=tests/unit
	$(BIN)/python -m pytest -n $(WORKERS) $(T)

# Not the browser tests, which add time and no lines.
coverage: setup ## List the lines and branches that no test runs, and fail below the minimum in pyproject.toml
	$(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report=term-missing:skip-covered --ignore tests/browser

DJADE = find templates -name '*.html' -exec $(BIN)/djade --target-version 5.2
lint: setup ## Check style, types, import rules and missing migrations
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(DJADE) --check {} +
	DEBUG=true $(BIN)/python -m mypy
	$(BIN)/python -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	DEBUG=true $(BIN)/python manage.py makemigrations --check --dry-run

# --strict: a package that the service does not find fails the check instead of being skipped.
audit: setup ## Compare the pinned packages with known vulnerabilities (needs the network)
	@$(BIN)/python -m pip_audit --strict --require-hashes --disable-pip -r requirements.txt -r requirements-dev.txt \
		-r requirements-peers.txt || { \
		echo "Not passed. Upgrade the packages listed above. If none is listed, the vulnerability service (pypi.org)" \
			"did not respond or has no data about a package: check the network and try again." >&2; exit 1; }

format: setup ## Format the code and fix what can be fixed automatically
	$(BIN)/python -m ruff check --fix
	$(BIN)/python -m ruff format
	$(DJADE) {} + || $(DJADE) --check {} + # the exit code is 1 after a change too

messages: setup ## Update locale/ with the texts of the code, and compile the translations
	$(BIN)/python -m local.messages

BENCH ?=
bench: setup deploy-venv ## Compare with bare handlers and other frameworks; fails if a number misses its limit
	@$(PYTHON) -m local.setup .local/bench/venv requirements-peers.txt
	$(BIN)/python -m benchmarks $(BENCH)

soak: setup ## Use the site for long with faults and kills, then check every promise
	$(BIN)/python -m soak

KIND ?= GET
profile: setup ## Show where the CPU time of requests goes; KIND is GET, POST, PUT, DELETE or list
	@$(BIN)/python -m benchmarks.profile $(KIND)

screenshots: setup ## Take the screenshots in docs/images/ again
	$(BIN)/python -m pytest -q tests/browser/screenshots.py

COMPILE = $(BIN)/python -m uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
lock: setup ## Pin the packages of pyproject.toml again, with their hashes
	$(COMPILE) pyproject.toml -o requirements.txt
	$(COMPILE) --group pyproject.toml:dev -c requirements.txt -o requirements-dev.txt
	$(COMPILE) --group pyproject.toml:peers -c requirements.txt -o requirements-peers.txt

clean: ## Remove all generated files, but not orders, users and keys
	rm -rf .venv .local/engine .local/tools .local/deploy .local/bench .local/soak .local/microburst-* staticfiles ordersite-*.zip

clean-data: ## Remove the orders of `make run`, and its users and keys in db.sqlite3
	@$(NEW_ENOUGH)
	@$(PYTHON) -m local.clean_data

# Zappa packs this whole virtual environment.
DEPLOY := .local/deploy/venv/bin
deploy-venv: ## Create .local/deploy/venv with only the runtime packages
	@$(NEW_ENOUGH)
	@$(PYTHON) -m local.setup .local/deploy/venv requirements.txt

package: deploy-venv ## Create the zip for Lambda and show its contents
	@$(DEPLOY)/python -m deploy package $(STAGE)

deploy: deploy-venv ## Check, deploy STAGE (prod) to AWS, migrate and test its public URL
	@$(DEPLOY)/python -m deploy deploy $(STAGE)

update: deploy-venv ## The same for a STAGE that is already deployed
	@$(DEPLOY)/python -m deploy update $(STAGE)

undeploy: deploy-venv ## Remove STAGE after a confirmation, but not its table, orders and logs
	@$(DEPLOY)/python -m deploy undeploy $(STAGE)

test-deploy: setup ## Deploy to an emulated AWS on this machine and test it
	$(BIN)/python -m pytest tests/deploy

CASES ?= 5000
test-schema: setup ## Send CASES (5000) requests generated from /schema to the API with production settings
	CASES=$(CASES) $(BIN)/python -m pytest -s tests/schema
