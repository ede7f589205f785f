# SPDX-License-Identifier: MIT
"""Conan 2 recipe. The sources are those of the commit that the recipe was exported from: check out a release's tag, then

    conan create packaging/conan
"""

import pathlib
import re

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeConfigDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rm, rmdir
from conan.tools.scm import Git

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent


class TidewireConan(ConanFile):
    name = "tidewire"
    description = "A WebSocket engine without I/O"
    license = "MIT"
    topics = ("websocket", "rfc6455", "rfc7692", "permessage-deflate", "sans-io")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "shared": [True, False],
        "fPIC": [True],  # both libraries are made of the same objects
        "with_cpu_features": [True, False],
        "with_zlib": ["zlib", "zlib-ng"],
    }
    default_options = {"shared": False, "fPIC": True, "with_cpu_features": True, "with_zlib": "zlib"}

    def set_version(self):
        header = load(self, REPOSITORY / "capi/include/tidewire/tidewire.h")
        self.version = re.search(r'^#define TW_VERSION_STRING "(.+)"', header, re.MULTILINE)[1]

    def export(self):
        Git(self, REPOSITORY).coordinates_to_conandata()

    def source(self):
        Git(self).checkout_from_conandata_coordinates()

    def layout(self):
        cmake_layout(self)

    def configure(self):
        # The engine uses no C++ run time.
        self.settings.rm_safe("compiler.libcxx")

    def requirements(self):
        if self.options.with_zlib == "zlib":
            self.requires("zlib/[>=1.2.11 <2]")
        else:
            self.requires("zlib-ng/[>=2.1 <3]", options={"zlib_compat": False})
        if self.options.with_cpu_features:
            # Linked into one object of the library, under no name that others see.
            self.requires("cpu_features/[>=0.7 <1]", options={"shared": False}, visible=False)

    def build_requirements(self):
        self.tool_requires("cmake/[>=3.25]")

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["TW_BUILD_EXAMPLES"] = False
        toolchain.cache_variables["TW_CPU_FEATURES"] = bool(self.options.with_cpu_features)
        toolchain.cache_variables["TW_ZLIB_NG"] = self.options.with_zlib == "zlib-ng"
        toolchain.generate()
        CMakeConfigDeps(self).generate()  # its targets are libraries; cpu_features is taken apart as one

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        libraries = pathlib.Path(self.package_folder) / "lib"
        copy(self, "LICENSE", self.source_folder, pathlib.Path(self.package_folder) / "licenses")
        rm(self, "*.a" if self.options.shared else "*.so*", libraries)
        rmdir(self, libraries / "cmake")
        rmdir(self, libraries / "pkgconfig")
        rmdir(self, pathlib.Path(self.package_folder) / "share")

    def package_info(self):
        self.cpp_info.libs = ["tidewire"]
        self.cpp_info.set_property("pkg_config_name", "tidewire")
        self.cpp_info.set_property("cmake_file_name", "tidewire")
        self.cpp_info.set_property("cmake_target_name", f"tidewire::{'tidewire' if self.options.shared else 'static'}")
        if not self.options.shared:
            self.cpp_info.defines = ["TW_STATIC"]
