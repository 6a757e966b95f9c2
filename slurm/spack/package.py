"""Spack recipe of apex, built from the tree that it lies in.

    spack repo create ~/apex-spack apexlab
    mkdir -p ~/apex-spack/packages/apex && cp slurm/spack/package.py ~/apex-spack/packages/apex/
    spack repo add ~/apex-spack
    spack dev-build --source-path "$PWD" apex@main        # in this tree's root

`spack dev-build` takes the source from a folder, so that no address is needed here.
"""

from spack.package import *


class Apex(CMakePackage):
    """Sweeps of noise on the hidden activations of neural networks, distributed with MPI."""

    license("BSD-3-Clause")

    version("main")

    variant("onednn", default=True, description="oneDNN for convolutions")
    variant("slurm", default=False, description="an MPI that Slurm's srun can start through PMIx")

    depends_on("c", type="build")
    depends_on("cmake@3.20:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("protobuf-c", type=("build", "link"))
    depends_on("onnx", type="build")  # onnx.proto
    depends_on("mpi@3:")
    depends_on("openmpi@4.1: schedulers=slurm", when="+slurm")
    depends_on("openblas threads=none")
    depends_on("libyaml")
    depends_on("netcdf-c@4.7:")
    depends_on("libzip")
    depends_on("zlib-api")
    depends_on("openssl")
    depends_on("gsl")
    depends_on("onednn@2.7: cpu_runtime=seq", when="+onednn")

    generator("ninja")

    def cmake_args(self):
        return [
            self.define_from_variant("APEX_ONEDNN", "onednn"),
            self.define("BUILD_TESTING", False),
            self.define("APEX_WERROR", False),
        ]

    @run_after("install")
    @on_package_attributes(run_tests=True)
    def check_version(self):
        Executable(self.prefix.bin.apex)("--version")
