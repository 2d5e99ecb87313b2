"""Compile kernels of GPUs without a GPU: python tests/compile_kernels.py

The interpreter accepts code that the compiler rejects, such as results of two types.
"""

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import triton  # pyright: ignore[reportMissingImports]
from triton.backends.compiler import GPUTarget  # pyright: ignore[reportMissingImports]
from triton.compiler import ASTSource  # pyright: ignore[reportMissingImports]

from isochron.analysis.sign_networks.triton_successors import fill_successors
from isochron.ann_bridge.kernels import triton_full
from isochron.ann_bridge.kernels.gpu_full import WARPS, compiled_for
from isochron.sims.engines.triton_lanes import advance_members

HOPPER = GPUTarget("cuda", 90, 32)
INDICES = ("synapse_start", "synapse_pre", "order", "factor_start", "factor_row", "place")
CUOBJDUMP = Path(str(triton.__file__)).parent / "backends/nvidia/bin/cuobjdump"
COUNTS = ("n", "n_entries", "members", "n_steps", "n_thresholds", "n_currents", "n_far", "slack")


def compiled(kernel: Any, kinds: dict[str, str], constants: dict[str, Any]) -> int:
    """Bytes of the machine code of a kernel."""
    usual = {**dict.fromkeys(INDICES, "*i32"), **dict.fromkeys(COUNTS, "i32"), **kinds}
    signature = {name: usual.get(name, kinds["numbers"]) for name in kernel.arg_names}
    signature |= dict.fromkeys(constants, "constexpr")
    source = ASTSource(fn=kernel, signature=signature, constexprs=constants)
    options = {"enable_fp_fusion": True, "num_warps": 1}
    return len(triton.compile(source, target=HOPPER, options=options).asm["cubin"])


def of_full_matrix(kernel: Any, units: int) -> str:
    """Bytes of shared memory; registers of a thread and bytes of those that it stores; code."""
    options = compiled_for(units)
    constants = {name: options.pop(name) for name in ("TRIALS", "N")}
    constants |= dict.fromkeys(("KEEP_STATES", "BY_STATES", "BY_RATES"), True)
    constants = {name: value for name, value in constants.items() if name in kernel.arg_names}
    counts = dict.fromkeys(("n_steps", "batch", "n"), "i32")
    signature = dict.fromkeys(kernel.arg_names, "*fp32") | counts
    signature |= dict.fromkeys(constants, "constexpr")
    source = ASTSource(fn=kernel, signature=signature, constexprs=constants)
    done = triton.compile(source, target=HOPPER, options=options)
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        Path(file.name).write_bytes(done.asm["cubin"])
        command = [str(CUOBJDUMP), "-res-usage", file.name]
        used = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    registers, stack = re.findall(r"(?:REG|STACK):(\d+)", used)
    memory = f"shared {done.metadata.shared} registers {registers} stack {stack}"
    return f"{memory} bytes {len(done.asm['cubin'])}"


def main() -> None:
    """Compile every kernel in every variant."""
    for numbers in ("*fp64", "*fp32"):
        for per_member in (False, True):
            constants = {"PER_MEMBER": per_member, "LANES": 32}
            print("worms", numbers, per_member, compiled(
                advance_members, {"numbers": numbers}, constants
            ))  # fmt: skip
    for numbers, check in (("*i32", False), ("*i64", True)):
        kinds = {"numbers": numbers, "words": "*i32", "doubtful": "*i8"}
        constants = {"CHECK": check, "SIZE": 1024}
        print("successors", numbers, check, compiled(fill_successors, kinds, constants))
    for kernel in (triton_full.run_full, triton_full.vjp_full):
        for units in WARPS:
            print("full matrix", kernel.__name__, units, of_full_matrix(kernel, units))


if __name__ == "__main__":
    main()
