# SPDX-License-Identifier: MIT
"""Builds the sample program of README.md with the package."""

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout


class TidewireTest(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeConfigDeps", "VirtualRunEnv"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.user_presets_path = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        shared = self.dependencies["tidewire"].options.shared
        cmake.configure(variables={"TARGET": f"tidewire::{'tidewire' if shared else 'static'}"})
        cmake.build()

    def test(self):
        if can_run(self):
            self.run(f"{self.cpp.build.bindir}/sample", env="conanrun")
