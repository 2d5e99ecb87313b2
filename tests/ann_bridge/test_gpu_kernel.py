"""GPU kernels of leaky networks: on a GPU, or without one by Triton's interpreter.

    pytest tests/ann_bridge/test_gpu_kernel.py --device cuda

is the whole test on a GPU. The interpreter is chosen when Triton is imported.
"""

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from isochron import ann_bridge
from isochron.ann_bridge.kernels import fused, gpu, gpu_full, gpu_thin
from isochron.ann_bridge.kernels.fused import Recurrence
from isochron.bench.training import make_net
from tests.interpreter import import_kernels, needs_triton

import_kernels("isochron.ann_bridge.kernels.triton_thin")
import_kernels("isochron.ann_bridge.kernels.triton_full")
STEPS, BATCH, UNITS = 4, 3, 11
FULL = None  # the rank of a matrix that is not a product
MODULES = {False: gpu_thin, True: gpu_full}
KINDS = {False: "low-rank networks", True: "full-rank networks of up to 128 units"}


def drawn(
    where,
    rank: int | None = 2,
    *,
    outputs=None,
    read_rates=False,
    noise_std=0.1,
    seed=0,
    units=UNITS,
    batch=BATCH,
    dtype=torch.float64,
    learns_inputs=False,
    learns_readout=False,
):
    g = torch.Generator().manual_seed(seed)

    def draw(*shape, trained=True, scale=1.0):
        values = scale * torch.randn(*shape, generator=g, dtype=dtype)
        return values.to(where).requires_grad_(trained)

    return Recurrence(
        inputs=draw(STEPS, batch, 3, trained=learns_inputs),
        initial=draw(batch, units),
        weights=draw(units, 3),
        left=draw(units, units if rank is FULL else rank, scale=0.3),
        right=None if rank is FULL else draw(units, rank),
        readout=draw(*((units,) if outputs is None else (units, outputs)), trained=learns_readout),
        alpha=0.2,
        read_rates=read_rates,
        noise_std=noise_std,
        noise_key=(0, 0),
    )


def generator(where, seed=5):
    return torch.Generator(where).manual_seed(seed)


def autograd(net, rng):
    """The equations, for autograd, with the noise that the loop draws."""
    noise = net.initial.new_zeros(STEPS + 1, *net.initial.shape)
    if net.noise_std:
        noise.normal_(0, net.noise_std, generator=rng)
    x, outputs, rates = net.initial, [], []
    for t in range(STEPS):
        sent = torch.tanh(x) if net.right is None else torch.tanh(x) @ net.right
        change = sent @ net.left.T + net.inputs[t] @ net.weights.T
        x = (1 - net.alpha) * x + net.alpha * change + noise[t + 1]
        rates.append(torch.tanh(x))
        outputs.append((rates[-1] if net.read_rates else x) @ net.readout)
    return torch.stack(outputs), torch.stack(rates)


def gradients(net, results, of_outputs=1, of_rates=1):
    """Gradients of everything that the loss depends on."""
    g, loss = torch.Generator().manual_seed(9), results[0].new_zeros(())
    for result, wanted in zip(results, (of_outputs, of_rates), strict=True):
        pull = torch.randn(result.shape, generator=g, dtype=result.dtype).to(result.device)
        loss = loss + (pull * result).sum() if wanted else loss
    trained = [part for part in net.tensors if part is not None and part.requires_grad]
    if not of_outputs:
        trained = [part for part in trained if part is not net.readout]
    return torch.autograd.grad(loss, trained, retain_graph=True)


@needs_triton
@pytest.mark.parametrize("learns_inputs", [False, True])
@pytest.mark.parametrize(
    ("rank", "outputs", "read_rates", "noise_std"),
    [
        (1, None, False, 0.1),
        (2, None, True, 0.0),
        (3, 3, False, 0.0),
        (3, 3, True, 0.1),
        (5, 1, False, 0.1),
        (FULL, None, False, 0.1),
        (FULL, 3, True, 0.0),
    ],
)
def test_it_is_the_loop_and_so_are_its_gradients(
    where, rank, outputs, read_rates, noise_std, learns_inputs
):
    """float64: 1e-10 relative leaves room for rounding over the steps."""
    settings = {"read_rates": read_rates, "noise_std": noise_std, "learns_inputs": learns_inputs}
    net = drawn(where, rank, outputs=outputs, **settings)
    (ours,), plain = gpu.run_nets([net], [generator(where)]), autograd(net, generator(where))
    for found, wanted in zip(ours, plain, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-11, atol=1e-11)
    for chosen in ((1, 0), (0, 1), (1, 1)):
        pairs = zip(gradients(net, ours, *chosen), gradients(net, plain, *chosen), strict=True)
        for a, b in pairs:
            assert (a - b).norm() <= 1e-10 * b.norm()
            assert b.norm() > 0


