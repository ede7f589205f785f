// SPDX-License-Identifier: MIT

// Package interop has tests alone: package tidewire and other libraries at the two ends of a connection.
package interop
