// SPDX-License-Identifier: MIT

//go:build !cgo

package engine

var _ = tidewire_needs_cgo_set_CGO_ENABLED_to_1_and_install_a_Cxx_compiler
