//! The C interface of tidewire.