@needs_triton
@pytest.mark.parametrize("read_rates", [False, True])
@pytest.mark.parametrize(("units", "batch"), [(16, 16), (1, 17), (70, 1)])
def test_a_full_matrix_of_any_size_and_a_trained_readout(where, units, batch, read_rates):
    """A tile that is full, one with a single trial, and matrices that are padded."""
    options = {"units": units, "batch": batch, "read_rates": read_rates, "learns_readout": True}
    net = drawn(where, FULL, outputs=2, **options)
    (ours,), plain = gpu.run_nets([net], [generator(where)]), autograd(net, generator(where))
    found, wanted = ([*pair, *gradients(net, pair)] for pair in (ours, plain))
    assert len(found) == 6
    for a, b in zip(found, wanted, strict=True):
        assert (a - b).norm() <= 1e-10 * b.norm()


@needs_triton
@pytest.mark.parametrize("rank", [2, FULL])
def test_nets_side_by_side_are_the_nets_alone_to_the_bit(where, rank):
    """Also those among networks of a different size, alpha or noise."""
    sizes = {1: UNITS, 2: 20, 3: UNITS}
    nets = [drawn(where, rank, seed=seed, units=units) for seed, units in sizes.items()]
    nets[2] = replace(nets[2], alpha=0.5, noise_std=0.3)
    together = gpu.run_nets(nets, [generator(where, k) for k in range(3)])
    for k, (net, results) in enumerate(zip(nets, together, strict=True)):
        (alone,) = gpu.run_nets([net], [generator(where, k)])
        found = [*results, *gradients(net, results)]
        for one, other in zip(found, [*alone, *gradients(net, alone)], strict=True):
            assert torch.equal(one, other)


@needs_triton
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, in the interpreter
@pytest.mark.parametrize("rank", [2, FULL])
def test_a_state_that_overflows_is_not_finite(where, rank):
    net = drawn(where, rank, dtype=torch.float32)
    wild = replace(net, weights=torch.full_like(net.weights, 1e38), inputs=10 * net.inputs)
    ((outputs, _),) = gpu.run_nets([wild], [generator(where)])
    assert not torch.isfinite(outputs).all()


def on_connections(**options):
    """A network on a tenth of the places of its matrix."""
    chemical = torch.rand(37, 37, generator=torch.Generator().manual_seed(0)) < 0.1
    ends = torch.arange(37) < 18
    masks = ann_bridge.ConnectomeMasks(chemical, torch.zeros_like(chemical), ends, ~ends)
    settings = ann_bridge.ConnectomeRNNParameters(n_units=37, **options)
    return ann_bridge.ConnectomeRNN(masks, settings)


FULL_RANK = {"biased": True, "excitatory_fraction": 0.8, "learns_readout": True}
MADE = {
    "low-rank": lambda **options: ann_bridge.LowRankRNN(n_units=37, **options),
    "full-rank": lambda **options: ann_bridge.FullRankRNN(n_units=37, **FULL_RANK, **options),
    "connectome": on_connections,
}


@needs_triton
@pytest.mark.parametrize("kind", MADE)
def test_the_net_takes_it_and_is_the_same_net(where, monkeypatch, kind):
    """float32, against the steps in torch with the same generator."""
    if where.type == "cpu":
        monkeypatch.setattr(fused, "fits", lambda *_: False)
        monkeypatch.setattr(gpu, "fits", lambda *_: True)
    run, taken = gpu.run_nets, []
    monkeypatch.setattr(gpu, "run_nets", lambda nets, g: taken.extend(nets) or run(nets, g))
    # Without a GPU the network draws a key for the CPU's noise first.
    net = MADE[kind](noise_std=0.0 if where.type == "cpu" else 0.05).to(where)
    inputs = torch.randn(12, 3, 3, generator=torch.Generator().manual_seed(1)).to(where)
    outputs, rates = net.run(inputs, generator(where))
    assert len(taken) == 1
    plain = net._run_plainly(inputs, net.connectivity(), generator(where))
    trained = list(net.parameters())
    found = torch.autograd.grad(outputs.square().mean(), trained, allow_unused=True)
    loss = (net.output_scale * plain[0]).square().mean()
    wanted = torch.autograd.grad(loss, trained, allow_unused=True)
    torch.testing.assert_close(outputs, 4 * plain[0], rtol=0, atol=2e-5)
    torch.testing.assert_close(rates, plain[1], rtol=0, atol=2e-5)
    for a, b in zip(found, wanted, strict=True):
        assert (a - b).norm() <= 1e-4 * b.norm()


class Faulty:
    """A kernel that writes one of its arrays a little wrong."""

    def __init__(self, kernel, argument):
        self.kernel, self.argument = kernel, argument

    def __getitem__(self, grid):
        def launch(*arguments, **options):
            self.kernel[grid](*arguments, **options)
            arguments[self.argument].mul_(1.001)

        return launch


