/**
 * Fault injection: a workload runs on a simulated disk on which the n-th call of a kind fails in some way, for every n, until the workload
 * comes through without the fault having struck. What the store says meanwhile, and what it holds afterwards, is judged; then the power
 * fails as well. And the same for a disk that is really full.
 */
@org.jspecify.annotations.NullMarked
package dev.tidemark.fault;
