//! The auditor's and operator's program.

fn main() {}
