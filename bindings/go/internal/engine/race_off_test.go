// SPDX-License-Identifier: MIT

//go:build !race

package engine_test

const isRace = false
