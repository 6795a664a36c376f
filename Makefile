# Two commands are enough: `make run` serves the desk with its demo, `make test` runs the suite.
# Both make the environment first; Python 3.11 or newer with venv is all that they ask for.

PYTHON ?= python3
BIN := .venv/bin
TEST_ARGS ?=
BENCH_ARGS ?=
MAKEMESSAGES := manage.py makemessages --locale zh_Hans --no-obsolete --no-wrap --add-location file \
  --ignore '.venv/*' --ignore 'var/*' --ignore 'tests/*'
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run test test-heavy test-browser browsers bench check audit messages lock

help:
	@echo "make run           serve the desk with its demo on http://127.0.0.1:8000/ (PORT=... for another port)"
	@echo "make test          run the tests, without a browser (TEST_ARGS='-k name')"
	@echo "make test-heavy    run the few tests that need a minute each"
	@echo "make browsers      install Chromium and a Chinese font (Debian, Ubuntu)"
	@echo "make test-browser  run the tests that need a browser"
	@echo "make check         run the linters and Django's own checks"
	@echo "make audit         ask whether a pinned package has a known hole"
	@echo "make bench         measure the pages (BENCH_ARGS=...)"
	@echo "make messages      collect and compile the translations"
	@echo "make lock          pin the packages anew"
	@echo "PYTHON=python3.12  chooses the Python that the environment is made with"

run: .venv/base.stamp
	@$(BIN)/python -m servicedesk.tree

test: .venv/dev.stamp
	$(BIN)/python -m pytest -n logical -m "not browser and not heavy" $(TEST_ARGS)

test-heavy: .venv/dev.stamp
	$(BIN)/python -m pytest -n logical -m "heavy and not browser" $(TEST_ARGS)

test-browser: .venv/dev.stamp
	$(BIN)/python -m pytest -n logical -m browser $(TEST_ARGS)

browsers:
	@command -v apt-get >/dev/null || { \
	  echo "make browsers knows Debian and Ubuntu only. Install Chromium and a Chinese font by hand."; exit 1; }
	apt-get install --yes --no-install-recommends chromium fonts-wqy-microhei

bench: .venv/dev.stamp
	$(BIN)/python -m bench $(BENCH_ARGS)

check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/python manage.py makemigrations --check --dry-run
	DATABASE_URL=postgresql://desk@localhost/desk REDIS_URL=redis://localhost:6379/0 ALLOWED_HOSTS=desk.example.cn \
	  SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
	  $(BIN)/python manage.py check --deploy --fail-level WARNING
	.ci/messages $(CURDIR)/$(BIN)/python $(MAKEMESSAGES)

audit: .venv/dev.stamp
	$(BIN)/pip-audit --require-hashes --disable-pip --requirement requirements/base.txt

messages: .venv/dev.stamp
	$(BIN)/python $(MAKEMESSAGES)
	$(BIN)/python manage.py compilemessages --locale zh_Hans --ignore '.venv'

lock:
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-header requirements/base.in -o requirements/base.txt
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-header requirements/dev.in -o requirements/dev.txt

# A stamp is newer than the list that was installed from; an interrupted installation leaves none.
.venv/base.stamp: requirements/base.txt | .venv/bin/pip
	@echo "Installing the packages (a few minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/base.txt
	@touch $@

.venv/dev.stamp: requirements/dev.txt | .venv/bin/pip
	@echo "Installing the packages and the test tools (a few minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/dev.txt
	@touch $@

.venv/bin/pip:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no $(PYTHON). Install Python 3.11 or newer, or choose one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; choose one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv .venv
