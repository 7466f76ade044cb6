/**
 * Crash enumeration: records a workload on a simulated disk, makes every state a crash could have left behind, lets the real engine
 * open it, and judges what comes out by one sentence: what was acknowledged is there, in order, byte for byte; what was never
 * submitted is not; and a mere crash never reads as damage.
 */
@org.jspecify.annotations.NullMarked
package dev.tidemark.crash;