@needs_triton
@pytest.mark.parametrize(
    ("kernel", "argument"),
    [
        ("run_thin", 9), ("vjp_thin", 11), ("vjp_thin", 12),
        ("run_full", 4), ("run_full", 5), ("vjp_full", 5), ("vjp_full", 6),
    ],
)  # fmt: skip
def test_a_fault_in_a_kernel_is_noticed(where, monkeypatch, kernel, argument):
    full = kernel.endswith("full")
    right = MODULES[full]._kernels()
    other = kernel.replace("run", "vjp") if "run" in kernel else kernel.replace("vjp", "run")
    faulty = Faulty(getattr(right, kernel), argument)
    wrong = SimpleNamespace(**{kernel: faulty, other: getattr(right, other)})
    monkeypatch.setattr(MODULES[full], "_kernels", lambda: wrong)
    with pytest.warns(
        RuntimeWarning, match=r"differs from the loop by [12]\.\de-03 .* step by step"
    ):
        assert not gpu.works.__wrapped__(where, 16 if full else None)


@pytest.mark.parametrize("full", [False, True])
def test_without_triton_the_loop_takes_over(device, monkeypatch, full):
    def missing():
        raise ImportError("No module named 'triton'")

    monkeypatch.setattr(MODULES[full], "_kernels", missing)
    with pytest.warns(
        RuntimeWarning, match=f"{KINDS[full]}.*No module named 'triton'.*pip install triton"
    ):
        assert not gpu.works.__wrapped__(torch.device(device), 128 if full else None)


@pytest.mark.parametrize(
    ("n_units", "dtype", "activation", "fit"),
    [
        (100, torch.float32, "tanh", True),
        (128, torch.float32, "tanh", True),
        (129, torch.float32, "tanh", False),
        (100, torch.float64, "tanh", False),
        (100, torch.float32, "relu", False),
    ],
)
def test_which_full_matrices_have_a_kernel(monkeypatch, n_units, dtype, activation, fit):
    """The first is the network of `isochron bench --row train-full-100`."""
    asked = []
    monkeypatch.setattr(gpu, "works", lambda *given: asked.append(given) or True)
    net, where = make_net("full-rank", n_units, None), torch.device("cuda")
    assert net.settings.activation == "tanh"
    readout: Any = SimpleNamespace(device=where, dtype=dtype, requires_grad=True)
    left, right = net.connectivity()
    assert gpu.fits(readout, left, right, activation, 3) == fit
    assert asked == fit * [(where, 128)]


@pytest.mark.gpu
@needs_triton
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("n_units", [16, 32, 64, 100, 128])
def test_400_steps_on_a_gpu_are_the_loop(n_units):
    """float32: a gain of 0.8 does not amplify the error of a product, about 2⁻²² of its size."""
    where = torch.device("cuda")
    net = ann_bridge.FullRankRNN(n_units=n_units, gain=0.8, learns_readout=True).to(where)
    inputs = torch.randn(400, 128, 3, generator=generator(where), device=where)
    assert gpu.fits(net.output_weights, *net.connectivity(), "tanh", 3)
    ours = net.run(inputs, generator(where))
    loop = net._run_plainly(inputs, net.connectivity(), generator(where))
    torch.testing.assert_close(ours[1], loop[1], rtol=0, atol=1e-4)
    trained = [net.weights, net.input_weights, net.output_weights]
    found = torch.autograd.grad(ours[0].square().mean(), trained)
    wanted = torch.autograd.grad((net.output_scale * loop[0]).square().mean(), trained)
    for a, b in zip(found, wanted, strict=True):
        assert (a - b).norm() <= 1e-3 * b.norm()


COMPILE = """
import torch, triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from isochron.ann_bridge.kernels import gpu_thin, triton_thin

COUNTS = ("n_steps", "batch", "n", "k", "n_inputs", "n_outputs")
options = gpu_thin.compiled_for(512, 2, 3, 1, torch.float32)
fixed = {key: options.pop(key) for key in "NKSO"}
fixed |= {"READ_RATES": True, "BY_RATES": True, "BY_INPUTS": True}
fixed["n_outputs"] = 1  # Triton takes a 1 for a constant
for kernel in (triton_thin.run_thin, triton_thin.vjp_thin):
    names = kernel.arg_names
    kinds = {a: "constexpr" if a in fixed else "i32" if a in COUNTS else "*fp32" for a in names}
    constants = {a: fixed[a] for a in names if a in fixed}
    source = ASTSource(fn=kernel, signature=kinds, constexprs=constants)
    done = triton.compile(source, target=GPUTarget("cuda", 80, 32), options=options)
    assert done.asm["cubin"]
    print(kernel.__name__)
"""


@needs_triton
def test_it_compiles_for_a_gpu_that_is_not_there(tmp_path, monkeypatch):
    """An A100 (compute capability 8.0); the compiler needs no GPU, and no interpreter."""
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    command = [sys.executable, "-W", "error", "-c", COMPILE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["run_thin", "vjp_thin"]
