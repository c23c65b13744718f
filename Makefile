.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin

STAGE ?= prod
.PHONY: help run test lint format bench screenshots lock clean package deploy deploy-venv update undeploy test-deploy

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The virtual environment, made again when a list of packages changes.
.venv/installed: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up .venv (once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@touch $@

run: .venv/installed ## Serve on PORT (8000) with demo data; Ctrl-C stops everything
	@exec $(BIN)/python -m local --port $(PORT)

test: .venv/installed ## Run every test
	$(BIN)/python -m pytest

lint: .venv/installed ## Check style, types, the direction of imports and missing migrations
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	DEBUG=true $(BIN)/mypy
	$(BIN)/lint-imports
	DEBUG=true $(BIN)/python manage.py makemigrations --check --dry-run

format: .venv/installed ## Lay the code out and mend what can be mended by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/installed ## Measure calls, capacity and client CPU beside the handlers that this replaces
	$(BIN)/python -m benchmarks

screenshots: .venv/installed ## Take the pictures of docs/images/ anew
	$(BIN)/python -m pytest -q tests/browser/screenshots.py

lock: .venv/installed ## Pin the packages anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" --group pyproject.toml:dev -c requirements.txt -o requirements-dev.txt

clean: ## Remove what setting up and running made, the demo orders with it
	rm -rf .venv .local db.sqlite3 staticfiles ordersite-*.zip

# What ships is all that this virtual environment holds, so it holds what runs and nothing else.
DEPLOY := .local/deploy/venv/bin
.local/deploy/venv/installed: requirements.txt
	@rm -rf .local/deploy/venv
	@mkdir -p .local/deploy
	@$(PYTHON) -m venv .local/deploy/venv
	@$(DEPLOY)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

deploy-venv:
	@test "$$($(DEPLOY)/python -V 2>/dev/null)" = "$$($(PYTHON) -V)" || rm -rf .local/deploy/venv
	@$(MAKE) --silent --no-print-directory .local/deploy/venv/installed

package: deploy-venv ## Make the zip for Lambda and show what it is made of
	@$(DEPLOY)/python -m deploy package $(STAGE)

deploy: deploy-venv ## Check, deploy STAGE (prod) to AWS, migrate, and ask its public URL
	@$(DEPLOY)/python -m deploy deploy $(STAGE)

update: deploy-venv ## The same for a STAGE that is there already
	@$(DEPLOY)/python -m deploy update $(STAGE)

undeploy: deploy-venv ## Take STAGE down, after asking; its table, its orders and its logs stay
	@$(DEPLOY)/python -m deploy undeploy $(STAGE)

test-deploy: .venv/installed ## Deploy to an AWS on this machine and use it, from the first request to the last
	$(BIN)/python -m pytest tests/deploy
