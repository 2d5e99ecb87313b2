# Everything happens in .venv. PYTHON may name another interpreter, 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
CROSSCHECK_STAMP := .venv/crosscheck
TRITON_STAMP := .venv/triton
BENCH_STAMP := .venv/bench

.PHONY: demo test slow processors crosscheck gpu-kernels slurm-test lint docs links notebooks bench clean

demo: $(STAMP)
	$(BIN)/isochron compare --quick --out runs/demo

# One thread to a worker: linear algebra on more than there are cores waits for itself.
test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" --numprocesses auto --dist loadfile

slow: $(STAMP)
	$(BIN)/python -m pytest -m slow

# The numerical tests with the instructions of other processors: first linear algebra, torch and
# numba for any x86-64 processor, then linear algebra for newer ones (SkylakeX needs AVX-512).
AVX512 := $(shell grep -qs avx512f /proc/cpuinfo && echo SkylakeX)
LINEAR_ALGEBRA := tests/analysis tests/sims/test_muscles.py tests/sims/test_graded.py
NUMERICAL := $(LINEAR_ALGEBRA) tests/sims/test_ensembles.py tests/sims/test_torch_engine.py \
  tests/test_compiled.py tests/ann_bridge tests/reference isochron
ON_PROCESSOR = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" --numprocesses auto \
  --dist loadfile

processors: $(STAMP)
	OPENBLAS_CORETYPE=Prescott ATEN_CPU_CAPABILITY=default NUMBA_CPU_NAME=generic \
	  NUMBA_CACHE_DIR=$(CURDIR)/.venv/numba-generic $(ON_PROCESSOR) $(NUMERICAL)
	for core in Haswell $(AVX512); do \
	  OPENBLAS_CORETYPE=$$core $(ON_PROCESSOR) $(LINEAR_ALGEBRA) || exit 1; done

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

# Every link of the site to another site; needs the Internet.
links: $(STAMP)
	$(BIN)/python -m sphinx -b linkcheck -d build/doctrees docs build/links

# What cect, the package that carries the published files, makes of them, array by array.
crosscheck: $(CROSSCHECK_STAMP)
	$(BIN)/python -m pytest tests/peers/test_cect.py -W default

# Sweeps on a real SLURM of one node, on Debian, as root.
slurm-test: $(STAMP)
	bash tools/slurm_node.sh
	$(BIN)/python -m pytest -m slurm tests/sweep

# The kernels of the GPU, by Triton's interpreter.
gpu-kernels: $(TRITON_STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/ann_bridge/test_gpu_kernel.py

bench: $(BENCH_STAMP)
	$(BIN)/python benchmarks/load_speed.py
	$(BIN)/python benchmarks/worm_speed.py
	$(BIN)/python benchmarks/ensemble_speed.py --members 200 --seconds 4 --torch-members 16
	$(BIN)/python benchmarks/training_speed.py
	$(BIN)/python benchmarks/attractor_speed.py
	$(BIN)/python benchmarks/worm_cycle_speed.py
	$(BIN)/python benchmarks/survey_speed.py
	$(BIN)/python benchmarks/fixed_point_speed.py
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

$(TRITON_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[triton]"
	@touch $(TRITON_STAMP)

$(BENCH_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[bench]"
	@touch $(BENCH_STAMP)

clean:
	rm -rf .venv runs build dist *.egg-info
