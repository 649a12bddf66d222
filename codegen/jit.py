"""LLVM IR text to callable machine code: targets, passes, the object cache, loading.

The only importer of llvmlite outside udf/. Text is the cache key, so it must hold no address.
See the LLVM new pass manager and ORC documentation for what each call does.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
import threading
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import llvmlite
import llvmlite.binding as llvm


class Tier(Enum):
    """How hard to compile: CHEAP within milliseconds, FULL with LLVM's O2 pipeline."""

    CHEAP = 1
    FULL = 2


class Object:
    """Loaded machine code: alive as long as its addresses may be called."""

    __slots__ = ("addresses", "tracker")

    def __init__(self, addresses: Mapping[str, int], tracker: Any) -> None:
        self.addresses = addresses
        self.tracker = tracker


_lock = threading.Lock()
_loaded: dict[str, Object] = {}
_machines: dict[tuple[Tier, str], Any] = {}
_jit: Any = None
_count = 0


def load(
    text: str,
    exports: Sequence[str],
    tier: Tier = Tier.FULL,
    libraries: Mapping[str, bytes] = MappingProxyType({}),
) -> Object:
    """The functions `exports` of the module `text`, compiled for this CPU or taken from the cache.

    `libraries` are bitcode modules (by the name of the function each defines) to link and inline.
    Raises RuntimeError when LLVM rejects the text, which is a bug of the generator.
    """
    global _jit, _count
    key = cache_key(text, tier, libraries)
    with _lock:
        found = _loaded.get(key)
        if found is not None:
            return found
        path = _cache_dir() / f"{key}.o"
        code = _read_object(path)
        if code is None:
            code = compile_object(text, tier, libraries=libraries)
            _write_object(path, code)
        if _jit is None:
            _jit = llvm.create_lljit_compiler(machine(tier))
        _count += 1
        builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
        for name in exports:
            builder.export_symbol(name)
        tracker = builder.link(_jit, f"pyflare.{_count}")
        loaded = Object({name: tracker[name] for name in exports}, tracker)
        _loaded[key] = loaded
        return loaded


def compile_object(
    text: str,
    tier: Tier,
    cpu: str = "native",
    libraries: Mapping[str, bytes] = MappingProxyType({}),
) -> bytes:
    """The object code of a module; `cpu` other than "native" is an LLVM target (see machine)."""
    target = machine(tier, cpu)
    context = llvm.create_context()
    module = llvm.parse_assembly(text, context)
    module.triple = target.triple
    module.data_layout = str(target.target_data)
    for name, bitcode in sorted(libraries.items()):
        module.link_in(llvm.parse_bitcode(bitcode, context))
        linked = module.get_function(name)
        linked.linkage = "internal"
        linked.add_function_attribute("alwaysinline")
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = tier is Tier.FULL
    options.slp_vectorization = tier is Tier.FULL
    options.loop_unrolling = tier is Tier.FULL
    builder = llvm.create_pass_builder(target, options)
    if tier is Tier.FULL:
        passes = builder.getModulePassManager()
    else:
        passes = llvm.create_new_module_pass_manager()
        passes.add_sroa_pass()
        passes.add_simplify_cfg_pass()
        passes.add_instruction_combine_pass()
        passes.add_simplify_cfg_pass()
    passes.run(module, builder)
    return bytes(target.emit_object(module))


def optimized(text: str, tier: Tier = Tier.FULL, assembly: bool = False) -> str:
    """The module after the passes of `tier`, as LLVM IR or assembly, for explain and dumps."""
    target = machine(tier)
    module = llvm.parse_assembly(text, llvm.create_context())
    module.triple = target.triple
    module.data_layout = str(target.target_data)
    builder = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options(speed_level=2))
    builder.getModulePassManager().run(module, builder)
    return str(target.emit_assembly(module)) if assembly else str(module)


def machine(tier: Tier, cpu: str = "native") -> Any:
    """The target machine: this CPU, or "avx2" / "aarch64" to check that kernels are portable."""
    found = _machines.get((tier, cpu))
    if found is None:
        level = 2 if tier is Tier.FULL else 1
        if cpu == "aarch64":
            llvm.initialize_all_targets()
            llvm.initialize_all_asmprinters()
            target = llvm.Target.from_triple("aarch64-unknown-linux-gnu")
            found = target.create_target_machine(opt=level)
        else:
            llvm.initialize_native_target()
            llvm.initialize_native_asmprinter()
            target = llvm.Target.from_triple(llvm.get_process_triple())
            name = llvm.get_host_cpu_name() if cpu == "native" else "haswell"
            features = llvm.get_host_cpu_features().flatten() if cpu == "native" else ""
            found = target.create_target_machine(
                cpu=name, features=features, opt=level, jit=True, codemodel="jitdefault"
            )
        _machines[tier, cpu] = found
    return found


def cache_key(text: str, tier: Tier, libraries: Mapping[str, bytes]) -> str:
    """Text, libraries, tier, CPU and LLVM decide the machine code; nothing else does."""
    parts = (text, tier.name, host_cpu(), llvmlite.__version__)
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=20)
    for _, bitcode in sorted(libraries.items()):
        digest.update(bitcode)
    return digest.hexdigest()


@functools.cache
def host_cpu() -> str:
    """This CPU's name and features: objects of another CPU must not be loaded."""
    return f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"


def _cache_dir() -> Path:
    base = os.environ.get("PYFLARE_CACHE_DIR")
    if base is None:
        base = os.path.join(
            os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "pyflare"
        )
    return Path(base)


def _read_object(path: Path) -> bytes | None:
    """The object, if the file is whole: its first 32 bytes are the digest of the rest."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    digest, code = data[:32], data[32:]
    return code if hashlib.blake2b(code, digest_size=32).digest() == digest else None


def _write_object(path: Path, code: bytes) -> None:
    """Written aside and renamed; a cache that cannot be written is no error."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(hashlib.blake2b(code, digest_size=32).digest() + code)
        os.replace(file.name, path)
    except OSError:
        pass
