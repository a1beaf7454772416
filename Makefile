# Two commands matter to a newcomer: `make run` and `make test`.
PYTHON ?= python3
# Python keeps what it compiled: every server and command that a test starts would compile it again.
export PYTHONDONTWRITEBYTECODE :=
export WANGGE_HOME := $(or $(WANGGE_HOME),$(CURDIR)/.wangge)
W = "$(WANGGE_HOME)/venv/bin/wangge"
PY = "$(WANGGE_HOME)/venv/bin/python"

.DEFAULT_GOAL := help
.PHONY: help run test test-long coverage soak mutants shots pictures check bench map docs spec migration pages demo sbom release advisories clean install install-test

help: ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /|/' | awk -F'|' '{printf "  make %-11s %s\n", $$1, $$2}'

install:
	@$(PYTHON) deploy/bootstrap.py web
	@$(PY) deploy/pages.py

install-test:
	@$(PYTHON) deploy/bootstrap.py web,test
	@$(PY) deploy/pages.py

run: install ## install everything, load the demo city, serve (CITY=empty: a city of your own; TLS=1: with a local CA and a QR for a phone; PORT=…)
	@exec $(W) run --with-parent $(if $(TLS),--tls) $(if $(PORT),--port $(PORT)) $(if $(CITY),--city $(CITY))

# One more process than cores: tests of servers and browsers wait a good deal.
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
AREAS := $(sort $(patsubst tests/%/,%,$(dir $(wildcard tests/*/test_*.py))))
ifneq ($(filter-out $(AREAS),$(AREA)),)
$(error There are no tests for AREA=$(filter-out $(AREAS),$(AREA)). There are tests for: $(AREAS))
endif
# With the tests of an area those of the house that take no time.
PLACES = $(if $(AREA),$(AREA:%=tests/%) tests/architecture/test_rooms.py tests/architecture/test_frozen_names.py)

test: install-test ## every test, with real servers and a browser (AREA=jobs: one capability's; JOBS=1: one after the other)
	@exec $(PY) -m pytest -m "not long" -n $(JOBS) --dist loadfile $(ARGS) $(PLACES)

test-long: install-test ## minutes-long races and the large demo
	@exec $(PY) -m pytest -m long $(ARGS)

coverage: install-test ## every test with branches counted, a table for each capability, failing below tests/coverage_floors.toml
	@mkdir -p .wangge/coverage && $(PY) -m coverage erase
	@$(PY) -m pytest -m "not long" -n $(JOBS) --dist loadfile --cov --cov-report= $(ARGS) $(PLACES)
	@exec $(PY) -m tests.coverage_floors $(ONLY)

soak: install-test ## simulated worlds for as long as one likes: make soak SEEDS=100000 MINUTES=60
	@exec $(PY) -m tests.simulation.soak --seeds $(or $(SEEDS),1000000) --minutes $(or $(MINUTES),10) $(if $(FROM),--from $(FROM))

mutants: install-test ## change the sync core line by line and see which changes no test notices (some minutes)
	@exec $(PY) -m tests.mutants

shots: install-test ## pictures of every page in both languages, into .wangge/shots
	@exec $(PY) -m tests.web.shots

pictures: install-test ## take the pictures of the Chinese guides anew, into docs/zh/pictures
	@exec $(PY) -m tests.web.guide_pictures

check: install-test ## lint, types, import contracts
	@$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy && "$(WANGGE_HOME)/venv/bin/lint-imports"

bench: install-test ## measure; results go to bench/RESULTS.md by hand, with machine and commit
	@exec $(PY) -m bench $(ARGS)

map: install-test ## write what the docs say by the code: drawings, facts, the data dictionary, the tables of privacy
	@exec $(PY) -m deploy.map

docs: install-test ## build the docs into .wangge/docs; a broken link or anchor fails
	@$(PY) -m deploy.docs

spec: install-test ## write what follows from the code: mobile_api_spec, the pages' types, the frozen names, the map
	@$(W) spec
	@cd web && PATH="$(WANGGE_HOME)/venv/bin:$$PATH" npm run --silent types
	@$(PY) -m tests.spec.samples && $(PY) -m tests.architecture.test_frozen_names
	@$(PY) -m deploy.map

migration: install-test ## a new migration from the models: make migration NAME="add meter reading"
	@$(W) migration "$(NAME)"
	@$(PY) -m ruff check --quiet --fix backend/migrations/versions && $(PY) -m ruff format --quiet backend/migrations/versions

pages: install ## build the console and the phone app (`make run` does it when they changed)

sbom: install-test ## what we ship, as CycloneDX: .wangge/sbom.cdx.json
	@$(PY) deploy/sbom.py

release: install-test ## a wheel that holds the built pages, and its SBOM: .wangge/release
	@$(PY) deploy/release.py

advisories: install ## ask whether advisories are known for what we ship (needs the network; says so when it could not ask)
	@$(PY) deploy/advisories.py

demo: install ## play one day over real HTTP and check every promise
	@exec $(W) story

clean: ## remove what make run and make test made (one folder) and refuse anything else
	@$(PYTHON) deploy/clean.py
