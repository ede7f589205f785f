/* SPDX-License-Identifier: MIT
 *
 * What the loader sees of a library of version 1.0: its name and, by stub_library.map, its versions of symbols.
 */
int tw_version(void);
int tw_version(void) { return 0; }
