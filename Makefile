# Two commands for everybody: `make demo` and `make test`. The rest is listed by `make help`.

ifeq ($(OS),Windows_NT)
PYTHON ?= python
BIN := .venv/Scripts
else
PYTHON ?= python3
BIN := .venv/bin
endif
export PYTHONUTF8 := 1
ifneq ($(BLENDER),)
export LINEBOIL_BLENDER := $(BLENDER)
endif

CLIP ?=
FRAMES ?=
DIFFUSION ?=

.PHONY: help env env-develop env-blenders demo test lint zip bench sample clean

help:
	@echo "make demo                 footage to a rendered, lit 3D shot on the sample clip"
	@echo "make demo CLIP=clip.mp4   the same with your clip; FRAMES=A-B chooses the excerpt that is rendered"
	@echo "make test                 all tests"
	@echo "make env                  only the environments and the model files"
	@echo "make env DIFFUSION=cuda   and what diffusion models need, for cuda, rocm, mps or cpu-torch"
	@echo "make lint                 ruff and pyright"
	@echo "make zip                  the extension, dist/lineboil-VERSION.zip, to install in Blender"
	@echo "make env-blenders         Blender 4.2 and 4.5 as modules too, for tests (Python 3.11)"
	@echo "make bench                speed and memory of every stage"
	@echo "make sample               render the sample clip anew"
	@echo "BLENDER=/path/to/blender  uses that Blender instead of the module"

env:
	$(PYTHON) tools/setup.py $(if $(DIFFUSION),--diffusion $(DIFFUSION))

env-develop:
	$(PYTHON) tools/setup.py --develop

env-blenders:
	$(PYTHON) tools/setup.py --develop --blenders

demo: env
	$(BIN)/python tools/demo.py --clip "$(CLIP)" --frames "$(FRAMES)"

# Two processes test at once: threads of PyTorch that wait for each other by turning take ten times as long.
test: export OMP_NUM_THREADS := 1
test: env-develop
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: env-develop
	$(BIN)/python -m ruff check .
	$(BIN)/python -m pyright

zip: env
	$(BIN)/python tools/zip.py

bench: env
	$(BIN)/python benchmarks/road.py

sample: env
	$(BIN)/python tools/make_sample/make.py

clean:
	$(PYTHON) -c "import shutil; [shutil.rmtree(name, ignore_errors=True) for name in ('demo', 'dist', '.venv', '.venv-blender', '.venv-blender-4.2', '.venv-blender-4.5', '.models')]"
