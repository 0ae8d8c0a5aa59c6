# Slipdesk: `make demo` to try it, `make test` and `make check` before every commit.
.DEFAULT_GOAL := help
VENV := .venv
PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/.installed
PYTHON3 ?= python3

# What a check needs to load the settings; none of it is used to run anything.
CHECK_ENV := SECRET_KEY=check-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ \
	HASH_KEY=check-only-0123456789-abcdefghijklmnop \
	ENCRYPTION_KEYS=Y2hlY2stb25seS1mZXJuZXQta2V5LTMyLWJ5dGVzISE= \
	ALLOWED_HOSTS=slipdesk.example DATA_DIR=var/check

.PHONY: help demo test check bench lock clean

help: ## Show what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(STAMP): requirements/base.txt requirements/dev.txt
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "slipdesk: $(PYTHON3) is not Python 3.11 or newer; name one with PYTHON3=" >&2; exit 1; }
	@echo "installing into $(VENV)"
	@if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python "$$(command -v $(PYTHON3))" $(VENV) && \
		uv pip install --quiet --python $(PYTHON) --require-hashes -r requirements/dev.txt; \
	else \
		$(PYTHON3) -m venv $(VENV) && \
		$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes \
			-r requirements/dev.txt; \
	fi
	@touch $@

demo: $(STAMP) ## Run the whole of it with demo data until Ctrl-C
	@DEMO_PARENT=$$PPID exec $(PYTHON) manage.py demo $(ARGS)

test: $(STAMP) ## Run the whole suite
	@$(PYTHON) -m pytest -n 2 --dist loadgroup $(ARGS)

check: $(STAMP) ## Format, lint, types, import contracts, migrations, deployment
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/deptry .
	@$(CHECK_ENV) $(VENV)/bin/mypy .
	@$(VENV)/bin/lint-imports
	@$(CHECK_ENV) $(PYTHON) manage.py makemigrations --check --dry-run
	@$(CHECK_ENV) $(PYTHON) manage.py check --deploy --fail-level WARNING

bench: $(STAMP) ## Measure side by side and print the table
	@$(PYTHON) -m benchmarks

lock: ## Resolve requirements/*.in again (needs uv)
	uv pip compile --universal --generate-hashes --python-version 3.11 --quiet \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		requirements/base.in -o requirements/base.txt
	uv pip compile --universal --generate-hashes --python-version 3.11 --quiet \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		requirements/dev.in -o requirements/dev.txt

clean: ## Remove the environment and all local data
	rm -rf $(VENV) var
